"""Reads web pages: the main content as headings, paragraphs, lists and tables, without what surrounds it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile

from lxml import html
from lxml.etree import ParserError
from lxml.html import HtmlElement

from ingest.readers.source_file import SourceFile, decoded, make_document
from ingest.readers.structure import StructuredText
from kb.errors import NothingToRead
from kb.types import Document

_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_NEVER_TEXT = frozenset({"script", "style", "noscript", "template", "svg", "iframe", "head", "button", "select"})
_AROUND = frozenset({"nav", "header", "footer"})
_AROUND_ROLES = frozenset({"navigation", "banner", "contentinfo", "search"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
# fmt: off
_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "div",
    "dl", "dt", "fieldset", "figcaption", "figure", "form", "footer", "header", "hgroup", "hr", "html", "legend",
    "li", "main", "nav", "ol", "p", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
})
# fmt: on
_LINE_BREAK = "\x00"


@dataclass(frozen=True, slots=True)
class HtmlReader:
    def read(self, file: SourceFile) -> Iterator[Document]:
        content = file.read()
        declared = _CHARSET.search(content[:4096])
        charset = declared.group(1).decode("ascii") if declared else None
        markup = _DECLARATION.sub("", decoded(file.name, content, charset))
        try:
            page = html.document_fromstring(markup)
        except ParserError as error:
            raise NothingToRead(f"{file.name} holds no text.") from error
        written = _main_text(page)
        yield make_document(
            file,
            text=written.text,
            title=_title(page),
            media_type="text/html",
            marks=written.marks,
            blocks=written.blocks,
        )


def _title(page: HtmlElement) -> str:
    named = (" ".join(element.text_content().split()) for element in page.xpath("//head/title | //h1"))
    return next((name for name in named if name), "")


def _main_text(page: HtmlElement) -> StructuredText:
    """The text of <main>, else of the only <article>, else of the body; all of the body where that leaves nothing."""
    mains, articles = page.xpath("//main | //*[@role='main']"), page.xpath("//article")
    root = mains[0] if mains else articles[0] if len(articles) == 1 else page
    for start, keeps_all in ((root, False), (page, True)):
        writer = _Writer(keeps_all)
        writer.walk(start)
        writer.end_paragraph()
        if writer.written.text:
            break
    return writer.written


@dataclass(slots=True)
class _Writer:
    """Walks through a page and writes down its blocks; inline text waits in `_pending` until its block ends."""

    _keeps_all: bool
    written: StructuredText = field(default_factory=StructuredText)
    _pending: list[str] = field(default_factory=list)

    def walk(self, element: HtmlElement) -> None:
        self._pending.append(element.text or "")
        for child in element:
            self._take(child)
            self._pending.append(child.tail or "")

    def end_paragraph(self) -> None:
        self.written.add("paragraph", _normal("".join(self._pending)))
        self._pending.clear()

    def _take(self, element: HtmlElement) -> None:
        tag = element.tag
        if self._is_left_out(element):
            return
        if tag == "br":
            self._pending.append(_LINE_BREAK)
        elif tag in _HEADINGS:
            self.end_paragraph()
            self.written.add_heading(int(tag[1]), self._flat(element))
        elif tag == "pre":
            self._add("code", element.text_content().strip("\n"))
        elif tag in ("ul", "ol"):
            self._add("list", "\n".join(self._items(element, "")))
        elif tag == "table" and not element.xpath(".//table"):
            self._add_table(element)
        elif tag in _BLOCKS:
            self.end_paragraph()
            self.walk(element)
            self.end_paragraph()
        else:
            self.walk(element)

    def _add(self, kind: str, text: str) -> None:
        self.end_paragraph()
        self.written.add(kind, text)

    def _items(self, items: HtmlElement, indent: str) -> Iterator[str]:
        number = 0
        for item in items:
            if self._is_left_out(item):
                continue
            number += 1
            inner = [child for child in item if child.tag in ("ul", "ol")]
            text = _normal(self._pieces(item, without=inner)).replace("\n", " ")
            if text:
                yield f"{indent}{f'{number}.' if items.tag == 'ol' else '-'} {text}"
            for child in [item] if item.tag in ("ul", "ol") else inner:
                yield from self._items(child, indent + "  ")

    def _add_table(self, table: HtmlElement) -> None:
        self.end_paragraph()
        caption = " ".join(self._flat(part) for part in table.iter("caption") if not self._is_left_out(part))
        rows = [row for row in table.iter("tr") if not self._is_left_out(row)]
        cells = [[cell for cell in row if cell.tag in ("td", "th") and not self._is_left_out(cell)] for row in rows]
        named = takewhile(lambda row: row.getparent().tag == "thead" or all(cell.tag == "th" for cell in row), rows)
        self.written.add("paragraph", caption)
        self.written.add_table(
            [[self._flat(cell) for cell in row] for row in cells], caption=caption, header_rows=max(1, len(list(named)))
        )

    def _flat(self, element: HtmlElement) -> str:
        return " ".join(_normal(self._pieces(element)).split())

    def _pieces(self, element: HtmlElement, without: list[HtmlElement] | None = None) -> str:
        """The text of an element on one line, the blocks within it parted by a blank."""
        parts = [element.text or ""]
        for child in element:
            if child not in (without or ()) and not self._is_left_out(child):
                blank = " " if child.tag in _BLOCKS or child.tag in ("br", *_HEADINGS) else ""
                parts.extend((blank, self._pieces(child), blank))
            parts.append(child.tail or "")
        return "".join(parts)

    def _is_left_out(self, element: HtmlElement) -> bool:
        if not isinstance(element.tag, str) or element.tag in _NEVER_TEXT:
            return True
        if self._keeps_all:
            return False
        if element.tag in _AROUND or element.get("role") in _AROUND_ROLES:
            is_of_part = next(element.iterancestors("main", "article", "section"), None) is not None
            return not (element.tag == "header" and is_of_part)
        return (
            "hidden" in element.attrib
            or element.get("aria-hidden") == "true"
            or _HIDDEN.search(element.get("style", "")) is not None
        )


def _normal(text: str) -> str:
    """Text with white space as a browser shows it: runs are one blank, only <br> breaks a line."""
    lines = (" ".join(line.split()) for line in text.split(_LINE_BREAK))
    return "\n".join(line for line in lines if line)

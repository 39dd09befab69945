"""Writes down HTML as it reads: headings, paragraphs, lists, tables and code, without what cannot be seen."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from lxml.html import HtmlElement

from ingest.readers.structure import StructuredText
from ingest.readers.web.html_tables import Table, table_of

_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.IGNORECASE)
_WEIGHT = re.compile(r"font-weight\s*:\s*(\w+)", re.IGNORECASE)
# fmt: off
_NEVER_TEXT = frozenset({
    "script", "style", "noscript", "template", "svg", "iframe", "head", "button", "select", "object", "rt", "rp",
})
_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "div",
    "dl", "dt", "fieldset", "figcaption", "figure", "form", "footer", "header", "hgroup", "hr", "html", "legend",
    "li", "main", "nav", "ol", "p", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
})
# fmt: on
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_LISTS = frozenset({"ul", "ol"})
_STRUCTURED = " | ".join(f".//{tag}" for tag in ("pre", *HEADINGS))
_LINE_BREAK = "\x00"
_PARAGRAPH_END = re.compile(r"\x00\s*\x00")
"""Two line breaks, which leave a line blank."""
_UNSEEN = re.compile("[\xad\u200b\u2060\ufeff]")
_LONGEST_NAME = 120
_LONGEST_CELL = 1500
"""Characters of the longest cell that still belongs to a table, and not to the look of a page."""
_DEEPEST = 6


def write_markup(
    root: HtmlElement,
    text: StructuredText,
    *,
    without: Collection[HtmlElement] = (),
    guesses_headings: bool = False,
    keeps_hidden: bool = False,
    below: int = 0,
) -> None:
    """Adds what can be seen of `root` to `text`, leaving out the elements `without`, headings `below` that level.

    `guesses_headings` takes short paragraphs in bold for headings where there are no others.
    """
    guesses = guesses_headings and not root.xpath(" | ".join(f".//{tag}" for tag in HEADINGS))
    writer = _Writer(text, without, guesses=guesses, keeps_hidden=keeps_hidden, below=below)
    writer.walk(root, is_bold=False)
    writer.end_paragraph()


class _Writer:
    """Walks through markup; inline text waits in `_pending` until its block ends."""

    def __init__(
        self,
        text: StructuredText,
        without: Collection[HtmlElement],
        *,
        guesses: bool,
        keeps_hidden: bool,
        below: int,
    ) -> None:
        self._text = text
        self._without = without
        self._guesses = guesses
        self._keeps_hidden = keeps_hidden
        self._below = below
        self._pending: list[str] = []
        self._has_thin = False
        self._guessed = 0

    def walk(self, element: HtmlElement, *, is_bold: bool) -> None:
        self._take_text(element.text, is_bold)
        for child in element:
            self._take(child, is_bold)
            self._take_text(child.tail, is_bold)

    def end_paragraph(self) -> None:
        paragraphs = [normal(part) for part in _PARAGRAPH_END.split("".join(self._pending))]
        is_bold = not self._has_thin
        self._pending.clear()
        self._has_thin = False
        for text in filter(None, paragraphs):
            if self._guesses and is_bold and _reads_like_a_heading(text):
                self._guessed += 1
                self._text.add_heading(min(self._guessed, _DEEPEST), text)
            else:
                self._add("paragraph", text)

    def _take_text(self, text: str | None, is_bold: bool) -> None:
        if text:
            self._pending.append(text)
            self._has_thin = self._has_thin or not (is_bold or text.isspace())

    def _take(self, element: HtmlElement, is_bold: bool) -> None:
        tag = element.tag
        if self._is_left_out(element):
            return
        if tag == "br":
            self._pending.append(_LINE_BREAK)
        elif tag == "math":
            self._take_text(_formula(element), is_bold)
        elif tag in HEADINGS:
            self.end_paragraph()
            self._text.add_heading(int(tag[1]) + self._below, self._flat(element))
        elif tag == "pre":
            self.end_paragraph()
            for line_break in element.iter("br"):
                line_break.text = "\n"
            self._add("code", element.text_content().strip("\n"))
        elif tag in _LISTS and not element.xpath(f"{_STRUCTURED} | .//table"):
            self.end_paragraph()
            self._add("list", "\n".join(self._items(element, "")))
        elif tag == "table" and not self._is_layout(element):
            self.end_paragraph()
            self._take_table(element)
        else:
            is_block = tag in _BLOCKS
            if is_block:
                self.end_paragraph()
            self.walk(element, is_bold=_is_bold(element, is_bold))
            if is_block:
                self.end_paragraph()

    def _add(self, kind: str, text: str) -> None:
        self._guessed = 0
        self._text.add(kind, text)

    def _items(self, items: HtmlElement, indent: str) -> Iterator[str]:
        number = 0
        for item in items:
            if self._is_left_out(item):
                continue
            number += 1
            inner = [child for child in item if child.tag in _LISTS]
            text = normal(self._pieces(item, without=inner)).replace("\n", " ")
            if text:
                yield f"{indent}{f'{number}.' if items.tag == 'ol' else '-'} {text}"
            for child in [item] if item.tag in _LISTS else inner:
                yield from self._items(child, indent + "  ")

    def _is_layout(self, table: HtmlElement) -> bool:
        """Whether a table is there for the looks of a page: of one column, or with whole pages of text in its cells."""
        if table.get("role") in ("presentation", "none") or table.xpath(_STRUCTURED):
            return True
        rows = self._rows(table)
        if max(map(len, rows), default=0) < 2:
            return True
        inner = sum(len(self._flat(part)) for part in table.xpath(".//table"))
        return inner * 2 > len(self._flat(table)) or any(
            cell.tag == "td" and len(self._flat(cell)) > _LONGEST_CELL for row in rows for cell in row
        )

    def _rows(self, table: HtmlElement) -> list[list[HtmlElement]]:
        """The cells of a table row by row, without those of tables within it."""
        rows = table.xpath("tr | thead/tr | tbody/tr | tfoot/tr")
        return [
            [cell for cell in row if cell.tag in ("td", "th") and not self._is_left_out(cell)]
            for row in rows
            if not self._is_left_out(row)
        ]

    def _take_table(self, element: HtmlElement) -> None:
        caption = " ".join(self._flat(part) for part in element.iterchildren("caption") if not self._is_left_out(part))
        table = table_of(self._rows(element), self._flat)
        for title in filter(None, (caption, table.title)):
            self._add("paragraph", title)
        if table.is_list:
            self._add("list", "\n".join(" ".join(row) for row in table.rows))
        else:
            self._add_rows(table, caption or table.title)

    def _add_rows(self, table: Table, caption: str) -> None:
        self._guessed = 0
        rows = [row[: max((place for place, cell in enumerate(row, 1) if cell), default=0)] for row in table.rows]
        self._text.add_table(rows, caption=caption, header_rows=table.header_rows)

    def _flat(self, element: HtmlElement) -> str:
        return " ".join(normal(self._pieces(element)).split())

    def _pieces(self, element: HtmlElement, without: Collection[HtmlElement] = ()) -> str:
        """The text of an element on one line, the blocks within it parted by a blank."""
        parts = [element.text or ""]
        for child in element:
            if child.tag == "math":
                parts.append(_formula(child))
            elif child not in without and not self._is_left_out(child):
                blank = " " if child.tag in _BLOCKS or child.tag in ("br", *HEADINGS) else ""
                parts.extend((blank, self._pieces(child), blank))
            parts.append(child.tail or "")
        return "".join(parts)

    def _is_left_out(self, element: HtmlElement) -> bool:
        return (
            not isinstance(element.tag, str)
            or element.tag in _NEVER_TEXT
            or element in self._without
            or (not self._keeps_hidden and is_hidden(element))
        )


def is_hidden(element: HtmlElement) -> bool:
    return (
        "hidden" in element.attrib
        or element.get("aria-hidden") == "true"
        or _HIDDEN.search(element.get("style", "")) is not None
    )


def normal(text: str) -> str:
    """Text with white space as a browser shows it: runs are one blank, only <br> breaks a line."""
    lines = (" ".join(line.split()) for line in _UNSEEN.sub("", text).split(_LINE_BREAK))
    return "\n".join(line for line in lines if line)


def _is_bold(element: HtmlElement, is_around: bool) -> bool:
    weight = _WEIGHT.search(element.get("style", ""))
    if weight:
        value = weight.group(1).lower()
        return value.startswith("bold") or (value.isdecimal() and int(value) >= 600)
    return is_around or element.tag in ("b", "strong")


def _reads_like_a_heading(text: str) -> bool:
    return len(text) <= _LONGEST_NAME and any(map(str.isalpha, text)) and text[-1] not in ".,;:" and "\n" not in text


def _formula(math: HtmlElement) -> str:
    """A formula in the words that its page gives it, else its signs in a row."""
    return str(math.get("alttext") or math.text_content())

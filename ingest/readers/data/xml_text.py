"""Writes down XML that is text: titles as headings, one block for each element that holds words, lists and tables.

It knows no vocabulary as a whole; the names below are those that DocBook, JATS, TEI, FictionBook and others share.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from ingest.readers.data.xml_tree import local_name, text_of
from ingest.readers.structure import StructuredText
from ingest.readers.web.html_tables import table_of

_TITLES = frozenset({"title", "article-title", "chapter-title", "book-title", "head", "heading"})
_NOT_SHOWN = frozenset({"binary", "script", "style", "stylesheet"})
_PARAGRAPHS = frozenset({"p", "para", "simpara", "ab"})
_LISTS = frozenset({"list", "itemizedlist", "orderedlist", "ul", "ol", "variablelist", "def-list", "simplelist"})
_ITEMS = frozenset({"item", "listitem", "list-item", "li", "member", "varlistentry", "def-item"})
_CODE = frozenset({"programlisting", "screen", "literallayout", "code-block", "pre", "eg"})
_TABLES = frozenset({"table", "informaltable"})
_ROWS, _CELLS = frozenset({"row", "tr"}), frozenset({"entry", "td", "th", "cell"})
_CAPTIONS = frozenset({"label", "title", "caption", "head"})
_APART = _LISTS | _CODE | _TABLES
_ASIDES = frozenset({
    "fig", "figure", "caption", "table-wrap", "example", "note", "tip", "warning", "important", "caution", "sidebar",
    "boxed-text", "formalpara", "blockquote", "epigraph", "ref", "citation", "element-citation", "mixed-citation",
    "biblStruct", "bibl", "biblioentry", "bibliomixed", "related-article", "product", "monogr", "analytic",
    *_LISTS, *_TABLES,
})  # fmt: skip
"""Elements whose titles are no headings of what follows them."""
_RUNNING = _APART | _TITLES | _PARAGRAPHS
_LONGEST_RECORD = 1500
_PROSE = 0.4
_DEEPEST = 6


def is_prose(root: etree._Element) -> bool:
    """Whether XML is a text, and not data: much of it stands in paragraphs, or has elements among its words."""
    prose = sum(len(text_of(element)) for element in _outermost_prose(root))
    return prose > 0 and prose >= _PROSE * len(text_of(root))


def _outermost_prose(element: etree._Element) -> Iterator[etree._Element]:
    if local_name(element) in _PARAGRAPHS or (len(element) and _own_text(element)):
        yield element
        return
    for child in element:
        yield from _outermost_prose(child)


def write_prose(root: etree._Element, text: StructuredText) -> str:
    """Adds all words of a text; returns its title."""
    _write(root, text, 1)
    return next((block.headings[-1] for block in text.blocks if block.kind == "heading"), "")


def _write(element: etree._Element, text: StructuredText, level: int) -> None:
    name = local_name(element)
    if name in _NOT_SHOWN:
        return
    if name in _TABLES:
        _write_table(element, text)
    elif name in _LISTS:
        text.add("list", "\n".join(f"- {words}" for item in element if (words := text_of(item))))
    elif name in _CODE:
        text.add("code", "".join(map(str, element.itertext())).strip("\n"))
    elif _own_text(element) or not len(element):
        _write_mixed(element, text, level)
    elif _is_record(element):
        text.add("paragraph", "\n".join(_lines(element)))
    else:
        has_headings = name not in _ASIDES
        inner = level
        for child in element:
            if has_headings and local_name(child) in _TITLES and not child.xpath("ancestor::*[local-name()='ref']"):
                text.add_heading(min(level, _DEEPEST), text_of(child))
                inner = level + 1
            else:
                _write(child, text, inner)


def _write_mixed(element: etree._Element, text: StructuredText, level: int) -> None:
    """Words with elements among them: those that stand apart part the paragraph."""
    waiting = [element.text or ""]
    for child in element:
        if local_name(child) in _APART:
            text.add("paragraph", " ".join("".join(waiting).split()))
            waiting = []
            _write(child, text, level)
        else:
            waiting.extend(map(str, child.itertext()))
        waiting.append(child.tail or "")
    text.add("paragraph", " ".join("".join(waiting).split()))


def _write_table(element: etree._Element, text: StructuredText) -> None:
    around = element.getparent()
    titled = around if around is not None and local_name(around) == "table-wrap" else element
    caption = " ".join(text_of(part) for part in titled if local_name(part) in _CAPTIONS)
    if titled is element:
        text.add("paragraph", caption)
    rows = [row for row in element.iter(etree.Element) if local_name(row) in _ROWS]
    table = table_of([[cell for cell in row if local_name(cell) in _CELLS] for row in rows], text_of)
    text.add_table(table.rows, caption=caption, header_rows=table.header_rows)


def _own_text(element: etree._Element) -> str:
    """The text of an element that stands in none of its elements."""
    return "".join([element.text or "", *(child.tail or "" for child in element)]).strip()


def _is_record(element: etree._Element) -> bool:
    """Whether an element holds particulars (a name, a date, who published it) and no running text."""
    names = map(local_name, element.iterdescendants(etree.Element))
    return len(text_of(element)) <= _LONGEST_RECORD and _RUNNING.isdisjoint(names)


def _lines(element: etree._Element) -> Iterator[str]:
    """The words of a record: those that stand side by side on one line."""
    if not any(map(len, element)):
        yield " ".join(filter(None, map(text_of, element)))
        return
    for child in element:
        if len(child) and not _own_text(child):
            yield from _lines(child)
        elif words := text_of(child):
            yield words

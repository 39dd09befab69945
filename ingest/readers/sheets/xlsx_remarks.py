"""What an XLSX sheet says outside its cells: notes and comments, text boxes, the titles of charts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lxml.etree import _Element

from ingest.readers.sheets.workbook import Note, Remark, column_number
from ingest.readers.sheets.xlsx_package import Link, Package, reference, words

_CELL = re.compile(r"([A-Z]+)(\d+)")
_STAND_IN = "[Threaded comment]"
"""How a note begins that stands in for a conversation, for programs that know only notes."""


def notes(package: Package, sheet: str) -> Iterator[Note]:
    for part in package.linked(sheet, "threadedComment"):
        for comment in package.elements(part, "threadedComment"):
            yield from _note(comment, comment.findtext("{*}text") or "")
    for part in package.linked(sheet, "comments"):
        for comment in package.elements(part, "comment"):
            if not (text := words(comment)).startswith(_STAND_IN):
                yield from _note(comment, text)


def _note(comment: _Element, text: str) -> Iterator[Note]:
    if cell := _CELL.fullmatch(comment.get("ref", "")):
        yield Note(int(cell[2]), column_number(cell[1]), text)


def drawn(package: Package, sheet: str) -> Iterator[Remark]:
    """The text boxes and charts of a sheet, at the row in which each begins."""
    for drawing in package.linked(sheet, "drawing"):
        links = package.links(drawing)
        for anchor in package.elements(drawing, "twoCellAnchor", "oneCellAnchor", "absoluteAnchor"):
            row = int(anchor.findtext("{*}from/{*}row") or -1) + 1
            for text in (*_boxes(anchor), *_charts(package, links, anchor)):
                if text.strip():
                    yield Remark(row, text)


def _boxes(anchor: _Element) -> Iterator[str]:
    """The text of each box; what stands in for it in older programs is not read as well."""
    for box in anchor.iter("{*}txBody"):
        if next(box.iterancestors("{*}Fallback"), None) is None:
            yield "\n".join("".join(t.text or "" for t in line.iter("{*}t")) for line in box.iter("{*}p"))


def _charts(package: Package, links: Mapping[str, Link], anchor: _Element) -> Iterator[str]:
    """The title of each chart and those of its axes."""
    for chart in anchor.iter("{*}chart"):
        link = links.get(reference(chart))
        titles = package.elements(link.target, "title") if link else ()
        found = ["".join(part.text or "" for part in title.iter("{*}t", "{*}v")).strip() for title in titles]
        yield ", ".join(filter(None, found))

"""What stands on one page of a PDF: its lines, each with its box, put together into paragraphs.

Text and characters are counted apart by PDFium: text in UTF-16 units, characters as they are drawn; the two are
translated here and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from threading import Lock
from typing import TYPE_CHECKING

from ingest.readers.source_file import clean

if TYPE_CHECKING:
    from pypdfium2 import PdfPage, PdfTextPage

PDFIUM = Lock()
"""PDFium may be entered by one thread at a time; held for a page, so that nobody waits for a whole file."""

_LINE = re.compile(r"[^\r\n\ufffe]+\ufffe?")
_HYPHEN = "\ufffe"
_GAP = 1.45
_JUMP = 3.0
_RECTANGLES = 8
"""Rectangles looked at for a line's box, first and last among them: some files draw each letter on its own."""

Box = tuple[float, float, float, float]
"""Left, bottom, right, top in points from the page's lower left corner."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text; `is_hyphenated` says that its last word goes on in the next."""

    text: str
    box: Box
    is_hyphenated: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """The lines of a page in the order of its content; `height` is the page's own."""

    number: int
    height: float
    lines: tuple[Line, ...] = ()


def read_page(page: PdfPage, number: int) -> Page:
    bounds = page.get_bbox()
    textpage = page.get_textpage()
    try:
        return Page(number, bounds[3] - bounds[1], tuple(_lines(textpage, bounds)))
    finally:
        textpage.close()


def _lines(textpage: PdfTextPage, page: Box) -> Iterator[Line]:
    text = textpage.get_text_range(errors="surrogatepass")
    end = units = 0
    for match in _LINE.finditer(text):
        start = units + _units(text[end : match.start()])
        units, end = start + _units(match.group()), match.end()
        words = clean(match.group().rstrip(_HYPHEN)).replace("\xa0", " ").strip()
        box = _box(textpage, start, units) if words else None
        if box:
            yield Line(words, _within(box, page), match.group().endswith(_HYPHEN))


def _units(text: str) -> int:
    """The length of `text` in UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _box(textpage: PdfTextPage, start: int, end: int) -> Box | None:
    """The box around units start..end of a page's text, None where nothing of it is drawn."""
    import pypdfium2.raw as pdfium

    first = pdfium.FPDFText_GetCharIndexFromTextIndex(textpage, start)
    last = pdfium.FPDFText_GetCharIndexFromTextIndex(textpage, end - 1)
    if first < 0 or last < first:
        return None
    count = textpage.count_rects(first, last - first + 1)
    if not count:
        return None
    step = max(1, count // _RECTANGLES)
    boxes = [textpage.get_rect(index) for index in (*range(0, count - 1, step), count - 1)]
    lefts, bottoms, rights, tops = zip(*boxes, strict=True)
    return min(lefts), min(bottoms), max(rights), max(tops)


def _within(box: Box, page: Box) -> Box:
    """`box` counted from the page's corner, what lies outside the page cut off."""
    (left, bottom, right, top), (page_left, page_bottom, page_right, page_top) = box, page
    return (
        min(max(left, page_left), page_right) - page_left,
        min(max(bottom, page_bottom), page_top) - page_bottom,
        min(max(right, page_left), page_right) - page_left,
        min(max(top, page_bottom), page_top) - page_bottom,
    )


def paragraphs(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines grouped where the distance from one to the next is unlike that between most of the page's lines."""
    pitches = [before.box[1] - line.box[1] for before, line in pairwise(lines)]
    downward = [pitch for pitch in pitches if pitch > 1]
    usual = median(downward) if downward else 0.0
    groups: list[list[Line]] = []
    for index, line in enumerate(lines):
        if index and -_JUMP * usual <= pitches[index - 1] <= _GAP * usual:
            groups[-1].append(line)
        else:
            groups.append([line])
    return groups


def joint(before: Line, line: Line) -> str:
    """What stands between two lines: nothing within a parted word, a blank within a row, else a line break."""
    if before.is_hyphenated:
        return "" if before.text[-1].isalpha() and line.text[0].islower() else "-"
    return " " if _is_same_row(before.box, line.box) else "\n"


def _is_same_row(before: Box, line: Box) -> bool:
    overlap = min(before[3], line[3]) - max(before[1], line[1])
    return line[0] >= before[2] and overlap > 0.5 * min(before[3] - before[1], line[3] - line[1])

"""The text that a PDF itself holds, by PDFium: the words of a page, line by line, and where they stand.

PDFium counts text in UTF-16 units and characters as they are drawn; the two are translated here and nowhere else.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from ingest.readers.pages.page import Box, Line, Page, Word, around, turned
from ingest.readers.pdf.glyphs import Glyphs
from ingest.readers.pdf.letters import IDEOGRAPH, is_garbled
from ingest.readers.pdf.marks import with_marks_in_place
from ingest.readers.pdf.rules import read_rules
from ingest.readers.pdf.sight import Sight
from ingest.readers.pdf.words import HYPHENS, Written, words_of

if TYPE_CHECKING:
    from pypdfium2 import PagesTextPage, PdfPage

PDFIUM = Lock()
"""PDFium may be entered by one thread at a time; held for a page, so that nobody waits for a whole file."""

_LINE = re.compile(r"[^\r\n\ufffe]+\ufffe?")
_RULE = re.compile(r"[\s_=~*.·•\-‐-―]{5,}")
"""A line that is drawn with letters."""
_WORDS_APART = 0.3
"""Of the height of letters."""
_EVERYWHERE = Box(-math.inf, -math.inf, math.inf, math.inf)
_BELOW, _ABOVE = 0.4, 1.1
"""Of a font's size: how far letters with their accents reach below and above the base line."""
_LEVEL = math.radians(5)
_DOWNWARD = 3
"""Quarter turns by which text is set upright that is written from the top down, as Japanese may be."""


class _Drawn(NamedTuple):
    """A line in the file's own coordinates, and the quarter turns clockwise that set it upright, None if aslant."""

    line: Line
    turns: int | None


def read_page(page: PdfPage, number: int) -> Page:
    """The lines of a page in the order of its content."""
    import pypdfium2.raw as pdfium

    bounds = Box(*page.get_bbox())
    textpage = page.get_textpage()
    try:
        drawn, garbled = _drawn_lines(page, textpage, bounds)
    finally:
        textpage.close()
    is_unread = garbled > sum(len(line.text) for line, _ in drawn) or (
        not drawn and pdfium.FPDFPage_CountObjects(page.raw) > 0
    )
    rules = tuple(_moved(rule, bounds) for rule in read_rules(page))
    upright = _upright(Page(number, bounds.width, bounds.height, rules=rules, is_unread=is_unread), drawn)
    return replace(upright, lines=tuple(map(_lightened, with_marks_in_place(upright.lines))))


def _lightened(line: Line) -> Line:
    """A line without its words where they are no wider apart than in running text: files have thousands of pages."""
    gap = _WORDS_APART * line.box.height
    if any(word.box.left - before.box.right > gap for before, word in pairwise(line.words)):
        return line
    return replace(line, words=())


def drawn_words(page: PdfPage) -> list[tuple[str, Box]]:
    """The words of a page with their boxes as the file draws them, counted from the page's corner."""
    textpage = page.get_textpage()
    try:
        lines, _ = _drawn_lines(page, textpage, Box(*page.get_bbox()))
    finally:
        textpage.close()
    return [(line.text[word.start : word.end], word.box) for line, _ in lines for word in line.words]


def _upright(page: Page, drawn: Sequence[_Drawn]) -> Page:
    """The page turned as most of its text stands; `page` has its measures as drawn."""
    letters: Counter[int] = Counter()
    for line, turns in drawn:
        if turns is not None:
            letters[turns] += len(line.text)
    prevailing = max(letters, key=lambda turns: (letters[turns], -turns), default=0)
    if prevailing == 0 and all(turns == 0 for _, turns in drawn):
        return replace(page, lines=tuple(line for line, _ in drawn))
    lines = [
        replace(
            line,
            box=turned(line.box, prevailing, page.width, page.height),
            words=tuple(
                word._replace(box=turned(word.box, prevailing, page.width, page.height)) for word in line.words
            ),
            is_aside=turns != prevailing,
        )
        for line, turns in drawn
    ]
    width, height = (page.height, page.width) if prevailing % 2 else (page.width, page.height)
    rules = tuple(turned(rule, prevailing, page.width, page.height) for rule in page.rules)
    return replace(page, width=width, height=height, lines=tuple(lines), rules=rules, turns=prevailing)


def _drawn_lines(page: PdfPage, textpage: PagesTextPage, bounds: Box) -> tuple[list[_Drawn], int]:
    """The lines of a page, and how many characters were left out because nobody could read them."""
    text = textpage.get_text_range(errors="surrogatepass")
    glyphs = Glyphs(textpage)
    sight = Sight(page, textpage, glyphs)
    lines: list[_Drawn] = []
    end = units = garbled = 0
    for match in _LINE.finditer(text):
        start = units + _units(text[end : match.start()])
        units, end = start + _units(match.group()), match.end()
        raw = match.group()
        if raw.isspace() or _RULE.fullmatch(raw):
            continue
        indexes = _indexes(glyphs, raw, start)
        if lost := _garbled(glyphs, indexes):
            garbled += lost
        else:
            lines.extend(_lines(glyphs, sight, raw, indexes, bounds))
    return lines, garbled


def _units(text: str) -> int:
    """The length of `text` in UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _indexes(glyphs: Glyphs, raw: str, start: int) -> Sequence[int]:
    """The number of the glyph of each character of `raw`, which begins at the unit `start` of the page's text."""
    first, last = glyphs.index(start), glyphs.index(start + _units(raw) - 1)
    if last - first + 1 == len(raw):
        return range(first, last + 1)
    units = [0]
    for character in raw:
        units.append(units[-1] + _units(character))
    return [glyphs.index(start + unit) for unit in units[:-1]]


def _garbled(glyphs: Glyphs, indexes: Sequence[int]) -> int:
    """How many characters a line has, 0 if they can be read; looks closer where the first or the last is guessed."""
    if not (glyphs.is_unmapped(indexes[0]) or glyphs.is_unmapped(indexes[-1])):
        return 0
    # Some of a font's numbers are no characters at all: these are in the page but not in its text.
    everything = range(indexes[0], indexes[-1] + 1)
    characters = "".join(map(glyphs.character, everything))
    return len(characters) if is_garbled(characters, sum(map(glyphs.is_unmapped, everything))) else 0


def _lines(glyphs: Glyphs, sight: Sight, raw: str, indexes: Sequence[int], bounds: Box) -> Iterator[_Drawn]:
    """What can be seen of a line of PDFium's; now and then it takes several lines of the page for one."""
    words = sight.seen([word for word in words_of(glyphs, raw, indexes) if word.text])
    if not words:
        return
    turns = _turns(glyphs, words)
    borders = [
        number
        for number, (before, word) in enumerate(pairwise(words), 1)
        if not _is_beside(before.box, word.box, turns)
    ]
    is_hyphenated = raw.rstrip(" ").endswith(HYPHENS)
    for first, last in pairwise([0, *borders, len(words)]):
        seen = _seen(words[first:last], _limits(glyphs, words[first].glyph, turns), bounds)
        if seen:
            line = _line(seen, bounds, is_hyphenated=is_hyphenated and last == len(words))
            emphasis = min(glyphs.emphasis(words[first].glyph), glyphs.emphasis(words[last - 1].glyph))
            yield _Drawn(replace(line, emphasis=emphasis), turns)


def _is_beside(before: Box, box: Box, turns: int | None) -> bool:
    """Whether a word stands on the line of the word before it, as its text is turned."""
    if turns is None:
        return True
    axis = 1 - turns % 2
    (low, high), (begin, end) = (before[axis], before[axis + 2]), (box[axis], box[axis + 2])
    return low <= (begin + end) / 2 <= high or begin <= (low + high) / 2 <= end


def _seen(words: Sequence[Written], limits: Box, bounds: Box) -> list[Written]:
    """The words that lie on the page, their boxes no larger than their letters."""
    whole = around(word.box for word in words)
    if _common(whole, limits) != whole:
        words = [word._replace(box=_common(word.box, limits) or word.box) for word in words]
    if _common(whole, bounds) == whole:
        return list(words)
    return [word._replace(box=box) for word in words if (box := _common(word.box, bounds))]


def _line(words: Sequence[Written], bounds: Box, *, is_hyphenated: bool) -> Line:
    text = ""
    placed: list[Word] = []
    for word in words:
        text += f" {word.text}" if word.is_apart and text else word.text
        placed.append(Word(len(text) - len(word.text), len(text), _moved(word.box, bounds)))
    return Line(text, around(word.box for word in placed), tuple(placed), is_hyphenated)


def _turns(glyphs: Glyphs, words: Sequence[Written]) -> int | None:
    angle = glyphs.angle(words[0].glyph)
    quarters = round(angle / (math.pi / 2))
    if abs(angle - quarters * math.pi / 2) > _LEVEL:
        return None
    begin, end = words[0].box, words[-1].box
    if quarters == 0 and IDEOGRAPH.match(words[0].text) and _is_below(begin, end) and _is_below(begin, words[1].box):
        return _DOWNWARD
    return -quarters % 4


def _is_below(above: Box, box: Box) -> bool:
    return box.top <= above.middle and box.left < above.right and above.left < box.right


def _limits(glyphs: Glyphs, first: int, turns: int | None) -> Box:
    """How far the letters of a line reach from its base line, since some fonts claim several times their size."""
    if turns is None:
        return _EVERYWHERE
    size = glyphs.size(first)
    x, y = glyphs.origin(first)
    below, above = (size, size) if turns == _DOWNWARD else (_BELOW * size, _ABOVE * size)
    match turns:
        case 0:
            return _EVERYWHERE._replace(bottom=y - below, top=y + above)
        case 1:
            return _EVERYWHERE._replace(left=x - above, right=x + below)
        case 2:
            return _EVERYWHERE._replace(bottom=y - above, top=y + below)
        case _:
            return _EVERYWHERE._replace(left=x - below, right=x + above)


def _common(one: Box, other: Box) -> Box | None:
    """What two boxes have in common; a box may be a line, since some fonts give their letters no width."""
    box = Box(
        max(one.left, other.left), max(one.bottom, other.bottom), min(one.right, other.right), min(one.top, other.top)
    )
    return box if box.left <= box.right and box.bottom <= box.top else None


def _moved(box: Box, corner: Box) -> Box:
    """`box` counted from the lower left of `corner`."""
    x, y = corner.left, corner.bottom
    if x == y == 0:
        return box
    return Box(box.left - x, box.bottom - y, box.right - x, box.top - y)

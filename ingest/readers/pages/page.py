"""What stands on one page of a PDF or a scan: lines of words, each with its box, and the tables that they make up."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

Interval = tuple[float, float]

_LEFTWARD = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")


class Box(NamedTuple):
    """A rectangle in points, counted from a page's lower left corner."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.top - self.bottom

    @property
    def middle(self) -> float:
        return (self.bottom + self.top) / 2


class Word(NamedTuple):
    """Characters start..end of a line's text, and where they stand; in Chinese and Japanese each is one word."""

    start: int
    end: int
    box: Box


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text as it is read, in the coordinates of its page's text.

    `is_hyphenated` says that its last word goes on in the next line, `is_aside` that it is no part of the running text:
    it stands at an angle to it, or is a comment on it. `emphasis` is that of all its letters: 2 bold, 1 italic, 0 none.
    `words` may be empty where nothing but common blanks parts them.
    """

    text: str
    box: Box
    words: tuple[Word, ...] = ()
    is_hyphenated: bool = False
    is_aside: bool = False
    emphasis: int = 0

    def part(self, first: int, last: int) -> Line:
        """The words first..last (last excluded) as a line of their own."""
        words = self.words[first:last]
        start = words[0].start
        return Line(
            self.text[start : words[-1].end],
            around(word.box for word in words),
            tuple(Word(word.start - start, word.end - start, word.box) for word in words),
            self.is_hyphenated and last == len(self.words),
            self.is_aside,
            self.emphasis,
        )


@dataclass(frozen=True, slots=True)
class Page:
    """The lines of a page in the order of its content, and its rules: the thin lines that are drawn on it.

    Coordinates are those of the page turned so that its text stands upright: `turns` quarter turns clockwise from how
    the file draws it, `width` and `height` after turning. `is_unread` says that the page shows something, yet has no
    text that can be read. A page that was scanned aslant is set level too: it leans clockwise by `slant` radians.
    """

    number: int
    width: float
    height: float
    lines: tuple[Line, ...] = ()
    rules: tuple[Box, ...] = ()
    turns: int = 0
    is_unread: bool = False
    slant: float = 0.0

    def drawn(self, box: Box) -> Box:
        """`box` as the file draws it; on a page that leans, the smallest that holds it."""
        if self.slant:
            box = _leant(box, self.slant, self.width, self.height)
        width, height = (self.height, self.width) if self.turns % 2 else (self.width, self.height)
        return turned(box, -self.turns, self.width, self.height) if (width and height) else box


Cell = tuple[Line, ...]
"""What stands in a cell, line by line."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, of which the first `header_rows` name the columns, and the lines of the page that they are of.

    `columns` are the intervals of the columns of figures, by which a table is known again on the next page; a ruled
    table has none.
    """

    rows: tuple[tuple[Cell, ...], ...]
    lines: tuple[Line, ...]
    columns: tuple[Interval, ...]
    header_rows: int = 0
    caption: str = ""

    @property
    def box(self) -> Box:
        return around(line.box for line in self.lines)


def around(boxes: Iterable[Box]) -> Box:
    """The smallest box that holds all of `boxes`, of which there is one at least."""
    lefts, bottoms, rights, tops = zip(*boxes, strict=True)
    return Box(min(lefts), min(bottoms), max(rights), max(tops))


def turned(box: Box, turns: int, width: float, height: float) -> Box:
    """`box` on a page of `width` and `height` after the page was turned clockwise by `turns` quarters."""
    left, bottom, right, top = box
    match turns % 4:
        case 1:
            return Box(bottom, width - right, top, width - left)
        case 2:
            return Box(width - right, height - top, width - left, height - bottom)
        case 3:
            return Box(height - top, left, height - bottom, right)
        case _:
            return box


def _leant(box: Box, angle: float, width: float, height: float) -> Box:
    """The smallest box around `box` after a page was turned clockwise about its middle, as far as it is on the page."""
    cosine, sine = math.cos(angle), math.sin(angle)
    corners = [(x - width / 2, y - height / 2) for x in (box.left, box.right) for y in (box.bottom, box.top)]
    xs = [min(max(width / 2 + x * cosine + y * sine, 0.0), width) for x, y in corners]
    ys = [min(max(height / 2 + y * cosine - x * sine, 0.0), height) for x, y in corners]
    return Box(min(xs), min(ys), max(xs), max(ys))


def is_same_row(one: Box, other: Box) -> bool:
    """Whether two boxes stand side by side: they share half of the lower one's height."""
    overlap = min(one.top, other.top) - max(one.bottom, other.bottom)
    return overlap > 0.5 * min(one.height, other.height)


def usual_height(lines: Sequence[Line]) -> float:
    """The height of most of the text in `lines`, 0 where there is none."""
    heights = sorted((line.box.height, len(line.text)) for line in lines)
    half = sum(size for _, size in heights) / 2
    for height, size in heights:
        half -= size
        if half <= 0:
            return height
    return 0.0


def is_leftward(lines: Sequence[Line]) -> bool:
    """Whether most of `lines` are in a script that is written from the right, as Arabic and Hebrew are."""
    return 2 * sum(len(_LEFTWARD.findall(line.text)) for line in lines) > sum(len(line.text) for line in lines)

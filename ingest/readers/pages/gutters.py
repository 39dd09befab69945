"""Columns of prose on a page: the blank strips between them."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from ingest.readers.pages.page import Box, Interval, Line, around, is_same_row, usual_height

_PIECE_GAP = 1.0
"""Of the height of a line: justified words hardly ever stand wider apart."""
NARROWEST_GUTTER = 0.5
_FEWEST_ROWS = 6
_FEWEST_WORDS = 3
_CLOSE = 1.8
_NARROWEST = 9.0
"""Of the height of a line: how near the lines of a column follow on each other, and how wide it is."""
_LETTERS = 0.85
_FILLED = 0.8
_WIDEST = 0.3
"""Of the columns' width: letters among the characters, the usual line, the gutter."""
_PARTED = re.compile(r"[^\W\d_]-$")


@dataclass(frozen=True, slots=True)
class Gutter:
    """The blank strip between two columns."""

    left: float
    right: float
    bottom: float
    top: float

    def side(self, box: Box) -> int:
        """-1 for a box left of the gutter, 1 right of it, 0 above, below or across."""
        if not self.bottom <= box.middle <= self.top:
            return 0
        middle = (self.left + self.right) / 2
        return -1 if box.right <= middle else 1 if box.left >= middle else 0


def pieces(line: Line, gap: float) -> list[Line]:
    """A line in the parts between which a blank of `gap` points or more stands."""
    words = line.words
    borders = [
        index for index, (before, word) in enumerate(pairwise(words), 1) if word.box.left - before.box.right >= gap
    ]
    if not borders:
        return [line]
    return [line.part(first, last) for first, last in pairwise([0, *borders, len(words)])]


def gutters(lines: Sequence[Line]) -> list[Gutter]:
    """The strips between columns of prose: at least six lines face each other over each, and no line crosses it."""
    height = usual_height(lines)
    if not height:
        return []
    parts = [part for line in lines for part in pieces(line, _PIECE_GAP * height)]
    reach = around(line.box for line in lines)
    prose = [part.box for part in parts if part.box.width < 0.7 * reach.width and _is_prose(part.text)]
    if len(prose) < 2 * _FEWEST_ROWS:
        return []
    boxes = [part.box for part in parts]
    columns = [pairs for pairs in _faces(prose, boxes, height) if _are_columns(pairs)]
    if not columns:
        return []
    # A row of a table whose columns happen to part at the gutter ends the columns of prose.
    cells = [part.box for part in parts if part.text.count(" ") < _FEWEST_WORDS]
    rows = [around(pair) for pair in _neighbours(cells, boxes, height)]
    return [_extended(pairs, boxes + rows, reach) for pairs in columns]


def _is_prose(text: str) -> bool:
    return text.count(" ") >= _FEWEST_WORDS - 1 and sum(map(str.isalpha, text)) + text.count(" ") >= _LETTERS * len(
        text
    )


def _faces(prose: Sequence[Box], boxes: Sequence[Box], height: float) -> Iterator[list[tuple[Box, Box]]]:
    """Neighbours left and right over the same strip, from the top down, as long as nothing crosses it."""
    groups: list[tuple[list[tuple[Box, Box]], Interval]] = []
    for left, right in _neighbours(prose, boxes, height):
        if right.left - left.right < NARROWEST_GUTTER * height:
            continue
        for index, (pairs, (begin, end)) in enumerate(groups):
            strip = max(begin, left.right), min(end, right.left)
            between = max(left.bottom, right.bottom), pairs[-1][0].top
            if strip[1] - strip[0] >= NARROWEST_GUTTER * height and not _is_crossed(strip, between, boxes):
                groups[index] = [*pairs, (left, right)], strip
                break
        else:
            groups.append(([(left, right)], (left.right, right.left)))
    for pairs, _ in groups:
        yield pairs


def _neighbours(some: Sequence[Box], boxes: Sequence[Box], height: float) -> Iterator[tuple[Box, Box]]:
    """Each of `some` with what stands next to it on the right, if that is one of them too; from the top down."""
    wanted = set(some)
    ordered = sorted(boxes, key=lambda box: -box.middle)
    heights = [-box.middle for box in ordered]
    for left in sorted(wanted, key=lambda box: -box.middle):
        near = ordered[bisect_left(heights, -left.middle - height) : bisect_right(heights, -left.middle + height)]
        beside = [box for box in near if box.left >= left.right and is_same_row(left, box)]
        nearest = min(beside, key=lambda box: box.left, default=None)
        if nearest in wanted:
            yield left, nearest


def _is_crossed(strip: Interval, between: Interval, boxes: Sequence[Box]) -> bool:
    """Whether a box reaches over the middle of a strip, between two heights."""
    third = (strip[1] - strip[0]) / 3
    over = [box for box in boxes if box.left < strip[1] - third and box.right > strip[0] + third]
    return any(between[0] < box.middle < between[1] for box in over)


def _are_columns(pairs: Sequence[tuple[Box, Box]]) -> bool:
    """Whether lines on both sides follow close on each other and mostly fill their column, as cells seldom do."""
    if len(pairs) < _FEWEST_ROWS:
        return False
    height = median(left.height for left, _ in pairs)
    if median(before[0].middle - after[0].middle for before, after in pairwise(pairs)) > _CLOSE * height:
        return False
    gutter = min(right.left for _, right in pairs) - max(left.right for left, _ in pairs)
    for side in (0, 1):
        widths = sorted(pair[side].width for pair in pairs)
        if median(widths) < max(_FILLED * widths[-2], gutter / _WIDEST, _NARROWEST * height):
            return False
    return True


def _extended(pairs: Sequence[tuple[Box, Box]], boxes: Sequence[Box], reach: Box) -> Gutter:
    """The gutter between `pairs`, up and down to the next line that crosses it."""
    left, right = max(pair[0].right for pair in pairs), min(pair[1].left for pair in pairs)
    bottom = min(min(one.bottom, other.bottom) for one, other in pairs)
    top = max(max(one.top, other.top) for one, other in pairs)
    third = (right - left) / 3
    crossing = [box for box in boxes if box.left < right - third and box.right > left + third]
    return Gutter(
        left,
        right,
        max((box.top for box in crossing if box.middle < bottom), default=reach.bottom),
        min((box.bottom for box in crossing if box.middle > top), default=reach.top),
    )


def split_at(lines: Sequence[Line], strips: Sequence[Gutter]) -> list[Line]:
    """`lines`, those that run on over a gutter in two."""
    for strip in strips:
        lines = [part for line in lines for part in _split_at(line, strip)]
    return list(lines)


def _split_at(line: Line, strip: Gutter) -> list[Line]:
    middle = (strip.left + strip.right) / 2
    if not (strip.bottom <= line.box.middle <= strip.top and line.box.left < middle < line.box.right):
        return [line]
    border = sum(word.box.right <= middle for word in line.words)
    if not 0 < border < len(line.words) or any(word.box.right <= middle for word in line.words[border:]):
        return [line]
    return [_hyphenated(line.part(0, border)), line.part(border, len(line.words))]


def _hyphenated(line: Line) -> Line:
    """A line that was taken to go on: a hyphen at its end is no letter of it."""
    if not _PARTED.search(line.text):
        return line
    *words, last = line.words
    return replace(line, text=line.text[:-1], words=(*words, last._replace(end=last.end - 1)), is_hyphenated=True)

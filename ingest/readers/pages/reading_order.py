"""The order in which people read the lines of a page.

The order in which a file draws them is trusted, since it is right in most files. Geometry decides only where it
contradicts itself: where lines of neighbouring columns alternate, or where it goes back up in a column.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ingest.readers.pages.gutters import NARROWEST_GUTTER, Gutter
from ingest.readers.pages.page import Box, Line, around, is_leftward, is_same_row, usual_height

_FEWEST_LETTERS = 6
_MOST_LINES = 1_000
"""A page with more is no page of prose."""
_NEAR = 1.45
"""Of the usual height: how far below a line the next of its stack may stand."""

Stack = list[Line]
"""Lines that follow each other in the file and on the page."""


def in_reading_order(lines: Sequence[Line], strips: Sequence[Gutter]) -> list[Line]:
    """`lines` as people read them; what is no part of the running text comes last."""
    running = [line for line in lines if not line.is_aside]
    if len(running) <= _MOST_LINES and (_alternates(running, strips) or _goes_back_up(running)):
        running = _by_place(running, strips)
    return running + [line for line in lines if line.is_aside]


def _alternates(lines: Sequence[Line], strips: Sequence[Gutter]) -> bool:
    """Whether the order changes sides over a gutter with every other line or so."""
    for strip in strips:
        sides = [side for line in lines if (side := strip.side(line.box))]
        if 2 * sum(before != after for before, after in pairwise(sides)) > len(sides):
            return True
    return False


def _goes_back_up(lines: Sequence[Line]) -> bool:
    """Whether a line stands above one that came before it in the same column; odd marks do not count."""
    whole = [line for line in lines if not line.text or sum(map(str.isalpha, line.text)) >= _FEWEST_LETTERS]
    for index, (before, line) in enumerate(pairwise(whole), 1):
        if line.box.middle > before.box.top and any(_stands_above(line.box, other.box) for other in whole[:index]):
            return True
    return False


def _stands_above(box: Box, other: Box) -> bool:
    shared = min(box.right, other.right) - max(box.left, other.left)
    return box.bottom >= other.middle and shared > 0.5 * min(box.width, other.width)


def _by_place(lines: Sequence[Line], strips: Sequence[Gutter]) -> list[Line]:
    return _cut(_stacks(lines, strips), NARROWEST_GUTTER * usual_height(lines), -1 if is_leftward(lines) else 1)


def _stacks(lines: Sequence[Line], strips: Sequence[Gutter]) -> list[Stack]:
    reach = _NEAR * usual_height(lines)
    stacks: list[Stack] = []
    for before, line in zip([None, *lines], lines, strict=False):
        is_same_column = before and all(strip.side(before.box) == strip.side(line.box) for strip in strips)
        if before and is_same_column and _follows(before.box, line.box, reach):
            stacks[-1].append(line)
        else:
            stacks.append([line])
    return stacks


def _follows(before: Box, box: Box, reach: float) -> bool:
    if is_same_row(before, box):
        return 0 <= box.left - before.right < 2 * reach
    shared = min(before.right, box.right) - max(before.left, box.left)
    return shared > 0 and 0 < before.middle - box.middle <= reach


def _cut(stacks: list[Stack], gap: float, direction: int) -> list[Line]:
    """The lines of `stacks` in reading order: columns one after the other, what spans them in its place.

    A recursive cut along blank strips (Nagy and Seth, 1984): between columns where one strip runs through everything,
    else between groups of neighbours through which one runs. What cannot be cut is read line by line.
    """
    if len(stacks) == 1:
        return stacks[0]
    columns = _parted(stacks, 0, gap)
    if len(columns) > 1:
        return [line for column in columns[::direction] for line in _cut(column, gap, direction)]
    bands = _parted(stacks, 1, 0.0)[::-1]
    if len(bands) == 1:
        return _line_by_line([line for stack in stacks for line in stack], direction)
    groups: list[list[Stack]] = []
    for band in bands:
        if groups and len(_parted(groups[-1] + band, 0, gap)) > 1:
            groups[-1] += band
        else:
            groups.append(band)
    return [line for group in (groups if len(groups) > 1 else bands) for line in _cut(group, gap, direction)]


def _line_by_line(lines: Sequence[Line], direction: int) -> list[Line]:
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: -line.box.middle):
        if rows and is_same_row(rows[-1][0].box, line.box):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda line: direction * line.box.left)]


def _parted(stacks: Sequence[Stack], axis: int, gap: float) -> list[list[Stack]]:
    """`stacks` in groups between which a strip of more than `gap` is blank, along the axis (0 for x, 1 for y)."""
    groups: list[list[Stack]] = []
    reach = 0.0
    for box, stack in sorted(((_box(stack), stack) for stack in stacks), key=lambda placed: placed[0][axis]):
        if groups and box[axis] - reach <= gap:
            groups[-1].append(stack)
            reach = max(reach, box[axis + 2])
        else:
            groups.append([stack])
            reach = box[axis + 2]
    return groups


def _box(stack: Stack) -> Box:
    return around(line.box for line in stack)

"""Tables whose cells are ruled off: thin lines or boxes that cross, and the words between them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median

from ingest.readers.pages.captions import caption
from ingest.readers.pages.page import Box, Cell, Line, Table, around
from ingest.readers.pages.rows import Row, Rows, cut_at

_REACH = 2.0
"""Points by which two rules may miss each other."""
FEWEST_RULES = 3
_FILLED = 0.6
_MOST_LINES = 3
"""In the usual cell: more lines stand in what is no cell but a column or a frame."""


def find_grids(lines: Sequence[Line], rules: Iterable[Box]) -> list[Table]:
    """The ruled tables among `lines`, which hold words more than figures."""
    upright = _merged((rule for rule in rules if rule.height > rule.width), axis=0)
    level = _merged((rule for rule in rules if rule.height <= rule.width), axis=1)
    if len(upright) < FEWEST_RULES or len(level) < FEWEST_RULES:
        return []
    tables = (_table(lines, columns, rows) for columns, rows in _grids(upright, level))
    return [table for table in tables if table]


def _merged(rules: Iterable[Box], axis: int) -> list[Box]:
    """Rules that go on in each other as one; those along the axis 0 stand, those along 1 lie."""
    along = 1 - axis
    merged: list[Box] = []
    for rule in sorted(rules, key=lambda rule: (round(rule[axis] / _REACH), rule[along])):
        last = merged[-1] if merged else None
        if last and abs(last[axis] - rule[axis]) <= _REACH and rule[along] <= last[along + 2] + _REACH:
            merged[-1] = around((last, rule))
        else:
            merged.append(rule)
    return merged


def _grids(upright: Sequence[Box], level: Sequence[Box]) -> list[tuple[list[Box], list[Box]]]:
    """Rules that cross each other, directly or by way of others: those that stand and those that lie."""
    groups: list[tuple[list[Box], list[Box]]] = []
    for rule in upright:
        crossed = [other for other in level if _cross(rule, other)]
        joined = [group for group in groups if any(other in group[1] for other in crossed)]
        groups = [group for group in groups if group not in joined]
        stand = [rule, *(one for group in joined for one in group[0])]
        lie = list(dict.fromkeys([*crossed, *(one for group in joined for one in group[1])]))
        groups.append((stand, lie))
    return [group for group in groups if len(_places(group[0], 0)) >= 3 and len(_places(group[1], 1)) >= 3]


def _cross(upright: Box, level: Box) -> bool:
    return (
        upright.left <= level.right + _REACH
        and level.left <= upright.right + _REACH
        and upright.bottom <= level.top + _REACH
        and level.bottom <= upright.top + _REACH
    )


def _places(rules: Iterable[Box], axis: int) -> list[float]:
    """Where rules are along an axis, those that are close to each other once."""
    places: list[float] = []
    for place in sorted((rule[axis] + rule[axis + 2]) / 2 for rule in rules):
        if not places or place - places[-1] > 2 * _REACH:
            places.append(place)
    return places


def _table(lines: Sequence[Line], upright: Sequence[Box], level: Sequence[Box]) -> Table | None:
    columns, edges = _places(upright, 0), _places(level, 1)[::-1]
    whole = around((*upright, *level))
    page = Rows.of([line for line in lines if _is_above(line, whole)] + (inside := _inside(lines, whole)))
    first = next((index for index, row in enumerate(page.rows) if row.box.middle <= whole.top), len(page.rows))
    rows = [
        _cells([row for row in page.rows[first:] if bottom < row.box.middle <= top], columns, upright, page.height)
        for top, bottom in pairwise(edges)
    ]
    rows = [row for row in rows if any(row)]
    if not _is_table(rows, len(columns) - 1):
        return None
    return Table(tuple(rows), tuple(inside), (), _header_rows(rows), caption(page, 0, first))


def _inside(lines: Sequence[Line], box: Box) -> list[Line]:
    return [
        line
        for line in lines
        if box.bottom < line.box.middle < box.top
        and line.box.left >= box.left - _REACH
        and line.box.right <= box.right + _REACH
    ]


def _is_above(line: Line, box: Box) -> bool:
    return line.box.middle >= box.top and line.box.left < box.right and box.left < line.box.right


def _cells(rows: Sequence[Row], columns: Sequence[float], upright: Sequence[Box], height: float) -> tuple[Cell, ...]:
    """What stands between two lying rules, cut by the standing ones that are drawn there."""
    cells: list[list[Line]] = [[] for _ in columns[1:]]
    for row in rows:
        middle = row.box.middle
        drawn = _places((rule for rule in upright if rule.bottom - _REACH <= middle <= rule.top + _REACH), 0)
        for piece in cut_at(row, drawn, height):
            left = max(
                (place for place in drawn if place <= (piece.box.left + piece.box.right) / 2), default=columns[0]
            )
            cells[min(max(bisect_right(columns, left + _REACH) - 1, 0), len(cells) - 1)].append(piece)
    return tuple(tuple(cell) for cell in cells)


def _is_table(rows: Sequence[Sequence[Cell]], columns: int) -> bool:
    sizes = [len(cell) for row in rows for cell in row if cell]
    used = sum(any(row[column] for row in rows) for column in range(columns))
    if len(rows) < 2 or used < max(2, columns / 2) or len(sizes) < _FILLED * len(rows) * used:
        return False
    return median(sizes) <= _MOST_LINES


def _header_rows(rows: Sequence[Sequence[Cell]]) -> int:
    """1 where the first row stands out by its letters, or holds no digit while others do."""
    first, rest = rows[0], rows[1:]
    if sum(map(bool, first)) < 2:
        return 0
    stands_out = _emphasis(first) > min(map(_emphasis, rest))
    has_digits = [any(map(str.isdigit, "".join(line.text for cell in row for line in cell))) for row in rows]
    return int(stands_out or (not has_digits[0] and sum(has_digits) > len(rest) / 2))


def _emphasis(row: Sequence[Cell]) -> int:
    return min((line.emphasis for cell in row for line in cell), default=0)

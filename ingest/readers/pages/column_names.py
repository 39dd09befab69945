"""The rows that name the columns of a table of figures."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise

from ingest.readers.pages.page import Box, Interval, Line, around
from ingest.readers.pages.rows import Row, Rows, cut_at
from ingest.readers.pages.runs import NAME_REACH, Run

_UNITS = re.compile(r"\(.*\)")
"""What a table is counted in stands in brackets where the labels are: (in millions)."""
_GAP = 1.6
_LINE_GAP = 0.5
_NAME_GAP = 1.0
"""In heights of letters: the blank above a row of names, a line of a name in one row, and one in the row below."""
_MOST_ROWS = 7
_LABEL_WIDTH = 0.6
_CENTRED = 2.0
_OFF_CENTRE = 1.0
_ALIGNED = 0.6
_SHARED = 0.25

Cells = list[list[Line]]


def _labels_end(page: Rows, run: Run) -> float:
    """Where the labels of figures end on the right, or where names may begin if there are none."""
    rows = page.rows[run.first : run.last]
    ends = [label.box.right for row in rows if row.is_data and (label := row.label(run.edge))]
    return max(ends, default=run.edge - NAME_REACH * page.height)


def names(page: Rows, end: int, run: Run) -> tuple[int, int]:
    """The rows first..last (last excluded), below row `end`, that name the columns of `run`; none where both agree."""
    left = min(run.edge - NAME_REACH * page.height, _labels_end(page, run))
    first = last = run.first
    while first > max(end, run.first - _MOST_ROWS) and _is_name(page, first - 1, run, left):
        first -= 1
    while first < last and not _is_over(page.rows[first], run, left):
        if _UNITS.fullmatch(page.rows[first].text) and first + 1 < last:
            break
        first += 1
    while last - 1 > first and not _is_over(row := page.rows[last - 1], run, left) and not _UNITS.fullmatch(row.text):
        last -= 1
    return first, last


def _is_name(page: Rows, index: int, run: Run, left: float) -> bool:
    row = page.rows[index]
    if page.gap(index + 1) > _GAP or row.is_data or row.has_leader:
        return False
    if any(piece.box.left < left and piece.box.right > run.edge for piece in row.pieces):
        is_label = len(row.pieces) == 1 and row.box.width < _LABEL_WIDTH * page.width
        return index == run.first - 1 and is_label
    if not _is_over(row, run, left):
        return bool(_UNITS.fullmatch(row.text)) or row.box.right <= run.edge
    if len(row.pieces) > 1:
        return True
    if _is_title(page, row, run):
        return len(page.rows[index + 1].pieces) > 1 and _goes_on_below(page, index)
    return not page.is_prose(row) or _goes_on_below(page, index)


def _is_over(row: Row, run: Run, left: float) -> bool:
    return any(piece.box.right > run.edge and piece.box.left >= left for piece in row.pieces)


def _goes_on_below(page: Rows, index: int) -> bool:
    """Whether each piece of a row goes on in a piece right below it."""
    if page.gap(index + 1) > _LINE_GAP:
        return False
    below = page.rows[index + 1].pieces
    return all(any(_is_aligned(piece.box, other.box, page) for other in below) for piece in page.rows[index].pieces)


def _is_title(page: Rows, row: Row, run: Run) -> bool:
    """Whether a row stands in the middle of the whole table rather than of its columns."""
    whole = around(each.box for each in page.rows[run.first : run.last])
    middle = _middle(row.box.left, row.box.right)
    is_centred = abs(middle - _middle(whole.left, whole.right)) < _OFF_CENTRE * page.height
    return is_centred and abs(middle - _middle(run.edge, run.columns[-1][1])) > _CENTRED * page.height


def header(page: Rows, rows: Sequence[Row], run: Run) -> list[Cells]:
    """The cells of rows that name columns; the lines of names that take several in one row, column by column."""
    columns = spread(run.columns, _labels_end(page, run))
    cells_above: Cells | None = None
    found: list[Cells] = []
    for above, row in zip([None, *rows], rows, strict=False):
        pieces = cut_at(row, [begin for begin, _ in columns[1:]], page.height)
        cells, is_spanning = placed(pieces, columns)
        if sum(map(bool, cells[1:])) == 1 and _is_above_all(pieces[-1], run, page):
            cells[1:] = sorted(cells[1:], key=lambda cell: not cell)
            is_spanning = True
        is_close = above is not None and above.box.bottom - row.box.top < _NAME_GAP * page.height
        if cells_above and is_close and not is_spanning and _goes_on_in(cells_above, cells, page):
            found[-1] = [upper + lower for upper, lower in zip(found[-1], cells, strict=True)]
        else:
            found.append(cells)
        cells_above = None if is_spanning else found[-1]
    return found


def _is_above_all(piece: Line, run: Run, page: Rows) -> bool:
    """Whether a piece stands in the middle of all columns."""
    off = _middle(piece.box.left, piece.box.right) - _middle(run.edge, run.columns[-1][1])
    return len(run.columns) > 1 and abs(off) < _CENTRED * page.height


def _goes_on_in(above: Cells, cells: Cells, page: Rows) -> bool:
    """Whether each name in the row above, but for the labels', goes on in the cell below it."""
    return all(
        not upper or (lower and _is_aligned(upper[-1].box, lower[0].box, page))
        for upper, lower in zip(above[1:], cells[1:], strict=True)
    )


def _is_aligned(one: Box, other: Box, page: Rows) -> bool:
    middles = _middle(one.left, one.right) - _middle(other.left, other.right)
    return min(abs(one.left - other.left), abs(one.right - other.right), abs(middles)) < _ALIGNED * page.height


def _middle(left: float, right: float) -> float:
    return (left + right) / 2


def spread(columns: Sequence[Interval], begin: float) -> list[Interval]:
    """The columns as far as to the middle of the blanks between them, the first from `begin`, the last without end."""
    borders = [_middle(before[1], after[0]) for before, after in pairwise(columns)]
    return list(zip([begin, *borders], [*borders, math.inf], strict=True))


def placed(pieces: Sequence[Line], columns: Sequence[Interval]) -> tuple[Cells, bool]:
    """The pieces of a row by column, the label's first; and whether one of them reaches over several columns."""
    cells: Cells = [[] for _ in range(len(columns) + 1)]
    is_spanning = False
    for piece in pieces:
        over = [number for number, column in enumerate(columns, 1) if _share(piece.box, column) > _SHARED]
        is_spanning |= len(over) > 1
        cells[over[0] if over else 0].append(piece)
    return cells, is_spanning


def _share(box: Box, column: Interval) -> float:
    """How much of a box's width lies in a column."""
    return (min(box.right, column[1]) - max(box.left, column[0])) / max(box.width, 1e-6)

"""Where tables of figures are: rows one below the other whose figures stand in the same columns.

Most tables of reports have no rules; what makes them tables is that figures align. What merely looks a little like it
(a table of contents, a form, a list) is left as text: a false table does more harm than a missed one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ingest.readers.pages.page import Interval, Line
from ingest.readers.pages.rows import Row, Rows

_PAGE = re.compile(r"\d{1,4}")
_AMOUNT = re.compile(r"[$€£¥₹%().,—–]|\d{4}|bps?$|pts?$")

_ROW_GAP = 3.0
_NAMES_GAP = 0.5
_LEAD_GAP = 1.8
_CROSSING_GAP = 1.8
"""In heights of letters: the blank that ends a table, above new names of columns, a sentence, a row across them."""
NAME_REACH = 6.0
"""In heights of letters: how far to the left of its figures the name of a column may begin."""
_FEWEST_NAMES = 2
_FEWEST_BLANKS = 5
_LABEL_WIDTH = 0.6
_MOST_PENDING = 8
_FIGURES_SHARE = 0.65
_FILLED = 0.5
_RISING = 0.8
_MANY = 4
_FEWEST_FULL = 2


@dataclass(slots=True)
class Run:
    """Rows first..last (last excluded) of a table, its columns of figures from left to right, and its left margin.

    `pending`, `crossing`, `gap` and `is_renamed` say of the rows since the last one with figures: how many they are,
    how many run on across the columns, the largest blank above one, and if they name the columns anew.
    """

    first: int
    last: int
    columns: list[Interval]
    margin: float
    pending: int = 0
    crossing: int = 0
    gap: float = 0.0
    is_renamed: bool = False

    @property
    def edge(self) -> float:
        """Where the columns begin."""
        return self.columns[0][0]


def runs(page: Rows) -> Iterator[Run]:
    """The tables of figures from the top down, without the rows that name their columns."""
    for run in _stretches(page):
        rows = page.rows[run.first : run.last]
        if _is_table(rows, run.columns):
            yield _with_labels(run, rows)


def _stretches(page: Rows) -> Iterator[Run]:
    """Stretches of rows whose figures stand in the same columns, labels and headings between them included."""
    run: Run | None = None
    for index, row in enumerate(page.rows):
        if run and (page.gap(index) > _ROW_GAP or not _goes_on(run, page, index)):
            yield run
            run = None
        if run is None and row.is_data and (columns := merged([], row.cells())):
            run = Run(index, index + 1, columns, row.box.left)
    if run:
        yield run


def _goes_on(run: Run, page: Rows, index: int) -> bool:
    """Takes a row into `run`, or says that it is no part of it."""
    row, gap = page.rows[index], page.gap(index)
    edge = run.edge if run.margin < run.edge else -math.inf
    if row.is_data or (row.figures == (True,) and row.label(edge) is None):
        columns = merged(run.columns, row.cells(edge))
        if columns is None or run.is_renamed:
            return False
        run.columns, run.last, run.pending, run.crossing, run.gap = columns, index + 1, 0, 0, 0.0
        run.margin = min(run.margin, row.box.left)
        return True
    if gap > _LEAD_GAP and row.text.endswith(":") and row.text.count(" ") >= _FEWEST_BLANKS:
        return False
    names = sum(piece.box.left > run.edge - NAME_REACH * page.height for piece in row.pieces)
    run.pending += 1
    run.gap = max(run.gap, gap)
    run.is_renamed |= run.gap > _NAMES_GAP and names >= min(len(run.columns), _FEWEST_NAMES)
    if _crosses(row, run.edge, page.height):
        run.crossing += 1
        is_label = len(row.pieces) == 1 and (row.text.endswith(":") or row.box.width < _LABEL_WIDTH * page.width)
        if run.crossing > 1 or gap > _CROSSING_GAP or not is_label:
            return False
    return run.pending <= _MOST_PENDING


def _crosses(row: Row, edge: float, height: float) -> bool:
    """Whether words run on from where the labels stand into the columns, which begin at `edge`."""
    return any(piece.box.left < edge - height and piece.box.right > edge + height for piece in row.pieces)


def merged(columns: Sequence[Interval], cells: Sequence[Line]) -> list[Interval] | None:
    """`columns` with the cells of one more row; None if these stand in other columns, or two of them in one."""
    known = list(columns)
    taken: set[int] = set()
    fresh: list[Interval] = []
    for cell in cells:
        left, right = cell.box.left, cell.box.right
        under = [index for index, (begin, end) in enumerate(known) if begin < right and left < end]
        if len(under) > 1 or taken.intersection(under):
            return None
        if under:
            taken.add(under[0])
            begin, end = known[under[0]]
            known[under[0]] = min(begin, left), max(end, right)
        else:
            fresh.append((left, right))
    if columns and 2 * len(taken) < min(len(cells), len(columns)):
        return None
    known = sorted(known + fresh)
    return known if all(before[1] <= after[0] for before, after in pairwise(known)) else None


def _is_table(rows: Sequence[Row], columns: Sequence[Interval]) -> bool:
    data = [row for row in rows if row.is_data]
    if _counts_pages(data) or not _is_of_figures(rows, columns[0][0]):
        return False
    if len(columns) == 1:
        return _is_column(data)
    filled = sum(len(row.cells()) for row in data)
    figures = sum(sum(row.figures[-len(row.cells()) :]) for row in data)
    is_full = filled >= _FILLED * len(data) * len(columns) or _has_full_rows(data, len(columns))
    return is_full and figures >= 4 and sum(len(row.cells()) > 1 for row in data) >= 2


def _has_full_rows(data: Sequence[Row], columns: int) -> bool:
    """Whether rows fill many columns, as the balances of a statement of equity do, whose movements leave most blank."""
    full = sum(sum(row.figures) >= columns for row in data)
    return columns >= _MANY and full >= _FEWEST_FULL


def _is_column(data: Sequence[Row]) -> bool:
    """Whether rows with one figure each are a table: three at least, labelled, and most of the figures amounts."""
    amounts = [row.cells()[0].text for row in data]
    if len(data) < 3 or len(set(amounts)) < 2 or not all(row.label() for row in data):
        return False
    return 2 * sum(bool(_AMOUNT.search(amount)) for amount in amounts) > len(data)


def _is_of_figures(rows: Sequence[Row], edge: float) -> bool:
    """Whether most of what stands in the columns is figures: a table of text is read better line by line."""
    inside = [
        is_figure
        for row in rows
        for piece, is_figure in zip(row.pieces, row.figures, strict=True)
        if piece.box.left >= edge
    ]
    return sum(inside) >= _FIGURES_SHARE * len(inside)


def _counts_pages(data: Sequence[Row]) -> bool:
    """Whether the last column holds the pages of a table of contents: plain numbers that do not fall."""
    last = [row.pieces[-1].text for row in data]
    if len(data) < 3 or not all(map(_PAGE.fullmatch, last)) or any(sum(row.figures[1:]) > 1 for row in data):
        return False
    numbers = [int(text) for text in last]
    return sum(before <= after for before, after in pairwise(numbers)) >= _RISING * (len(numbers) - 1)


def _with_labels(run: Run, rows: Sequence[Row]) -> Run:
    """The run without its first column where this names the rows: years, say, that stand where labels would."""
    labels = [label.box for row in rows if row.is_data and (label := row.label())]
    if len(run.columns) < 2 or any(box.right <= run.edge for box in labels):
        return run
    return replace(run, columns=run.columns[1:])

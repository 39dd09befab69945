"""Tables of a page, with their captions and the names of their columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ingest.readers.pages.captions import caption
from ingest.readers.pages.column_names import Cells, header, names, placed, spread
from ingest.readers.pages.grids import find_grids
from ingest.readers.pages.page import Box, Cell, Line, Table, is_leftward
from ingest.readers.pages.rows import Row, Rows
from ingest.readers.pages.runs import Run, runs

_OPEN_END = re.compile(r"[,\-–—/(&]$|\b(?:and|or|of|to|for|from|in|on|by|the|with|at)$", re.IGNORECASE)
_LINE_GAP = 0.5
_ROW_GAP = 3.0
"""In heights of letters: the blank between the lines of a label, and between rows."""
_LABEL_REACH = 6.0


def find_tables(lines: Sequence[Line], rules: Sequence[Box] = ()) -> list[Table]:
    """The tables among `lines`, which stand in one column of a page: those of figures, and the ruled ones of words."""
    if is_leftward(lines):
        return []
    tables = _tables_of_figures(Rows.of(lines))
    taken = {id(line) for table in tables for line in table.lines}
    grids = find_grids(lines, rules)
    return tables + [grid for grid in grids if taken.isdisjoint(map(id, grid.lines))]


def _tables_of_figures(page: Rows) -> list[Table]:
    found: list[Table] = []
    end = 0
    for run in runs(page):
        first, last = names(page, end, run)
        run = _with_wrapped_label(page, run)
        table = _table(page, end, first, last, run)
        is_near = bool(found) and first == end and page.gap(end) < _ROW_GAP
        if is_near and not table.header_rows:
            # Rows in slightly other columns than those above them.
            found[-1] = replace(found[-1], rows=found[-1].rows + table.rows, lines=found[-1].lines + table.lines)
        else:
            found.append(replace(table, caption=found[-1].caption) if is_near else table)
        end = run.last
    return found


def _with_wrapped_label(page: Rows, run: Run) -> Run:
    """The run with the lines below it on which the label of its last row goes on."""
    last = run.last
    while last < len(page.rows) and _is_rest_of_label(page, page.rows[last - 1], page.rows[last], run.edge):
        last += 1
    return replace(run, last=last)


def _table(page: Rows, end: int, first: int, last: int, run: Run) -> Table:
    """The table whose columns the rows first..last name, and whose body begins with the row `last`."""
    columns = header(page, page.rows[first:last], run)
    body = _body(page, page.rows[last : run.last], run)
    return Table(
        tuple(_cells(cells) for cells in columns + body),
        tuple(line for row in page.rows[first : run.last] for line in row.lines),
        tuple(run.columns),
        len(columns),
        caption(page, end, first),
    )


def _body(page: Rows, rows: Sequence[Row], run: Run) -> list[Cells]:
    """The cells of rows, each with the whole of its label."""
    columns = spread(run.columns, run.edge)
    body: list[Cells] = []
    waiting: list[Line] = []
    for index, row in enumerate(rows):
        if body and not waiting and _is_rest_of_label(page, rows[index - 1], row, run.edge):
            body[-1][0].extend(row.pieces)
        elif index + 1 < len(rows) and _goes_on_below(page, row, rows[index + 1], run.edge):
            waiting.extend(row.pieces)
        else:
            cells, _ = placed(row.pieces, columns)
            cells[0] = waiting + cells[0]
            waiting = []
            body.append(cells)
    return body


def _is_rest_of_label(page: Rows, above: Row, row: Row, edge: float) -> bool:
    is_words = len(row.pieces) == 1 and not row.figures[0] and row.text[0].islower()
    return is_words and row.box.right < edge and _is_close(page, above, row)


def _goes_on_below(page: Rows, row: Row, below: Row, edge: float) -> bool:
    """Whether a row is but the beginning of the label of the row below it."""
    if len(row.pieces) > 1 or row.figures[0] or row.box.right > edge + _LABEL_REACH * page.height:
        return False
    label = below.label(edge)
    if row.text.endswith(":") or label is None or not _is_close(page, row, below):
        return False
    return label.text[0].islower() or bool(_OPEN_END.search(row.text))


def _is_close(page: Rows, above: Row, row: Row) -> bool:
    return above.box.bottom - row.box.top < _LINE_GAP * page.height


def _cells(cells: Cells) -> tuple[Cell, ...]:
    filled = max((number for number, cell in enumerate(cells, 1) if cell), default=0)
    return tuple(tuple(cell) for cell in cells[:filled])

"""A table of a page, before it becomes text."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.readers.pdf_page import Box, Line, around

Cell = tuple[Line, ...]
"""What stands in a cell, line by line."""
Interval = tuple[float, float]


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

"""Tables whose cells span columns and rows, laid out so that each row can be read alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

_WIDEST = 100
"""Columns that one cell may span; files have claimed millions."""
_REPEATED = 100
"""Characters of a cell over several rows that each of them repeats; longer ones stand in the first alone."""


class Cell(NamedTuple):
    """A cell of a row; `above` says that it is the lower part of the cell above it."""

    text: str
    columns: int = 1
    above: bool = False


def laid_out(rows: Sequence[Sequence[Cell]], header_rows: int) -> list[list[str]]:
    """The texts of each row, a column each.

    What spans rows stands in each of them; what spans columns in the first, in header rows in each: it names them all.
    """
    lines: list[list[str]] = []
    for index, row in enumerate(rows):
        line: list[str] = []
        for cell in row:
            text = _above(lines, len(line)) if cell.above else cell.text
            more = min(max(cell.columns, 1), _WIDEST) - 1
            line.extend([text] * (more + 1) if index < header_rows and len(row) > 1 else [text, *[""] * more])
        lines.append(line)
    return [_trimmed(line) for line in lines]


def _above(lines: Sequence[Sequence[str]], column: int) -> str:
    text = lines[-1][column] if lines and column < len(lines[-1]) else ""
    return text if len(text) <= _REPEATED else ""


def _trimmed(line: list[str]) -> list[str]:
    """A line without what is blank at its end where only its first cell says something: a title over all columns."""
    return line[:1] if not any(text.strip() for text in line[1:]) else line

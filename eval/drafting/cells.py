"""Cells of tables that a row's label and a column's name ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kb.types import Span

_LINE = re.compile(r"[^\n]+")
_RULE = re.compile(r"[\s|:=-]*")
_NUMBER = re.compile(r"\d")
_LETTERS = re.compile(r"[^\W\d_]{2}")
_LONGEST = 80
"""Characters of a label or a column's name."""


@dataclass(frozen=True, slots=True)
class Cell:
    """`row` is where its line stands in the table's text, `label` that line's first cell."""

    row: Span
    label: str
    column: str
    value: str


def cells(table: str, *, header_rows: int) -> Iterator[Cell]:
    """One cell with a number of each row that has as many cells as the header, and a label in words.

    Which column it is goes round from row to row.
    """
    lines = [(match.span(), _split(match.group())) for match in _LINE.finditer(table)]
    header = next((row for _, row in reversed(lines[:header_rows]) if not _is_rule(row)), [])
    names = [name if _is_name(name) or _NUMBER.search(name) else "" for name in header]
    for number, ((start, end), row) in enumerate(lines[header_rows:]):
        numeric = [
            column
            for column, value in enumerate(row)
            if column and len(row) == len(names) and names[column] and _NUMBER.search(value) and len(value) <= _LONGEST
        ]
        if numeric and _is_name(row[0]) and _LETTERS.search(row[0].split(" ", 1)[-1]) and " " in row[0]:
            column = numeric[number % len(numeric)]
            yield Cell(Span(start, end), row[0].rstrip(":"), names[column], row[column])


def _split(line: str) -> list[str]:
    return [" ".join(cell.split()) for cell in line.strip().strip("|").split("|")]


def _is_rule(row: list[str]) -> bool:
    return all(_RULE.fullmatch(cell) for cell in row)


def _is_name(text: str) -> bool:
    return len(text) <= _LONGEST and _LETTERS.search(text) is not None

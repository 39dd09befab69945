"""Tables of web pages as plain rows: spans resolved, signs back at their numbers, and which rows name the columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from lxml import etree
from lxml.html import HtmlElement

_WIDEST = 1000
_BEFORE_NUMBER = re.compile(r"\(|[A-Z]{0,3}[$€£¥₩₹]\s?\(?")
_AFTER_NUMBER = re.compile(r"[)%]{1,2}")
_NUMBER = re.compile(r"[A-Z]{0,3}[($€£¥₩₹+\s−–-]*\d[\d.,\s]*[)%\s]*|[−–—-]")
_YEAR = re.compile(r"(?:19|20)\d\d")
_BULLET = re.compile(r"[•·●○▪■□☐☑☒✓*–—-]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,5})[.)]")
_BOLD = re.compile(r"font-weight\s*:\s*(?:bold|[6-9]00)", re.IGNORECASE)
_LONGEST_NAME = 60
_MOST_HEADER_ROWS = 4


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of equally many cells, of which the first `header_rows` name the columns; title is a row over all of it."""

    rows: list[list[str]]
    header_rows: int = 0
    title: str = ""

    @property
    def is_list(self) -> bool:
        return bool(self.rows) and all(len(row) == 2 and _BULLET.fullmatch(row[0]) for row in self.rows)


@dataclass(frozen=True, slots=True)
class _Cell:
    text: str
    columns: int = 1
    rows: int = 1
    is_name: bool = False


@dataclass(frozen=True, slots=True)
class _Column:
    """A column, or several that are one: its texts, and the first and the last that it was made of."""

    texts: tuple[str, ...]
    first: int
    last: int


def table_of(rows: Sequence[Sequence[HtmlElement]], text_of: Callable[[HtmlElement], str]) -> Table:
    """The table of these rows of <td> and <th>; blank rows and columns are left out."""
    cells = [[_cell(cell, text_of) for cell in row] for row in rows]
    lines, spans = _spread(cells)
    names = [
        _is_in_head(row) or (any(cell.text for cell in line) and all(cell.is_name for cell in line if cell.text))
        for row, line in zip(rows, cells, strict=True)
    ]
    kept = [index for index, line in enumerate(lines) if any(line)]
    columns = _columns([lines[index] for index in kept], [(first, last) for _, first, last in spans if first])
    title = ""
    if len(kept) > 1 and len(columns) > 1 and not any(column.texts[0] for column in columns[1:]):
        widths = [last for row, first, last in spans if row == kept[0] and not first]
        if any(last >= columns[-1].first for last in widths):
            title = columns[0].texts[0]
            kept = kept[1:]
            columns = [_Column(column.texts[1:], column.first, column.last) for column in columns]
    grid = [list(line) for line in zip(*(column.texts for column in columns), strict=True)]
    has_row_names = any(row[0].is_name and not all(cell.is_name for cell in row) for row in cells if row)
    return Table(grid, _header_rows(grid, [names[index] for index in kept], has_row_names), title)


def _is_in_head(row: Sequence[HtmlElement]) -> bool:
    return bool(row) and next(row[0].iterancestors("{*}thead"), None) is not None


def _cell(cell: HtmlElement, text_of: Callable[[HtmlElement], str]) -> _Cell:
    text = text_of(cell)
    is_name = bool(text) and (cell.tag == "th" or _is_bold(cell, text))
    return _Cell(text, _span(cell, "colspan"), _span(cell, "rowspan"), is_name)


def _span(cell: HtmlElement, name: str) -> int:
    value = cell.get(name, "").strip()
    return min(max(int(value), 1), _WIDEST) if value.isdecimal() and len(value) < len("10000") else 1


def _is_bold(cell: HtmlElement, text: str) -> bool:
    """Whether some element within holds all the text and is bold."""
    for element in cell.iter(etree.Element):
        if element.tag in ("b", "strong") or _BOLD.search(element.get("style", "")):
            return " ".join(element.text_content().split()) == text
    return False


def _spread(cells: Sequence[Sequence[_Cell]]) -> tuple[list[list[str]], list[tuple[int, int, int]]]:
    """Texts by row and column, and the cells over several columns: row, first and last column.

    A cell's text stands in the first of its columns and in each of its rows.
    """
    lines: list[list[str]] = []
    spans: list[tuple[int, int, int]] = []
    hanging: dict[int, tuple[int, str]] = {}
    for row in cells:
        line: list[str] = []
        below: dict[int, tuple[int, str]] = {}
        waiting = list(reversed(row))
        while waiting or any(column >= len(line) for column in hanging):
            column = len(line)
            rows_left, text = hanging.pop(column, (0, ""))
            if rows_left or not waiting:
                line.append(text)
                if rows_left > 1:
                    below[column] = rows_left - 1, text
                continue
            cell = waiting.pop()
            width = max(min(cell.columns, _WIDEST - column), 1)
            line.extend([cell.text] + [""] * (width - 1))
            if width > 1 and cell.text:
                spans.append((len(lines), column, column + width - 1))
            if cell.rows > 1:
                below.update((column + index, (cell.rows - 1, line[column + index])) for index in range(width))
        hanging = below
        lines.append(line)
    width = max(map(len, lines), default=0)
    return [line + [""] * (width - len(line)) for line in lines], spans


def _columns(lines: Sequence[Sequence[str]], spans: Sequence[tuple[int, int]]) -> list[_Column]:
    """The columns that are not blank, those that hold parts of the same numbers as one."""
    columns: list[_Column] = []
    for index, texts in enumerate(zip(*lines, strict=True)):
        column = _Column(texts, index, index)
        if not any(texts):
            continue
        if columns and _are_one(columns[-1], column, spans):
            before = columns.pop()
            joined = tuple(left + right for left, right in zip(before.texts, texts, strict=True))
            column = _Column(joined, before.first, index)
        columns.append(column)
    return columns


def _are_one(left: _Column, right: _Column, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether signs stand apart from their numbers, or a name stands over both and no row has a text in each."""
    pairs = [pair for pair in zip(left.texts, right.texts, strict=True) if all(pair)]
    if any(not _BEFORE_NUMBER.fullmatch(first) and not _AFTER_NUMBER.fullmatch(second) for first, second in pairs):
        return False
    return bool(pairs) or any(first <= left.last and right.first <= last for first, last in spans)


def _header_rows(rows: Sequence[Sequence[str]], names: Sequence[bool], has_row_names: bool) -> int:
    named = len(list(takewhile(bool, (is_named and any(row[1:]) for row, is_named in zip(rows, names, strict=True)))))
    if 0 < named < len(rows):
        return named
    if has_row_names or named:
        return 0
    first = list(takewhile(_may_name, rows[:_MOST_HEADER_ROWS]))
    # After the first row only those go on with it that have nothing at their left.
    count = len(first[:1]) + len(list(takewhile(lambda row: not row[0], first[1:])))
    has_numbers = any(_NUMBER.fullmatch(cell) for row in rows[count:] for cell in row[1:])
    return count if count < len(rows) and (has_numbers or len(rows[0]) > 2) else 0


def _may_name(row: Sequence[str]) -> bool:
    """Whether a row may name columns: no numbers but years, nothing long, and more than the name of a section."""
    texts = [cell for cell in row[1:] if cell]
    return bool(texts) and all(
        len(cell) <= _LONGEST_NAME and (_YEAR.fullmatch(cell) or not _NUMBER.fullmatch(cell)) for cell in texts
    )

"""The body of an RTF document in the making: its paragraphs as they end, and the rows that make its tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ingest.readers.office.cells import Cell
from ingest.readers.office.flow import Flow, labelled

_HEADING_NAME = re.compile(r"heading (\d)", re.IGNORECASE)
_BODY_LEVEL = 9
_SAME_EDGE = 45
"""Twips (1/20 point) by which the same edge may lie apart in two rows."""


@dataclass(slots=True)
class Style:
    """A style of the document's style sheet; `outline` is the level of its headings, 0 the outermost."""

    name: str = ""
    based_on: int | None = None
    outline: int | None = None


@dataclass(slots=True)
class Paragraph:
    """What holds for the paragraphs of a group: their style, and where they stand. `nesting` counts tables."""

    style: int | None = None
    outline: int | None = None
    level: int = 0
    in_table: bool = False
    nesting: int = 1


class Edge(NamedTuple):
    """Where a cell ends, in twips, and how it is merged with its neighbours."""

    right: int
    is_lower: bool = False
    goes_on: bool = False


class Row(NamedTuple):
    texts: Sequence[str]
    edges: Sequence[Edge]
    is_header: bool


@dataclass(slots=True)
class _Table:
    """A table in the making: the paragraphs of the cell that is open, the cells of the row that is, and the rows."""

    cell: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    def end_cell(self) -> None:
        self.cells.append(" ".join(filter(None, self.cell)))
        self.cell = []

    def end_row(self, edges: Sequence[Edge], *, is_header: bool) -> None:
        if any(self.cell):
            # A cell that the file does not end.
            self.end_cell()
        if self.cells:
            self.rows.append(Row(self.cells, edges, is_header))
        self.cell, self.cells = [], []


@dataclass(slots=True)
class Body:
    """Takes text and writes down what has ended."""

    styles: dict[int, Style]
    flow: Flow = field(default_factory=Flow)
    label: str = ""
    """What the file says to stand before the paragraph: the number of an item or a heading, a bullet."""
    said: list[tuple[str, str]] = field(default_factory=list)
    boxes: list[str] = field(default_factory=list)
    """Paragraphs of text boxes, which come after the paragraph that they are fixed to."""
    _pieces: list[str] = field(default_factory=list)
    _table: _Table = field(default_factory=_Table)
    _inner: _Table = field(default_factory=_Table)
    """The table within the cell that is open; those within that one, however deep, become one with it."""
    _inner_tables: list[list[Row]] = field(default_factory=list)

    def write(self, text: str) -> None:
        self._pieces.append(text)

    def end_paragraph(self, about: Paragraph) -> None:
        text = self._taken()
        if about.in_table or self._table.cells:
            table = self._inner if about.nesting > 1 else self._table
            table.cell.append(labelled(_sign(self.label), text))
            self.label = ""
            return
        self._end_table()
        self._write(text, about)
        self._write_what_follows()

    def end_cell(self, *, nested: bool) -> None:
        self.end_paragraph(Paragraph(in_table=True, nesting=2 if nested else 1))
        if nested:
            self._inner.end_cell()
            return
        self._table.end_cell()
        if self._inner.rows:
            self._inner_tables.append(self._inner.rows)
        self._inner = _Table()

    def end_row(self, edges: Sequence[Edge], *, is_header: bool, nested: bool) -> None:
        (self._inner if nested else self._table).end_row(edges, is_header=is_header)

    def finished(self) -> Flow:
        self._table.end_row([], is_header=False)
        self.end_paragraph(Paragraph())
        return self.flow

    def _taken(self) -> str:
        text, self._pieces = whole("".join(self._pieces)).strip(), []
        return text

    def _write(self, text: str, about: Paragraph) -> None:
        label, self.label = _sign(self.label), ""
        style, level, is_caption = self._about(about)
        if style.lower() == "title":
            self.flow.add_title(text)
        elif level and text:
            self.flow.add_heading(level, labelled(label, text))
        elif label and text:
            self.flow.add_item(text, label=label, depth=about.level)
        else:
            self.flow.add_paragraph(text, is_caption=is_caption)

    def _about(self, about: Paragraph) -> tuple[str, int, bool]:
        """The name of a paragraph's style, its level as a heading (0 for text), and whether it is a caption."""
        chain: dict[int, Style] = {}
        number = about.style
        while number is not None and number in self.styles and number not in chain:
            chain[number] = self.styles[number]
            number = chain[number].based_on
        names = [style.name for style in chain.values()]
        named = [int(heading.group(1)) - 1 for name in names if (heading := _HEADING_NAME.fullmatch(name))]
        outlines = [about.outline, *(style.outline for style in chain.values()), *named]
        outline = next((outline for outline in outlines if outline is not None), _BODY_LEVEL)
        level = outline + 1 if 0 <= outline < _BODY_LEVEL else 0
        return next(iter(names), ""), level, "caption" in (name.lower() for name in names)

    def _end_table(self) -> None:
        self._table.end_row([], is_header=False)
        if not self._table.rows:
            return
        tables, self._table, self._inner_tables = [self._table.rows, *self._inner_tables], _Table(), []
        for rows in tables:
            _write_table(self.flow, rows)
        self._write_what_follows()

    def _write_what_follows(self) -> None:
        said, self.said = self.said, []
        boxes, self.boxes = self.boxes, []
        for what, text in said:
            self.flow.add_note(what, text)
        for text in boxes:
            self.flow.add_paragraph(text)


def whole(text: str) -> str:
    """Text whose characters beyond the basic plane were written in two halves, without byte order marks."""
    return text.replace("\ufeff", "").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _sign(label: str) -> str:
    """The label of an item; "-" for whatever bullet."""
    label = label.strip()
    return "-" if label and not any(letter.isalnum() for letter in label) else label


def _write_table(flow: Flow, rows: Sequence[Row]) -> None:
    if all(len(row.texts) == 1 for row in rows):
        # A frame around text.
        for row in rows:
            flow.add_paragraph(row.texts[0])
        return
    headers = next((index for index, row in enumerate(rows) if not row.is_header), len(rows))
    columns = _columns(rows)
    flow.add_table([_laid(row, columns) for row in rows], header_rows=headers)


def _columns(rows: Sequence[Row]) -> list[int]:
    """The right edges of a table's columns."""
    edges: list[int] = []
    for right in sorted({edge.right for row in rows for edge in row.edges}):
        if not edges or right - edges[-1] > _SAME_EDGE:
            edges.append(right)
    return edges


def _laid(row: Row, columns: Sequence[int]) -> list[Cell]:
    """The cells of a row; one that has no edge of its own takes one column."""
    cells: list[Cell] = []
    left = 0
    for index, text in enumerate(row.texts):
        edge = row.edges[index] if index < len(row.edges) else None
        if edge is None:
            cells.append(Cell(text))
            continue
        right = sum(column <= edge.right for column in columns)
        if edge.goes_on and cells:
            cells[-1] = cells[-1]._replace(columns=cells[-1].columns + right - left)
        else:
            cells.append(Cell(text, right - left, edge.is_lower))
        left = right
    return cells

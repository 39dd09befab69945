"""Reads XLSX workbooks: cells as they are shown, row by row, so that what a sheet holds counts and not its size.

Reads the file's parts itself: openpyxl takes four times as long, and must hold whole sheets to know what is merged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

from lxml.etree import XPath, _Element

from ingest.readers.sheets.grid import Merge, Row
from ingest.readers.sheets.number_formats import shown_number, shown_text
from ingest.readers.sheets.workbook import (
    DAMAGE,
    Columns,
    Sheet,
    Style,
    column_number,
    counted,
    protected,
    remarks,
    undamaged,
    workbook,
)
from ingest.readers.sheets.xlsx_package import (
    Package,
    is_true,
    properties,
    reference,
    shared_words,
    styles,
    unescaped,
    words,
)
from ingest.readers.sheets.xlsx_remarks import drawn, notes
from ingest.readers.source_file import SourceFile, opened_zip
from kb.types import Document

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ENCRYPTED = 1
_ROWS_A_STEP = 1000
_RANGE = re.compile(r"\$?([A-Z]+)\$?(\d+)(?::\$?([A-Z]+)\$?(\d+))?")
_DIGITS = "0123456789"
_filled = XPath("*[*]")
"""The cells of a row that hold something: sheets have millions that are merely formatted."""


@dataclass(frozen=True, slots=True)
class XlsxReader:
    def read(self, file: SourceFile) -> Iterator[Document]:
        with opened_zip(file) as archive:
            if any(entry.flag_bits & _ENCRYPTED for entry in archive.infolist()):
                raise protected(file)
            package = Package(archive)
            title, modified = properties(package)
            sheets = undamaged(file, _sheets(file, package), *DAMAGE)
            yield workbook(file, sheets, title=title, media_type=MEDIA_TYPE, modified=modified)


@dataclass(frozen=True, slots=True)
class _Book:
    """What all sheets of a workbook refer to."""

    package: Package
    words: Sequence[str]
    styles: Sequence[Style]
    since_1904: bool

    @property
    def shows_all(self) -> bool:
        """Whether no style makes cells that nobody sees."""
        return not any(style.is_unseen for style in self.styles)


def _sheets(file: SourceFile, package: Package) -> Iterator[Sheet]:
    [part, *_] = package.linked("", "officeDocument")
    links = package.links(part)
    since_1904 = any(is_true(book.get("date1904")) for book in package.elements(part, "workbookPr"))
    book = _Book(package, shared_words(package, part), styles(package, part), since_1904)
    listed = [
        (sheet.get("name", ""), sheet.get("state", ""), links.get(reference(sheet)))
        for sheet in package.elements(part, "sheet")
    ]
    for number, (name, state, link) in enumerate(listed, 1):
        file.page()
        # Only a program can show a sheet that is very hidden: it holds what programs keep, and nobody can turn to it.
        if link and state != "veryHidden":
            yield _sheet(file, book, link.target, name, number, is_hidden=state == "hidden")


def _sheet(file: SourceFile, book: _Book, part: str, name: str, number: int, *, is_hidden: bool) -> Sheet:
    if not book.package.has(part):
        raise KeyError(part)
    content = _Content(file, book, part)
    rows = counted(file, content.rows())
    rows = [replace(row, bold=frozenset(row.cells)) if row.number in content.names else row for row in rows]
    noted = remarks(notes(book.package, part), rows, content.columns)
    return Sheet(name, number, rows, content.columns, content.merges, [*noted, *drawn(book.package, part)], is_hidden)


class _Content:
    """The part of a workbook that holds a sheet's cells; what else is known of them is so when the rows are read."""

    def __init__(self, file: SourceFile, book: _Book, part: str) -> None:
        self._file = file
        self._book = book
        self._part = part
        self._is_filtered = False
        self._shows_all = book.shows_all or _colours_cells(book.package, part)
        self._column_of: dict[str, int] = {}
        self.columns = Columns()
        self.merges: list[Merge] = []
        self.names: set[int] = set()
        """The rows of which the file itself says that they name columns: those of its tables and filters."""
        for table in book.package.linked(part, "table"):
            for element in book.package.elements(table, "table"):
                self._is_filtered |= element.find("{*}autoFilter/{*}filterColumn") is not None
                if element.get("headerRowCount") != "0":
                    self.names.add(_first_row(element.get("ref", "")))

    def rows(self) -> Iterator[Row]:
        number, hidden = 0, 0
        for element in self._book.package.elements(self._part, "sheetPr", "col", "row", "mergeCell", "autoFilter"):
            kind = element.tag.rpartition("}")[2]
            if kind == "row":
                number = int(element.get("r") or number + 1)
                if number % _ROWS_A_STEP == 0:
                    self._file.step()
                if self._is_hidden(element):
                    hidden += 1
                elif row := self._row(element, number, number - hidden):
                    yield row
            elif kind == "col":
                columns = range(int(element.get("min", 1)) - 1, int(element.get("max", 1)))
                self.columns.take(columns, float(element.get("width", 0)), is_hidden=self._is_hidden(element))
            elif kind == "sheetPr":
                self._is_filtered |= is_true(element.get("filterMode"))
            elif kind == "autoFilter":
                self.names.add(_first_row(element.get("ref", "")))
            elif kind == "mergeCell" and (cells := _RANGE.fullmatch(element.get("ref", ""))) and cells[3]:
                left, right = column_number(cells[1]), column_number(cells[3])
                self.merges.append(self.columns.merge(int(cells[2]), left, right))

    def _is_hidden(self, element: _Element) -> bool:
        """Whether a row or column was hidden for itself, not by a filter or with the group that it belongs to."""
        if not is_true(element.get("hidden")) or element.get("outlineLevel", "0") != "0":
            return False
        return element.tag.endswith("}col") or not self._is_filtered

    def _row(self, element: _Element, number: int, position: int) -> Row | None:
        cells: dict[int, str] = {}
        bold: set[int] = set()
        for cell in cast("list[_Element]", _filled(element)):
            style = self._style(cell)
            column = self.columns.place(self._column(element, cell))
            is_read = column is not None and (self._shows_all or not style.is_unseen)
            shown = self._shown(cell, style) if is_read else ""
            if column is not None and shown and not shown.isspace():
                cells[column] = shown
                if style.is_bold:
                    bold.add(column)
        return Row(number, position, cells, frozenset(bold)) if cells else None

    def _column(self, row: _Element, cell: _Element) -> int:
        reference = cell.get("r")
        if reference is None:
            return row.index(cell)
        letters = reference.rstrip(_DIGITS)
        if letters not in self._column_of:
            self._column_of[letters] = column_number(letters)
        return self._column_of[letters]

    def _style(self, cell: _Element) -> Style:
        index = int(cell.get("s") or 0)
        return self._book.styles[index] if index < len(self._book.styles) else Style()

    def _shown(self, cell: _Element, style: Style) -> str:
        """What a cell shows; a formula whose result was never worked out shows itself."""
        formula = value = ""
        for child in cell:
            if child.tag.endswith("}v"):
                value = child.text or ""
            elif child.tag.endswith("}f"):
                formula = child.text or ""
            elif child.tag.endswith("}is"):
                return shown_text(words(child), style.code)
        if not value:
            return f"={formula}" if formula else ""
        kind = cell.get("t", "n")
        if kind == "s":
            return shown_text(self._book.words[int(value)], style.code)
        if kind == "b":
            return "TRUE" if is_true(value) else "FALSE"
        if kind != "n":
            return shown_text(unescaped(value), style.code)
        return shown_number(float(value), style.code, since_1904=self._book.since_1904)


def _colours_cells(package: Package, part: str) -> bool:
    """Whether more than its cells' styles says what a sheet's cells look like: tables, conditions, a picture."""
    if package.linked(part, "table") or package.linked(part, "pivotTable"):
        return True
    return any(True for _ in package.elements(part, "conditionalFormatting", "picture"))


def _first_row(reference: str) -> int:
    cells = _RANGE.fullmatch(reference)
    return int(cells[2]) if cells else 0

"""Reads XLS workbooks of all versions of Excel: cells as they are shown; not their charts and text boxes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from struct import error as damaged_record
from typing import TYPE_CHECKING, Any, cast

from ingest.readers.sheets.grid import Row
from ingest.readers.sheets.number_formats import BUILT_IN, ERRORS, GENERAL, shown_number, shown_text
from ingest.readers.sheets.workbook import Columns, Note, Sheet, counted, protected, remarks, undamaged, workbook
from ingest.readers.source_file import SourceFile
from kb.types import Document

if TYPE_CHECKING:
    from xlrd.book import Book
    from xlrd.sheet import Sheet as XlsSheet

MEDIA_TYPE = "application/vnd.ms-excel"
_DAMAGE = (damaged_record, AssertionError, LookupError, ValueError, TypeError, ArithmeticError)
"""What xlrd raises besides its own errors where a file is damaged."""
_HIDDEN, _VERY_HIDDEN = 1, 2
_LOCAL_DATES = (14, 22)
_BOLD = 700
_FILTERED = re.compile(r"\$[A-Z]+\$(\d+):\$[A-Z]+\$(\d+)")


@dataclass(frozen=True, slots=True)
class XlsReader:
    def read(self, file: SourceFile) -> Iterator[Document]:
        from olefile.olefile import OleFileError
        from xlrd import XLRDError
        from xlrd.formula import FormulaError

        sheets = undamaged(file, _sheets(file), OleFileError, XLRDError, FormulaError, *_DAMAGE)
        yield workbook(file, sheets, title="", media_type=MEDIA_TYPE)


def _sheets(file: SourceFile) -> Iterator[Sheet]:
    with _opened(file) as book:
        for index in range(book.nsheets):
            file.page()
            sheet = book.sheet_by_index(index)
            if sheet.visibility != _VERY_HIDDEN:
                yield _sheet(file, book, sheet, index + 1)
            book.unload_sheet(index)


def _opened(file: SourceFile) -> Book:
    from xlrd import XLRDError, open_workbook

    try:
        return open_workbook(
            file_contents=_records(file), logfile=StringIO(), formatting_info=True, on_demand=True, ragged_rows=True
        )
    except XLRDError as error:
        if "encrypted" in str(error):
            raise protected(file) from error
        raise


def _records(file: SourceFile) -> bytes:
    """The workbook without the compound file around it, which the oldest files lack.

    olefile forgives what other programs than Excel get wrong there; xlrd refuses it, or is caught in a loop.
    """
    from olefile import MAGIC, OleFileIO

    content = file.read()
    if not content.startswith(MAGIC):
        return content
    with OleFileIO(content) as compound:
        # The stubs ask for bytes; olefile takes words, and compares them without regard to capitals.
        names: list[Any] = [name for name in ("Workbook", "Book") if compound.exists(cast("Any", name))]
        return compound.openstream(names[0]).read()


def _sheet(file: SourceFile, book: Book, sheet: XlsSheet, number: int) -> Sheet:
    columns = Columns()
    for index, column in sorted(sheet.colinfo_map.items()):
        is_hidden = bool(column.hidden) and not column.outline_level
        columns.take(range(index, index + 1), column.width / 256, is_hidden=is_hidden)
    rows = counted(file, _rows(book, sheet, number - 1, columns))
    merges = [columns.merge(top + 1, left, right - 1) for top, _, left, right in sheet.merged_cells]
    notes = (Note(row + 1, column, note.text) for (row, column), note in sheet.cell_note_map.items())
    noted = list(remarks(notes, rows, columns))
    return Sheet(sheet.name, number, rows, columns, merges, noted, sheet.visibility == _HIDDEN)


def _rows(book: Book, sheet: XlsSheet, index: int, columns: Columns) -> Iterator[Row]:
    """The rows of a sheet; those that a filter hides are read, and those of folded groups."""
    filtered, hidden = _filtered(book, index), 0
    for number in range(1, sheet.nrows + 1):
        row = sheet.rowinfo_map.get(number - 1)
        if row and row.hidden and not row.outline_level and number not in filtered:
            hidden += 1
            continue
        cells: dict[int, str] = {}
        bold: set[int] = set()
        for column, cell in enumerate(sheet.row(number - 1)):
            place = columns.place(column)
            shown = _shown(book, cell) if place is not None else ""
            if place is not None and shown and not shown.isspace():
                cells[place] = shown
                font = book.font_list[book.xf_list[cell.xf_index].font_index]
                if font.bold or font.weight >= _BOLD or number == filtered.start:
                    bold.add(place)
        if cells:
            yield Row(number, number - hidden, cells, frozenset(bold))


def _filtered(book: Book, index: int) -> range:
    """The rows under a filter, with the one that names its columns; none where there is no filter."""
    places = (
        _FILTERED.search(name.result.text)
        for name in book.name_obj_list
        if name.name == "_FilterDatabase" and name.scope == index and name.result
    )
    place = next(places, None)
    return range(int(place[1]), int(place[2]) + 1) if place else range(0)


def _shown(book: Book, cell: Any) -> str:
    from xlrd import XL_CELL_BOOLEAN, XL_CELL_DATE, XL_CELL_ERROR, XL_CELL_NUMBER, XL_CELL_TEXT

    key = book.xf_list[cell.xf_index].format_key
    format_ = book.format_map.get(key)
    code = BUILT_IN[key] if key in _LOCAL_DATES else format_.format_str if format_ else GENERAL
    if cell.ctype == XL_CELL_TEXT:
        return shown_text(cell.value, code)
    if cell.ctype in (XL_CELL_NUMBER, XL_CELL_DATE):
        return shown_number(cell.value, code, since_1904=book.datemode == 1)
    if cell.ctype == XL_CELL_BOOLEAN:
        return "TRUE" if cell.value else "FALSE"
    return ERRORS.get(cell.value, "") if cell.ctype == XL_CELL_ERROR else ""

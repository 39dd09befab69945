"""Reads XLSB workbooks, whose parts are those of XLSX in binary records ([MS-XLSB]), and cells as they are shown.

Reads the records itself: the libraries for this format know no number formats, so that 25% would be read as 0.25.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from struct import error as damaged_record
from struct import unpack_from

from ingest.readers.grid import Merge, Row
from ingest.readers.number_formats import BUILT_IN, ERRORS, GENERAL, shown_number, shown_text
from ingest.readers.sheets import Columns, Note, Sheet, Style, counted, remarks, undamaged, workbook
from ingest.readers.source_file import SourceFile, opened_zip
from ingest.readers.xlsx_package import DAMAGE, Package, properties
from ingest.readers.xlsx_remarks import drawn
from kb.types import Document

MEDIA_TYPE = "application/vnd.ms-excel.sheet.binary.macroenabled.12"
# The numbers of the records that are read; [MS-XLSB] 2.3.
_ROW, _ITEM, _FONT, _CODE, _STYLE, _COLUMNS, _WORKBOOK, _SHEET, _FILTER, _MERGED = (
    *(0, 19, 43, 44, 47, 60, 153, 156, 161, 176),
)
_STYLES, _STYLES_END, _NOTE, _NOTE_TEXT = 617, 618, 635, 637
_SMALL_NUMBERS, _ERRORS, _TRUTHS, _NUMBERS, _WORDS, _SHARED, _RICH = {2}, {3, 11}, {4, 10}, {5, 9}, {6, 8}, {7}, {62}
_CELLS = _SMALL_NUMBERS | _ERRORS | _TRUTHS | _NUMBERS | _WORDS | _SHARED | _RICH
_HIDDEN, _VERY_HIDDEN = 1, 2
_BOLD = 700


@dataclass(frozen=True, slots=True)
class XlsbReader:
    def read(self, file: SourceFile) -> Iterator[Document]:
        with opened_zip(file) as archive:
            package = Package(archive)
            title, modified = properties(package)
            sheets = undamaged(file, _sheets(file, package), damaged_record, *DAMAGE)
            yield workbook(file, sheets, title=title, media_type=MEDIA_TYPE, modified=modified)


@dataclass(frozen=True, slots=True)
class _Book:
    """What all sheets of a workbook refer to."""

    words: Sequence[str]
    styles: Sequence[Style]
    since_1904: bool


@dataclass(slots=True)
class _RawRow:
    number: int
    is_hidden: bool
    cells: dict[int, str]
    bold: set[int]


def _records(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The records of a part: kind and data."""
    offset = 0
    while offset < len(content):
        kind, offset = _number(content, offset, 2)
        size, offset = _number(content, offset, 4)
        yield kind, content[offset : offset + size]
        offset += size


def _number(content: bytes, offset: int, longest: int) -> tuple[int, int]:
    """A number in seven bits of each byte, the lowest first, and where it ends."""
    number = 0
    for index in range(longest):
        byte = content[offset + index]
        number |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            break
    return number, offset + index + 1


def _text(data: bytes, offset: int) -> tuple[str, int]:
    """A string with its length before it, and where it ends."""
    (length,) = unpack_from("<I", data, offset)
    end = offset + 4 + 2 * (0 if length == 0xFFFFFFFF else length)
    return data[offset + 4 : end].decode("utf-16-le", "replace"), end


def _sheets(file: SourceFile, package: Package) -> Iterator[Sheet]:
    [part, *_] = package.linked("", "officeDocument")
    links = package.links(part)
    records = list(_records(package.content(part)))
    since_1904 = any(data[0] & 1 for kind, data in records if kind == _WORKBOOK)
    book = _Book(_words(package, part), _styles(package, part), since_1904)
    listed = [data for kind, data in records if kind == _SHEET]
    for number, data in enumerate(listed, 1):
        file.page()
        (state,) = unpack_from("<I", data)
        reference, end = _text(data, 8)
        name, _ = _text(data, end)
        if reference in links and state != _VERY_HIDDEN:
            yield _sheet(file, package, book, links[reference].target, name, number, is_hidden=state == _HIDDEN)


def _words(package: Package, workbook_part: str) -> list[str]:
    parts = package.linked(workbook_part, "sharedStrings")
    return [_text(data, 1)[0] for part in parts for kind, data in _records(package.content(part)) if kind == _ITEM]


def _styles(package: Package, workbook_part: str) -> Sequence[Style]:
    """How cells are shown, in the order by which they refer to it."""
    codes = dict(BUILT_IN)
    bold: list[bool] = []
    found: list[Style] = []
    is_for_cells = False
    for part in package.linked(workbook_part, "styles"):
        for kind, data in _records(package.content(part)):
            if kind == _CODE:
                codes[unpack_from("<H", data)[0]] = _text(data, 2)[0]
            elif kind == _FONT:
                bold.append(unpack_from("<H", data, 4)[0] >= _BOLD)
            elif kind in (_STYLES, _STYLES_END):
                is_for_cells = kind == _STYLES
            elif kind == _STYLE and is_for_cells:
                _, code, font = unpack_from("<3H", data)
                found.append(Style(codes.get(code, GENERAL), font < len(bold) and bold[font]))
    return found


def _sheet(
    file: SourceFile, package: Package, book: _Book, part: str, name: str, number: int, *, is_hidden: bool
) -> Sheet:
    if not package.has(part):
        raise KeyError(part)
    columns = Columns()
    merges: list[Merge] = []
    raw: list[_RawRow] = []
    names = 0
    for kind, data in _records(package.content(part)):
        if kind == _ROW:
            raw.append(_raw_row(data))
        elif kind in _CELLS:
            _take_cell(book, columns, raw[-1], kind, data)
        elif kind == _COLUMNS:
            _take_columns(columns, data)
        elif kind == _MERGED:
            top, _, left, right = unpack_from("<4I", data)
            merges.append(columns.merge(top + 1, left, right))
        elif kind == _FILTER:
            names = unpack_from("<I", data)[0] + 1
    rows = counted(file, _rows(raw, names))
    noted = remarks(_notes(package, part), rows, columns)
    return Sheet(name, number, rows, columns, merges, [*noted, *drawn(package, part)], is_hidden)


def _raw_row(data: bytes) -> _RawRow:
    row, flags = unpack_from("<I7xB", data)
    return _RawRow(row + 1, bool(flags & 0x10) and not flags & 7, {}, set())


def _take_columns(columns: Columns, data: bytes) -> None:
    """Notes columns; hidden are those that were so for themselves, not with the group that they belong to."""
    first, last, width, _, flags = unpack_from("<4IH", data)
    columns.take(range(first, last + 1), width / 256, is_hidden=bool(flags & 1) and not flags >> 8 & 7)


def _rows(raw: Sequence[_RawRow], names: int) -> Iterator[Row]:
    """The rows that are not blank, without the hidden ones, unless there is a filter: then that hides them."""
    hidden = 0
    for row in raw:
        if row.is_hidden and not names:
            hidden += 1
        elif row.cells:
            bold = frozenset(row.cells if row.number == names else row.bold)
            yield Row(row.number, row.number - hidden, row.cells, bold)


def _take_cell(book: _Book, columns: Columns, row: _RawRow, kind: int, data: bytes) -> None:
    column, index = unpack_from("<II", data)
    style = book.styles[index & 0xFFFFFF] if index & 0xFFFFFF < len(book.styles) else Style()
    place = columns.place(column)
    shown = _shown(book, kind, data, style.code) if place is not None else ""
    if place is not None and shown and not shown.isspace():
        row.cells[place] = shown
        if style.is_bold:
            row.bold.add(place)


def _shown(book: _Book, kind: int, data: bytes, code: str) -> str:
    if kind in _SMALL_NUMBERS:
        return shown_number(_small_number(unpack_from("<I", data, 8)[0]), code, since_1904=book.since_1904)
    if kind in _NUMBERS:
        return shown_number(unpack_from("<d", data, 8)[0], code, since_1904=book.since_1904)
    if kind in _ERRORS:
        return ERRORS.get(data[8], "")
    if kind in _TRUTHS:
        return "TRUE" if data[8] else "FALSE"
    if kind in _SHARED:
        return shown_text(book.words[unpack_from("<I", data, 8)[0]], code)
    return shown_text(_text(data, 9 if kind in _RICH else 8)[0], code)


def _small_number(bits: int) -> float:
    """A number in 30 bits: a whole one, or the first bits of another; a hundredth of it where the last bit says so."""
    whole = bits >> 2
    if bits & 2:
        number = float(whole - (1 << 30) if whole >> 29 else whole)
    else:
        (number,) = unpack_from("<d", (bits & ~3).to_bytes(4, "little").rjust(8, b"\x00"))
    return number / 100 if bits & 1 else number


def _notes(package: Package, sheet: str) -> Iterator[Note]:
    for part in package.linked(sheet, "comments"):
        row = column = 0
        for kind, data in _records(package.content(part)):
            if kind == _NOTE:
                _, row, _, column, _ = unpack_from("<5I", data)
            elif kind == _NOTE_TEXT:
                yield Note(row + 1, column, _text(data, 1)[0])

"""Workbooks as documents: what all readers of spreadsheets hand over, and how it is written down.

Each sheet is a heading and a place; each row is cited by the number that people see. What lies on a hidden sheet is
read, and heading and places say that it is hidden: it is content, and often what the visible sheets refer to. Rows and
columns that were hidden one by one are left out by the readers, since the table is meant to be seen without them; not
so those that a filter hides or a group folds, which are a click away.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from lxml.etree import XMLSyntaxError

from ingest.readers.sheets.grid import Merge, Row, Table, tables
from ingest.readers.sheets.number_formats import GENERAL
from ingest.readers.source_file import ZIP_DAMAGE, SourceFile, make_document
from ingest.readers.structure import StructuredText
from kb.errors import UnreadableFile
from kb.types import Anchor, Document

DAMAGE = (XMLSyntaxError, LookupError, *ZIP_DAMAGE)
"""What is raised where the parts of a zipped workbook are damaged, missing or not what they should be."""
_ROWS_A_STEP = 1000
_LEAST_WIDTH = 4
_LAST_COLUMN = 16_384


@dataclass(frozen=True, slots=True)
class Remark:
    """Words that belong to a row of a sheet without standing in a cell: a note, a text box, a chart's title."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """What is noted on the cell in the row `number` and in `column`, from 0."""

    number: int
    column: int
    text: str


@dataclass(frozen=True, slots=True)
class Style:
    """How cells are shown: by which number format, and in which type.

    `is_unseen` says white on no colour, or in letters without size, unless something else than the style has a say.
    """

    code: str = GENERAL
    is_bold: bool = False
    is_unseen: bool = False


@dataclass(slots=True)
class Columns:
    """The columns of a sheet, counted from 0: which are hidden, in order, and which are too narrow for words."""

    hidden: list[int] = field(default_factory=list)
    narrow: set[int] = field(default_factory=set)

    def take(self, columns: range, width: float, *, is_hidden: bool) -> None:
        """Notes what is known of columns right of those before; `width` is in digits of the usual font."""
        columns = columns[:_LAST_COLUMN]
        if is_hidden:
            self.hidden.extend(columns)
        elif 0 < width < _LEAST_WIDTH:
            self.narrow.update(columns)

    @property
    def margins(self) -> frozenset[int]:
        """Which of the visible columns are narrow."""
        return frozenset(place for column in self.narrow if (place := self.place(column)) is not None)

    def place(self, column: int) -> int | None:
        """Which of the visible columns a column is, None where it is hidden."""
        if not self.hidden:
            return column
        before = bisect_left(self.hidden, column)
        return None if before < len(self.hidden) and self.hidden[before] == column else column - before

    def merge(self, number: int, left: int, right: int) -> Merge:
        """Cells of a row that are one, among the visible columns."""
        return Merge(number, left - bisect_left(self.hidden, left), right - bisect_right(self.hidden, right))


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet; `number` is its place in the workbook, from 1, hidden ones counted.

    `columns` are those of the original; `rows` and `merges` count the visible ones among them.
    """

    name: str
    number: int
    rows: Sequence[Row]
    columns: Columns
    merges: Sequence[Merge] = ()
    remarks: Sequence[Remark] = ()
    is_hidden: bool = False


def workbook(
    file: SourceFile, sheets: Iterable[Sheet], *, title: str, media_type: str, modified: datetime | None = None
) -> Document:
    text = StructuredText(cites_headings=False)
    for sheet in sheets:
        if sheet.rows or sheet.remarks:
            _write(text, sheet)
    return make_document(
        file,
        text=text.text,
        title=title,
        media_type=media_type,
        modified=modified,
        marks=text.marks,
        blocks=text.blocks,
    )


def undamaged(file: SourceFile, sheets: Iterator[Sheet], *errors: type[Exception]) -> Iterator[Sheet]:
    """The sheets; `errors` are what a parser raises where a file is damaged."""
    try:
        yield from sheets
    except errors as error:
        raise UnreadableFile(f"{file.name} is damaged or no workbook; save it again as .xlsx.") from error


def counted(file: SourceFile, rows: Iterable[Row]) -> list[Row]:
    """The rows of a sheet, charged to what the file may cost: one long text can fill many cells."""
    found: list[Row] = []
    size = 0
    for row in rows:
        found.append(row)
        size += sum(map(len, row.cells.values()))
        if len(found) % _ROWS_A_STEP == 0:
            file.step()
            file.allowance.expand(size, file.name)
            size = 0
    file.allowance.expand(size, file.name)
    return found


def column_name(column: int) -> str:
    """The letters of a column, counted from 0."""
    letters = ""
    while column >= 0:
        column, letter = column // 26 - 1, column % 26
        letters = chr(ord("A") + letter) + letters
    return letters


def column_number(letters: str) -> int:
    """The column of these letters, counted from 0."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def protected(file: SourceFile) -> UnreadableFile:
    return UnreadableFile(f"{file.name} is protected by a password; remove the password and ingest it again.")


def write_tables(text: StructuredText, found: Iterable[Table], row: Callable[[int], Anchor]) -> None:
    """Writes tables and lines down, each row at the place that `row` says for its number; 0 is the whole sheet."""
    last = 0
    for table in found:
        if table.numbers[0] <= last:
            # Rows run together in a citation ("rows 3-9"): not so when the next table begins higher up.
            text.mark(row(0))
        last = table.numbers[-1]
        if table.is_lines:
            for number, (line,) in zip(table.numbers, table.rows, strict=True):
                text.mark(row(number))
                text.add("paragraph", line)
            continue
        anchors = [row(number) for number in table.numbers]
        text.add_table(table.rows, caption=table.caption, header_rows=table.header_rows, anchors=anchors)


def _write(text: StructuredText, sheet: Sheet) -> None:
    place = Anchor("sheet", f"sheet {sheet.name}{' (hidden)' if sheet.is_hidden else ''}", sheet.number)

    def row(number: int) -> Anchor:
        return replace(place, label=f"{place.label}, row {number}") if number else place

    text.mark(place)
    text.add_heading(1, f"{sheet.name} (hidden sheet)" if sheet.is_hidden else sheet.name)
    write_tables(text, tables(sheet.rows, sheet.merges, margins=sheet.columns.margins), row)
    for remark in sorted(sheet.remarks, key=lambda remark: remark.number):
        text.mark(place)
        text.mark(row(remark.number))
        text.add("paragraph", remark.text)


def remarks(notes: Iterable[Note], rows: Sequence[Row], columns: Columns) -> Iterator[Remark]:
    """Notes as they are written down, with their cell's name and what it shows; not those on hidden columns."""
    listed = list(notes)
    cells = {row.number: row.cells for row in rows} if listed else {}
    for note in listed:
        place = columns.place(note.column)
        if place is not None and note.text.strip():
            shown = cells.get(note.number, {}).get(place, "")
            on = f"{column_name(note.column)}{note.number}" + (f" ({shown})" if shown else "")
            yield Remark(note.number, f"Note on {on}: {note.text.strip()}")

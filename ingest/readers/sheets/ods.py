"""Reads ODS workbooks, zipped or as one XML file: cells as they are shown, which the format keeps beside the values."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any
from zipfile import ZipFile

from lxml import etree
from lxml.etree import _Element

from ingest.readers.sheets.grid import Merge, Row
from ingest.readers.sheets.workbook import (
    DAMAGE,
    Columns,
    Note,
    Remark,
    Sheet,
    counted,
    protected,
    remarks,
    undamaged,
    workbook,
)
from ingest.readers.source_file import SourceFile, in_utc, opened_zip
from kb.types import Document

MEDIA_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
_OFFICE, _STYLE, _TABLE, _TEXT, _DRAW, _CHART, _FORMAT = (
    f"{{urn:oasis:names:tc:opendocument:xmlns:{name}:1.0}}"
    for name in ("office", "style", "table", "text", "drawing", "chart", "xsl-fo-compatible")
)
_DC = "{http://purl.org/dc/elements/1.1/}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_GROUPS = (f"{_TABLE}table-row-group", f"{_TABLE}table-column-group")
_READ = (f"{_STYLE}style", f"{_TABLE}table", f"{_TABLE}table-column", f"{_TABLE}table-row", f"{_TABLE}shapes", *_GROUPS)
_VALUES = ("string-value", "date-value", "time-value", "boolean-value", "value")
_LAST_COLUMN, _LAST_ROW = 16_384, 1_048_576
_MOST_BLANKS = 100
_ZIP = b"PK"
_LENGTH = re.compile(r"([\d.]+)(in|cm|mm|pt|pc|px)")
_DIGITS_IN = {"in": 13.0, "cm": 13 / 2.54, "mm": 13 / 25.4, "pt": 13 / 72, "pc": 13 / 6, "px": 13 / 96}
"""Digits of the usual font in a unit of length."""

_Events = Iterator[tuple[str, Any]]


@dataclass(frozen=True, slots=True)
class OdsReader:
    def read(self, file: SourceFile) -> Iterator[Document]:
        with opened_zip(file) if file.head(2) == _ZIP else nullcontext() as archive:
            if archive and _is_protected(archive):
                raise protected(file)
            title, modified = _properties(archive) if archive else ("", None)
            sheets = undamaged(file, _sheets(file, archive), *DAMAGE)
            yield workbook(file, sheets, title=title, media_type=MEDIA_TYPE, modified=modified)


def _is_protected(archive: ZipFile) -> bool:
    with suppress(*DAMAGE):
        return b"encryption-data" in archive.read("META-INF/manifest.xml")
    return False


def _properties(archive: ZipFile) -> tuple[str, datetime | None]:
    """The title of a workbook, and when it was changed, as far as they can be read."""
    title, modified = "", None
    with suppress(*DAMAGE):
        meta = etree.fromstring(archive.read("meta.xml"), etree.XMLParser(resolve_entities=False, no_network=True))
        title = meta.findtext(f".//{_DC}title") or ""
        modified = in_utc(datetime.fromisoformat(meta.findtext(f".//{_DC}date") or ""))
    return title, modified


def _sheets(file: SourceFile, archive: ZipFile | None) -> Iterator[Sheet]:
    with archive.open("content.xml") if archive else file.open() as content:
        yield from _Sheets(file, archive, content).sheets()


class _Sheets:
    """The sheets of one workbook, in one go through its content."""

    def __init__(self, file: SourceFile, archive: ZipFile | None, content: IO[bytes]) -> None:
        self._file = file
        self._archive = archive
        self._events: _Events = etree.iterparse(
            content, events=("start", "end"), tag=_READ, resolve_entities=False, no_network=True, remove_comments=True
        )
        self._hidden_styles: set[str] = set()
        self._bold_styles: set[str] = set()
        self._widths: dict[str, float] = {}
        """How many digits are as wide as the columns of a style."""

    def sheets(self) -> Iterator[Sheet]:
        number = 0
        for event, element in self._events:
            if event == "end" and element.tag == f"{_STYLE}style":
                self._take_style(element)
            elif event == "start" and element.tag == f"{_TABLE}table" and _is_sheet(element):
                number += 1
                self._file.page()
                yield self._sheet(element, number)

    def _take_style(self, style: _Element) -> None:
        name, parent = style.get(f"{_STYLE}name", ""), style.get(f"{_STYLE}parent-style-name", "")
        weight = style.find(f"{_STYLE}text-properties[@{_FORMAT}font-weight]")
        is_bold = weight.get(f"{_FORMAT}font-weight") == "bold" if weight is not None else parent in self._bold_styles
        if is_bold:
            self._bold_styles.add(name)
        if style.find(f"{_STYLE}table-properties[@{_TABLE}display='false']") is not None:
            self._hidden_styles.add(name)
        column = style.find(f"{_STYLE}table-column-properties")
        length = _LENGTH.fullmatch(column.get(f"{_STYLE}column-width", "")) if column is not None else None
        if length:
            self._widths[name] = float(length[1]) * _DIGITS_IN[length[2]]

    def _sheet(self, table: _Element, number: int) -> Sheet:
        name, style = table.get(f"{_TABLE}name", ""), table.get(f"{_TABLE}style-name")
        content = _Content(self._archive, self._bold_styles, self._widths)
        rows = counted(self._file, content.rows(self._events))
        noted = remarks(content.notes, rows, content.columns)
        is_hidden = style in self._hidden_styles
        return Sheet(name, number, rows, content.columns, content.merges, [*noted, *content.drawn], is_hidden)


def _is_sheet(table: _Element) -> bool:
    parent = table.getparent()
    return parent is not None and parent.tag == f"{_OFFICE}spreadsheet"


class _Content:
    """What is on one sheet; all but the rows is known when these have been read."""

    def __init__(self, archive: ZipFile | None, bold_styles: AbstractSet[str], widths: Mapping[str, float]) -> None:
        self._archive = archive
        self._bold_styles = bold_styles
        self._widths = widths
        self.columns = Columns()
        self.merges: list[Merge] = []
        self.notes: list[Note] = []
        self.drawn: list[Remark] = []

    def rows(self, events: _Events) -> Iterator[Row]:
        """The rows up to the end of the sheet. Those that a filter hides are read, and those of folded groups."""
        number, column, hidden, groups, inner_tables = 1, 0, 0, 0, 0
        for event, element in events:
            step = 1 if event == "start" else -1
            if element.tag == f"{_TABLE}table":
                inner_tables += step
                if inner_tables < 0:
                    return
            elif element.tag in _GROUPS:
                groups += step
            elif event == "start" or inner_tables:
                continue
            elif element.tag == f"{_TABLE}table-column":
                count = _repeated(element, "columns", _LAST_COLUMN)
                width = self._widths.get(element.get(f"{_TABLE}style-name", ""), 0)
                self.columns.take(range(column, column + count), width, is_hidden=_is_hidden(element, groups))
                column += count
            elif element.tag == f"{_TABLE}shapes":
                self._draw(element, 0)
            elif element.tag == f"{_TABLE}table-row":
                count = _repeated(element, "rows", _LAST_ROW)
                if _is_hidden(element, groups):
                    hidden += count
                elif row := self._row(element, number, number - hidden):
                    yield from (Row(n, n - hidden, row.cells, row.bold) for n in range(number, number + count))
                number += count
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]

    def _row(self, element: _Element, number: int, position: int) -> Row | None:
        cells: dict[int, str] = {}
        bold: set[int] = set()
        column = 0
        for cell in element.iterchildren(f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            count = _repeated(cell, "columns", _LAST_COLUMN - column)
            shown = self._shown(cell, number, column) if cell.tag == f"{_TABLE}table-cell" else ""
            if shown and not shown.isspace():
                places = [self.columns.place(column + index) for index in range(count)]
                cells.update((place, shown) for place in places if place is not None)
                if cell.get(f"{_TABLE}style-name") in self._bold_styles:
                    bold.update(place for place in places if place is not None)
                if (spans := int(cell.get(f"{_TABLE}number-columns-spanned", 1))) > 1:
                    self.merges.append(self.columns.merge(number, column, column + spans - 1))
            column += count
        return Row(number, position, cells, frozenset(bold)) if cells else None

    def _shown(self, cell: _Element, number: int, column: int) -> str:
        """What a cell shows; a formula whose result was never worked out shows itself."""
        lines: list[str] = []
        for child in cell:
            if child.tag == f"{_TEXT}p":
                lines.append(_words(child))
            elif child.tag == f"{_OFFICE}annotation":
                self.notes.append(Note(number, column, "\n".join(_words(p) for p in child.iter(f"{_TEXT}p"))))
            else:
                self._draw(child, number)
        if lines:
            return "\n".join(lines)
        values = (cell.get(f"{_OFFICE}{name}") for name in _VALUES)
        return next((value for value in values if value), cell.get(f"{_TABLE}formula", "").partition(":")[2])

    def _draw(self, element: _Element, number: int) -> None:
        """Notes the text of boxes, and the titles of charts."""
        inner = [p for p in element.iter(f"{_TEXT}p") if next(p.iterancestors(f"{_DRAW}object"), None) is None]
        titles = (title for chart in element.iter(f"{_DRAW}object") for title in self._titles(chart))
        for text in ("\n".join(map(_words, inner)), ", ".join(titles)):
            if text.strip():
                self.drawn.append(Remark(number, text))

    def _titles(self, chart: _Element) -> Iterator[str]:
        part = posixpath.normpath(posixpath.join(chart.get(_HREF, ""), "content.xml"))
        if not self._archive or part not in self._archive.namelist():
            yield from (_words(p) for title in chart.iter(f"{_CHART}title") for p in title.iter(f"{_TEXT}p"))
            return
        with self._archive.open(part) as content:
            for _, title in etree.iterparse(content, tag=f"{_CHART}title", resolve_entities=False, no_network=True):
                yield from (_words(p) for p in title.iter(f"{_TEXT}p"))


def _is_hidden(element: _Element, groups: int) -> bool:
    """Whether a row or column was hidden for itself."""
    return not groups and element.get(f"{_TABLE}visibility") == "collapse"


def _repeated(element: _Element, what: str, most: int) -> int:
    return min(int(element.get(f"{_TABLE}number-{what}-repeated", 1)), most)


def _words(paragraph: _Element) -> str:
    return "".join(_pieces(paragraph))


def _pieces(element: _Element) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if child.tag == f"{_TEXT}s":
            yield " " * min(int(child.get(f"{_TEXT}c", 1)), _MOST_BLANKS)
        elif child.tag in (f"{_TEXT}tab", f"{_TEXT}line-break"):
            yield "\t" if child.tag.endswith("tab") else "\n"
        elif child.tag not in (f"{_TEXT}ruby-text", f"{_OFFICE}annotation"):
            yield from _pieces(child)
        yield child.tail or ""

"""Reads XML spreadsheets (Excel 2003), which many web systems export under a name that ends in .xls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

from lxml import etree
from lxml.etree import XMLSyntaxError, _Element

from ingest.readers.sheets.grid import Merge, Row
from ingest.readers.sheets.number_formats import BUILT_IN, GENERAL, shown_number, shown_text
from ingest.readers.sheets.workbook import Columns, Note, Sheet, Style, counted, remarks, undamaged, workbook
from ingest.readers.source_file import SourceFile
from kb.types import Document

MEDIA_TYPE = "application/vnd.ms-excel.xml"
_SS = "{urn:schemas-microsoft-com:office:spreadsheet}"
_STYLE, _SHEET, _COLUMN, _ROW = (f"{_SS}{name}" for name in ("Style", "Worksheet", "Column", "Row"))
_VISIBLE = "{urn:schemas-microsoft-com:office:excel}Visible"
# Formats that have names instead of codes, as they look in English.
_NAMED = {
    "General Number": GENERAL,
    "Fixed": BUILT_IN[2],
    "Standard": BUILT_IN[4],
    "Percent": BUILT_IN[10],
    "Scientific": BUILT_IN[11],
    "Currency": BUILT_IN[7],
    "Euro Currency": "[$€]#,##0.00",
    "General Date": BUILT_IN[22],
    "Short Date": BUILT_IN[14],
    "Medium Date": BUILT_IN[15],
    "Long Date": "dddd, mmmm d, yyyy",
    "Short Time": "hh:mm",
    "Medium Time": BUILT_IN[18],
    "Long Time": BUILT_IN[19],
}
_POINTS_A_DIGIT = 5.25
_DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001


@dataclass(frozen=True, slots=True)
class XmlSheetReader:
    def read(self, file: SourceFile) -> Iterator[Document]:
        sheets = undamaged(file, _sheets(file), XMLSyntaxError, ValueError)
        yield workbook(file, sheets, title="", media_type=MEDIA_TYPE)


def _sheets(file: SourceFile) -> Iterator[Sheet]:
    events = etree.iterparse(
        BytesIO(file.read().lstrip()),  # some programs write blanks before the declaration
        events=("start", "end"),
        tag=(_STYLE, _SHEET, _COLUMN, _ROW, _VISIBLE),
        resolve_entities=False,
        no_network=True,
        remove_comments=True,
    )
    styles: dict[str, Style] = {"": Style()}
    number = 0
    for event, element in events:
        if event == "end" and element.tag == _STYLE:
            name = _get(element, "ID")
            # Cells without a style of their own have the one named "Default".
            styles["" if name == "Default" else name] = _style(element, styles)
        elif event == "start" and element.tag == _SHEET:
            number += 1
            file.page()
            name = _get(element, "Name")
            content = _Content(styles)
            rows = counted(file, content.rows(events))
            noted = list(remarks(content.notes, rows, content.columns))
            if content.visible != "SheetVeryHidden":
                is_hidden = content.visible == "SheetHidden"
                yield Sheet(name, number, rows, content.columns, content.merges, noted, is_hidden)


def _style(element: _Element, styles: Mapping[str, Style]) -> Style:
    parent = styles.get(_get(element, "Parent"), styles[""])
    format_, font = element.find(f"{_SS}NumberFormat"), element.find(f"{_SS}Font")
    code = parent.code if format_ is None else _get(format_, "Format") or GENERAL
    return Style(_NAMED.get(code, code), parent.is_bold if font is None else _get(font, "Bold") == "1")


def _get(element: _Element, name: str) -> str:
    return element.get(f"{_SS}{name}", "")


class _Content:
    """What is on one sheet; all but the rows is known when these have been read."""

    def __init__(self, styles: Mapping[str, Style]) -> None:
        self._styles = styles
        self.columns = Columns()
        self.merges: list[Merge] = []
        self.notes: list[Note] = []
        self.visible = ""

    def rows(self, events: Iterator[tuple[str, Any]]) -> Iterator[Row]:
        """The rows up to the end of the sheet, without those that are hidden."""
        number, column, hidden = 0, 0, 0
        for event, element in events:
            if event == "start":
                continue
            if element.tag == _SHEET:
                return
            if element.tag == _VISIBLE:
                self.visible = element.text or ""
            elif element.tag == _COLUMN:
                column = int(_get(element, "Index") or column + 1)
                columns = range(column - 1, column + int(_get(element, "Span") or 0))
                width = float(_get(element, "Width") or 0) / _POINTS_A_DIGIT
                self.columns.take(columns, width, is_hidden=_get(element, "Hidden") == "1")
                column = columns.stop
            elif element.tag == _ROW:
                number = int(_get(element, "Index") or number + 1)
                span = int(_get(element, "Span") or 0)
                if _get(element, "Hidden") == "1":
                    hidden += 1 + span
                elif row := self._row(element, number, number - hidden):
                    yield row
                number += span
                element.clear()

    def _row(self, element: _Element, number: int, position: int) -> Row | None:
        cells: dict[int, str] = {}
        bold: set[int] = set()
        column = -1
        for cell in element.iterchildren(f"{_SS}Cell"):
            column = int(_get(cell, "Index") or column + 2) - 1
            style = self._styles.get(_get(cell, "StyleID"), self._styles[""])
            place = self.columns.place(column)
            shown = _shown(cell, style.code)
            if place is not None and shown.strip():
                cells[place] = shown
                if style.is_bold:
                    bold.add(place)
            for comment in cell.iterchildren(f"{_SS}Comment"):
                self.notes.append(Note(number, column, "".join(map(str, comment.itertext()))))
            if across := int(_get(cell, "MergeAcross") or 0):
                self.merges.append(self.columns.merge(number, column, column + across))
                column += across
        return Row(number, position, cells, frozenset(bold)) if cells else None


def _shown(cell: _Element, code: str) -> str:
    """What a cell shows; a formula whose result was never worked out shows itself."""
    data = cell.find(f"{_SS}Data")
    text = "".join(map(str, data.itertext())) if data is not None else ""
    if data is None or not text.strip():
        return _get(cell, "Formula")
    kind = _get(data, "Type")
    if kind == "Number":
        return shown_number(float(text), code)
    if kind == "DateTime":
        return shown_number((datetime.fromisoformat(text.strip()) - _DAY_ZERO) / timedelta(days=1), code)
    if kind == "Boolean":
        return "TRUE" if text.strip() == "1" else "FALSE"
    return text if kind == "Error" else shown_text(text, code)

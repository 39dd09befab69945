"""Reads OpenDocument presentations: what is on each slide, its notes and comments, nothing of its masters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml.etree import _Element

from ingest.readers.office.office_archive import OfficeArchive
from ingest.readers.office.opendocument import SVG, Inline, OpenDocument
from ingest.readers.office.opendocument_lists import CHART, DRAW, OFFICE, PRESENTATION, TABLE, TEXT, Level
from ingest.readers.office.slides import Line, Placed, Slides, in_reading_order
from ingest.readers.source_file import SourceFile, make_document
from kb.types import Document

MEDIA_TYPE = "application/vnd.oasis.opendocument.presentation"
_CLASS = f"{PRESENTATION}class"
_AROUND = frozenset({"header", "footer", "date-time", "page-number", "page", "handout"})
_LENGTH = re.compile(r"(-?\d+(?:\.\d+)?)(cm|mm|in|pt|px)?")
_MILLIMETRES = {"cm": 10.0, "mm": 1.0, "in": 25.4, "pt": 25.4 / 72, "px": 25.4 / 96}


@dataclass(frozen=True, slots=True)
class OdpReader:
    def read(self, file: SourceFile) -> Iterator[Document]:
        with OfficeArchive(file, "OpenDocument presentation") as archive:
            document = OpenDocument(file, archive)
            slides = _Presentation(file, document).read()
            yield make_document(
                file,
                text=slides.written.text,
                title=document.title or slides.title,
                media_type=MEDIA_TYPE,
                modified=document.modified,
                marks=slides.written.marks,
                blocks=slides.written.blocks,
            )


class _Presentation:
    def __init__(self, file: SourceFile, document: OpenDocument) -> None:
        self._file = file
        self._document = document
        self._slides = Slides()

    def read(self) -> Slides:
        for page in self._document.content.iterfind(f"{OFFICE}body/{OFFICE}presentation/{DRAW}page"):
            self._file.page()
            self._slides.begin()
            self._take_page(page)
        return self._slides

    def _take_page(self, page: _Element) -> None:
        shapes = [shape for shape in page if _is_shown(shape)]
        titles = [shape for shape in shapes if shape.get(_CLASS) == "title"]
        for shape in titles:
            self._slides.add_title(self._document.plain(shape))
        held = [shape for shape in shapes if shape.get(_CLASS) and shape not in titles]
        free = [shape for shape in shapes if not shape.get(_CLASS)]
        for group in (held, free):
            self._take_shapes(group)
        for annotation in page.iterfind(f"{OFFICE}annotation"):
            self._slides.add_remark(*self._document.comment(annotation))
        notes = page.iterfind(f"{PRESENTATION}notes/{DRAW}frame[@{_CLASS}='notes']/{DRAW}text-box")
        self._slides.add_notes([line for box in notes for line in self._lines(box, Inline())])

    def _take_shapes(self, shapes: list[_Element]) -> None:
        for shape in in_reading_order([(_place(shape), shape) for shape in shapes]):
            if shape.tag == f"{DRAW}g":
                self._take_shapes([part for part in shape if _is_shown(part)])
            else:
                self._take_shape(shape)

    def _take_shape(self, shape: _Element) -> None:
        found = Inline()
        tables = list(shape.iterfind(f"{TABLE}table"))
        for table in tables:
            self._take_table(table, "")
        if not tables:
            self._document.look_into(shape, found)
        self._slides.add_lines([Line(text) for text in [found.text] if text])
        for box in found.boxes:
            self._slides.add_lines(list(self._lines(box, found)))
        for chart in found.charts:
            titles = [self._document.plain(title) for title in chart.iterfind(f"{CHART}title")]
            for table in chart.iterfind(f"{TABLE}table"):
                self._take_table(table, " ".join(titles))
        for what, text in found.said:
            self._slides.add_remark(what, text)

    def _take_table(self, table: _Element, caption: str) -> None:
        rows, header_rows = self._document.cells(table, Inline())
        self._slides.add_table(rows, caption=caption, header_rows=header_rows or 1)

    def _lines(self, parent: _Element, found: Inline) -> Iterator[Line]:
        counted: dict[int, tuple[Level, int]] = {}
        for child in parent:
            if child.tag in (f"{TEXT}p", f"{TEXT}h"):
                counted.clear()
                yield Line(self._document.inline(child, found).text)
            elif child.tag == f"{TEXT}list":
                for item in self._document.lists.items_on_slide(child, counted):
                    yield Line(self._document.inline(item.element, found).text, item.label, item.depth)


def _is_shown(shape: _Element) -> bool:
    return (
        isinstance(shape.tag, str)
        and shape.tag.startswith(DRAW)
        and shape.get(_CLASS) not in _AROUND
        and shape.get(f"{PRESENTATION}placeholder") != "true"
    )


def _place(shape: _Element) -> Placed:
    """Where a shape lies; a group lies where its first part does."""
    first = next(iter(shape), None) if shape.tag == f"{DRAW}g" else None
    if first is not None:
        return _place(first)
    return Placed(*(_length(shape.get(f"{SVG}{name}", "")) for name in ("y", "x", "height")))


def _length(said: str) -> float:
    known = _LENGTH.fullmatch(said)
    return float(known.group(1)) * _MILLIMETRES[known.group(2) or "px"] if known else 0.0

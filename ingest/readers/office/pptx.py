"""Reads PowerPoint presentations: what is on each slide, its notes and comments, nothing of masters and layouts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lxml.etree import _Element

from ingest.readers.office.cells import Cell
from ingest.readers.office.docx_styles import says_on
from ingest.readers.office.drawings import DGM, A, C, R, chart_of, diagram_items, picture_says
from ingest.readers.office.office_archive import Package, Part
from ingest.readers.office.pptx_shapes import (
    P,
    Shape,
    count,
    flat,
    is_out_of_sight,
    kind_of,
    lines,
    shape_of,
    shapes,
    text_of,
)
from ingest.readers.office.slides import Line, Slides, in_reading_order
from ingest.readers.source_file import SourceFile, make_document
from kb.types import Document

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
_MODERN = "{http://schemas.microsoft.com/office/powerpoint/2018/8/main}"
_DECORATIVE = "{http://schemas.microsoft.com/office/drawing/2017/decorative}decorative"
_TITLES = frozenset({"title", "ctrTitle"})
_AROUND = frozenset({"dt", "ftr", "hdr", "sldNum", "sldImg"})
_DEFAULT_TITLE = re.compile(
    r"(?:microsoft )?power ?point\W?\w*|\w+ power ?point|(?:slide|folie|diapositive) \d+", re.IGNORECASE
)
"""What PowerPoint calls a presentation that nobody gave a title."""


@dataclass(frozen=True, slots=True)
class PptxReader:
    def read(self, file: SourceFile) -> Iterator[Document]:
        with Package(file, "PowerPoint presentation") as package:
            slides = _Presentation(file, package).read()
            title = package.title()
            yield make_document(
                file,
                text=slides.written.text,
                title=slides.title if not title or _DEFAULT_TITLE.fullmatch(title) else title,
                media_type=MEDIA_TYPE,
                modified=package.modified(),
                marks=slides.written.marks,
                blocks=slides.written.blocks,
            )


class _Presentation:
    def __init__(self, file: SourceFile, package: Package) -> None:
        self._file = file
        self._package = package
        self._main = package.main()
        self._authors = self._names()
        self._slides = Slides()
        self._layouts: dict[str, list[_Element]] = {}

    def read(self) -> Slides:
        for entry in self._main.root.iterfind(f"{P}sldIdLst/{P}sldId"):
            self._file.page()
            slide = self._package.referred(self._main, entry.get(f"{R}id"))
            self._slides.begin(is_hidden=slide is not None and not says_on(slide.root.get("show", "1")))
            if slide is not None:
                self._take_slide(slide)
        return self._slides

    def _names(self) -> dict[str, str]:
        found = [self._package.related(self._main, kind) for kind in ("commentAuthors", "authors")]
        return {
            author.get("id", ""): author.get("name", "").strip()
            for part in found
            if part is not None
            for author in part.root
        }

    def _take_slide(self, slide: Part) -> None:
        writer = _SlideWriter(self._package, slide, self._layers(slide), self._slides, self._size())
        writer.write()
        for kind in ("comments", "comment"):
            for comment in self._comments(slide, kind):
                self._slides.add_remark(*comment)
        notes = self._package.related(slide, "notesSlide")
        if notes is not None:
            self._slides.add_notes(list(_notes(notes)))

    def _size(self) -> tuple[int, int]:
        """Width and height of the slides, in English metric units as all places on them are; 0 where it is not said."""
        size = self._main.root.find(f"{P}sldSz")
        return (0, 0) if size is None else (count(size, "cx"), count(size, "cy"))

    def _layers(self, slide: Part) -> list[_Element]:
        """The slide's layout and its master: what placeholders inherit from."""
        name = next(iter(slide.by_kind.get("slideLayout", ())), "")
        if name not in self._layouts:
            layout = self._package.related(slide, "slideLayout")
            master = self._package.related(layout, "slideMaster") if layout else None
            self._layouts[name] = [part.root for part in (layout, master) if part is not None]
        return self._layouts[name]

    def _comments(self, slide: Part, kind: str) -> Iterator[tuple[str, str]]:
        part = self._package.related(slide, kind)
        for comment in () if part is None else part.root.iter(f"{P}cm", f"{_MODERN}cm", f"{_MODERN}reply"):
            author = self._authors.get(comment.get("authorId", ""), "")
            body = comment.find(f"{_MODERN}txBody")
            text = comment.findtext(f"{P}text") or "" if body is None else flat(body.iter(f"{A}p"))
            yield f"Comment by {author}" if author else "Comment", text


def _notes(notes: Part) -> Iterator[Line]:
    """What stands on the page of a slide's notes, but for the picture of the slide, headers and footers."""
    for tree in notes.root.iterfind(f"{P}cSld/{P}spTree"):
        for shape in shapes(tree):
            if kind_of(shape) not in _AROUND:
                yield from (Line(text_of(paragraph)) for paragraph in shape.iter(f"{A}p"))


class _SlideWriter:
    """Writes down the shapes of one slide."""

    def __init__(
        self, package: Package, slide: Part, layers: Sequence[_Element], slides: Slides, size: tuple[int, int]
    ) -> None:
        self._package = package
        self._slide = slide
        self._layers = layers
        self._slides = slides
        self._size = size

    def write(self) -> None:
        tree = self._slide.root.find(f"{P}cSld/{P}spTree")
        found = [] if tree is None else [shape_of(shape, self._layers) for shape in shapes(tree)]
        if all(self._size) and self._slide.root.find(f".//{P}animMotion") is None:
            # Nothing moves onto the slide.
            found = [shape for shape in found if not is_out_of_sight(shape, *self._size)]
        titles = [shape for shape in found if shape.kind in _TITLES]
        for shape in titles:
            self._slides.add_title(flat(shape.element.iterfind(f"{P}txBody/{A}p")))
        held = [shape for shape in found if shape.kind is not None and shape not in titles]
        free = [shape for shape in found if shape.kind is None]
        for group in (held, free):
            for shape in in_reading_order([(shape.place, shape) for shape in group]):
                self._take(shape)

    def _take(self, shape: Shape) -> None:
        element = shape.element
        if shape.kind in _AROUND:
            return
        if element.tag == f"{P}grpSp":
            parts = [shape_of(part, self._layers) for part in shapes(element)]
            for child in in_reading_order([(part.place, part) for part in parts]):
                self._take(child)
        elif element.tag == f"{P}graphicFrame":
            self._take_graphic(element)
        elif text := list(lines(shape)):
            self._slides.add_lines(text)
            return
        self._slides.add_remark("Picture", _description(element))

    def _take_graphic(self, frame: _Element) -> None:
        for table in frame.iter(f"{A}tbl"):
            self._slides.add_table([list(map(_cell, _cells(row))) for row in table.iterfind(f"{A}tr")])
        for reference in frame.iter(f"{C}chart"):
            part = self._package.referred(self._slide, reference.get(f"{R}id"))
            if part is not None:
                chart = chart_of(part.root)
                self._slides.add_table([[Cell(text) for text in row] for row in chart.rows], caption=chart.title)
        for reference in frame.iter(f"{DGM}relIds"):
            part = self._package.referred(self._slide, reference.get(f"{R}dm"))
            if part is not None:
                self._slides.add_lines(Line(text, "-", depth) for depth, text in diagram_items(part.root))


def _cells(row: _Element) -> Iterator[_Element]:
    return (cell for cell in row.iterfind(f"{A}tc") if not says_on(cell.get("hMerge", "0")))


def _cell(cell: _Element) -> Cell:
    text = flat(cell.iterfind(f"{A}txBody/{A}p"))
    return Cell(text, count(cell, "gridSpan") or 1, says_on(cell.get("vMerge", "0")))


def _description(shape: _Element) -> str:
    about = shape.find(f"*/{P}cNvPr")
    if about is None or any(says_on(mark.get("val", "1")) for mark in about.iter(_DECORATIVE)):
        return ""
    return picture_says(about.get("descr", ""))

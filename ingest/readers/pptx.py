"""Reads PowerPoint presentations: what is on each slide, its notes and comments, nothing of masters and layouts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lxml.etree import _Element

from ingest.readers.cells import Cell
from ingest.readers.docx_styles import says_on
from ingest.readers.drawings import DGM, MC, A, C, R, chart_of, chosen, diagram_items, picture_says
from ingest.readers.equations import linear
from ingest.readers.numerals import numeral
from ingest.readers.office_archive import Package, Part
from ingest.readers.slides import Line, Placed, Slides, in_reading_order
from ingest.readers.source_file import SourceFile, make_document
from kb.types import Document

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_MODERN = "{http://schemas.microsoft.com/office/powerpoint/2018/8/main}"
_MATH = "{http://schemas.microsoft.com/office/drawing/2010/main}m"
_DECORATIVE = "{http://schemas.microsoft.com/office/drawing/2017/decorative}decorative"
_SHAPES = frozenset(f"{_P}{name}" for name in ("sp", "grpSp", "graphicFrame", "pic"))
_TITLES = frozenset({"title", "ctrTitle"})
_AROUND = frozenset({"dt", "ftr", "hdr", "sldNum", "sldImg"})
_LIKE = {"ctrTitle": "title", "subTitle": "body", "obj": "body"}
"""Placeholders that follow those of another kind on the master."""
_MASTER_TEXT = {"title": "titleStyle", "body": "bodyStyle"}
_BULLETS = frozenset(f"{A}{name}" for name in ("buNone", "buChar", "buAutoNum", "buBlip"))
_COUNTING = ("slidenum", "datetime")
_COUNTED = {
    "arabic": "decimal",
    "alphaLc": "lowerLetter",
    "alphaUc": "upperLetter",
    "romanLc": "lowerRoman",
    "romanUc": "upperRoman",
}
_SCHEME = re.compile(r"(arabic|alphaLc|alphaUc|romanLc|romanUc)(Period|ParenR|ParenBoth|Plain)")
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

    def read(self) -> Slides:
        for entry in self._main.root.iterfind(f"{_P}sldIdLst/{_P}sldId"):
            self._file.page()
            self._slides.begin()
            slide = self._package.referred(self._main, entry.get(f"{R}id"))
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
        writer = _SlideWriter(self._package, slide, self._layers(slide), self._slides)
        writer.write()
        for kind in ("comments", "comment"):
            for comment in self._comments(slide, kind):
                self._slides.add_remark(*comment)
        notes = self._package.related(slide, "notesSlide")
        if notes is not None:
            self._slides.add_notes(list(_notes(notes)))

    def _layers(self, slide: Part) -> list[_Element]:
        """The slide's layout and its master: what placeholders inherit from."""
        layout = self._package.related(slide, "slideLayout")
        master = self._package.related(layout, "slideMaster") if layout else None
        return [part.root for part in (layout, master) if part is not None]

    def _comments(self, slide: Part, kind: str) -> Iterator[tuple[str, str]]:
        part = self._package.related(slide, kind)
        for comment in () if part is None else part.root.iter(f"{_P}cm", f"{_MODERN}cm", f"{_MODERN}reply"):
            author = self._authors.get(comment.get("authorId", ""), "")
            body = comment.find(f"{_MODERN}txBody")
            text = comment.findtext(f"{_P}text") or "" if body is None else _flat(body.iter(f"{A}p"))
            yield f"Comment by {author}" if author else "Comment", text


def _notes(notes: Part) -> Iterator[Line]:
    for shape in notes.root.iter(f"{_P}sp"):
        if _kind(shape) == "body":
            yield from (Line(_text(paragraph)) for paragraph in shape.iterfind(f"{_P}txBody/{A}p"))


@dataclass(frozen=True, slots=True)
class _Shape:
    """A shape with those that it inherits from, its likes on the layout and the master, and the styles of its text."""

    element: _Element
    above: Sequence[_Element] = ()
    styles: Sequence[_Element] = ()

    @property
    def kind(self) -> str | None:
        """The kind of placeholder that it is, None where it is none."""
        return _kind(self.element)

    @property
    def place(self) -> Placed:
        for shape in (self.element, *self.above):
            for frame in (*shape.iterfind(f"*/{A}xfrm"), *shape.iterfind(f"{_P}xfrm")):
                offset, extent = frame.find(f"{A}off"), frame.find(f"{A}ext")
                if offset is not None and extent is not None:
                    return Placed(_count(offset, "y"), _count(offset, "x"), _count(extent, "cy"))
        return Placed(0, 0, 0)

    def bullet(self, paragraph: _Element, level: int) -> _Element | None:
        """The element that says which sign or number stands before a paragraph, None where none does."""
        own = paragraph.find(f"{A}pPr")
        inherited = (style.find(f"{A}lvl{level + 1}pPr") for style in self.styles)
        signs = (sign for about in (own, *inherited) if about is not None for sign in about if sign.tag in _BULLETS)
        return next(signs, None)


class _SlideWriter:
    """Writes down the shapes of one slide."""

    def __init__(self, package: Package, slide: Part, layers: Sequence[_Element], slides: Slides) -> None:
        self._package = package
        self._slide = slide
        self._layers = layers
        self._slides = slides

    def write(self) -> None:
        tree = self._slide.root.find(f"{_P}cSld/{_P}spTree")
        shapes = [] if tree is None else [self._inheriting(shape) for shape in _shapes(tree)]
        titles = [shape for shape in shapes if shape.kind in _TITLES]
        for shape in titles:
            self._slides.add_title(_flat(shape.element.iterfind(f"{_P}txBody/{A}p")))
        held = [shape for shape in shapes if shape.kind is not None and shape not in titles]
        free = [shape for shape in shapes if shape.kind is None]
        for group in (held, free):
            for shape in in_reading_order([(shape.place, shape) for shape in group]):
                self._take(shape)

    def _inheriting(self, element: _Element) -> _Shape:
        """A shape with its likes: on the layout by index, or else by kind, on the master by kind."""
        own = list(element.iterfind(f"{_P}txBody/{A}lstStyle"))
        kind, index = _kind(element), _index(element)
        if kind is None:
            return _Shape(element, styles=own)
        above: list[_Element] = []
        for layer in self._layers:
            likes = [like for like in layer.iter(f"{_P}sp") if _kind(like) is not None]
            exact = [like for like in likes if index and _index(like) == index and layer is self._layers[0]]
            alike = [like for like in likes if _family(_kind(like)) == _family(kind)]
            for found in (exact or alike)[:1]:
                above.append(found)
                kind = _kind(found)
        lists = [style for like in above for style in like.iterfind(f"{_P}txBody/{A}lstStyle")]
        name = f"{_P}txStyles/{_P}{_MASTER_TEXT.get(_family(kind), 'otherStyle')}"
        of_master = [style for layer in self._layers for style in layer.iterfind(name)]
        return _Shape(element, above, [*own, *lists, *of_master])

    def _take(self, shape: _Shape) -> None:
        element = shape.element
        if shape.kind in _AROUND:
            return
        if element.tag == f"{_P}grpSp":
            for child in in_reading_order([(part.place, part) for part in map(_Shape, _shapes(element))]):
                self._take(child)
        elif element.tag == f"{_P}graphicFrame":
            self._take_graphic(element)
        elif lines := list(_lines(shape)):
            self._slides.add_lines(lines)
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


def _shapes(parent: _Element) -> Iterator[_Element]:
    for child in parent:
        if child.tag in _SHAPES:
            yield child
        elif child.tag == f"{MC}AlternateContent" and (shown := chosen(child)) is not None:
            yield from _shapes(shown)


def _kind(shape: _Element) -> str | None:
    placeholder = shape.find(f"*/{_P}nvPr/{_P}ph")
    return None if placeholder is None else placeholder.get("type", "obj")


def _index(shape: _Element) -> str:
    placeholder = shape.find(f"*/{_P}nvPr/{_P}ph")
    return "" if placeholder is None else placeholder.get("idx", "")


def _family(kind: str | None) -> str:
    return _LIKE.get(kind or "", kind or "")


def _count(element: _Element, name: str) -> int:
    try:
        return int(element.get(name, "0"))
    except ValueError:
        return 0


def _lines(shape: _Shape) -> Iterator[Line]:
    """The paragraphs of a shape, with the signs and numbers that stand before them."""
    numbers: dict[int, int] = {}
    for paragraph in shape.element.iterfind(f"{_P}txBody/{A}p"):
        text = _text(paragraph).strip()
        if not text:
            continue
        about = paragraph.find(f"{A}pPr")
        level = 0 if about is None else _count(about, "lvl")
        bullet = shape.bullet(paragraph, level)
        numbers = {above: number for above, number in numbers.items() if above <= level}
        if bullet is not None and bullet.tag == f"{A}buAutoNum":
            numbers[level] = numbers.get(level, (_count(bullet, "startAt") or 1) - 1) + 1
            yield Line(text, _number(numbers[level], bullet.get("type", "")), level)
            continue
        numbers.pop(level, None)
        yield Line(text) if bullet is None or bullet.tag == f"{A}buNone" else Line(text, "-", level)


def _number(number: int, scheme: str) -> str:
    known = _SCHEME.fullmatch(scheme)
    if known is None:
        return f"{number}."
    digits = numeral(number, _COUNTED[known.group(1)])
    return {"Period": f"{digits}.", "ParenR": f"{digits})", "ParenBoth": f"({digits})", "Plain": digits}[known.group(2)]


def _text(paragraph: _Element) -> str:
    """The text of a paragraph without the fields that number and date slides."""
    pieces = []
    for child in paragraph:
        if child.tag == f"{A}r" or (child.tag == f"{A}fld" and not child.get("type", "").startswith(_COUNTING)):
            pieces.append(child.findtext(f"{A}t") or "")
        elif child.tag == f"{A}br":
            pieces.append("\n")
        elif child.tag == _MATH:
            pieces.append(linear(child))
        elif child.tag == f"{MC}AlternateContent" and (shown := chosen(child)) is not None:
            pieces.append(_text(shown))
    return "".join(pieces)


def _flat(paragraphs: Iterable[_Element]) -> str:
    return " ".join(" ".join(map(_text, paragraphs)).split())


def _cells(row: _Element) -> Iterator[_Element]:
    return (cell for cell in row.iterfind(f"{A}tc") if not says_on(cell.get("hMerge", "0")))


def _cell(cell: _Element) -> Cell:
    text = _flat(cell.iterfind(f"{A}txBody/{A}p"))
    return Cell(text, _count(cell, "gridSpan") or 1, says_on(cell.get("vMerge", "0")))


def _description(shape: _Element) -> str:
    about = shape.find(f"*/{_P}cNvPr")
    if about is None or any(says_on(mark.get("val", "1")) for mark in about.iter(_DECORATIVE)):
        return ""
    return picture_says(about.get("descr", ""))

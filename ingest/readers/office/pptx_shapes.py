"""The shapes of a PowerPoint slide with what they inherit from its layout and master, and their text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lxml.etree import _Element

from ingest.readers.office.docx_styles import says_on
from ingest.readers.office.drawings import MC, A, shown
from ingest.readers.office.equations import linear
from ingest.readers.office.numerals import numeral
from ingest.readers.office.slides import Line, Placed

P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_MATH = "{http://schemas.microsoft.com/office/drawing/2010/main}m"
_SHAPES = frozenset(f"{P}{name}" for name in ("sp", "grpSp", "graphicFrame", "pic"))
_AROUND_NAME = re.compile(r"(?:Header|Footer|Date|Slide Number) Placeholder \d+")
"""What PowerPoint calls them; LibreOffice's conversions keep the name and nothing else of what they are."""
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
_UNREADABLE = 150
"""Hundredths of a point: letters of this size are a line."""
_SCHEME = re.compile(r"(arabic|alphaLc|alphaUc|romanLc|romanUc)(Period|ParenR|ParenBoth|Plain)")


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape with those that it inherits from, its likes on the layout and the master, and the styles of its text."""

    element: _Element
    above: Sequence[_Element] = ()
    styles: Sequence[_Element] = ()

    @property
    def kind(self) -> str | None:
        return kind_of(self.element)

    @property
    def place(self) -> Placed:
        for shape in (self.element, *self.above):
            for frame in (*shape.iterfind(f"*/{A}xfrm"), *shape.iterfind(f"{P}xfrm")):
                offset, extent = frame.find(f"{A}off"), frame.find(f"{A}ext")
                if offset is not None and extent is not None:
                    return Placed(count(offset, "y"), count(offset, "x"), count(extent, "cy"), count(extent, "cx"))
        return Placed(0, 0, 0)

    def bullet(self, paragraph: _Element, level: int) -> _Element | None:
        """The element that says which sign or number stands before a paragraph, None where none does."""
        own = paragraph.find(f"{A}pPr")
        inherited = (style.find(f"{A}lvl{level + 1}pPr") for style in self.styles)
        signs = (sign for about in (own, *inherited) if about is not None for sign in about if sign.tag in _BULLETS)
        return next(signs, None)


def shape_of(element: _Element, layers: Sequence[_Element]) -> Shape:
    """A shape with its likes on `layers`, a layout and its master: on the layout by index, or else by kind."""
    own = list(element.iterfind(f"{P}txBody/{A}lstStyle"))
    kind, index = kind_of(element), _index(element)
    if kind is None:
        return Shape(element, styles=own)
    above: list[_Element] = []
    for layer in layers:
        likes = [like for like in layer.iter(f"{P}sp") if kind_of(like) is not None]
        exact = [like for like in likes if index and _index(like) == index and layer is layers[0]]
        alike = [like for like in likes if _family(kind_of(like)) == _family(kind)]
        for found in (exact or alike)[:1]:
            above.append(found)
            kind = kind_of(found)
    lists = [style for like in above for style in like.iterfind(f"{P}txBody/{A}lstStyle")]
    name = f"{P}txStyles/{P}{_MASTER_TEXT.get(_family(kind), 'otherStyle')}"
    of_master = [style for layer in layers for style in layer.iterfind(name)]
    return Shape(element, above, [*own, *lists, *of_master])


def shapes(parent: Iterable[_Element]) -> Iterator[_Element]:
    for child in parent:
        if child.tag in _SHAPES:
            yield child
        elif child.tag == f"{MC}AlternateContent":
            yield from shapes(shown(child))


def kind_of(shape: _Element) -> str | None:
    """The kind of placeholder that a shape is, None where it is none."""
    placeholder = shape.find(f"*/{P}nvPr/{P}ph")
    if placeholder is not None:
        return placeholder.get("type", "obj")
    about = shape.find(f"*/{P}cNvPr")
    return "ftr" if about is not None and _AROUND_NAME.fullmatch(about.get("name", "")) else None


def _index(shape: _Element) -> str:
    placeholder = shape.find(f"*/{P}nvPr/{P}ph")
    return "" if placeholder is None else placeholder.get("idx", "")


def _family(kind: str | None) -> str:
    return _LIKE.get(kind or "", kind or "")


def count(element: _Element, name: str) -> int:
    try:
        return int(element.get(name, "0"))
    except ValueError:
        return 0


def lines(shape: Shape) -> Iterator[Line]:
    """The paragraphs of a shape, with the signs and numbers that stand before them."""
    numbers: dict[int, int] = {}
    for paragraph in shape.element.iterfind(f"{P}txBody/{A}p"):
        text = text_of(paragraph).strip()
        if not text:
            continue
        about = paragraph.find(f"{A}pPr")
        level = 0 if about is None else count(about, "lvl")
        bullet = shape.bullet(paragraph, level)
        numbers = {above: number for above, number in numbers.items() if above <= level}
        if bullet is not None and bullet.tag == f"{A}buAutoNum":
            numbers[level] = numbers.get(level, (count(bullet, "startAt") or 1) - 1) + 1
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


def text_of(paragraph: Iterable[_Element]) -> str:
    """The text of a paragraph without the fields that number and date slides."""
    pieces = []
    for child in paragraph:
        if _is_too_small(child):
            continue
        if child.tag == f"{A}r" or (child.tag == f"{A}fld" and not child.get("type", "").startswith(_COUNTING)):
            pieces.append(child.findtext(f"{A}t") or "")
        elif child.tag == f"{A}br":
            pieces.append("\n")
        elif child.tag == _MATH:
            pieces.append(linear(child))
        elif child.tag == f"{MC}AlternateContent":
            pieces.append(text_of(shown(child)))
    return "".join(pieces)


def _is_too_small(run: _Element) -> bool:
    about = run.find(f"{A}rPr")
    return about is not None and 0 < count(about, "sz") <= _UNREADABLE


def is_out_of_sight(shape: Shape, width: int, height: int) -> bool:
    """Whether a shape was hidden, or lies beside a slide of this size."""
    about = shape.element.find(f"*/{P}cNvPr")
    if about is not None and says_on(about.get("hidden", "0")):
        return True
    place = shape.place
    if not (place.width or place.height):
        return False
    is_beside = place.left >= width or place.left + place.width <= 0
    return is_beside or place.top >= height or place.top + place.height <= 0


def flat(paragraphs: Iterable[_Element]) -> str:
    return " ".join(" ".join(map(text_of, paragraphs)).split())

"""The parts of an XLSX file and how they refer to each other; what is common to all sheets: words and styles."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from zipfile import ZipFile

from lxml import etree
from lxml.etree import _Element

from ingest.readers.sheets.number_formats import BUILT_IN, GENERAL
from ingest.readers.sheets.workbook import DAMAGE, Style
from ingest.readers.source_file import in_utc

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_UNREADABLE = 1.5
"""Points: letters of this size are a line."""
_WHITE_INDICES = frozenset({"1", "9"})
"""The indices that stand for white (ECMA-376, 18.8.27); of a theme's colours it is the first."""
_TRUE = frozenset({"1", "true", "on"})


@dataclass(frozen=True, slots=True)
class Link:
    """A reference from one part to another; `kind` is the last word of the relationship's type."""

    kind: str
    target: str


@dataclass(frozen=True, slots=True)
class Package:
    archive: ZipFile
    _names: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Some programs write names in other letters than they refer to them by, or with backslashes.
        self._names.update((_folded(name), name) for name in self.archive.namelist())

    def links(self, part: str) -> dict[str, Link]:
        """What a part refers to, by the id of the reference; the package itself is the part ""."""
        folder, name = posixpath.split(part)
        found = {}
        for link in self.elements(posixpath.join(folder, "_rels", f"{name}.rels"), "Relationship"):
            if link.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, link.get("Target", "").replace("\\", "/")))
                found[link.get("Id", "")] = Link(link.get("Type", "").rsplit("/", 1)[-1], target.lstrip("/"))
        return found

    def linked(self, part: str, kind: str) -> list[str]:
        """The parts of a kind that a part refers to."""
        return [link.target for link in self.links(part).values() if link.kind == kind]

    def has(self, part: str) -> bool:
        return _folded(part) in self._names

    def content(self, part: str) -> bytes:
        """A part whole, nothing where there is no such part."""
        return self.archive.read(self._names[_folded(part)]) if self.has(part) else b""

    def elements(self, part: str, *names: str) -> Iterator[_Element]:
        """The elements of these names in document order, each whole when it comes; none where there is no such part.

        What has been gone through is dropped, so that a part of any size takes little memory.
        """
        if not self.has(part):
            return
        with self.archive.open(self._names[_folded(part)]) as stream:
            tags = [f"{{*}}{name}" for name in names]
            for _, element in etree.iterparse(
                stream, tag=tags, resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
            ):
                yield element
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]


def _folded(name: str) -> str:
    return name.replace("\\", "/").lower()


def is_true(value: str | None) -> bool:
    return value in _TRUE


def reference(element: _Element) -> str:
    """The id by which an element refers to another part, "" where it does not."""
    return next((str(value) for name, value in element.attrib.items() if str(name).endswith("}id")), "")


def words(element: _Element) -> str:
    """The text of a string, with all its runs, without the pronunciation."""
    text = "".join(t.text or "" for t in element.iter("{*}t") if next(t.iterancestors("{*}rPh"), None) is None)
    return unescaped(text)


def unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def properties(package: Package) -> tuple[str, datetime | None]:
    """The title of a workbook, and when it was changed, as far as they can be read."""
    title, modified = "", None
    with suppress(*DAMAGE):
        for part in package.linked("", "core-properties"):
            for element in package.elements(part, "title", "modified"):
                if element.tag.endswith("}title"):
                    title = element.text or ""
                else:
                    modified = in_utc(datetime.fromisoformat(element.text or ""))
    return title, modified


def shared_words(package: Package, workbook: str) -> list[str]:
    return [words(item) for part in package.linked(workbook, "sharedStrings") for item in package.elements(part, "si")]


def styles(package: Package, workbook: str) -> Sequence[Style]:
    """How cells are shown, in the order by which they refer to it."""
    codes = dict(BUILT_IN)
    fonts: list[_Font] = []
    filled: list[bool] = []
    found: list[Style] = []
    for part in package.linked(workbook, "styles"):
        for element in package.elements(part, "numFmts", "fonts", "fills", "cellXfs"):
            if element.tag.endswith("}numFmts"):
                codes.update((int(code.get("numFmtId", 0)), code.get("formatCode", GENERAL)) for code in element)
            elif element.tag.endswith("}fonts"):
                fonts = [_font(font) for font in element]
            elif element.tag.endswith("}fills"):
                filled = [_is_filled(fill) for fill in element]
            else:
                found = [_style(format_, codes, fonts, filled) for format_ in element]
    return found


class _Font(NamedTuple):
    is_bold: bool = False
    is_white: bool = False
    is_tiny: bool = False


def _font(font: _Element) -> _Font:
    sizes = [float(size.get("val", 11)) for size in font.iterchildren("{*}sz")]
    return _Font(
        is_bold=any(is_true(bold.get("val", "1")) for bold in font.iterchildren("{*}b")),
        is_white=any(map(_is_white, font.iterchildren("{*}color"))),
        is_tiny=any(size <= _UNREADABLE for size in sizes),
    )


def _is_white(colour: _Element) -> bool:
    if colour.get("tint"):
        return False
    if colour.get("rgb", "").upper()[-6:] == "FFFFFF" or colour.get("theme") == "0":
        return True
    return colour.get("indexed") in _WHITE_INDICES


def _is_filled(fill: _Element) -> bool:
    patterns = list(fill.iterchildren("{*}patternFill"))
    if not patterns:
        return len(fill) > 0
    return any(
        pattern.get("patternType", "none") != "none" and not any(map(_is_white, pattern.iterchildren("{*}fgColor")))
        for pattern in patterns
    )


def _style(format_: _Element, codes: dict[int, str], fonts: Sequence[_Font], filled: Sequence[bool]) -> Style:
    number, fill = int(format_.get("fontId", 0)), int(format_.get("fillId", 0))
    font = fonts[number] if number < len(fonts) else _Font()
    is_on_colour = fill < len(filled) and filled[fill]
    return Style(
        codes.get(int(format_.get("numFmtId", 0)), GENERAL),
        font.is_bold,
        is_unseen=font.is_tiny or (font.is_white and not is_on_colour),
    )

"""What OpenDocument texts and presentations have in common: the package, styles, numbers of lists, and inline text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from posixpath import normpath
from typing import NamedTuple

from lxml.etree import QName, _Element

from ingest.readers.office.cells import Cell
from ingest.readers.office.drawings import picture_says
from ingest.readers.office.equations import linear
from ingest.readers.office.flow import labelled
from ingest.readers.office.office_archive import OfficeArchive
from ingest.readers.office.opendocument_lists import CHART, DRAW, OFFICE, STYLE, TABLE, TEXT, ListNumbers, number
from ingest.readers.source_file import SourceFile, in_utc
from kb.errors import UnreadableFile

SVG = "{urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_CONTROL = "{urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0}content-control"
_PROMPTS = "{urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0}showing-place-holder"
_HREF = "{http://www.w3.org/1999/xlink}href"
_SIZE = "{urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0}font-size"
_TINY = re.compile(r"(?:0|0?\.\d+|1(?:\.[0-5]\d*)?)pt")
"""Letters of this size are a line."""
_ENCRYPTED = "encryption-data"
_SILENT = frozenset({
    f"{DRAW}control", f"{DRAW}glue-point", f"{OFFICE}annotation-end", f"{OFFICE}event-listeners", f"{SVG}desc",
    f"{SVG}title", f"{TEXT}hidden-paragraph", f"{TEXT}hidden-text", f"{TEXT}placeholder", f"{TEXT}ruby-text",
    f"{TEXT}tracked-changes",
})  # fmt: skip
_BLANKS = re.compile(r"[ \t\r\n]+")
_KEPT = str.maketrans({"\x01": "\t", "\x02": " ", "\x03": "\n"})
"""Stand for the white space that is meant, until the white space of the markup has been cut short."""
_MOST_BLANKS = 100
_MOST_REPEATED = 100


class Style(NamedTuple):
    """A style with what it inherits; `name` is that of the nearest one that people see."""

    name: str = ""
    is_caption: bool = False
    is_hidden: bool = False
    numbers: str | None = None
    """The list that gives its headings their numbers, None where that is the outline's."""


@dataclass(slots=True)
class Inline:
    """What is found in a paragraph: its text, and what comes after it."""

    pieces: list[str] = field(default_factory=list)
    boxes: list[_Element] = field(default_factory=list)
    charts: list[_Element] = field(default_factory=list)
    said: list[tuple[str, str]] = field(default_factory=list)
    """Notes, comments and pictures: what each is, and its text."""

    @property
    def text(self) -> str:
        return _BLANKS.sub(" ", "".join(self.pieces)).strip().translate(_KEPT).strip()


class OpenDocument:
    """A package with its content, its styles and what it says of itself."""

    def __init__(self, file: SourceFile, archive: OfficeArchive) -> None:
        self._archive = archive
        if _is_protected(archive):
            raise UnreadableFile(f"{file.name} is protected by a password; remove the password and ingest it again.")
        self.content = archive.xml("content.xml")
        self._meta = [archive.xml("meta.xml")] if "meta.xml" in archive else []
        named = [archive.xml("styles.xml")] if "styles.xml" in archive else []
        sections = [section for root in named for section in root.iterfind(f"{OFFICE}styles")]
        own = list(self.content.iterfind(f"{OFFICE}automatic-styles"))
        self._automatic = {_key(style) for section in own for style in section}
        self._styles = {_key(style): style for section in (*sections, *own) for style in section}
        self._resolved: dict[tuple[str, str], Style] = {}
        self.lists = ListNumbers([list_ for section in (*sections, *own) for list_ in section])

    @property
    def title(self) -> str:
        return self._said(f"{_DC}title")

    @property
    def modified(self) -> datetime | None:
        try:
            return in_utc(datetime.fromisoformat(self._said(f"{_DC}date")))
        except ValueError:
            return None

    def _said(self, tag: str) -> str:
        return next((found.text or "" for root in self._meta for found in root.iter(tag)), "").strip()

    def style(self, family: str, name: str | None) -> Style:
        key = family, name or ""
        element = self._styles.get(key)
        if element is None:
            return Style()
        if key not in self._resolved:
            # Entered before the parent is looked up, which may be itself.
            self._resolved[key] = Style()
            self._resolved[key] = self._inheriting(key, element)
        return self._resolved[key]

    def _inheriting(self, key: tuple[str, str], element: _Element) -> Style:
        parent = self.style(key[0], element.get(f"{STYLE}parent-style-name"))
        name = element.get(f"{STYLE}display-name") or key[1]
        letters = list(element.iterfind(f"{STYLE}text-properties"))
        displays = [about.get(f"{TEXT}display") for about in letters]
        is_tiny = key[0] == "text" and any(_TINY.fullmatch(about.get(_SIZE, "")) for about in letters)
        return Style(
            name=parent.name if key in self._automatic else name,
            is_caption=parent.is_caption or name.lower() == "caption",
            is_hidden=is_tiny or "none" in displays or (parent.is_hidden and not any(displays)),
            numbers=element.get(f"{STYLE}list-style-name", parent.numbers),
        )

    def inline(self, element: _Element, found: Inline | None = None) -> Inline:
        """What stands in a paragraph or heading."""
        into = Inline() if found is None else Inline([], found.boxes, found.charts, found.said)
        if not self.style("paragraph", element.get(f"{TEXT}style-name")).is_hidden:
            self._collect(element, into)
        return into

    def plain(self, element: _Element) -> str:
        """All paragraphs within an element on one line."""
        paragraphs = element.iter(f"{TEXT}p", f"{TEXT}h")
        return " ".join(" ".join(self.inline(paragraph).text for paragraph in paragraphs).split())

    def look_into(self, drawing: _Element, found: Inline) -> None:
        """Finds what a drawing says: text boxes, charts, equations, and what a picture is said to show."""
        before = len(found.boxes), len(found.charts), len(found.pieces)
        if drawing.find(f"{TEXT}p") is not None or drawing.find(f"{TEXT}list") is not None:
            found.boxes.append(drawing)
        for child in drawing:
            if child.tag == f"{DRAW}text-box":
                found.boxes.append(child)
            elif child.tag == f"{DRAW}object":
                self._take_object(child, found)
            elif str(child.tag).startswith(DRAW):
                self.look_into(child, found)
        if before == (len(found.boxes), len(found.charts), len(found.pieces)):
            said = drawing.findtext(f"{SVG}desc") or drawing.findtext(f"{SVG}title") or ""
            found.said.append(("Picture", picture_says(said)))

    def cells(self, table: _Element, found: Inline) -> tuple[list[list[Cell]], int]:
        """The rows of a table, and how many of them head its columns; `found` takes what stands there besides text."""
        rows: list[list[Cell]] = []
        lower: dict[int, tuple[int, int]] = {}
        header_rows = 0
        for row in _table_rows(table):
            parent = row.getparent()
            header_rows += parent is not None and parent.tag == f"{TABLE}table-header-rows"
            cells = list(self._row(row, lower, found))
            rows.extend([cells] * min(number(row, f"{TABLE}number-rows-repeated", 1), _MOST_REPEATED))
        return rows, header_rows

    def _row(self, row: _Element, lower: dict[int, tuple[int, int]], found: Inline) -> Iterator[Cell]:
        """The cells of a row; `lower` says for a column how many rows, and columns, a cell above still covers."""
        column = 0
        for cell in row:
            covered = cell.tag == f"{TABLE}covered-table-cell"
            if not covered and cell.tag != f"{TABLE}table-cell":
                continue
            text = "" if covered else self._cell_text(cell, found)
            for _ in range(min(number(cell, f"{TABLE}number-columns-repeated", 1), _MOST_REPEATED)):
                rows, columns = lower.pop(column, (0, 1))
                if not covered:
                    rows = number(cell, f"{TABLE}number-rows-spanned", 1)
                    columns = number(cell, f"{TABLE}number-columns-spanned", 1)
                if rows > 1:
                    lower[column] = rows - 1, columns
                if not covered or rows:
                    yield Cell(text, columns, covered)
                column += 1

    def _cell_text(self, cell: _Element, found: Inline) -> str:
        texts = []
        for child in cell:
            if child.tag in (f"{TEXT}p", f"{TEXT}h"):
                texts.append(self.inline(child, found).text)
            elif child.tag == f"{TABLE}table":
                found.boxes.append(child)
            elif child.tag == f"{TEXT}list":
                items = self.lists.items(child)
                texts.extend(labelled(item.label, self.inline(item.element, found).text) for item in items)
            elif isinstance(child.tag, str):
                texts.append(self.plain(child))
        return " ".join(filter(None, texts))

    def _take_object(self, reference: _Element, found: Inline) -> None:
        name = f"{normpath(reference.get(_HREF, '')).lstrip('/')}/content.xml"
        if name not in self._archive:
            return
        root = self._archive.xml(name)
        if QName(root).localname == "math":
            found.pieces.append(linear(root))
        found.charts.extend(root.iter(f"{CHART}chart"))

    def _collect(self, element: _Element, found: Inline) -> None:
        found.pieces.append(element.text or "")
        for child in element:
            if isinstance(child.tag, str) and child.tag not in _SILENT and child.get(_PROMPTS) != "true":
                self._take(child, found)
            found.pieces.append(child.tail or "")

    def _take(self, child: _Element, found: Inline) -> None:
        if child.tag == f"{TEXT}s":
            found.pieces.append("\x02" * min(number(child, f"{TEXT}c", 1), _MOST_BLANKS))
        elif child.tag == f"{TEXT}tab":
            found.pieces.append("\x01")
        elif child.tag == f"{TEXT}line-break":
            found.pieces.append("\x03")
        elif child.tag == f"{TEXT}note":
            found.said.append(self._note(child))
        elif child.tag == f"{OFFICE}annotation":
            found.said.append(self.comment(child))
        elif child.tag.startswith(DRAW):
            self.look_into(child, found)
        elif not self.style("text", child.get(f"{TEXT}style-name")).is_hidden:
            self._collect(child, found)

    def _note(self, note: _Element) -> tuple[str, str]:
        kind = note.get(f"{TEXT}note-class", "footnote").title()
        sign = (note.findtext(f"{TEXT}note-citation") or "").strip()
        body = note.find(f"{TEXT}note-body")
        return f"{kind} {sign}".strip(), "" if body is None else self.plain(body)

    def comment(self, annotation: _Element) -> tuple[str, str]:
        author = (annotation.findtext(f"{_DC}creator") or "").strip()
        return f"Comment by {author}" if author else "Comment", self.plain(annotation)


def _key(style: _Element) -> tuple[str, str]:
    return style.get(f"{STYLE}family", ""), style.get(f"{STYLE}name", "")


def _is_protected(archive: OfficeArchive) -> bool:
    """Whether the content is encrypted: entry by entry, or since 2024 as one package within the package."""
    if "encrypted-package" in archive:
        return True
    if "META-INF/manifest.xml" not in archive:
        return False
    return any(QName(element).localname == _ENCRYPTED for element in archive.xml("META-INF/manifest.xml").iter("{*}*"))


def _table_rows(table: _Element) -> Sequence[_Element]:
    """The rows of a table, those in groups and among its headers included, those of tables within it not."""
    rows: list[_Element] = []
    for child in table:
        if child.tag == f"{TABLE}table-row":
            rows.append(child)
        elif child.tag in (f"{TABLE}table-header-rows", f"{TABLE}table-rows", f"{TABLE}table-row-group"):
            rows.extend(_table_rows(child))
    return rows

"""Reads Word documents: paragraphs, lists and tables in the order of the body, headings by their style."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zipfile import BadZipFile

from lxml.etree import XMLSyntaxError, _Element

from ingest.readers.source_file import SourceFile, in_utc, make_document, opened_zip
from ingest.readers.structure import StructuredText
from kb.errors import UnreadableFile
from kb.types import Document

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_HEADING_STYLE = re.compile(r"heading (\d)", re.IGNORECASE)
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_WRAPPERS = frozenset({f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins", f"{_W}customXml"})
_SPACES = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}


@dataclass(frozen=True, slots=True)
class DocxReader:
    def read(self, file: SourceFile) -> Iterator[Document]:
        word = _opened(file)
        written = _Body(word).written()
        yield make_document(
            file,
            text=written.text,
            title=word.core_properties.title,
            media_type=MEDIA_TYPE,
            modified=in_utc(word.core_properties.modified),
            marks=written.marks,
            blocks=written.blocks,
        )


def _opened(file: SourceFile) -> WordDocument:
    import docx
    from docx.opc.exceptions import OpcError

    opened_zip(file).close()
    try:
        with file.open() as stream:
            return docx.Document(stream)
    except (OpcError, BadZipFile, XMLSyntaxError, KeyError, ValueError) as error:
        raise UnreadableFile(f"{file.name} is damaged or no Word document; save it again as .docx.") from error


class _Body:
    """Writes down the body of one Word document; list items wait until their list ends."""

    def __init__(self, word: WordDocument) -> None:
        self._body = word.element.body
        self._styles = {style.style_id: style.name or "" for style in word.styles}
        self._text = StructuredText()
        self._items: list[str] = []

    def written(self) -> StructuredText:
        for element in _children(self._body, "p", "tbl"):
            if element.tag == f"{_W}p":
                self._take_paragraph(element)
            else:
                self._end_list()
                self._text.add_table(list(_rows(element)))
        self._end_list()
        return self._text

    def _take_paragraph(self, element: _Element) -> None:
        text = _text_of(element).strip()
        style = element.find(f"{_W}pPr/{_W}pStyle")
        name = self._styles.get(style.get(f"{_W}val", ""), "") if style is not None else ""
        heading = _HEADING_STYLE.match(name)
        if heading or name == "Title":
            self._end_list()
            self._text.add_heading(int(heading.group(1)) if heading else 1, text)
        elif text and (name.startswith("List") or element.find(f"{_W}pPr/{_W}numPr") is not None):
            self._items.append("- " + " ".join(text.split()))
        else:
            self._add("paragraph", text)

    def _add(self, kind: str, text: str) -> None:
        if text:
            self._end_list()
            self._text.add(kind, text)

    def _end_list(self) -> None:
        self._text.add("list", "\n".join(self._items))
        self._items.clear()


def _children(parent: _Element, *names: str) -> Iterator[_Element]:
    """The children of these names in order, those within content controls and revisions included."""
    for child in parent:
        if child.tag in [f"{_W}{name}" for name in names]:
            yield child
        elif child.tag in _WRAPPERS:
            yield from _children(child, *names)


def _rows(table: _Element) -> Iterator[list[str]]:
    for row in _children(table, "tr"):
        yield [" ".join(map(_text_of, cell.iter(f"{_W}p"))) for cell in _children(row, "tc")]


def _text_of(paragraph: _Element) -> str:
    """A paragraph's text as it stands: insertions and links included, deletions left out."""
    return "".join(_pieces(paragraph))


def _pieces(element: _Element) -> Iterator[str]:
    for child in element:
        if child.tag == f"{_W}t":
            yield child.text or ""
        elif child.tag in _SPACES and element.tag == f"{_W}r":
            yield _SPACES[child.tag]
        elif child.tag != _FALLBACK:
            yield from _pieces(child)

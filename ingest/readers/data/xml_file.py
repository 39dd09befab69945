"""Reads XML: feeds entry by entry, texts (DocBook, JATS, TEI and the like) by their blocks, data as JSON is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from ingest.readers.data.values import write_value
from ingest.readers.data.xml_text import is_prose, write_prose
from ingest.readers.data.xml_tree import local_name, text_of, xml_tree
from ingest.readers.source_file import SourceFile, make_document
from ingest.readers.structure import StructuredText
from ingest.readers.web.feed import is_feed, write_feed
from kb.errors import NothingToRead, UnreadableFile
from kb.types import Document

MEDIA_TYPE = "application/xml"


@dataclass(frozen=True, slots=True)
class XmlReader:
    def read(self, file: SourceFile) -> Iterator[Document]:
        content = file.read()
        if not content.strip():
            raise NothingToRead(f"{file.name} holds no text.")
        try:
            root = xml_tree(file.name, content)
        except (etree.XMLSyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None) or 1
            raise UnreadableFile(f"{file.name} is not well-formed XML: line {line} is wrong.") from error
        file.step()
        text = StructuredText()
        title = ""
        if is_feed(root):
            title = write_feed(root, text)
        elif is_prose(root):
            title = write_prose(root, text)
        else:
            write_value(_value(root), text)
        yield make_document(
            file, text=text.text, title=title, media_type=MEDIA_TYPE, marks=text.marks, blocks=text.blocks
        )


def _value(element: etree._Element) -> object:
    """An element of data as a value: its attributes and elements by name, those of the same name as an array."""
    found: dict[str, list[object]] = {}
    for name, value in element.attrib.items():
        found.setdefault(etree.QName(name).localname, []).append(value)
    has_prose = bool((element.text or "").strip()) and len(element)
    for inner in () if has_prose else element:
        found.setdefault(local_name(inner), []).append(_value(inner))
    text = text_of(element) if has_prose or not len(element) else ""
    if text and not found:
        return text
    if text:
        found.setdefault("text", []).append(text)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}

"""Reads plain text, and markup that is meant to be read as it is written: paragraphs below headings.

Places are named by their heading, and by their line where none stands above them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.readers.source_file import SourceFile, decoded, make_document, name_of
from ingest.readers.structure import HeadingPath, heading_mark
from ingest.readers.text.headings import Heading, headings, title_of
from ingest.readers.text.lines import line_marks, paragraphs
from kb.types import Block, Document


@dataclass(frozen=True, slots=True)
class PlainReader:
    def read(self, file: SourceFile) -> Iterator[Document]:
        text = decoded(file.name, file.read())
        found = headings(text, file.name)
        blocks = list(_blocks(text, found))
        marks = line_marks(text[: found[0].start] if found else text)
        marks.extend(heading_mark(block.start, block.headings) for block in blocks if block.kind == "heading")
        yield make_document(
            file,
            text=text,
            title=title_of(text, found) or name_of(file.name),
            media_type="text/plain",
            marks=marks,
            blocks=blocks,
        )


def _blocks(text: str, found: Sequence[Heading]) -> Iterator[Block]:
    path, end = HeadingPath(), 0
    for heading in found:
        yield from paragraphs(text, end, heading.start, path.names)
        yield Block(heading.start, heading.end, "heading", path.enter(heading.level, heading.name))
        end = heading.end
    yield from paragraphs(text, end, headings=path.names)

"""Reads plain text: paragraphs between blank lines, places named by their line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.readers.source_file import SourceFile, decoded, make_document, name_of
from kb.types import Anchor, Block, Document, Mark

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_PARAGRAPH = re.compile(r"[^\S\r\n]*\S[^\r\n]*(?:(?:\r\n|\r|\n)[^\S\r\n]*\S[^\r\n]*)*")


@dataclass(frozen=True, slots=True)
class PlainReader:
    def read(self, file: SourceFile) -> Iterator[Document]:
        text = decoded(file.name, file.read())
        yield make_document(
            file,
            text=text,
            title=name_of(file.name),
            media_type="text/plain",
            marks=line_marks(text),
            blocks=paragraphs(text),
        )


def line_marks(text: str) -> list[Mark]:
    """A mark at the start of each line that is not blank."""
    return [
        Mark(match.start(), Anchor("line", f"line {number}", number))
        for number, match in enumerate(_LINE.finditer(text), 1)
        if not match.group().isspace()
    ]


def paragraphs(text: str) -> list[Block]:
    return [Block(match.start(), match.end(), "paragraph") for match in _PARAGRAPH.finditer(text)]

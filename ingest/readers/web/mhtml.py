"""Reads web pages that were saved with their pictures in one file (MHTML): a page in the form of a mail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ingest.readers.encoding import decode
from ingest.readers.mail.eml import data_of, parsed_message
from ingest.readers.source_file import SourceFile
from ingest.readers.web.html import HtmlReader
from kb.errors import NothingToRead
from kb.types import Document


@dataclass(frozen=True, slots=True)
class MhtmlReader:
    def read(self, file: SourceFile) -> Iterator[Document]:
        parts = parsed_message(file.read()).walk()
        page = next((part for part in parts if part.get_content_type() == "text/html"), None)
        markup = decode(data_of(page), page.get_content_charset()) if page else None
        if not markup:
            raise NothingToRead(f"{file.name} holds no text.")
        yield from HtmlReader().read(replace(file, path=None, data=markup.encode()))

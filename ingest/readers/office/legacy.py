"""Reads the office formats from before 2007, which LibreOffice, where it is installed, turns into those of today."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ingest.readers.office.docx import DocxReader
from ingest.readers.office.libreoffice import converted
from ingest.readers.office.pptx import PptxReader
from ingest.readers.source_file import Found, Reader, SourceFile
from kb.types import Document


@dataclass(frozen=True, slots=True)
class DocReader:
    def read(self, file: SourceFile) -> Iterator[Found]:
        return _read(file, "doc", "docx", DocxReader(), "application/msword")


@dataclass(frozen=True, slots=True)
class PptReader:
    def read(self, file: SourceFile) -> Iterator[Found]:
        return _read(file, "ppt", "pptx", PptxReader(), "application/vnd.ms-powerpoint")


def _read(file: SourceFile, suffix: str, target: str, reader: Reader, kind: str) -> Iterator[Found]:
    """What `reader` finds in the converted file; source, name and hash stay the original's."""
    for found in reader.read(replace(file, path=None, data=converted(file, suffix, target))):
        yield replace(found, media_type=kind) if isinstance(found, Document) else found

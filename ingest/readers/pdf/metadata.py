"""What a PDF says about itself, by pypdf: title, time, outline, and whether its attachments are protected."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ingest.readers.pages.writing import OutlineItem
from ingest.readers.source_file import SourceFile, clean, in_utc

if TYPE_CHECKING:
    from pypdf import PdfReader

logger = logging.getLogger(__name__)

_NO_TITLE = re.compile(
    r"untitled|\(anonymous\)|(?:microsoft )?(?:word|powerpoint|excel) - |.*\.\w{2,4}$|[^\s]*[\d_][^\s]*$", re.IGNORECASE
)
_LETTERS = re.compile(r"[^\W\d_]{3}|[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True, slots=True)
class Metadata:
    title: str = ""
    modified: datetime | None = None
    outline: tuple[OutlineItem, ...] = ()
    protects_attachments: bool = False
    """The attachments ask for a password, which the pages do not."""


def metadata(file: SourceFile) -> Metadata:
    """Title, time and outline as far as the file tells them; PDFium reads the text of many files that pypdf refuses."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        with file.open() as stream, PdfReader(stream) as reader:
            protects_attachments = _protects_attachments(reader)
            if reader.is_encrypted and not reader.decrypt(""):
                return Metadata(protects_attachments=protects_attachments)
            about = reader.metadata
            title = str(about.title or "") if about else ""
            return Metadata(
                title="" if _NO_TITLE.match(title) or not _LETTERS.search(title) else title,
                modified=in_utc(about.modification_date if about else None),
                outline=tuple(_outline(reader)),
                protects_attachments=protects_attachments,
            )
    except (PyPdfError, OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        logger.info("the metadata of %s cannot be read: %r", file.source, error)
        return Metadata()


def _protects_attachments(reader: PdfReader) -> bool:
    """Whether embedded files are encrypted in another way than the rest: ISO 32000-2, 7.6.2, on EFF and StmF."""
    from pypdf.generic import DictionaryObject

    encryption = reader.trailer.get("/Encrypt")
    how = encryption.get_object() if encryption else None
    if not isinstance(how, DictionaryObject):
        return False
    of_streams = how.get("/StmF", "/Identity")
    return bool(how.get("/EFF", of_streams) != of_streams)


def _outline(reader: PdfReader) -> Iterator[OutlineItem]:
    from pypdf.generic import Destination

    waiting: list[tuple[int, object]] = [(1, item) for item in reversed(reader.outline)]
    while waiting:
        level, item = waiting.pop()
        if isinstance(item, list):
            waiting.extend((level + 1, part) for part in reversed(item))
        elif isinstance(item, Destination):
            index = reader.get_destination_page_number(item)
            title = " ".join(clean(item.title or "").split())
            if title and index is not None and index >= 0:
                top = item.top if isinstance(item.top, (int, float)) else None
                yield OutlineItem(index + 1, level, title, None if top is None else float(top))

"""What a PDF says about itself, by pypdf: title, time and outline."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ingest.readers.pdf.writing import OutlineItem
from ingest.readers.source_file import SourceFile, clean, in_utc

if TYPE_CHECKING:
    from pypdf import PdfReader

logger = logging.getLogger(__name__)

_NO_TITLE = re.compile(
    r"untitled|(?:microsoft )?(?:word|powerpoint|excel) - |.*\.\w{2,4}$|[^\s]*[\d_][^\s]*$", re.IGNORECASE
)
_LETTERS = re.compile(r"[^\W\d_]{3}|[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True, slots=True)
class Metadata:
    title: str = ""
    modified: datetime | None = None
    outline: tuple[OutlineItem, ...] = ()


def metadata(file: SourceFile) -> Metadata:
    """Title, time and outline as far as the file tells them; PDFium reads the text of many files that pypdf refuses."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        with file.open() as stream, PdfReader(stream) as reader:
            about = reader.metadata
            title = str(about.title or "") if about else ""
            return Metadata(
                title="" if _NO_TITLE.match(title) or not _LETTERS.search(title) else title,
                modified=in_utc(about.modification_date if about else None),
                outline=tuple(_outline(reader)),
            )
    except (PyPdfError, OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        logger.info("the metadata of %s cannot be read: %r", file.source, error)
        return Metadata()


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

"""Which reader reads which file: by its first bytes where they are decisive, else by its suffix."""

from __future__ import annotations

import re
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from ingest.readers.docx import DocxReader
from ingest.readers.html import HtmlReader
from ingest.readers.markdown import MarkdownReader
from ingest.readers.pdf import PdfReader
from ingest.readers.plain import PlainReader
from ingest.readers.records import RecordReader
from kb.protocols import Reader

_BY_SUFFIX: dict[str, type[Reader]] = {
    ".md": MarkdownReader,
    ".markdown": MarkdownReader,
    ".txt": PlainReader,
    ".text": PlainReader,
    ".log": PlainReader,
    ".rst": PlainReader,
    ".html": HtmlReader,
    ".htm": HtmlReader,
    ".xhtml": HtmlReader,
    ".pdf": PdfReader,
    ".docx": DocxReader,
    ".docm": DocxReader,
    ".jsonl": RecordReader,
    ".ndjson": RecordReader,
}
SUFFIXES = tuple(_BY_SUFFIX)
"""The suffixes by which files are known; a PDF, a Word document or a web page is known without."""

_HEAD = 4096
_HTML = re.compile(rb"\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE | re.DOTALL)
_FIRST_RECORD = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{.*?"(?:text|title)"\s*:', re.DOTALL)
"""JSON Lines are of many kinds; those whose records have a text are documents."""
_MARKDOWN = frozenset({".md", ".markdown"})


def reader_for(path: Path) -> Reader | None:
    """The reader for the file at `path`, None where no reader knows its format."""
    suffix = path.suffix.lower()
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    if head.startswith(b"%PDF-"):
        return PdfReader()
    if head.startswith(b"PK\x03\x04") and (_is_word(path) or suffix not in _BY_SUFFIX):
        return DocxReader() if _is_word(path) else None
    if suffix not in _MARKDOWN and _HTML.match(head.removeprefix(b"\xef\xbb\xbf")):
        return HtmlReader()
    if not suffix and b"\x00" not in head:
        return PlainReader()
    reader = _BY_SUFFIX.get(suffix)
    if reader is None or (reader is RecordReader and head.strip() and not _FIRST_RECORD.match(head)):
        return None
    return reader()


def _is_word(path: Path) -> bool:
    try:
        with ZipFile(path) as archive:
            return "word/document.xml" in archive.namelist()
    except BadZipFile:
        return False

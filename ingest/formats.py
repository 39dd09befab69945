"""Which kind of file a file is, by its content where that is decisive and else by its suffix; and who reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from io import BytesIO
from pathlib import PurePath
from typing import cast
from zipfile import BadZipFile, ZipFile

from ingest.readers.source_file import Reader, SourceFile
from kb.errors import NothingToRead, UnreadableFile

_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."

DOC = "application/msword"
DOCX = f"{_OFFICE}wordprocessingml.document"
EPUB = "application/epub+zip"
HTML = "text/html"
JSON = "application/json"
JSON_LINES = "application/jsonl"
MAIL = "message/rfc822"
MARKDOWN = "text/markdown"
MSG = "application/vnd.ms-outlook"
NOTEBOOK = "application/x-ipynb+json"
ODP = f"{_OPEN_DOCUMENT}presentation"
ODS = f"{_OPEN_DOCUMENT}spreadsheet"
ODT = f"{_OPEN_DOCUMENT}text"
PDF = "application/pdf"
PLAIN = "text/plain"
PPT = "application/vnd.ms-powerpoint"
PPTX = f"{_OFFICE}presentationml.presentation"
PROTECTED = "application/x-protected-office"
RTF = "application/rtf"
XLS = "application/vnd.ms-excel"
XLSB = "application/vnd.ms-excel.sheet.binary.macroenabled.12"
XLSX = f"{_OFFICE}spreadsheetml.sheet"
XML = "application/xml"

VERSION = 1
"""To be raised with every change that lets more files be read: those that could not be are then tried again."""

_READERS = {
    PDF: "ingest.readers.pdf:PdfReader",
    DOCX: "ingest.readers.docx:DocxReader",
    JSON: "ingest.readers.json_file:JsonReader",
    JSON_LINES: "ingest.readers.records:RecordReader",
    HTML: "ingest.readers.html:HtmlReader",
    EPUB: "ingest.readers.epub:EpubReader",
    MAIL: "ingest.readers.eml:EmlReader",
    MSG: "ingest.readers.msg:MsgReader",
    NOTEBOOK: "ingest.readers.notebook:NotebookReader",
    MARKDOWN: "ingest.readers.markdown:MarkdownReader",
    PLAIN: "ingest.readers.plain:PlainReader",
}

_BY_SUFFIX = {
    **dict.fromkeys((".md", ".markdown"), MARKDOWN),
    **dict.fromkeys((".txt", ".text", ".log", ".rst"), PLAIN),
    **dict.fromkeys((".html", ".htm", ".xhtml"), HTML),
    **dict.fromkeys((".docx", ".docm"), DOCX),
    **dict.fromkeys((".json", ".geojson", ".har", ".webmanifest"), JSON),
    **dict.fromkeys((".jsonl", ".ndjson", ".jsonlines"), JSON_LINES),
    **dict.fromkeys((".eml", ".emlx"), MAIL),
    **dict.fromkeys((".msg", ".oft"), MSG),
    ".epub": EPUB,
    ".ipynb": NOTEBOOK,
    ".pdf": PDF,
}
SUFFIXES = tuple(_BY_SUFFIX)
"""The suffixes by which kinds are known; most are known by their content too."""

_SIGNATURES = (
    (b"{\\rtf", RTF),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)
_IN_ZIP = {
    "word/document.xml": DOCX,
    "ppt/presentation.xml": PPTX,
    "xl/workbook.xml": XLSX,
    "xl/workbook.bin": XLSB,
}
_IN_COMPOUND = {
    "EncryptedPackage": PROTECTED,
    "WordDocument": DOC,
    "PowerPoint Document": PPT,
    "Workbook": XLS,
    "Book": XLS,
    "__properties_version1.0": MSG,
}
_ZIP = b"PK\x03\x04"
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MAX_MIMETYPE = 100
_PDF_WITHIN = 1024
"""PDF readers look for the signature in the first 1,024 bytes."""

_HTML = re.compile(r"\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE | re.DOTALL)
_XML = re.compile(r"\s*<\?xml\s")
_NOTEBOOK = re.compile(r'\s*\{.*"nbformat"\s*:', re.DOTALL)
_MAIL_FIELD = re.compile(
    r"^(from|to|subject|date|received|return-path|message-id|mime-version|delivered-to|x-[\w-]+): ?\S",
    re.IGNORECASE | re.MULTILINE,
)
_MAIL_FIELDS = frozenset({"from", "date", "received", "message-id", "mime-version", "return-path"})
_MAIL_FIELDS_NEEDED = 3
_IN_TEXT = frozenset({MARKDOWN})
"""Kinds whose files are what their suffix says, whatever their text looks like."""


@dataclass(frozen=True, slots=True)
class Formats:
    """Readers by kind of file; `custom` names others by suffix (".xyz"), as "package.module:Class"."""

    custom: Mapping[str, str] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """Names the kinds that are read."""
        return f"{VERSION} {sorted(self.custom.items())}"

    def reader(self, file: SourceFile) -> Reader:
        """The reader for `file`. Raises NothingToRead where there is none."""
        suffix = PurePath(file.name).suffix.lower()
        if suffix in self.custom:
            return _made(self.custom[suffix])
        kind = kind_of(file)
        if kind == PROTECTED:
            raise UnreadableFile(f"{file.name} is protected by a password; remove the password and ingest it again.")
        if kind not in _READERS:
            raise NothingToRead(f"{file.name} is of a kind that is not read ({kind or suffix or 'unknown'}).")
        return _made(_READERS[kind])


def kind_of(file: SourceFile) -> str:
    """The media type of a file, "" where neither content nor suffix tell."""
    head = file.head()
    suffix = PurePath(file.name).suffix.lower()
    if b"%PDF-" in head[:_PDF_WITHIN]:
        return PDF
    if head.startswith(_ZIP):
        return _kind_in_zip(file) or _BY_SUFFIX.get(suffix, "")
    if head.startswith(_COMPOUND):
        return _kind_in_compound(file) or _BY_SUFFIX.get(suffix, "")
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    return _kind_of_text(head, suffix)


def _kind_of_text(head: bytes, suffix: str) -> str:
    text = _as_text(head)
    known = _BY_SUFFIX.get(suffix, "")
    if text is None:
        return known
    if known in _IN_TEXT:
        return known
    if _HTML.match(text):
        return HTML
    if _NOTEBOOK.match(text) and suffix in (".ipynb", ".json", ""):
        return NOTEBOOK
    if _XML.match(text):
        return XML
    if not suffix and _is_mail(text):
        return MAIL
    return known or ("" if suffix else PLAIN)


def _as_text(head: bytes) -> str | None:
    """The beginning of a file as text, None where it is none."""
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):
        if head.startswith(mark):
            return head.decode(encoding, "replace")
    for wide in ("utf-16-le", "utf-16-be"):
        if len(head) > 1 and head.count(0) * 3 > len(head) and head[0 if wide.endswith("be") else 1] == 0:
            return head.decode(wide, "replace")
    return None if b"\x00" in head else head.decode("utf-8", "replace")


def _is_mail(text: str) -> bool:
    names = [match[1].lower() for match in _MAIL_FIELD.finditer(text.split("\n\n", 1)[0])]
    return len(names) >= _MAIL_FIELDS_NEEDED and not _MAIL_FIELDS.isdisjoint(names)


def _kind_in_zip(file: SourceFile) -> str:
    try:
        with ZipFile(file.path or BytesIO(file.data)) as archive:
            names = set(archive.namelist())
            if "mimetype" in names and archive.getinfo("mimetype").file_size <= _MAX_MIMETYPE:
                return archive.read("mimetype").decode("ascii", "replace").strip().removesuffix("-template")
            return next((kind for name, kind in _IN_ZIP.items() if name in names), "")
    except (BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError):
        return ""


def _kind_in_compound(file: SourceFile) -> str:
    """What an OLE compound file holds: the old office formats, a message, or a new format behind a password."""
    from olefile import OleFileIO
    from olefile.olefile import OleFileError

    try:
        with file.open() as stream, OleFileIO(stream) as compound:
            return next((kind for stream, kind in _IN_COMPOUND.items() if compound.exists(stream)), "")
    except (OleFileError, OSError, ValueError, IndexError):
        return ""


def _made(name: str) -> Reader:
    module, _, attribute = name.partition(":")
    return cast("Reader", getattr(import_module(module), attribute)())

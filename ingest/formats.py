"""Which kind of file a file is, by its content where that is decisive and else by its suffix; and who reads it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from io import BytesIO
from pathlib import PurePath
from typing import cast
from zipfile import BadZipFile, ZipFile

from ingest import unread
from ingest.readers import source_code
from ingest.readers.encoding import decode
from ingest.readers.llama_index import LlamaIndexReader, Loader
from ingest.readers.source_file import Reader, SourceFile
from kb.errors import NothingToRead, SettingsError, UnreadableFile

_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."

BMP = "image/bmp"
DOC = "application/msword"
DOCX = f"{_OFFICE}wordprocessingml.document"
EPUB = "application/epub+zip"
HTML = "text/html"
JSON = "application/json"
JSON_LINES = "application/jsonl"
MAIL = "message/rfc822"
MARKDOWN = "text/markdown"
MBOX = "application/mbox"
MHTML = "multipart/related"
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
SOURCE = "text/x-source-code"
SVG = "image/svg+xml"
XLS = "application/vnd.ms-excel"
XLSB = "application/vnd.ms-excel.sheet.binary.macroenabled.12"
XLSX = f"{_OFFICE}spreadsheetml.sheet"
XML = "application/xml"

VERSION = 2
"""To be raised with every change that lets more files be read: those that could not be are then tried again."""

_READERS = {
    PDF: "ingest.readers.pdf:PdfReader",
    DOCX: "ingest.readers.docx:DocxReader",
    JSON: "ingest.readers.json_file:JsonReader",
    JSON_LINES: "ingest.readers.records:RecordReader",
    HTML: "ingest.readers.html:HtmlReader",
    EPUB: "ingest.readers.epub:EpubReader",
    MAIL: "ingest.readers.eml:EmlReader",
    MBOX: "ingest.readers.mbox:MboxReader",
    MHTML: "ingest.readers.mhtml:MhtmlReader",
    MSG: "ingest.readers.msg:MsgReader",
    NOTEBOOK: "ingest.readers.notebook:NotebookReader",
    XML: "ingest.readers.xml_file:XmlReader",
    SOURCE: "ingest.readers.source_code:SourceCodeReader",
    MARKDOWN: "ingest.readers.markdown:MarkdownReader",
    PLAIN: "ingest.readers.plain:PlainReader",
}

_BY_SUFFIX = {
    **dict.fromkeys(source_code.SUFFIXES, SOURCE),
    **dict.fromkeys((".md", ".markdown"), MARKDOWN),
    **dict.fromkeys((".txt", ".text", ".log", ".rst", ".adoc", ".org", ".tex", ".bib"), PLAIN),
    **dict.fromkeys((".ics", ".vcf", ".srt", ".vtt"), PLAIN),
    **dict.fromkeys((".html", ".htm", ".xhtml"), HTML),
    **dict.fromkeys((".docx", ".docm"), DOCX),
    **dict.fromkeys((".json", ".geojson", ".har", ".webmanifest"), JSON),
    **dict.fromkeys((".jsonl", ".ndjson", ".jsonlines"), JSON_LINES),
    **dict.fromkeys((".eml", ".emlx"), MAIL),
    **dict.fromkeys((".mbox", ".mbx"), MBOX),
    **dict.fromkeys((".mht", ".mhtml"), MHTML),
    **dict.fromkeys((".msg", ".oft"), MSG),
    ".epub": EPUB,
    ".ipynb": NOTEBOOK,
    ".pdf": PDF,
    **dict.fromkeys(
        (".xml", ".rss", ".atom", ".opml", ".fb2", ".dbk", ".docbook", ".tei", ".nxml", ".kml", ".gpx"), XML
    ),
}
SUFFIXES = tuple(_BY_SUFFIX)
"""The suffixes by which kinds are known; most are known by their content too."""

_SIGNATURES = (
    (b"{\\rtf", RTF),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", BMP),
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
_PDF = b"%PDF-"
_PDF_WITHIN = 1024
"""PDF readers look for the signature in the first 1,024 bytes; in a file of another name it is mere talk of PDF."""

_HTML = re.compile(r"\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE | re.DOTALL)
_XML = re.compile(r"\s*<\?xml\s")
_NOTEBOOK = re.compile(r'\s*\{.*"nbformat"\s*:', re.DOTALL)
_MAIL_FIELD = re.compile(
    r"^(from|to|subject|date|received|return-path|message-id|mime-version|delivered-to|x-[\w-]+): ?\S",
    re.IGNORECASE | re.MULTILINE,
)
_MAIL_BEGIN = re.compile(r"\s*(?:From \S|[\w-]+: ?)")
_BLANK_LINE = re.compile(r"\r?\n\r?\n")
_MAIL_FIELDS = frozenset({"from", "date", "received", "message-id", "mime-version", "return-path"})
_MAIL_FIELDS_NEEDED = 3
_IN_TEXT = frozenset({MARKDOWN, SOURCE})
"""Kinds whose files are what their suffix says, whatever their text looks like."""


@dataclass(frozen=True, slots=True)
class Formats:
    """Readers by kind of file; `custom` names others by suffix (".xyz"), as "package.module:Class"."""

    custom: Mapping[str, str] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """Names the kinds that are read."""
        return f"{VERSION} {sorted(self.custom.items())}"

    def require_custom(self) -> None:
        """Raises SettingsError where a reader that is named cannot be had."""
        for suffix, name in self.custom.items():
            where = f'The reader "{name}" for {suffix} (ingest.readers)'
            try:
                found = _imported(name)
                inspect.signature(found).bind()
            except (ImportError, AttributeError, SyntaxError) as error:
                raise SettingsError(f"{where} cannot be imported: {error}; name it as package.module:Class.") from error
            except (TypeError, ValueError) as error:
                raise SettingsError(f"{where} is no class that can be made without arguments.") from error
            if not any(callable(getattr(found, method, None)) for method in ("read", "load_data")):
                raise SettingsError(f"{where} has neither LlamaIndex's load_data nor Citewell's read.")

    def reader(self, file: SourceFile) -> Reader:
        """The reader for `file`. Raises NothingToRead where there is none."""
        suffix = PurePath(file.name).suffix.lower()
        if suffix in self.custom:
            return _of_ones_own(self.custom[suffix])
        if not file.head(1):
            raise NothingToRead(f"{file.name} is empty.")
        kind = kind_of(file)
        if kind == PROTECTED:
            raise UnreadableFile(f"{file.name} is protected by a password; remove the password and ingest it again.")
        if kind not in _READERS:
            raise NothingToRead(f"{file.name} is {unread.name_of(file.head(), suffix, kind)}.")
        return cast("Reader", _imported(_READERS[kind])())


def kind_of(file: SourceFile) -> str:
    """The media type of a file, "" where neither content nor suffix tell."""
    head = file.head()
    suffix = PurePath(file.name).suffix.lower()
    if head.startswith(_PDF) or (_PDF in head[:_PDF_WITHIN] and _BY_SUFFIX.get(suffix, PDF) == PDF):
        return PDF
    if head.startswith(_ZIP):
        return _kind_in_zip(file) or _BY_SUFFIX.get(suffix, "")
    if head.startswith(_COMPOUND):
        return _kind_in_compound(file) or _BY_SUFFIX.get(suffix, "")
    for signature, kind in _SIGNATURES:
        if head.startswith(signature) and (kind != BMP or head[6:10] == bytes(4)):
            return kind
    return _kind_of_text(head, suffix, PurePath(file.name).name.lower())


def _kind_of_text(head: bytes, suffix: str, name: str) -> str:
    text = _as_text(head)
    known = _BY_SUFFIX.get(suffix, "")
    if text is None:
        return "" if known in _IN_TEXT else known
    if known in _IN_TEXT:
        return known
    if _HTML.match(text):
        return HTML
    if _NOTEBOOK.match(text) and suffix in (".ipynb", ".json", ""):
        return NOTEBOOK
    if suffix == ".svg":
        return SVG
    if _XML.match(text) and known != HTML:
        return XML
    if (not suffix or suffix == ".p7m") and _is_mail(text):
        return MBOX if text.startswith("From ") else MAIL
    if name in source_code.NAMES or (not suffix and text.startswith("#!")):
        return SOURCE
    return known or ("" if suffix else PLAIN)


def _as_text(head: bytes) -> str | None:
    """The beginning of a file as text, None where it is none."""
    text = decode(head)
    return None if text is None or "\x00" in text else text


def _is_mail(text: str) -> bool:
    head = _BLANK_LINE.split(text, maxsplit=1)[0]
    names = [match[1].lower() for match in _MAIL_FIELD.finditer(head)]
    begins = _MAIL_BEGIN.match(head) is not None
    return begins and len(names) >= _MAIL_FIELDS_NEEDED and not _MAIL_FIELDS.isdisjoint(names)


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
    except (OleFileError, OSError, ValueError, IndexError, RecursionError):
        return ""


def _imported(name: str) -> Callable[[], object]:
    module, _, attribute = name.partition(":")
    return cast("Callable[[], object]", getattr(import_module(module), attribute))


@cache
def _of_ones_own(name: str) -> Reader:
    """A reader that somebody else has written, one like ours or one like LlamaIndex's; it may take long to be made."""
    reader = _imported(name)()
    return LlamaIndexReader(cast("Loader", reader)) if hasattr(reader, "load_data") else cast("Reader", reader)

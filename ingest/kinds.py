"""Which kind of file a file is: by its content where that is decisive, else by its suffix."""

from __future__ import annotations

import re
from collections.abc import Set
from io import BytesIO
from pathlib import PurePath
from typing import TYPE_CHECKING
from zipfile import ZipFile

from ingest.readers.encoding import decode
from ingest.readers.source_file import ZIP_DAMAGE, SourceFile
from ingest.readers.text import source_code
from kb.text.language import language_of

if TYPE_CHECKING:
    from olefile import OleFileIO

_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."

AVIF = "image/avif"
BMP = "image/bmp"
CSV = "text/csv"
DOC = "application/msword"
DOCX = f"{_OFFICE}wordprocessingml.document"
EPUB = "application/epub+zip"
GIF = "image/gif"
HEIC = "image/heic"
HTML = "text/html"
JPEG = "image/jpeg"
JPEG_2000 = "image/jp2"
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
PNG = "image/png"
PPT = "application/vnd.ms-powerpoint"
PPTX = f"{_OFFICE}presentationml.presentation"
PROTECTED = "application/x-protected-office"
RTF = "application/rtf"
SOURCE = "text/x-source-code"
SVG = "image/svg+xml"
TIFF = "image/tiff"
WEBP = "image/webp"
XLS = "application/vnd.ms-excel"
XLSB = "application/vnd.ms-excel.sheet.binary.macroenabled.12"
XLSX = f"{_OFFICE}spreadsheetml.sheet"
XLS_XML = "application/vnd.ms-excel.xml"
XML = "application/xml"

IMAGES = (AVIF, BMP, GIF, JPEG, JPEG_2000, PNG, TIFF, WEBP)
"""Pictures that are read, or would be if text recognition were installed."""

_SUFFIXES = {
    ".avif": AVIF,
    ".bmp .dib": BMP,
    ".csv .tsv .tab": CSV,
    ".doc .dot": DOC,
    ".docx .docm .dotx .dotm": DOCX,
    ".epub": EPUB,
    ".gif": GIF,
    ".html .htm .xhtml": HTML,
    ".jpg .jpeg .jpe .jfif": JPEG,
    ".jp2 .j2k .jpx": JPEG_2000,
    ".json .geojson .har .webmanifest": JSON,
    ".jsonl .ndjson .jsonlines": JSON_LINES,
    ".eml .emlx": MAIL,
    ".md .markdown": MARKDOWN,
    ".mbox .mbx": MBOX,
    ".mht .mhtml": MHTML,
    ".msg .oft": MSG,
    ".ipynb": NOTEBOOK,
    ".odp .otp": ODP,
    ".ods .ots .fods": ODS,
    ".odt .ott": ODT,
    ".pdf": PDF,
    ".txt .text .log .rst .adoc .org .tex .bib .ics .vcf .srt .vtt": PLAIN,
    ".png": PNG,
    ".ppt .pps .pot": PPT,
    ".pptx .pptm .ppsx .ppsm .potx .potm": PPTX,
    ".rtf": RTF,
    ".tif .tiff": TIFF,
    ".webp": WEBP,
    ".xls .xlt": XLS,
    ".xlsb": XLSB,
    ".xlsx .xlsm .xltx .xltm": XLSX,
    ".xml .rss .atom .opml .fb2 .dbk .docbook .tei .nxml .kml .gpx": XML,
}
BY_SUFFIX = dict.fromkeys(source_code.SUFFIXES, SOURCE) | {
    suffix: kind for suffixes, kind in _SUFFIXES.items() for suffix in suffixes.split()
}
"""The kind that a suffix stands for; most kinds are known by their content too."""

_SIGNATURES = (
    (b"{\\rtf", RTF),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", JPEG_2000),
    (b"\xff\x4f\xff\x51", JPEG_2000),
    (b"GIF8", GIF),
    (b"BM", BMP),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
    (b"II+\x00", TIFF),
    (b"MM\x00+", TIFF),
)
_IN_MEDIA = {
    b"WEBP": WEBP,
    **dict.fromkeys((b"avif", b"avis"), AVIF),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"), HEIC),
}
"""Pictures in containers for media of all kinds, RIFF and ISO, by the name of their kind, which stands at 8."""
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
_ZIPPED = frozenset({DOCX, EPUB, ODP, ODS, ODT, PPTX, XLSB, XLSX})
_COMPOUNDS = frozenset({DOC, MSG, PPT, XLS, DOCX, PPTX, XLSX})
"""Kinds whose files are ZIP archives, and compound files: new office formats are the latter behind a password."""
_ZIP = b"PK\x03\x04"
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MAX_MIMETYPE = 100
_NUMBER = re.compile(r"\d+(?=\.xml$)")
"""Some programs call the main part word/document2.xml."""
_PDF = b"%PDF-"
_PDF_WITHIN = 1024
"""PDF readers look for the signature in the first 1,024 bytes; in a file of another name it is mere talk of PDF."""

_HTML = re.compile(r"\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE | re.DOTALL)
_XML = re.compile(r"\s*<\?xml\s")
_WORD_XML = re.compile(r"\s*<\?xml[^>]*>\s*<\?mso-application\s+progid=\"Word\.Document\"")
"""Word's XML of 2003, which LibreOffice reads like the old binary files."""
_ROOT = re.compile(r"\s*(?:<[!?][^>]*>\s*)*<\w[^>]*")
"""An XML file up to its outermost element, which names the vocabulary."""
_MARKUP = re.compile(r"\s*<[!?/\w]")
_NOTEBOOK = re.compile(r'\s*\{.*"nbformat"\s*:', re.DOTALL)
_MAIL_FIELD = re.compile(
    r"^(from|to|subject|date|received|return-path|message-id|mime-version|delivered-to|x-[\w-]+): ?\S",
    re.IGNORECASE | re.MULTILINE,
)
_MAIL_BEGIN = re.compile(r"\s*(?:From \S|[\w-]+: ?)")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_BLANK_LINE = re.compile(r"\r?\n\r?\n")
_MAIL_FIELDS = frozenset({"from", "date", "received", "message-id", "mime-version", "return-path"})
_MAIL_FIELDS_NEEDED = 3
_NAMED_SO = frozenset({MARKDOWN, SOURCE})
"""Kinds whose files are what their suffix says, whatever their text looks like; if it is no text, they are not."""
_SAVED_SO = frozenset({DOC, RTF})
"""Kinds under whose suffix programs have saved pages, mails and plain text: where it is text, the suffix is no sign."""
_SHEETS = frozenset({ODS, XLS, XLSB, XLSX})
"""Kinds of workbooks that are not text."""


def kind_of(file: SourceFile) -> str:
    """The media type of a file, "" where neither content nor suffix tell."""
    head = file.head()
    suffix = PurePath(file.name).suffix.lower()
    if head.startswith(_PDF) or (_PDF in head[:_PDF_WITHIN] and BY_SUFFIX.get(suffix, PDF) == PDF):
        return PDF
    if head.startswith(_ZIP):
        return _kind_in_zip(file) or _one_of(_ZIPPED, suffix)
    if head.startswith(_COMPOUND):
        return _kind_in_compound(file) or _one_of(_COMPOUNDS, suffix)
    for signature, kind in _SIGNATURES:
        if head.startswith(signature) and (kind != BMP or head[6:10] == bytes(4)):
            return kind
    if (head.startswith(b"RIFF") or head[4:8] == b"ftyp") and head[8:12] in _IN_MEDIA:
        return _IN_MEDIA[head[8:12]]
    text = decode(head)
    if text is None or "\x00" in text:
        known = BY_SUFFIX.get(suffix, "")
        return "" if known in _NAMED_SO else known
    return _kind_of_text(text, suffix, PurePath(file.name).name.lower())


def reads_as_text(head: bytes) -> bool:
    """Whether a file of any name begins with sentences that people write."""
    text = decode(head)
    return text is not None and not _CONTROL.search(text) and language_of(text) is not None


def _one_of(kinds: Set[str], suffix: str) -> str:
    """The kind that `suffix` names where it is one of `kinds`: its file is damaged then, else it is something else."""
    kind = BY_SUFFIX.get(suffix, "")
    return kind if kind in kinds else ""


def _kind_of_text(text: str, suffix: str, name: str) -> str:
    known = BY_SUFFIX.get(suffix, "")
    if known in _NAMED_SO:
        return known
    if known in _SAVED_SO:
        suffix, known = "", ""
    marked = _kind_of_marked(text, suffix)
    if marked and not (marked == XML and known == HTML):
        return marked
    if suffix in ("", ".p7m") and _is_mail(text):
        return MBOX if text.startswith("From ") else MAIL
    if name in source_code.NAMES or (not suffix and text.startswith("#!")):
        return SOURCE
    if known in _SHEETS and text.strip():
        return _kind_exported(text)
    return known or ("" if suffix else PLAIN)


def _kind_of_marked(text: str, suffix: str) -> str:
    """The kind of a text that begins with what marks one, "" for other text."""
    if text.lstrip("\ufeff \t\r\n").startswith("{\\rtf"):
        return RTF
    if _HTML.match(text):
        return HTML
    if _NOTEBOOK.match(text) and suffix in (".ipynb", ".json", ""):
        return NOTEBOOK
    if _WORD_XML.match(text):
        return DOC
    if suffix == ".svg":
        return SVG
    root = _ROOT.match(text)
    if root and "urn:schemas-microsoft-com:office:spreadsheet" in root.group():
        return XLS_XML
    if root and f'office:mimetype="{ODS}"' in root.group():
        return ODS
    return XML if _XML.match(text) else ""


def _kind_exported(text: str) -> str:
    """What is in a text that was given the name of a workbook so that a spreadsheet program opens it."""
    if _MARKUP.match(text):
        return HTML
    return MAIL if _is_mail(text) else CSV


def _is_mail(text: str) -> bool:
    head = _BLANK_LINE.split(text, maxsplit=1)[0]
    names = [match[1].lower() for match in _MAIL_FIELD.finditer(head)]
    begins = _MAIL_BEGIN.match(head) is not None
    return begins and len(names) >= _MAIL_FIELDS_NEEDED and not _MAIL_FIELDS.isdisjoint(names)


def _kind_in_zip(file: SourceFile) -> str:
    try:
        with ZipFile(file.path or BytesIO(file.data)) as archive:
            names = {_NUMBER.sub("", name.replace("\\", "/").lower()) for name in archive.namelist()}
            if "mimetype" in names and archive.getinfo("mimetype").file_size <= _MAX_MIMETYPE:
                return archive.read("mimetype").decode("ascii", "replace").strip().removesuffix("-template")
            return next((kind for name, kind in _IN_ZIP.items() if name in names), "")
    except (OSError, RuntimeError, *ZIP_DAMAGE):
        return ""


def _kind_in_compound(file: SourceFile) -> str:
    """What an OLE compound file holds: the old office formats, a message, or a new format behind a password."""
    from olefile import OleFileIO
    from olefile.olefile import OleFileError

    try:
        with file.open() as stream, OleFileIO(stream) as compound:
            kind = next((kind for stream, kind in _IN_COMPOUND.items() if compound.exists(stream)), "")
            return PROTECTED if _is_encrypted(compound, kind) else kind
    except (OleFileError, OSError, ValueError, IndexError, RecursionError):
        return ""


def _is_encrypted(compound: OleFileIO[str], kind: str) -> bool:
    """What an old Word or PowerPoint file says of itself, each in its way ([MS-DOC] 2.5.2, [MS-PPT] 2.3.2)."""
    if kind == DOC:
        with compound.openstream("WordDocument") as stream:
            return bool(int.from_bytes(stream.read(12)[10:], "little") & 0x0100)
    if kind == PPT and compound.exists("Current User"):
        with compound.openstream("Current User") as stream:
            return stream.read(16)[12:] == b"\xdf\xc4\xd1\xf3"
    return False

"""Who reads a file: a reader of ours by the file's kind, or one of somebody's own by its suffix."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import PurePath
from typing import cast

from ingest import kinds, unread
from ingest.kinds import kind_of
from ingest.readers.llama_index import LlamaIndexReader, Loader
from ingest.readers.office.libreoffice import libreoffice
from ingest.readers.source_file import Reader, SourceFile
from kb.errors import NothingToRead, SettingsError, UnreadableFile
from kb.foreign import imported
from kb.models.text_recogniser import is_installed

VERSION = 7
"""To be raised with every change that lets more files be read: those that could not be are then tried again."""

READERS = {
    kinds.CSV: "ingest.readers.sheets.delimited:DelimitedReader",
    kinds.DOC: "ingest.readers.office.legacy:DocReader",
    kinds.DOCX: "ingest.readers.office.docx:DocxReader",
    kinds.EPUB: "ingest.readers.web.epub:EpubReader",
    kinds.HTML: "ingest.readers.web.html:HtmlReader",
    kinds.JSON: "ingest.readers.data.json_file:JsonReader",
    kinds.JSON_LINES: "ingest.readers.data.records:RecordReader",
    kinds.MAIL: "ingest.readers.mail.eml:EmlReader",
    kinds.MARKDOWN: "ingest.readers.text.markdown:MarkdownReader",
    kinds.MBOX: "ingest.readers.mail.mbox:MboxReader",
    kinds.MHTML: "ingest.readers.web.mhtml:MhtmlReader",
    kinds.MSG: "ingest.readers.mail.msg:MsgReader",
    kinds.NOTEBOOK: "ingest.readers.data.notebook:NotebookReader",
    kinds.ODP: "ingest.readers.office.odp:OdpReader",
    kinds.ODS: "ingest.readers.sheets.ods:OdsReader",
    kinds.ODT: "ingest.readers.office.odt:OdtReader",
    kinds.PDF: "ingest.readers.pdf.reader:PdfReader",
    kinds.PLAIN: "ingest.readers.text.plain:PlainReader",
    kinds.PPT: "ingest.readers.office.legacy:PptReader",
    kinds.PPTX: "ingest.readers.office.pptx:PptxReader",
    kinds.RTF: "ingest.readers.office.rtf:RtfReader",
    kinds.SOURCE: "ingest.readers.text.source_code:SourceCodeReader",
    kinds.XLS: "ingest.readers.sheets.xls:XlsReader",
    kinds.XLSX: "ingest.readers.sheets.xlsx:XlsxReader",
    kinds.XLS_XML: "ingest.readers.sheets.xml_sheets:XmlSheetReader",
    kinds.XML: "ingest.readers.data.xml_file:XmlReader",
    **dict.fromkeys(kinds.IMAGES, "ingest.readers.pictures.reader:ImageReader"),
}
"""Each is imported when the first file of its kind is read."""
_RECOGNISING = frozenset({kinds.PDF, *kinds.IMAGES})
"""Kinds whose readers recognise text in pictures."""


@dataclass(frozen=True, slots=True)
class Formats:
    """Readers for files; `custom` names those for a suffix (".xyz"), as "package.module:Class".

    `threads` recognise text in pictures, where that is installed; 0: none is to be recognised.
    """

    custom: Mapping[str, str] = field(default_factory=dict)
    threads: int = 1

    @property
    def fingerprint(self) -> str:
        """Names the kinds that are read, some of which only where something else is installed."""
        optional = libreoffice() is not None, self.threads > 0 and is_installed()
        return f"{VERSION} {sorted(self.custom.items())} {optional}"

    def require_custom(self) -> None:
        """Raises SettingsError where a reader that is named cannot be had."""
        for suffix, name in self.custom.items():
            where = f'The reader "{name}" for {suffix} (ingest.readers)'
            found = imported(name, what=where)
            try:
                inspect.signature(found).bind()
            except (TypeError, ValueError) as error:
                raise SettingsError(f"{where} is no class that can be made without arguments.") from error
            if not any(callable(getattr(found, method, None)) for method in ("read", "load_data")):
                raise SettingsError(f"{where} has neither LlamaIndex's load_data nor Citewell's read.")

    def reader(self, file: SourceFile) -> Reader:
        """The reader for `file`. Raises NothingToRead where there is none, UnreadableFile where a password is asked."""
        suffix = PurePath(file.name).suffix.lower()
        if suffix in self.custom:
            return _of_ones_own(self.custom[suffix])
        if not file.head(1):
            raise NothingToRead(f"{file.name} is empty.")
        kind, head = kind_of(file), file.head()
        if not kind and unread.is_unknown(head, suffix) and kinds.reads_as_text(head):
            kind = kinds.PLAIN
        if kind == kinds.PROTECTED:
            raise UnreadableFile(f"{file.name} is protected by a password; remove the password and ingest it again.")
        if kind not in READERS:
            raise NothingToRead(f"{file.name} is {unread.name_of(head, suffix, kind)}.")
        reader = _imported(READERS[kind])
        return cast("Reader", reader(threads=self.threads) if kind in _RECOGNISING else reader())


def _imported(name: str) -> Callable[..., object]:
    module, _, attribute = name.partition(":")
    return cast("Callable[..., object]", getattr(import_module(module), attribute))


@cache
def _of_ones_own(name: str) -> Reader:
    """A reader that somebody else has written, one like ours or one like LlamaIndex's; it may take long to be made."""
    reader = _imported(name)()
    return LlamaIndexReader(cast("Loader", reader)) if hasattr(reader, "load_data") else cast("Reader", reader)

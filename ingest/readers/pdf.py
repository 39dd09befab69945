"""Reads PDFs that hold text: PDFium for the words and where they stand, pypdf for metadata and outline."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from ingest.readers.pdf_margins import without_running_lines
from ingest.readers.pdf_page import PDFIUM, Line, Page, joint, paragraphs, read_page
from ingest.readers.source_file import SourceFile, clean, in_utc, make_document
from ingest.readers.structure import HeadingPath
from kb.errors import UnreadableFile
from kb.types import Anchor, Block, Document, Mark, TextBox

if TYPE_CHECKING:
    from pypdf import PdfReader as PyPdfReader
    from pypdfium2 import PdfDocument

logger = logging.getLogger(__name__)

_NO_TITLE = re.compile(
    r"untitled|(?:microsoft )?(?:word|powerpoint|excel) - |.*\.\w{2,4}$|[^\s]*[\d_][^\s]*$", re.IGNORECASE
)
_LETTERS = re.compile(r"[^\W\d_]{3}|[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")
_PARAGRAPHS_APART = "\n\n"
_SLACK = 2.0
_CLOSED = re.compile(r"[.!?:;…。！？；：)\]\"”»]$")


@dataclass(frozen=True, slots=True)
class PdfReader:
    def read(self, file: SourceFile) -> Iterator[Document]:
        pages = list(_pages(file))
        about = _metadata(file)
        text = _PdfText(about.outline)
        for page in without_running_lines(pages):
            text.add_page(page)
        if not text.boxes:
            raise UnreadableFile(
                f"{file.name} is a scan without a text layer; run it through text recognition and ingest it again."
            )
        yield make_document(
            file,
            text=text.text,
            title=about.title,
            media_type="application/pdf",
            modified=about.modified,
            marks=text.marks,
            blocks=text.blocks,
            boxes=text.boxes,
        )


@dataclass(frozen=True, slots=True)
class _OutlineItem:
    """A heading of the outline: its level (1 is the outermost), and where known how high on its page it stands."""

    page: int
    level: int
    title: str
    top: float | None


@dataclass(frozen=True, slots=True)
class _Metadata:
    title: str = ""
    modified: datetime | None = None
    outline: tuple[_OutlineItem, ...] = ()


def _pages(file: SourceFile) -> Iterator[Page]:
    with PDFIUM:
        pdf = _opened(file)
        count = len(pdf)
    try:
        for number in range(1, count + 1):
            file.page()
            with PDFIUM:
                page = _page(pdf, number)
            yield page
    finally:
        with PDFIUM:
            pdf.close()


def _opened(file: SourceFile) -> PdfDocument:
    import pypdfium2
    import pypdfium2.raw as pdfium

    try:
        return pypdfium2.PdfDocument(file.path or file.data)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
            raise UnreadableFile(
                f"{file.name} is protected by a password; remove the password and ingest it again."
            ) from error
        raise UnreadableFile(f"{file.name} is damaged or no PDF; save it again and ingest it again.") from error


def _page(pdf: PdfDocument, number: int) -> Page:
    from pypdfium2 import PdfiumError

    try:
        page = pdf[number - 1]
    except PdfiumError:
        logger.warning("page %d cannot be loaded and is left out", number)
        return Page(number, 0.0)
    try:
        return read_page(page, number)
    finally:
        page.close()


@dataclass(slots=True)
class _PdfText:
    """The text of a PDF in the making, page by page."""

    _outline: Sequence[_OutlineItem]
    blocks: list[Block] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    boxes: list[TextBox] = field(default_factory=list)
    _path: HeadingPath = field(default_factory=HeadingPath)
    _parts: list[str] = field(default_factory=list)
    _length: int = 0
    _last: Line | None = None

    @property
    def text(self) -> str:
        return "".join(self._parts)

    def add_page(self, page: Page) -> None:
        items = [item for item in self._outline if item.page == page.number]
        for group in paragraphs(page.lines):
            first = 0
            for item in [item for item in items if _is_reached(item, group[0])]:
                items.remove(item)
                self._path.enter(item.level, item.title)
                if _same_words(item.title, group[0].text) and not first:
                    self._add("heading", group[:1], page.number)
                    first = 1
            self._add("paragraph", group[first:], page.number)
        for item in items:
            self._path.enter(item.level, item.title)

    def _add(self, kind: str, lines: Sequence[Line], page: int) -> None:
        if not lines:
            return
        between = self._between(kind, lines[0], page)
        if between == _PARAGRAPHS_APART:
            self._write(between if self._parts else "")
            self.blocks.append(Block(self._length, self._length, kind, self._path.names))
        else:
            self._write(between)
        if self._page != page:
            self.marks.append(Mark(self._length, Anchor("page", f"page {page}", page)))
        for index, line in enumerate(lines):
            self._write(joint(lines[index - 1], line) if index else "")
            self.boxes.append(TextBox(self._length, self._length + len(line.text), page, *line.box))
            self._write(line.text)
        self._last = lines[-1]
        self.blocks[-1] = replace(self.blocks[-1], end=self._length)

    def _between(self, kind: str, line: Line, page: int) -> str:
        """What parts a block from the one before: a blank line, but where a sentence runs over the end of a page."""
        if self._last is None or page == self._page or kind == "heading" or self.blocks[-1].kind == "heading":
            return _PARAGRAPHS_APART
        if self._last.is_hyphenated:
            return joint(self._last, line)
        return "\n" if line.text[0].islower() and not _CLOSED.search(self._last.text) else _PARAGRAPHS_APART

    @property
    def _page(self) -> int:
        return self.boxes[-1].page if self.boxes else 0

    def _write(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)


def _is_reached(item: _OutlineItem, line: Line) -> bool:
    return (item.top is not None and line.box[3] <= item.top + _SLACK) or _same_words(item.title, line.text)


def _same_words(one: str, other: str) -> bool:
    return one.casefold().split() == other.casefold().split()


def _metadata(file: SourceFile) -> _Metadata:
    """Title, time and outline as far as the file tells them; PDFium reads the text of many files that pypdf refuses."""
    from pypdf import PdfReader as PyPdfReader
    from pypdf.errors import PyPdfError

    try:
        with file.open() as stream, PyPdfReader(stream) as reader:
            about = reader.metadata
            title = str(about.title or "") if about else ""
            return _Metadata(
                title="" if _NO_TITLE.match(title) or not _LETTERS.search(title) else title,
                modified=in_utc(about.modification_date if about else None),
                outline=tuple(_outline(reader)),
            )
    except (PyPdfError, OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        logger.info("the metadata of %s cannot be read: %r", file.source, error)
        return _Metadata()


def _outline(reader: PyPdfReader) -> Iterator[_OutlineItem]:
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
                yield _OutlineItem(index + 1, level, title, None if top is None else float(top))

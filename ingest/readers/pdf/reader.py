"""Reads PDFs: PDFium for words, pictures, fields and attachments, pypdf for what the file says about itself."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.readers.pages.contents import without_contents
from ingest.readers.pages.margins import without_running_lines
from ingest.readers.pages.page import Page, usual_height
from ingest.readers.pages.writing import PagesText
from ingest.readers.pdf.forms import with_annotations
from ingest.readers.pdf.metadata import metadata
from ingest.readers.pdf.scan import with_recognised_text
from ingest.readers.pdf.text_layer import PDFIUM, read_page
from ingest.readers.pictures.recognition import nothing_recognised, require_recognition, unrecognised
from ingest.readers.source_file import Found, Refusal, SourceFile, make_document
from ingest.readers.structure import heading_above_all
from kb.errors import NothingToRead, UnreadableFile
from kb.models.text_recogniser import is_installed

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PdfReader:
    """`threads` recognise text in pictures; 0 where the settings say that none is to be recognised."""

    threads: int = 1

    def read(self, file: SourceFile) -> Iterator[Found]:
        about = metadata(file)
        can_recognise = self.threads > 0 and is_installed()
        with _opened(file) as pdf:
            pages = list(_pages(pdf, file, self.threads if can_recognise else 0))
            count = len(pdf)
            parts = list(_attachments(pdf, file, are_protected=about.protects_attachments))
        text = PagesText(about.outline, usual_height([line for page in pages for line in page.lines]))
        for page in without_contents(without_running_lines(pages)):
            file.step()
            text.add_page(page)
        if text.boxes:
            yield make_document(
                file,
                text=text.text,
                title=about.title or text.title or heading_above_all(text.blocks),
                media_type="application/pdf",
                modified=about.modified,
                marks=text.marks,
                blocks=text.blocks,
                boxes=text.boxes,
            )
            if lost := sorted(set(range(1, count + 1)) - {page.number for page in pages}):
                yield _left_out(file, lost, "cannot be read: the file is damaged there; save it again.", skipped=False)
            if not can_recognise and (unread := [page.number for page in pages if page.is_unread]):
                reason = f"without text but what pictures show, which {unrecognised(wanted=self.threads > 0)}"
                yield _left_out(file, unread, reason, skipped=True)
        yield from parts
        if not text.boxes:
            if any(page.is_unread for page in pages):
                require_recognition(file.name, wanted=self.threads > 0)
            raise _refusal(file, pages)


@contextmanager
def _opened(file: SourceFile) -> Iterator[PdfDocument]:
    import pypdfium2
    import pypdfium2.raw as pdfium

    with PDFIUM:
        # PDFium does not set its error for all files that it refuses; without this it would be that of an earlier file.
        pdfium.FPDF_LoadMemDocument(b"", 0, None)
        try:
            pdf = pypdfium2.PdfDocument(file.path or file.data)
        except pypdfium2.PdfiumError as error:
            raise UnreadableFile(f"{file.name} {_reason(error.err_code)}") from error
    try:
        with PDFIUM:
            kind = pdf.get_formtype()
            if kind == pdfium.FORMTYPE_XFA_FULL:
                raise UnreadableFile(
                    f"{file.name} is a form that only Adobe's programs show (XFA); print it to a PDF and ingest that."
                )
            if kind != pdfium.FORMTYPE_NONE:
                pdf.init_forms()
        yield pdf
    finally:
        with PDFIUM:
            pdf.close()


def _reason(code: int) -> str:
    """What an error code of PDFium's means, and what to do."""
    import pypdfium2.raw as pdfium

    if code == pdfium.FPDF_ERR_PASSWORD:
        return "is protected by a password; remove the password and ingest it again."
    if code == pdfium.FPDF_ERR_SECURITY:
        return "is encrypted in a way that cannot be read here; save it without encryption and ingest it again."
    return "is damaged or no PDF; save it again and ingest it again."


def _pages(pdf: PdfDocument, file: SourceFile, threads: int) -> Iterator[Page]:
    """The pages that can be loaded, those that have no text as `threads` recognise it in their pictures."""
    for number in range(1, len(pdf) + 1):
        file.page()
        with PDFIUM:
            page = _page(pdf, number, file.step, threads)
        if page:
            yield page


def _page(pdf: PdfDocument, number: int, step: Callable[[], None], threads: int) -> Page | None:
    from pypdfium2 import PdfiumError

    try:
        page = pdf[number - 1]
    except PdfiumError:
        logger.warning("page %d cannot be loaded and is left out", number)
        return None
    try:
        read = read_page(page, number)
        if threads:
            read = with_recognised_text(read, page, step, threads)
        return with_annotations(read, page)
    finally:
        page.close()


def _attachments(pdf: PdfDocument, file: SourceFile, *, are_protected: bool) -> Iterator[SourceFile | Refusal]:
    from pypdfium2 import PdfiumError

    with PDFIUM:
        for index in range(pdf.count_attachments()):
            attachment = pdf.get_attachment(index)
            name = attachment.get_name() or f"attachment {index + 1}"
            if are_protected:
                reason = "is protected by a password; remove the password and ingest it again."
                yield Refusal(f"{file.source}#{name}", f"{name}, attached to {file.name}, {reason}")
                continue
            try:
                data = bytes(attachment.get_data())
            except PdfiumError:
                yield Refusal(f"{file.source}#{name}", f"{name}, attached to {file.name}, is damaged; save it again.")
                continue
            file.allowance.expand(len(data), name)
            yield file.part(name, data)


def _left_out(file: SourceFile, numbers: Sequence[int], reason: str, *, skipped: bool) -> Refusal:
    """What says why some pages are missing from a document."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    places = ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
    pages = f"{'page' if len(numbers) == 1 else 'pages'} {places}"
    verb = "" if not skipped else "is " if len(numbers) == 1 else "are "
    return Refusal(f"{file.source}#{pages}", f"{pages[0].upper()}{pages[1:]} of {file.name} {verb}{reason}", skipped)


def _refusal(file: SourceFile, pages: Sequence[Page]) -> UnreadableFile:
    """Why nothing could be read."""
    if not pages:
        return UnreadableFile(f"{file.name} {_reason(0)}")
    if any(page.is_unread for page in pages):
        return nothing_recognised(file.name)
    return NothingToRead(f"{file.name} holds no text: its pages are empty.")

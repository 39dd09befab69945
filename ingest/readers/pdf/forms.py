"""What people put on the pages of a PDF: the values of its form's fields, and comments."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ingest.readers.pages.page import Box, Line, Page, is_same_row, turned
from ingest.readers.source_file import clean

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

_HIDDEN = 0x02 | 0x20
"""Flags of annotations that are not shown."""
_PASSWORD = 1 << 13
_CHECKED = "☒"
_COMMENT = "Comment: "
_LONGEST = 1_000_000


def with_annotations(page: Page, source: PdfPage) -> Page:
    """`page` with what stands in its form's fields, each at its place, and at its end the comments on it."""
    lines = list(page.lines)
    for line in _annotations(source):
        placed = replace(line, box=_upright(line.box, page, source))
        lines.insert(len(lines) if line.is_aside else _place(lines, placed), placed)
    return replace(page, lines=tuple(lines)) if len(lines) > len(page.lines) else page


def _upright(box: Box, page: Page, source: PdfPage) -> Box:
    left, bottom, _, _ = source.get_bbox()
    width, height = (page.height, page.width) if page.turns % 2 else (page.width, page.height)
    moved = Box(box.left - left, box.bottom - bottom, box.right - left, box.top - bottom)
    return turned(moved, page.turns, width, height)


def _place(lines: Sequence[Line], field: Line) -> int:
    """Where a field is read: behind the words left of it, else below those above it; a tick before its words."""
    beside = [index for index, line in enumerate(lines) if is_same_row(line.box, field.box)]
    behind = [index for index in beside if lines[index].box.left >= field.box.left]
    if behind and field.text == _CHECKED:
        return min(behind, key=lambda index: lines[index].box.left)
    before = [index for index in beside if lines[index].box.left < field.box.left]
    if before:
        return max(before, key=lambda index: lines[index].box.left) + 1
    above = [index for index, line in enumerate(lines) if _is_above(line.box, field.box)]
    return min(above, key=lambda index: lines[index].box.bottom) + 1 if above else len(lines)


def _is_above(box: Box, other: Box) -> bool:
    return box.bottom >= other.middle and box.left < other.right and other.left < box.right


def _annotations(page: PdfPage) -> Iterator[Line]:
    import pypdfium2.raw as pdfium

    for index in range(pdfium.FPDFPage_GetAnnotCount(page.raw)):
        annotation = pdfium.FPDFPage_GetAnnot(page.raw, index)
        if not annotation:
            continue
        try:
            line = _annotation(page, annotation)
        finally:
            pdfium.FPDFPage_CloseAnnot(annotation)
        if line:
            yield line


def _annotation(page: PdfPage, annotation: object) -> Line | None:
    import pypdfium2.raw as pdfium

    kind = pdfium.FPDFAnnot_GetSubtype(annotation)
    if kind in (pdfium.FPDF_ANNOT_LINK, pdfium.FPDF_ANNOT_POPUP) or pdfium.FPDFAnnot_GetFlags(annotation) & _HIDDEN:
        return None
    if kind == pdfium.FPDF_ANNOT_WIDGET:
        text = _value(page.formenv.raw, annotation) if page.formenv else ""
    else:
        text = _string(lambda buffer, size: pdfium.FPDFAnnot_GetStringValue(annotation, b"Contents", buffer, size))
    if not text:
        return None
    rectangle = pdfium.FS_RECTF()
    pdfium.FPDFAnnot_GetRect(annotation, rectangle)
    box = Box(rectangle.left, rectangle.bottom, rectangle.right, rectangle.top)
    if kind in (pdfium.FPDF_ANNOT_WIDGET, pdfium.FPDF_ANNOT_FREETEXT):
        return Line(text, box)
    return Line(_COMMENT + text, box, is_aside=True)


def _value(form: object, annotation: object) -> str:
    """What is filled in, chosen or ticked in a field; passwords are nobody's business."""
    import pypdfium2.raw as pdfium

    kind = pdfium.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind in (pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON):
        return _CHECKED if pdfium.FPDFAnnot_IsChecked(form, annotation) else ""
    if kind not in (pdfium.FPDF_FORMFIELD_TEXTFIELD, pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX):
        return ""
    if kind == pdfium.FPDF_FORMFIELD_TEXTFIELD and pdfium.FPDFAnnot_GetFormFieldFlags(form, annotation) & _PASSWORD:
        return ""
    return _string(lambda buffer, size: pdfium.FPDFAnnot_GetFormFieldValue(form, annotation, buffer, size))


def _string(read: Callable[[object, int], int]) -> str:
    """A string of PDFium's, which says its size in bytes before it is copied; its white space evened."""
    size = min(read(None, 0), _LONGEST)
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    read(buffer, size)
    return " ".join(clean(bytes(buffer).decode("utf-16-le", "replace").split("\x00", 1)[0]).split())

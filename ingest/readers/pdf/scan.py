"""Pages of PDFs that show text which they do not hold: scans, drawn letters, fonts that do not name theirs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from ingest.readers.pages.page import Box, Page
from ingest.readers.pictures.recognition import MOST_PIXELS, recognised

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

_SCALE = 200 / 72
"""Pixels to a point: at 200 dpi as many words are right as at 300, in letters of 4 points too."""
_FEW = 100
"""Characters: a stamp or a line of a scanner's on a page that is otherwise a picture."""
_FILLED = 0.5


def with_recognised_text(page: Page, drawn: PdfPage, step: Callable[[], None], threads: int) -> Page:
    """`page` as its picture reads, where it holds no text, or hardly any beside a picture that fills it."""
    letters = _letters(page)
    if not page.is_unread and (letters > _FEW or not is_picture(drawn)):
        return page
    width, height = drawn.get_size()
    image = drawn.render(scale=min(_SCALE, math.sqrt(MOST_PIXELS / (width * height)))).to_pil()
    step()
    read = recognised(image, page.number, step, threads, scale=width / image.width)
    if _letters(read) <= letters:
        return page
    return replace(read, turns=(read.turns + drawn.get_rotation() // 90) % 4)


def _letters(page: Page) -> int:
    return sum(len(line.text) for line in page.lines)


def is_picture(drawn: PdfPage) -> bool:
    """Whether pictures cover half of a page or more."""
    import pypdfium2.raw as pdfium

    page = Box(*drawn.get_bbox())
    covered = 0.0
    for image in drawn.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE]):
        box = Box(*image.get_bounds())
        width = min(box.right, page.right) - max(box.left, page.left)
        height = min(box.top, page.top) - max(box.bottom, page.bottom)
        covered += max(0.0, width) * max(0.0, height)
    return covered >= _FILLED * page.width * page.height

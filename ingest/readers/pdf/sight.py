"""Tells which words of a PDF's page nobody sees: drawn without ink, in the paper's colour, or too small.

A word that might be one of the first two is looked for in a picture of the page, and counts as unseen only where that
shows nothing: the words that programs lay under a scan stand where its letters are, and white words may stand on dark
ground. Dark words that something dark covers are not told.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from ingest.readers.pages.page import Box
from ingest.readers.pdf.glyphs import Glyphs
from ingest.readers.pdf.scan import is_picture
from ingest.readers.pdf.words import Written
from ingest.readers.pictures.recognition import MOST_PIXELS

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pypdfium2 import PagesTextPage, PdfPage

_Ink = Literal["dark", "light", "none"]
_SCALE = 2.0
"""Pixels to a point: letters of four points still leave a mark."""
_LIGHT = 225
"""Of 255, the least of red, green and blue: ink as light as this may be lost on paper."""
_ALIKE = 24
"""Of 255, between the darkest and the lightest: what differs less is one colour."""
_SMALL = 1.2
"""Points: letters of this size are a line; a page shown within a page may have some of 1.5, which a zoom shows."""
_SMALLEST_PAGE = 100.0
"""Points: a page of a smaller size is drawn in inches, say, to be shown larger."""
_SAYS = re.compile(r"\w")
_NO_INK = frozenset({3, 7})
"""Text rendering modes (ISO 32000-2, 9.3.6) that paint nothing."""


class Sight:
    """Looks at one page; the picture of it is made when it is first needed."""

    def __init__(self, page: PdfPage, textpage: PagesTextPage, glyphs: Glyphs) -> None:
        import pypdfium2.raw as pdfium

        self._page = page
        self._textpage = textpage
        self._glyphs = glyphs
        self._handle = textpage.raw
        self._object = pdfium.FPDFText_GetTextObject
        # The same function, giving a bare number.
        address = ctypes.cast(self._object, ctypes.c_void_p).value
        self._address = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)(address or 0)
        self._mode = pdfium.FPDFTextObj_GetTextRenderMode
        self._fill = pdfium.FPDFText_GetFillColor
        self._inks = tuple(ctypes.c_uint() for _ in range(4))
        self._references = tuple(map(ctypes.byref, self._inks))
        self._is_miniature = max(page.get_size()) < _SMALLEST_PAGE
        self._inks_of: dict[int | None, _Ink] = {}

    def seen(self, words: Sequence[Written]) -> list[Written]:
        """Those of a line's words that can be seen; what is drawn at once is lost only as a whole.

        Boxes of single words may be wrong, and signs alone may be out of sight: files part the cells of tables by them.
        """
        drawn = [self._address(self._handle, word.glyph) for word in words]
        unsure = {address for address, word in zip(drawn, words, strict=True) if self._is_unsure(address, word)}
        found = list(zip(drawn, words, strict=True)) if unsure else []
        unsure &= {address for address, word in found if _SAYS.search(word.text)}
        if not unsure:
            return list(words)
        seen = {address for address, word in found if address in unsure and self._shows(address, word)}
        return [word for address, word in found if address not in unsure or address in seen]

    def _is_unsure(self, address: int | None, word: Written) -> bool:
        ink = self._inks_of.get(address) or self._ink(address, word.glyph)
        return ink != "dark" or self._is_small(word)

    def _is_small(self, word: Written) -> bool:
        if min(word.box.width, word.box.height) >= 2 * _SMALL or self._is_miniature:
            return False
        return self._glyphs.size(word.glyph) < _SMALL

    def _shows(self, address: int | None, word: Written) -> bool:
        if self._is_small(word) or not _SAYS.search(word.text):
            return False
        ink, box = self._ink(address, word.glyph), word.box
        # The words that a scanner lays under its picture may stand a little beside its letters.
        around = box.height if ink == "none" and self._is_scan else 0.0
        shown = self._shown(Box(box.left - around, box.bottom - around, box.right + around, box.top + around))
        if not shown.size:
            return False
        darkest, lightest = int(shown.min()), int(shown.max())
        return lightest - darkest >= _ALIKE or (ink == "light" and lightest < _LIGHT)

    def _ink(self, address: int | None, glyph: int) -> _Ink:
        if address not in self._inks_of:
            self._inks_of[address] = self._ink_of(glyph)
        return self._inks_of[address]

    def _ink_of(self, glyph: int) -> _Ink:
        if self._mode(self._object(self._textpage.raw, glyph)) in _NO_INK:
            return "none"
        if not self._fill(self._textpage.raw, glyph, *self._references):
            return "dark"
        red, green, blue, opacity = (ink.value for ink in self._inks)
        if opacity < _ALIKE:
            return "none"
        return "light" if min(red, green, blue) >= _LIGHT else "dark"

    @cached_property
    def _is_scan(self) -> bool:
        return is_picture(self._page)

    @cached_property
    def _picture(self) -> NDArray[np.uint8]:
        width, height = self._page.get_size()
        scale = min(_SCALE, math.sqrt(MOST_PIXELS / (width * height)))
        return np.asarray(self._page.render(scale=scale, grayscale=True, may_draw_forms=False).to_numpy()).squeeze()

    def _shown(self, box: Box) -> NDArray[np.uint8]:
        """What the picture shows in `box`, of two pixels at least where that is on the page."""
        corners = [self._pixel(box.left, box.top), self._pixel(box.right, box.bottom)]
        (left, right), (top, bottom) = (sorted(side) for side in zip(*corners, strict=True))
        return self._picture[max(top, 0) : max(bottom, top + 2, 0), max(left, 0) : max(right, left + 2, 0)]

    def _pixel(self, x: float, y: float) -> tuple[int, int]:
        import pypdfium2.raw as pdfium

        height, width = self._picture.shape
        right, down = ctypes.c_int(), ctypes.c_int()
        pdfium.FPDF_PageToDevice(self._page.raw, 0, 0, width, height, 0, x, y, ctypes.byref(right), ctypes.byref(down))
        return right.value, down.value

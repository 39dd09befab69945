"""The characters of a page as PDFium numbers them: where each stands, how it is set, whether the file names it."""

from __future__ import annotations

import ctypes
import math
import re
from typing import TYPE_CHECKING

from ingest.readers.pages.page import Box

if TYPE_CHECKING:
    from pypdfium2 import PagesTextPage

_LONGEST_NAME = 128
_BOLD = re.compile(r"bold|black|heavy|demi|medi(?!um)|cmbx|sfbx")
_ITALIC = re.compile(r"ital|obli|slant|cmti|sfti")


class Glyphs:
    def __init__(self, textpage: PagesTextPage) -> None:
        import pypdfium2.raw as pdfium

        self._page = textpage.raw
        self._rectangle = pdfium.FS_RECTF()
        self._scale = pdfium.FS_MATRIX()
        self._reference = ctypes.byref(self._rectangle)
        self._box = pdfium.FPDFText_GetLooseCharBox
        self._angle = pdfium.FPDFText_GetCharAngle
        self._index = pdfium.FPDFText_GetCharIndexFromTextIndex
        self._is_unmapped = pdfium.FPDFText_HasUnicodeMapError
        self._code = pdfium.FPDFText_GetUnicode
        self._size = pdfium.FPDFText_GetFontSize
        self._matrix = pdfium.FPDFText_GetMatrix
        self._origin = pdfium.FPDFText_GetCharOrigin
        self._font = pdfium.FPDFText_GetFontInfo
        self._name = ctypes.create_string_buffer(_LONGEST_NAME)
        self._emphases: dict[bytes, int] = {}

    def index(self, unit: int) -> int:
        """The number of the character at a UTF-16 unit of the page's text, -1 where it is none."""
        return int(self._index(self._page, unit))

    def box(self, first: int, last: int) -> Box:
        """The box of two characters and of what stands between them: as high as their font says that it may be."""
        rectangle = self._rectangle
        self._box(self._page, first, self._reference)
        left, bottom, right, top = rectangle.left, rectangle.bottom, rectangle.right, rectangle.top
        if last != first:
            self._box(self._page, last, self._reference)
            left, bottom = min(left, rectangle.left), min(bottom, rectangle.bottom)
            right, top = max(right, rectangle.right), max(top, rectangle.top)
        return Box(left, bottom, right, top)

    def angle(self, index: int) -> float:
        """By how much a character is turned clockwise, in radians."""
        return float(self._angle(self._page, index))

    def size(self, index: int) -> float:
        """The size at which a character is set, in points."""
        matrix = self._scale
        self._matrix(self._page, index, ctypes.byref(matrix))
        return float(self._size(self._page, index)) * math.hypot(matrix.c, matrix.d)

    def origin(self, index: int) -> tuple[float, float]:
        """The point on the base line from which a character is drawn."""
        x, y = ctypes.c_double(), ctypes.c_double()
        self._origin(self._page, index, ctypes.byref(x), ctypes.byref(y))
        return x.value, y.value

    def emphasis(self, index: int) -> int:
        """How a character stands out by its font's name: 2 bold, 1 italic, 0 not at all."""
        length = self._font(self._page, index, self._name, _LONGEST_NAME, None)
        name = self._name.value if 0 < length <= _LONGEST_NAME else b""
        if name not in self._emphases:
            text = name.decode("latin-1").lower()
            self._emphases[name] = 2 if _BOLD.search(text) else 1 if _ITALIC.search(text) else 0
        return self._emphases[name]

    def is_unmapped(self, index: int) -> bool:
        """Whether the file does not say which character this is, so that PDFium guessed."""
        return bool(self._is_unmapped(self._page, index) == 1)

    def character(self, index: int) -> str:
        return chr(self._code(self._page, index))

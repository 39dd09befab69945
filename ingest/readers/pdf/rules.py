"""The rules that are drawn on a page of a PDF: thin lines and boxes, which may part the cells of a table."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

from ingest.readers.pages.grids import FEWEST_RULES
from ingest.readers.pages.page import Box

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

_THIN = 3.0
_SHORTEST = 5.0
"""Points: what is thinner and longer is a rule."""
_MOST_OBJECTS = 2_000
"""On a page: files that draw each letter by itself have more, and looking at all of them takes longer than reading."""


def read_rules(page: PdfPage) -> list[Box]:
    """The rules of a page in the file's own coordinates, if there are enough for a table."""
    import pypdfium2.raw as pdfium

    count = pdfium.FPDFPage_CountObjects(page.raw)
    rules: list[Box] = []
    if count > _MOST_OBJECTS:
        return rules
    edges = [ctypes.c_float() for _ in range(4)]
    references = [ctypes.byref(edge) for edge in edges]
    for index in range(count):
        shape = pdfium.FPDFPage_GetObject(page.raw, index)
        if pdfium.FPDFPageObj_GetType(shape) != pdfium.FPDF_PAGEOBJ_PATH:
            continue
        if pdfium.FPDFPageObj_GetBounds(shape, *references):
            box = Box(*(edge.value for edge in edges))
            if min(box.width, box.height) <= _THIN and max(box.width, box.height) >= _SHORTEST:
                rules.append(box)
    standing = sum(rule.height > rule.width for rule in rules)
    return rules if min(standing, len(rules) - standing) >= FEWEST_RULES else []

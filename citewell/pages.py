"""Pages as pictures: the page of a PDF that a citation stands on, with the quoted lines marked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.readers.pdf_page import PDFIUM
from kb.types import Citation, Document, Span, TextBox

if TYPE_CHECKING:
    from PIL.Image import Image

PDF = "application/pdf"
SCALE = 2.0
"""Pixels per PDF point: sharp on the screens with two pixels to a point."""
LONGEST_SIDE = 2400
"""Pixels; a poster is drawn smaller."""
MARGIN = 1.0
"""Points that the marking reaches beyond the box of a line."""
INK = (255, 196, 0, 96)
"""Red, green, blue, opacity: black words stay black under it, white ones stay readable."""


def page_image(document: Document, citation: Citation) -> bytes | None:
    """A JPEG of the page that `citation` names, the quoted lines marked.

    None where `document` has no pages, or where its file is gone or no longer the one that was read: boxes of an older
    version would mark the wrong words.
    """
    boxes = quoted_boxes(document.boxes, citation.spans)
    content = _unchanged_content(document) if boxes else None
    if content is None:
        return None
    page = _page(citation, boxes)
    picture = _marked_page(content, page, [box for box in boxes if box.page == page])
    encoded = BytesIO()
    picture.save(encoded, "JPEG", quality=88)
    return encoded.getvalue()


def _page(citation: Citation, boxes: Sequence[TextBox]) -> int:
    named = citation.anchor.number if citation.anchor and citation.anchor.kind == "page" else None
    return named if named in {box.page for box in boxes} and named is not None else boxes[0].page


def quoted_boxes(boxes: Iterable[TextBox], spans: Sequence[Span]) -> list[TextBox]:
    """The boxes that hold at least one character of `spans`, in their order."""
    return [box for box in boxes if any(box.start < span.end and span.start < box.end for span in spans)]


def _unchanged_content(document: Document) -> bytes | None:
    if document.media_type != PDF:
        return None
    try:
        content = Path(document.source).read_bytes()
    except OSError:
        return None
    return content if sha256(content).hexdigest() == document.sha256 else None


def _marked_page(content: bytes, number: int, boxes: Sequence[TextBox]) -> Image:
    """The page `number` (from 1) as an RGB image with `boxes` painted over."""
    import pypdfium2
    from PIL import Image, ImageDraw

    with PDFIUM, pypdfium2.PdfDocument(content) as pdf:
        page = pdf[number - 1]
        bitmap = page.render(scale=min(SCALE, LONGEST_SIDE / max(page.get_size())))
        left, bottom, _, _ = page.get_bbox()
        # Knows the page's rotation, which boxes leave out; counts from the origin of the file's coordinates, which need
        # not be the corner of the visible page.
        to_pixels = bitmap.get_posconv(page).to_bitmap
        corners = [
            (
                to_pixels(left + box.left - MARGIN, bottom + box.bottom - MARGIN),
                to_pixels(left + box.right + MARGIN, bottom + box.top + MARGIN),
            )
            for box in boxes
        ]
        picture = bitmap.to_pil().convert("RGBA")
    marking = Image.new("RGBA", picture.size)
    draw = ImageDraw.Draw(marking)
    for (x0, y0), (x1, y1) in corners:
        draw.rectangle((min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)), fill=INK)
    return Image.alpha_composite(picture, marking).convert("RGB")

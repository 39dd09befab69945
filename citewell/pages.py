"""Pages as pictures: the page of a PDF, or the picture, that a citation stands on, with the quoted words marked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.readers.pages.page import Box, around
from ingest.readers.pdf.text_layer import PDFIUM, drawn_words
from ingest.readers.pictures.reader import MEDIA_TYPES, opened, shown
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
    """A JPEG of the page that `citation` names, the quoted words marked.

    None where `document` has no pages, or where its file is gone or no longer the one that was read: boxes of an older
    version would mark the wrong words.
    """
    boxes = quoted_boxes(document.boxes, citation.spans)
    content = _unchanged_content(document) if boxes else None
    if content is None:
        return None
    page = _page(citation, boxes)
    boxes = [box for box in boxes if box.page == page]
    if document.media_type == PDF:
        quoted = [(box, document.text[box.start : box.end]) for box in boxes]
        picture = _marked_page(content, page, quoted, citation.spans)
    else:
        picture = _marked_picture(content, page, boxes)
    encoded = BytesIO()
    picture.save(encoded, "JPEG", quality=88)
    return encoded.getvalue()


def _page(citation: Citation, boxes: Sequence[TextBox]) -> int:
    named = citation.anchor.number if citation.anchor and citation.anchor.kind == "page" else None
    return named if named in {box.page for box in boxes} and named is not None else boxes[0].page


def quoted_boxes(boxes: Iterable[TextBox], spans: Sequence[Span]) -> list[TextBox]:
    """The boxes that hold at least one character of `spans`, in their order."""
    return [box for box in boxes if any(box.start < span.end and span.start < box.end for span in spans)]


def quoted_words(line: TextBox, text: str, spans: Sequence[Span], words: Sequence[tuple[str, Box]]) -> list[Box]:
    """Where the words of a line stand that `spans` hold, those that stand together in one box.

    `words` are all those of the page. The whole line, where it is quoted as a whole, or its words are not found again:
    a page that was read by text recognition has none.
    """
    whole = Box(line.left, line.bottom, line.right, line.top)
    inside = [(word, box) for word, box in words if _holds(whole, box)]
    placed = None if _covers(spans, line) else _places(text, inside)
    if not placed:
        return [whole]
    runs: list[list[Box]] = [[]]
    for start, end, box in placed:
        if any(line.start + start < span.end and span.start < line.start + end for span in spans):
            runs[-1].append(box)
        elif runs[-1]:
            runs.append([])
    return [around(run) for run in runs if run]


def _covers(spans: Sequence[Span], line: TextBox) -> bool:
    return any(span.start <= line.start and line.end <= span.end for span in spans)


def _holds(box: Box, word: Box) -> bool:
    x, y = (word.left + word.right) / 2, (word.bottom + word.top) / 2
    return box.left - MARGIN <= x <= box.right + MARGIN and box.bottom - MARGIN <= y <= box.top + MARGIN


def _places(text: str, words: Sequence[tuple[str, Box]]) -> list[tuple[int, int, Box]]:
    """Where in `text` each of `words` stands, white space aside; empty unless they make up all of it."""
    letters = [index for index, letter in enumerate(text) if not letter.isspace()]
    solid = "".join(text[index] for index in letters)
    placed: list[tuple[int, int, Box]] = []
    left = list(words)
    at = 0
    while at < len(solid):
        found = next((word for word in left if word[0] and solid.startswith("".join(word[0].split()), at)), None)
        if found is None:
            return []
        left.remove(found)
        size = len("".join(found[0].split()))
        placed.append((letters[at], letters[at + size - 1] + 1, found[1]))
        at += size
    return placed


def _unchanged_content(document: Document) -> bytes | None:
    if document.media_type not in (PDF, *MEDIA_TYPES.values()):
        return None
    try:
        content = Path(document.source).read_bytes()
    except OSError:
        return None
    return content if sha256(content).hexdigest() == document.sha256 else None


def _marked_page(content: bytes, number: int, lines: Sequence[tuple[TextBox, str]], spans: Sequence[Span]) -> Image:
    """The page `number` (from 1) of a PDF; of each line, its box and its text, what `spans` hold is marked."""
    import pypdfium2

    with PDFIUM, pypdfium2.PdfDocument(content) as pdf:
        if pdf.get_formtype():
            pdf.init_forms()
        page = pdf[number - 1]
        bitmap = page.render(scale=min(SCALE, LONGEST_SIDE / max(page.get_size())))
        left, bottom, _, _ = page.get_bbox()
        words = drawn_words(page)
        boxes = [box for line, text in lines for box in quoted_words(line, text, spans, words)]
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
        picture = bitmap.to_pil()
    return _marked(picture, corners)


def _marked_picture(content: bytes, number: int, boxes: Sequence[TextBox]) -> Image:
    """The page `number` (from 1) of a picture, the whole lines in `boxes` marked."""
    name = "The picture"
    with opened(BytesIO(content), name) as image:
        picture, scale = shown(image, number, name, LONGEST_SIDE**2)
    corners = [
        (
            (box.left / scale, picture.height - box.bottom / scale),
            (box.right / scale, picture.height - box.top / scale),
        )
        for box in boxes
    ]
    return _marked(picture, corners)


def _marked(picture: Image, corners: Iterable[tuple[tuple[float, float], tuple[float, float]]]) -> Image:
    """An RGB image of `picture` with rectangles marked, of each of which two opposite corners are given."""
    from PIL import Image, ImageDraw

    marking = Image.new("RGBA", picture.size)
    draw = ImageDraw.Draw(marking)
    for (x0, y0), (x1, y1) in corners:
        draw.rectangle((min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)), fill=INK)
    return Image.alpha_composite(picture.convert("RGBA"), marking).convert("RGB")

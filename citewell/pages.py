"""Pages as pictures: the page of a PDF, or the picture, that a citation stands on, with the quoted words marked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import file_digest
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ingest.readers.pages.page import Box, around
from ingest.readers.pdf.text_layer import PDFIUM, drawn_words
from ingest.readers.pictures.reader import MEDIA_TYPES, opened, shown
from kb.errors import UnreadableFile
from kb.types import Citation, Document, Span, TextBox

if TYPE_CHECKING:
    from PIL.Image import Image
    from pypdfium2 import PdfPage

PDF = "application/pdf"
SCALE = 2.0
"""Pixels per PDF point: sharp on the screens with two pixels to a point."""
LONGEST_SIDE = 2400
"""Pixels; a poster is drawn smaller."""
MARGIN = 1.0
"""Points that the marking reaches beyond the box of a line."""
INK = (255, 196, 0, 96)
"""Red, green, blue, opacity: black words stay black under it, white ones stay readable."""


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A JPEG of a page. `is_recognised`: its words were read from a picture, which may have misled."""

    jpeg: bytes
    is_recognised: bool


def page_image(document: Document, citation: Citation) -> bytes | None:
    """A JPEG of the page that `citation` names, the quoted words marked; None where `page_picture` says so."""
    boxes = quoted_boxes(document.boxes, citation.spans)
    picture = page_picture(document, _page(citation, boxes), citation.spans) if boxes else None
    return picture.jpeg if picture else None


def page_picture(document: Document, page: int, spans: Sequence[Span]) -> PagePicture | None:
    """The page `page` (from 1) of the file that `document` was read from, with those words of `spans` on it marked.

    None where it has no such page, or where its file is gone or no longer the one that was read: boxes of an older
    version would mark the wrong words.
    """
    if not has_pages(document) or file_state(document) != "unchanged":
        return None
    boxes = [box for box in quoted_boxes(document.boxes, spans) if box.page == page]
    try:
        if document.media_type == PDF:
            quoted = [(box, document.text[box.start : box.end]) for box in boxes]
            drawn = _marked_page(document.source, page, quoted, spans)
        else:
            drawn = _marked_picture(document.source, page, boxes), True
    except (OSError, UnreadableFile):
        return None
    if drawn is None:
        return None
    encoded = BytesIO()
    drawn[0].save(encoded, "JPEG", quality=88)
    return PagePicture(encoded.getvalue(), drawn[1] and any(box.page == page for box in document.boxes))


def has_pages(document: Document) -> bool:
    """Whether pages of it can be drawn, from the file that it was read from."""
    return bool(document.boxes) and document.media_type in (PDF, *MEDIA_TYPES.values())


def page_count(document: Document) -> int:
    """How many pages the file of a PDF has; 0 where that is not known, or not any more."""
    import pypdfium2

    if document.media_type != PDF or not has_pages(document) or file_state(document) != "unchanged":
        return 0
    with PDFIUM:
        try:
            with pypdfium2.PdfDocument(document.source) as pdf:
                return len(pdf)
        except (OSError, pypdfium2.PdfiumError):
            return 0


def file_state(document: Document) -> Literal["unchanged", "changed", "gone"]:
    """Whether the file that `document` was read from is still there, and with the same content."""
    path = Path(document.source)
    try:
        found = path.stat()
        content = _content(document.source, (found.st_size, found.st_mtime_ns, found.st_ino))
    except OSError:
        return "gone"
    return "unchanged" if content == document.sha256 else "changed"


@lru_cache(maxsize=256)
def _content(path: str, _state: tuple[int, int, int]) -> str:
    """The SHA-256 of a file, found once for each of its states: to read a large one takes longer than drawing."""
    with Path(path).open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


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


def _marked_page(
    path: str, number: int, lines: Sequence[tuple[TextBox, str]], spans: Sequence[Span]
) -> tuple[Image, bool] | None:
    """The page `number` of a PDF, if it can be drawn, and whether it holds no words itself.

    Of each line, its box and its text, what `spans` hold is marked.
    """
    import pypdfium2

    with PDFIUM:
        try:
            with pypdfium2.PdfDocument(path) as pdf:
                if pdf.get_formtype():
                    pdf.init_forms()
                page = pdf[number - 1] if number <= len(pdf) else None
                return None if page is None else _drawn(page, lines, spans)
        except pypdfium2.PdfiumError:
            return None


def _drawn(page: PdfPage, lines: Sequence[tuple[TextBox, str]], spans: Sequence[Span]) -> tuple[Image, bool]:
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
    return _marked(bitmap.to_pil(), corners), not words


def _marked_picture(path: str, number: int, boxes: Sequence[TextBox]) -> Image:
    """The page `number` (from 1) of a picture, the whole lines in `boxes` marked."""
    name = "The picture"
    with Path(path).open("rb") as stream, opened(stream, name) as image:
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

    corners = list(corners)
    if not corners:
        return picture.convert("RGB")
    marking = Image.new("RGBA", picture.size)
    draw = ImageDraw.Draw(marking)
    for (x0, y0), (x1, y1) in corners:
        draw.rectangle((min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)), fill=INK)
    return Image.alpha_composite(picture.convert("RGBA"), marking).convert("RGB")

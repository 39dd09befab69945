"""Reads pictures of text: scans, photographs, screenshots. The pages of a TIFF are pages; an animation is its first."""

from __future__ import annotations

import math
import struct
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from ingest.readers.pages.margins import without_running_lines
from ingest.readers.pages.page import Page, usual_height
from ingest.readers.pages.writing import PagesText
from ingest.readers.pictures.recognition import MOST_PIXELS, nothing_recognised, recognised, require_recognition
from ingest.readers.source_file import SourceFile, make_document
from kb.errors import UnreadableFile
from kb.types import Anchor, Document, Mark, TextBox

if TYPE_CHECKING:
    from PIL.Image import Image

MEDIA_TYPES = {
    "AVIF": "image/avif",
    "BMP": "image/bmp",
    "GIF": "image/gif",
    "JPEG": "image/jpeg",
    "JPEG2000": "image/jp2",
    "PNG": "image/png",
    "TIFF": "image/tiff",
    "WEBP": "image/webp",
}
"""Of the formats that are read, by the names that Pillow has for them."""

_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    LookupError,
    ArithmeticError,
    RuntimeError,
    struct.error,
    zlib.error,
)
"""What Pillow raises for damaged files."""
_KIND_OF_PAGE, _SMALLER = 254, 1
"""The tag of a TIFF that says what a page is, and the bit in it for one that shows another page smaller."""
_SAMPLE = (64, 64)
_BRIGHT = 128


@dataclass(frozen=True, slots=True)
class ImageReader:
    """`threads` recognise text; 0 where the settings say that none is to be recognised.

    Boxes are in pixels of the picture the right way up, as Exif says, which are taken for points.
    """

    threads: int = 1

    def read(self, file: SourceFile) -> Iterator[Document]:
        require_recognition(file.name, wanted=self.threads > 0)
        with file.open() as stream, opened(stream, file.name) as image:
            pages = [self._page(image, number, file) for number in _pages(image, file.name)]
        text = PagesText((), usual_height([line for page in pages for line in page.lines]))
        for page in without_running_lines(pages):
            text.add_page(page)
        if not text.boxes:
            raise nothing_recognised(file.name)
        yield make_document(
            file,
            text=text.text,
            title="",
            media_type=MEDIA_TYPES.get(image.format or "", "image/jpeg"),  # several in one file are "MPO" for Pillow
            marks=text.marks if len(pages) > 1 else list(_line_marks(text.boxes, text.text)),
            blocks=text.blocks,
            boxes=text.boxes,
        )

    def _page(self, image: Image, number: int, file: SourceFile) -> Page:
        file.page()
        picture, scale = shown(image, number, file.name, MOST_PIXELS)
        return recognised(picture, number, file.step, self.threads, scale=scale)


@contextmanager
def opened(stream: BinaryIO, name: str) -> Iterator[Image]:
    from PIL import Image

    with _damage_named(name):
        image = Image.open(stream, formats=tuple(MEDIA_TYPES))
    with image:
        yield image


def shown(image: Image, number: int, name: str, most_pixels: int) -> tuple[Image, float]:
    """The page `number` of an image as people see it, and how many of its pixels one of the picture stands for.

    The picture is the right way up, on paper where it is transparent, in 8 bits, and made smaller if it is larger.
    """
    from PIL import ImageOps

    with _damage_named(name):
        image.seek(number - 1)
        image.load()
        scale = max(1.0, math.sqrt(image.width * image.height / most_pixels))
        picture = _fitted(_resizable(image), scale)
        with suppress(*_DAMAGE):
            ImageOps.exif_transpose(picture, in_place=True)
        return (_on_paper(picture) if picture.has_transparency_data else picture), scale


@contextmanager
def _damage_named(name: str) -> Iterator[None]:
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Image.DecompressionBombError as error:
        raise UnreadableFile(f"{name} has too many pixels; save it smaller or in parts.") from error
    except _DAMAGE as error:
        raise UnreadableFile(
            f"{name} is damaged, or a picture of a rare kind; save it again, as PNG perhaps."
        ) from error


def _pages(image: Image, name: str) -> list[int]:
    """The numbers of the pages of an image, from 1; those of a TIFF that show others smaller are none."""
    from PIL.TiffImagePlugin import TiffImageFile

    if not isinstance(image, TiffImageFile):
        return [1]
    with _damage_named(name):
        pages = []
        for number in range(1, image.n_frames + 1):
            image.seek(number - 1)
            if not image.tag_v2.get(_KIND_OF_PAGE, 0) & _SMALLER:
                pages.append(number)
        return pages


def _resizable(image: Image) -> Image:
    """A picture in 8 bits that can be made smaller without loss: pixels of any size from the lowest to the highest."""
    from PIL.Image import fromarray

    if image.mode[0] in "IF":
        pixels = np.nan_to_num(np.asarray(image, np.float32))
        low, high = pixels.min(), pixels.max()
        return fromarray(((pixels - low) * (255 / ((high - low) or 1))).astype(np.uint8))
    mode = "RGBA" if image.has_transparency_data else "L" if image.mode in ("1", "L") else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _fitted(image: Image, scale: float) -> Image:
    if scale == 1:
        return image
    return image.resize((max(1, round(image.width / scale)), max(1, round(image.height / scale))), reducing_gap=2.0)


def _on_paper(image: Image) -> Image:
    """A picture without transparency, on black where what can be seen of it is bright, else on white."""
    from PIL import Image

    *_, alpha = image.split()
    seen = np.asarray(image.resize(_SAMPLE), np.float32)
    weights = seen[..., 3]
    is_bright = weights.any() and np.average(seen[..., :3].mean(axis=2), weights=weights) > _BRIGHT
    paper = Image.new("RGB", image.size, "black" if is_bright else "white")
    paper.paste(image, mask=alpha)
    return paper


def _line_marks(boxes: Sequence[TextBox], text: str) -> Iterator[Mark]:
    """A mark for each line of a picture that is no page among others."""
    number, end = 0, 0
    for box in boxes:
        if number == 0 or "\n" in text[end : box.start]:
            number += 1
            yield Mark(box.start, Anchor("line", f"line {number}", number))
        end = box.end

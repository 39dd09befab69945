"""Pages that are read from their pictures, whichever way up they lie: lines in the order in which people read them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from statistics import fmean, median
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ingest.readers.pages.page import Box, Line, Page
from ingest.readers.pictures.reading_order import Place, rows_in_order
from ingest.readers.source_file import clean
from kb.errors import NothingToRead
from kb.models.text_recogniser import Pixels, Quad, TextRecogniser, blanks, is_installed, sides

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PIXELS = 12_000_000
"""Of a picture to be read: an A4 page has as many at 350 dpi. More would show nothing more."""

_SURE = 0.75
"""Confidence of a line that is kept: in bad copies most words of less sure lines were wrong, most of surer ones right;
nothing that was seen in photographs without text was as sure."""
_SURE_OF_FEW = 0.9
_FEW = 2
"""Letters: what is seen in specks and edges is as short."""

_UPRIGHT = 0.9
"""Confidence of lines that stand upright: it was 0.95 and more, and at most 0.83 on their heads."""
_SAMPLE = 4
_TALL, _TALLER_THAN_LETTERS = 1.5, 3.0
"""Height by width of a box whose text may lie on its side, and surely does."""

_LONG = 3.0
"""Width by height of a line that shows at which angle a page was scanned."""
_WIDE = 6.0
"""Width by height of a line that may reach over a border of columns."""
_NEAR = 8.0
"""Of the height of such a line: how far from it are those that bear witness to the border."""
_FEWEST_VOTES = 2
_ABOVE, _BESIDE = 0.25, 0.4
"""Of the height of a line as it is found: the air that may be above and below it, and at its ends."""

_HYPHEN = re.compile(r"(?<=\w)[-‐]$")
_LETTER = re.compile(r"[^\W_]")


def require_recognition(name: str, *, wanted: bool) -> None:
    """Raises NothingToRead where the text in the pictures of the file `name` is not to be recognised, or cannot be."""
    if not (wanted and is_installed()):
        raise NothingToRead(f"{name} holds no text but what it shows as a picture, which {unrecognised(wanted=wanted)}")


def unrecognised(*, wanted: bool) -> str:
    """The end of a sentence: what it takes that text in pictures is read."""
    if not wanted:
        return 'is not read: ingest.ocr is "off".'
    return "only text recognition reads: run `pip install 'citewell[ocr]'` and ingest it again."


def nothing_recognised(name: str) -> NothingToRead:
    return NothingToRead(
        f"{name} holds no text that can be recognised; Latin letters, Chinese and Japanese can, other scripts cannot."
    )


def recognised(image: Image, number: int, step: Callable[[], None], threads: int, *, scale: float = 1.0) -> Page:
    """The page `number` as `image` shows it, each pixel `scale` points wide; `step` is called every few seconds."""
    recogniser = _recogniser(threads)
    pixels = np.asarray(image.convert("RGB"))
    turns, quads = _upright(recogniser, pixels, step)
    pixels = np.ascontiguousarray(np.rot90(pixels, -turns))
    quads = _parted(pixels, quads)
    read = [(quad, text) for quad, text in zip(quads, _texts(recogniser, pixels, quads, step), strict=True) if text]
    height, width = pixels.shape[0] * scale, pixels.shape[1] * scale
    slant = _slant([quad for quad, _ in read])
    middle = np.array([width / 2, height / 2], np.float32)
    level = [_levelled(quad * np.float32(scale), slant, middle) for quad, _ in read]
    lines = _lines(level, [text for _, text in read], height)
    return Page(number, width, height, tuple(lines), turns=turns, slant=slant)


@cache
def _recogniser(threads: int) -> TextRecogniser:
    return TextRecogniser(threads=threads)


def _upright(recogniser: TextRecogniser, pixels: Pixels, step: Callable[[], None]) -> tuple[int, list[Quad]]:
    """The quarter turns clockwise that set the text of a picture upright, and where its lines then stand.

    Text that is written from the top down, as Japanese may be, is read lying on its side, its columns as rows.
    """
    quads = recogniser.find(pixels)
    step()
    every = sum(max(sides(quad)) for quad in quads)
    tall = sum(max(sides(quad)) for quad in quads if _is_tall(quad))
    sample = sorted(quads, key=lambda quad: max(sides(quad)) / max(min(sides(quad)), 1.0))[-_SAMPLE:]
    best, surest = 0, -1.0
    for turns in (3, 1) if 2 * tall > every else (0, 2):
        sure = fmean([recogniser.read(pixels, quad, turns=turns).confidence for quad in sample] or [1.0])
        step()
        if sure > surest:
            best, surest = turns, sure
        if surest >= _UPRIGHT:
            break
    return best, quads if best == 0 else recogniser.find(np.ascontiguousarray(np.rot90(pixels, -best)))


def _is_tall(quad: Quad) -> bool:
    width, height = sides(quad)
    return height >= _TALL * width


def _parted(pixels: Pixels, quads: Sequence[Quad]) -> list[Quad]:
    """`quads`, those that reach over a border of columns in parts: where most lines near end, or are blank as well."""
    blank = [
        [float(quad[0, 0] + share * (quad[1, 0] - quad[0, 0])) for share in blanks(pixels, quad)]
        if sides(quad)[0] > _WIDE * sides(quad)[1]
        else []
        for quad in quads
    ]
    return [
        part
        for quad, own in zip(quads, blank, strict=True)
        for part in _cut(quad, [x for x in own if sum(_votes(quad, x, quads, blank)) >= _FEWEST_VOTES])
    ]


def _votes(quad: Quad, x: float, quads: Sequence[Quad], blank: Sequence[Sequence[float]]) -> Iterator[int]:
    """For each line near `quad` that reaches as far as `x`: 1 where nothing of it stands there, else -1."""
    height = sides(quad)[1]
    for other, gaps in zip(quads, blank, strict=True):
        left, right = other[0, 0], other[1, 0]
        is_near = other is not quad and abs(other[0, 1] - quad[0, 1]) < _NEAR * height
        if is_near and left - height < x < right + height:
            yield 1 if any(abs(x - free) < height for free in (left, right, *gaps)) else -1


def _cut(quad: Quad, borders: Sequence[float]) -> Iterator[Quad]:
    """The parts of a quad between `borders`, which are counted along the picture."""
    upper, lower = quad[1] - quad[0], quad[2] - quad[3]
    shares = [0.0, *((x - quad[0, 0]) / upper[0] for x in borders), 1.0]
    for a, b in pairwise(shares):
        yield np.array([quad[0] + a * upper, quad[0] + b * upper, quad[3] + b * lower, quad[3] + a * lower], np.float32)


def _texts(
    recogniser: TextRecogniser, pixels: Pixels, quads: Sequence[Quad], step: Callable[[], None]
) -> Iterator[str]:
    """What each quad says, "" where that is not sure enough."""
    for quad in quads:
        readings = [recogniser.read(pixels, quad, turns=turns) for turns in _possible_turns(quad)]
        step()
        text, confidence = max(readings, key=lambda reading: reading.confidence)
        words = " ".join(clean(text).split())
        is_short = len(_LETTER.findall(words)) <= _FEW
        yield words if confidence >= (_SURE_OF_FEW if is_short else _SURE) else ""


def _possible_turns(quad: Quad) -> Sequence[int]:
    """How text may lie in a quad on an upright page."""
    width, height = sides(quad)
    if height < _TALL * width:
        return (0,)
    return (0, 3, 1) if height < _TALLER_THAN_LETTERS * width else (3, 1)


def _lines(quads: Sequence[Quad], texts: Sequence[str], height: float) -> Iterator[Line]:
    """The lines in reading order, on a level page of `height`, from whose lower edge their coordinates are counted."""
    for row in rows_in_order([_place(quad, number) for number, quad in enumerate(quads)]):
        for place in row:
            text, (left, top, right, bottom) = texts[place.number], _bounds(quads[place.number])
            is_hyphenated = place is row[-1] and _HYPHEN.search(text) is not None
            box = Box(left, height - bottom, right, height - top)
            yield Line(text[:-1] if is_hyphenated else text, box, is_hyphenated=is_hyphenated)


def _bounds(quad: Quad) -> tuple[float, float, float, float]:
    """Left, top, right and bottom."""
    return float(quad[:, 0].min()), float(quad[:, 1].min()), float(quad[:, 0].max()), float(quad[:, 1].max())


def _place(quad: Quad, number: int) -> Place:
    left, top, right, bottom = _bounds(quad)
    size = min(right - left, bottom - top)
    beside, above = _BESIDE * size, _ABOVE * size
    return Place(left + beside, top + above, right - beside, bottom - above, number)


def _slant(quads: Sequence[Quad]) -> float:
    """The angle clockwise at which most of the lines stand."""
    angles = [
        math.atan2(quad[1, 1] - quad[0, 1], quad[1, 0] - quad[0, 0])
        for quad in quads
        if sides(quad)[0] > _LONG * sides(quad)[1]
    ]
    return median(angles) if angles else 0.0


def _levelled(quad: Quad, angle: float, middle: NDArray[np.float32]) -> Quad:
    cosine, sine = math.cos(angle), math.sin(angle)
    return np.asarray((quad - middle) @ np.array([[cosine, -sine], [sine, cosine]], np.float32) + middle)

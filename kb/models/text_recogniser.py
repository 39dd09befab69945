"""Text in pictures by RapidOCR, whose package carries its models: Latin letters, Chinese and Japanese.

Finds where lines of text stand and reads them one by one; knows nothing of pages or of the order of lines.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from rapidocr import RapidOCR

Pixels = NDArray[np.uint8]
"""A picture: height x width x 3, red, green and blue."""
Quad = NDArray[np.float32]
"""The corners of a line of text, 4 x 2, x and y in pixels: clockwise from the upper left one."""

MOST_PIXELS = 1_200_000
"""In which lines are looked for: an A4 page at 110 dpi, where letters of 5 points are still found."""
_CANVAS = 128
_HEIGHT = 48
_WIDTH, _LONGEST = 384, 2688
"""Of lines that are read: their width is a multiple of the first, never more than the last."""
_MOST_SHAPES = 20
_COMPANY, _COMPANY_SIZE = 192, 20
_INK = 0.15
"""Of the difference that letters make to a column of a line's pixels: what more than noise makes."""
_BLANK = 0.75
_WHITE, _GREY = (255, 255, 255), 127
"""Grey is nothing to the model that reads: RapidOCR fills up with it too."""
_UNLIMITED = 1_000_000
_WITHOUT_MEMORY = ("alloc", "Resource temporarily unavailable")
"""What OpenVINO says, among other things, where it gets no memory, and no thread for want of it."""


class Reading(NamedTuple):
    """What a line says, and how sure that is (0 to 1): the mean over its characters."""

    text: str
    confidence: float


class TextRecogniser:
    """Not to be shared between threads. Raises MemoryError where OpenVINO gets no memory.

    OpenVINO takes half the time of onnxruntime on a processor with bfloat16 and four fifths on others, with the same
    accuracy. It keeps what it prepared for each shape of input, 15 to 50 MB, so inputs are filled up to few shapes,
    lines are read one at a time, and after some shapes it begins anew: left alone, each page took 100 MB more.
    """

    def __init__(self, *, threads: int) -> None:
        from kb.models.openvino_runtime import silence_openvino

        silence_openvino()
        self._threads = threads
        self._engine: RapidOCR | None = None
        self._shapes: set[tuple[int, ...]] = set()

    def find(self, picture: Pixels) -> list[Quad]:
        """Where lines of text stand, or parts of lines, in no order to rely on."""
        import cv2
        from rapidocr.ch_ppocr_det import TextDetOutput

        height, width = picture.shape[:2]
        scale = min(1.0, (MOST_PIXELS / (height * width)) ** 0.5)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        small = picture if scale == 1 else np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
        canvas = _in_company(small)
        found = self._run(canvas, finds=True)
        if not isinstance(found, TextDetOutput) or found.boxes is None:
            return []
        corner = np.array([width, height], np.float32)
        factor = corner / np.array(size, np.float32)
        quads = np.asarray(found.boxes, np.float32)
        return [np.clip(quad * factor, 0, corner) for quad in quads if quad[:, 0].mean() < size[0]]

    def read(self, picture: Pixels, quad: Quad, *, turns: int = 0) -> Reading:
        """What stands in `quad` after `turns` quarter turns clockwise."""
        from rapidocr.ch_ppocr_rec import TextRecOutput

        strip = _filled(_strip(picture, quad, turns))
        read = self._run(strip, finds=False)
        if not isinstance(read, TextRecOutput) or not read.txts or not read.scores:
            return Reading("", 0.0)
        return Reading(read.txts[0], float(read.scores[0]))

    def _run(self, picture: Pixels, *, finds: bool) -> object:
        from rapidocr.inference_engine.openvino.main import OpenVINOError

        if picture.shape not in self._shapes and len(self._shapes) == _MOST_SHAPES:
            self._forget()
        self._shapes.add(picture.shape)
        blue_first = np.ascontiguousarray(picture[..., ::-1])
        try:
            self._engine = self._engine or _engine(self._threads)
            return self._engine(blue_first, use_det=finds, use_cls=False, use_rec=not finds)
        except (OpenVINOError, RuntimeError) as error:
            self._forget()
            if any(sign in str(error) for sign in _WITHOUT_MEMORY):
                raise MemoryError from error
            raise

    def _forget(self) -> None:
        self._engine = None
        self._shapes.clear()


def is_installed() -> bool:
    return find_spec("rapidocr") is not None


def sides(quad: Quad) -> tuple[float, float]:
    """Width and height of a quad."""
    width = max(np.linalg.norm(quad[1] - quad[0]), np.linalg.norm(quad[2] - quad[3]))
    height = max(np.linalg.norm(quad[3] - quad[0]), np.linalg.norm(quad[2] - quad[1]))
    return float(width), float(height)


def _engine(threads: int) -> RapidOCR:
    import rapidocr

    models = Path(rapidocr.__file__).parent / "models"
    return rapidocr.RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.use_cls": False,
            "Global.use_preprocess_img": False,
            "Global.use_vertical_padding": False,
            "EngineConfig.openvino.inference_num_threads": threads,
            # Else all parsers work on the first cores: two of one thread each took half as long again.
            "EngineConfig.openvino.enable_cpu_pinning": False,
            "Det.engine_type": rapidocr.EngineType.OPENVINO,
            "Rec.engine_type": rapidocr.EngineType.OPENVINO,
            # By their paths: what RapidOCR does not find by a name, it downloads.
            "Det.model_path": str(models / "PP-OCRv6_det_small.onnx"),
            "Rec.model_path": str(models / "PP-OCRv6_rec_small.onnx"),
            "Det.limit_type": "max",
            "Det.limit_side_len": _UNLIMITED,
            "Det.max_candidates": 5_000,
        }
    )


def _in_company(picture: Pixels) -> Pixels:
    """`picture` on a white canvas, on whose right side some text stands.

    The model weighs each place against the whole: it overlooks a single word on an A4 page, but not beside other text.
    """
    height, width = picture.shape[:2]
    below, beside = -height % _CANVAS, -(width + _COMPANY) % _CANVAS
    canvas = np.full((height + below, width + beside + _COMPANY, 3), _WHITE, np.uint8)
    canvas[:height, :width] = picture
    canvas[:, -_COMPANY:] = _company(height + below)
    return canvas


@cache
def _company(height: int) -> Pixels:
    from PIL import Image, ImageDraw, ImageFont

    column = Image.new("RGB", (_COMPANY, height), _WHITE)
    font = ImageFont.load_default(_COMPANY_SIZE)
    for y in range(_COMPANY_SIZE, height - 2 * _COMPANY_SIZE, 2 * _COMPANY_SIZE):
        ImageDraw.Draw(column).text((2 * _COMPANY_SIZE, y), "a picture of text", font=font, fill="black")
    return np.asarray(column)


def _strip(picture: Pixels, quad: Quad, turns: int) -> Pixels:
    """A line cut out, of the height that the model wants."""
    import cv2

    width, height = (max(1, round(side)) for side in sides(quad))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    flat = cv2.warpPerspective(
        picture,
        cv2.getPerspectiveTransform(quad, corners),
        (width, height),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    line = np.ascontiguousarray(np.rot90(flat, -turns))
    height, width = line.shape[:2]
    length = min(max(1, round(width * _HEIGHT / height)), _LONGEST)
    interpolation = cv2.INTER_AREA if height > _HEIGHT else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(line, (length, _HEIGHT), interpolation=interpolation))


def _filled(strip: Pixels) -> Pixels:
    """A strip filled up on the right to one of few widths."""
    length = strip.shape[1]
    filled = np.full((_HEIGHT, length + -length % _WIDTH, 3), _GREY, np.uint8)
    filled[:, :length] = strip
    return filled


def blanks(picture: Pixels, quad: Quad) -> list[float]:
    """Where a line is blank for a width of three quarters of its height or more: the middles, as shares of its width.

    The model takes lines of close columns for one.
    """
    strip = _strip(picture, quad, 0).mean(axis=2)
    ink = np.abs(strip - np.median(strip)).mean(axis=0)
    ink -= ink.min()
    inked = np.flatnonzero(ink > _INK * np.quantile(ink, 0.95))
    return [float(a + b) / 2 / len(ink) for a, b in pairwise(inked) if b - a >= _BLANK * _HEIGHT]

"""Pictures of text, for tests of what recognises it: drawn in the font that Pillow itself has."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

LINES = (
    "The committee met on 12 March 2024.",
    "It approved a budget of 4,350 euros.",
    "The otter was seen near the old bridge.",
)
SIZE = 24


def picture(
    lines: Sequence[str] = LINES, *, size: tuple[int, int] = (600, 240), at: tuple[int, int] = (40, 30), pitch: int = 40
) -> Image.Image:
    """`lines` in black on white, the upper left corner of the first at `at`."""
    image = Image.new("RGB", size, "white")
    draw_on(image, lines, at=at, pitch=pitch)
    return image


def draw_on(image: Image.Image, lines: Sequence[str], *, at: tuple[int, int], pitch: int = 40) -> None:
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(SIZE)
    for number, line in enumerate(lines):
        draw.text((at[0], at[1] + number * pitch), line, font=font, fill="black")


def saved(image: Image.Image, path: Path) -> Path:
    image.save(path)
    return path


def scan(path: Path, *images: Image.Image, points: float = 0.36) -> Path:
    """A PDF of pages that each show a picture and hold no text, each pixel `points` wide: 200 dpi."""
    canvas = Canvas(str(path))
    for image in images:
        add_scan(canvas, image, points=points)
    canvas.save()
    return path


def add_scan(canvas: Canvas, image: Image.Image, *, points: float = 0.36, words: str = "") -> None:
    """Adds a page that shows `image`, and on it `words` as text."""
    width, height = image.width * points, image.height * points
    canvas.setPageSize((width, height))
    data = BytesIO()
    image.save(data, "PNG")
    data.seek(0)
    canvas.drawImage(ImageReader(data), 0, 0, width, height)
    canvas.setFontSize(6)
    canvas.drawString(2, 2, words)
    canvas.showPage()

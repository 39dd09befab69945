"""Page pictures: the marking lies on the quoted line, turned and cropped pages too, and never on another version."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import RectangleObject
from reportlab.pdfgen.canvas import Canvas

from citewell.pages import page_image
from ingest.reading import read_path
from kb.types import Citation, Document, Span

LINES = [f"This line speaks of the {animal}." for animal in ("heron", "otter", "badger", "newt")]
QUOTED = "badger"


def make_pdf(path: Path, *, rotation: int = 0, crop: tuple[int, int, int, int] | None = None) -> Path:
    """A cover page, then a page with LINES 40 points apart, the first at height 700."""
    canvas = Canvas(str(path), pagesize=(612, 792))
    canvas.drawString(72, 700, "Cover")
    canvas.showPage()
    for index, line in enumerate(LINES):
        canvas.drawString(72, 700 - 40 * index, line)
    canvas.save()
    writer = PdfWriter(clone_from=PdfReader(path))
    writer.pages[1].rotate(rotation)
    if crop:
        writer.pages[1].cropbox = RectangleObject(crop)
    writer.write(path)
    return path


def read(path: Path) -> Document:
    [document] = read_path(path)
    assert isinstance(document, Document)
    return document


def cite(document: Document, words: str) -> Citation:
    start = document.text.index(words)
    spans = (Span(start, start + len(words)),)
    return Citation(1, "0" * 16, document.source, document.title, document.anchor_at(start), spans, words, True)


def marked(picture: bytes) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which pixels are marked (yellow) and which are ink (dark)."""
    pixels = np.asarray(Image.open(BytesIO(picture)).convert("RGB")).astype(int)
    red, blue = pixels[..., 0], pixels[..., 2]
    return (red > 200) & (red - blue > 50), red < 120


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [None, (50, 500, 550, 760)])
def test_marking_covers_the_quoted_line_and_no_other(
    tmp_path: Path, rotation: int, crop: tuple[int, int, int, int] | None
) -> None:
    document = read(make_pdf(tmp_path / "animals.pdf", rotation=rotation, crop=crop))
    picture = page_image(document, cite(document, QUOTED))
    assert picture is not None
    yellow, ink = (np.rot90(layer, rotation // 90) for layer in marked(picture))
    left, top = (crop[0], crop[3]) if crop else (0, 792)
    rows, columns = np.nonzero(yellow)
    baseline = (top - (700 - 40 * LINES.index(next(line for line in LINES if QUOTED in line)))) * 2
    assert baseline - 40 < rows.min() < baseline < rows.max() < baseline + 20
    assert abs(columns.min() - (72 - left) * 2) < 10
    inked_rows, inked_columns = np.nonzero(ink[rows.min() : rows.max() + 1])
    assert len(inked_rows) > 100
    assert columns.min() <= inked_columns.min() and inked_columns.max() <= columns.max()


def test_a_changed_or_missing_file_is_not_drawn(tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "animals.pdf")
    document = read(path)
    make_pdf(path, rotation=90)
    assert page_image(document, cite(document, QUOTED)) is None
    path.unlink()
    assert page_image(document, cite(document, QUOTED)) is None


def test_a_text_file_has_no_pages(tmp_path: Path) -> None:
    path = tmp_path / "animals.txt"
    path.write_text("\n".join(LINES))
    document = read(path)
    assert page_image(document, cite(document, QUOTED)) is None

"""Page pictures: the marking lies on the quoted words, turned and cropped pages too, and never on another version."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from drawn_text import picture, scan
from numpy.typing import NDArray
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import RectangleObject
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from citewell.pages import page_image, quoted_words
from ingest.readers.pages.page import Box
from ingest.reading import read_path
from kb.types import Citation, Document, Span, TextBox

LINES = [f"This line speaks of the {animal}." for animal in ("heron", "otter", "badger", "newt")]
QUOTED = "badger"
ROWS = [("Sales", "1,204", "1,377"), ("Costs", "(987)", "(1,012)"), ("Profit", "$ 217", "$ 365")]


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


def width(words: str) -> float:
    return float(pdfmetrics.stringWidth(words, "Helvetica", 12))


def marked_runs(document: Document, quote: str, rotation: int = 0, baseline: float = 700) -> list[tuple[float, float]]:
    """Where the marking begins and ends, line by line and from left to right, in points less the margin of marking."""
    picture = page_image(document, cite(document, quote))
    assert picture is not None
    yellow = np.rot90(marked(picture)[0], rotation // 90)
    runs: list[tuple[float, float]] = []
    for height in range(int(baseline), 0, -20):
        row = yellow[int((792 - height) * 2) - 22 : int((792 - height) * 2)].any(axis=0)
        edges = np.flatnonzero(np.diff(np.concatenate(([0], row.astype(int), [0]))))
        runs += [(begin / 2 + 1, end / 2 - 1) for begin, end in edges.reshape(-1, 2) if end - begin > 8]
    return runs


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [None, (50, 500, 550, 760)])
def test_marking_covers_the_quoted_line_and_no_other(
    tmp_path: Path, rotation: int, crop: tuple[int, int, int, int] | None
) -> None:
    document = read(make_pdf(tmp_path / "animals.pdf", rotation=rotation, crop=crop))
    picture = page_image(document, cite(document, next(line for line in LINES if QUOTED in line)))
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


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_within_a_line_only_the_quoted_words_are_marked(tmp_path: Path, rotation: int) -> None:
    document = read(make_pdf(tmp_path / "animals.pdf", rotation=rotation))
    [(left, right)] = marked_runs(document, "of the heron", rotation)
    assert left == pytest.approx(72 + width("This line speaks "), abs=2)
    assert right == pytest.approx(72 + width("This line speaks of the heron."), abs=2)


def test_a_quote_over_two_lines_begins_and_ends_within_them(tmp_path: Path) -> None:
    document = read(make_pdf(tmp_path / "animals.pdf"))
    first, second = marked_runs(document, "the heron.\nThis line speaks of")
    assert first[0] == pytest.approx(72 + width("This line speaks of "), abs=2)
    assert first[1] == pytest.approx(72 + width(LINES[0]), abs=2)
    assert second[0] == pytest.approx(72, abs=2)
    assert second[1] == pytest.approx(72 + width("This line speaks of"), abs=2)


def test_of_a_row_the_quoted_cells_are_marked(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(612, 792))
    for index, (label, *figures) in enumerate(ROWS):
        canvas.drawString(72, 700 - 20 * index, label)
        for right, figure in zip((300, 400), figures, strict=True):
            canvas.drawRightString(right, 700 - 20 * index, figure)
    canvas.save()
    document = read(tmp_path / "a.pdf")
    runs = marked_runs(document, "Profit | $217", baseline=660)
    assert [right for _, right in runs] == pytest.approx([72 + width("Profit"), 300], abs=2)
    assert runs[1][0] == pytest.approx(300 - width("$ 217"), abs=2)


def test_of_a_line_from_the_right_the_quoted_words_are_marked() -> None:
    text = "\u05d0\u05d1 \u05d2\u05d3"
    line = TextBox(0, 5, 1, 50, 100, 90, 112)
    words = [("\u05d0\u05d1", Box(72, 100, 90, 112)), ("\u05d2\u05d3", Box(50, 100, 68, 112))]
    assert quoted_words(line, text, (Span(0, 2),), words) == [Box(72, 100, 90, 112)]
    assert quoted_words(line, text, (Span(3, 5),), words) == [Box(50, 100, 68, 112)]


def test_where_the_words_are_not_found_again_the_line_is_marked() -> None:
    line = TextBox(0, 9, 1, 50, 100, 90, 112)
    assert quoted_words(line, "one two x", (Span(0, 3),), [("one", Box(50, 100, 60, 112))]) == [Box(50, 100, 90, 112)]


def make_picture(path: Path, *, turns: int) -> Path:
    """LINES on a picture of text 600 x 240 pixels in size, the second page where there are pages."""
    cover, page = (picture(lines).rotate(90 * turns, expand=True) for lines in (["Cover"], LINES))
    if path.suffix == ".pdf":
        return scan(path, cover, page)
    if path.suffix == ".tif":
        cover.save(path, save_all=True, append_images=[page])
    else:
        page.save(path)
    return path


@pytest.mark.parametrize("turns", [0, 1, 2])
@pytest.mark.parametrize("name", ["animals.png", "animals.tif", "animals.pdf"])
def test_marking_covers_the_quoted_line_of_a_picture(tmp_path: Path, name: str, turns: int) -> None:
    document = read(make_picture(tmp_path / name, turns=turns))
    drawn = page_image(document, cite(document, QUOTED))
    assert drawn is not None
    yellow, ink = (np.rot90(layer, -turns) for layer in marked(drawn))
    pixels = len(yellow) / 240
    rows, columns = np.nonzero(yellow)
    middle = (30 + 40 * 2 + 12) * pixels
    assert middle - 22 * pixels < rows.min() < middle - 8 * pixels
    assert middle + 8 * pixels < rows.max() < middle + 26 * pixels
    _, inked = np.nonzero(ink[rows.min() : rows.max() + 1])
    assert columns.min() <= inked.min() and inked.max() <= columns.max()
    assert abs(columns.min() - inked.min()) < 20 * pixels and abs(columns.max() - inked.max()) < 20 * pixels


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

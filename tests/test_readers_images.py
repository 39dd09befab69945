"""Text recognised in pictures and scanned pages: the words, their order, their places; and what is no text."""

from __future__ import annotations

import os
import random
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pypdf
import pytest
from drawn_text import LINES, add_scan, draw_on, picture, saved, scan
from numpy.typing import NDArray
from one_document import read as read_one
from PIL import Image, ImageDraw
from reportlab.pdfgen.canvas import Canvas

from citewell import KnowledgeBase
from citewell.parsing import configured_parsing
from ingest.formats import Formats
from ingest.readers.pictures.reading_order import Place, rows_in_order
from ingest.readers.source_file import Refusal, SourceFile
from ingest.reading import read, read_path
from kb.errors import NothingToRead, UnreadableFile
from kb.models.text_recogniser import TextRecogniser
from kb.settings import IngestSettings, Settings
from kb.types import Anchor, Document

TEXT = "\n".join(LINES)
PAGE = (1240, 1754)
"""An A4 page at 150 dpi."""


def skipped(path: Path, formats: Formats | None = None) -> str:
    with pytest.raises(NothingToRead) as caught:
        list(read(SourceFile.at(path), formats or Formats(), {}))
    return str(caught.value)


def inked(image: Image.Image) -> NDArray[np.bool_]:
    """Where a picture is dark, its rows counted from below."""
    return np.asarray(image.convert("L"))[::-1] < 128


def boxed(found: Document, words: str, shape: tuple[int, ...], *, points: float = 1.0) -> NDArray[np.bool_]:
    """The pixels in the box of the line that says `words`."""
    start = found.text.index(words)
    [box] = [box for box in found.boxes if box.start <= start < box.end]
    mask = np.zeros(shape, bool)
    left, bottom, right, top = (round(side / points) for side in (box.left, box.bottom, box.right, box.top))
    mask[bottom:top, left:right] = True
    return mask


def test_lines_are_read_word_for_word_and_cited_by_their_number(tmp_path: Path) -> None:
    found = read_one(saved(picture(), tmp_path / "the_minutes.png"))
    assert (found.text, found.title, found.media_type) == (TEXT, "the minutes", "image/png")
    assert [mark.anchor for mark in found.marks] == [Anchor("line", f"line {n}", n) for n in (1, 2, 3)]
    assert found.anchor_at(found.text.index("budget")) == Anchor("line", "line 2", 2)


@pytest.mark.parametrize("suffix", ["jpg", "tif", "bmp", "gif", "webp", "avif", "jp2"])
def test_formats(suffix: str, tmp_path: Path) -> None:
    path = saved(picture(LINES[:1], size=(600, 100)), tmp_path / f"a.{suffix}")
    renamed = path.rename(tmp_path / "unnamed")
    assert read_one(renamed).text == LINES[0]


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_picture_is_read_whichever_way_up_it_lies(turns: int, tmp_path: Path) -> None:
    alone = Image.new("RGB", (600, 240), "white")
    draw_on(alone, LINES[1:2], at=(40, 70))
    image, line = (each.rotate(90 * turns, expand=True) for each in (picture(), alone))
    found = read_one(saved(image, tmp_path / "a.png"))
    assert found.text == TEXT
    ink = inked(image)
    assert (boxed(found, "budget", ink.shape) & ink == inked(line)).all()


def test_exif_says_which_way_up_a_photograph_is(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture().rotate(90, expand=True).save(tmp_path / "a.jpg", exif=exif, quality=95)
    found = read_one(tmp_path / "a.jpg")
    assert found.text == TEXT
    ink = inked(picture())
    assert (boxed(found, "otter", ink.shape) & ink)[:110].sum() == ink[:110].sum()


def test_the_pages_of_a_tiff_are_pages(tmp_path: Path) -> None:
    first, second, smaller = picture(LINES[:1]), picture(LINES[1:]), picture(["Not a page"])
    smaller.encoderinfo = {"tiffinfo": {254: 1}}
    first.save(tmp_path / "a.tif", save_all=True, append_images=[smaller, second], compression="tiff_lzw")
    found = read_one(tmp_path / "a.tif")
    assert found.text.replace("\n\n", "\n") == TEXT
    assert [(mark.anchor.label, mark.offset) for mark in found.marks] == [
        ("page 1", 0),
        ("page 3", found.text.index(LINES[1])),
    ]
    assert [box.page for box in found.boxes] == [1, 3, 3]


def test_an_animation_is_its_first_picture(tmp_path: Path) -> None:
    picture(LINES[:1]).save(tmp_path / "a.gif", save_all=True, append_images=[picture(LINES[1:])])
    assert read_one(tmp_path / "a.gif").text == LINES[0]


def on_glass(ink: str) -> Image.Image:
    """Letters of `ink` on nothing."""
    letters = Image.new("RGBA", (600, 240), (0, 0, 0, 0))
    mask = picture().convert("L").point(lambda level: 255 - level)
    letters.paste(Image.new("RGBA", letters.size, ink), mask=mask)
    return letters


PICTURES = {
    "black and white.png": lambda: picture().convert("1"),
    "palette.png": lambda: picture().convert("P"),
    "sixteen bits.png": lambda: Image.fromarray(np.asarray(picture().convert("L"), np.uint16) * 8 + 300),
    "for printers.jpg": lambda: picture().convert("CMYK"),
    "black on glass.png": lambda: on_glass("black"),
    "white on glass.png": lambda: on_glass("white"),
    "negative.png": lambda: picture().point(lambda level: 255 - level),
}


@pytest.mark.parametrize("name", PICTURES)
def test_kinds_of_pixels(name: str, tmp_path: Path) -> None:
    assert read_one(saved(PICTURES[name](), tmp_path / name)).text == TEXT


def test_a_large_picture_is_read_smaller_and_its_boxes_are_not(tmp_path: Path) -> None:
    image = picture().convert("L").resize((5800, 2320))
    found = read_one(saved(image, tmp_path / "a.jpg"))
    assert found.text == TEXT
    ink = inked(image)
    assert (boxed(found, "otter", ink.shape) & ink)[:1050].sum() == ink[:1050].sum()


def test_columns_are_read_one_after_the_other_and_rows_as_rows(tmp_path: Path) -> None:
    left = ["Columns of a newspaper are read", "from the top to the bottom and", "then to the right of it", "it ends."]
    right = ["goes on at the top of the next", "one, which stands only a little", "where the second one ends as", "So."]
    image = Image.new("RGB", (820, 560), "white")
    draw_on(image, ["What stands above all of the columns is read before any of these"], at=(20, 20))
    draw_on(image, left, at=(20, 80))
    draw_on(image, right, at=(425, 80))
    for x, cells in (
        (20, ("Animal", "Otter", "Heron")),
        (300, ("Seen", "12", "7")),
        (560, ("Weight", "8.5 kg", "1.6 kg")),
    ):
        draw_on(image, cells, at=(x, 400))
    lines = read_one(saved(image, tmp_path / "a.png")).text.split("\n")
    assert [line for line in lines if line][:9] == [lines[0], *left, *right]
    table = [line.replace(" | ", " ") for line in lines[-3:]]
    assert table == ["Animal Seen Weight", "Otter 12 8.5 kg", "Heron 7 1.6 kg"]


def test_a_word_parted_at_the_end_of_a_line_is_made_whole(tmp_path: Path) -> None:
    path = saved(picture(["They spoke of the imple-", "mentation at length."]), tmp_path / "a.png")
    assert read_one(path).text == "They spoke of the implementation at length."


def test_a_single_word_on_a_page_is_found(tmp_path: Path) -> None:
    image = picture(["Appendix"], size=PAGE, at=(500, 800))
    assert read_one(saved(image, tmp_path / "a.png")).text == "Appendix"


def test_a_page_that_was_scanned_aslant(tmp_path: Path) -> None:
    rows = [f"Row {number} of the long list" for number in range(1, 9)]
    image = Image.new("RGB", (1000, 420), "white")
    draw_on(image, rows, at=(30, 40))
    draw_on(image, [f"{number}.50 euros" for number in range(1, 9)], at=(800, 40))
    found = read_one(saved(image.rotate(1, fillcolor="white", resample=Image.Resampling.BICUBIC), tmp_path / "a.png"))
    lines = [line.replace(" | ", " ") for line in found.text.split("\n") if line]
    assert lines == [f"{row} {number}.50 euros" for number, row in enumerate(rows, 1)]


def noise() -> Image.Image:
    return Image.fromarray(np.random.default_rng(5).integers(0, 255, (300, 400, 3), dtype=np.uint8))


def scenery() -> Image.Image:
    """Shapes and shades, as a photograph has them."""
    image = Image.radial_gradient("L").resize((600, 400)).convert("RGB")
    draw, chance = ImageDraw.Draw(image), random.Random(3)  # noqa: S311
    for _ in range(60):
        x, y, r = chance.randrange(600), chance.randrange(400), chance.randrange(4, 60)
        colour = tuple(chance.randrange(256) for _ in range(3))
        draw.ellipse((x - r, y - r, x + r, y + r), fill=colour, outline=colour[::-1])
    return image


@pytest.mark.parametrize("make", [noise, scenery, lambda: Image.new("RGB", (300, 200), "white")])
def test_a_picture_without_text_is_skipped(make: object, tmp_path: Path) -> None:
    assert callable(make)
    message = skipped(saved(make(), tmp_path / "a.png"))
    assert message.startswith("a.png holds no text that can be recognised;")


def test_a_damaged_picture_says_so(tmp_path: Path) -> None:
    path = saved(picture(), tmp_path / "a.png")
    path.write_bytes(path.read_bytes()[:400])
    with pytest.raises(UnreadableFile, match=r"^a\.png is damaged, or a picture of a rare kind;"):
        read_one(path)


def test_a_picture_that_only_claims_to_be_huge_is_not_unpacked(tmp_path: Path) -> None:
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", len(header)) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk + b"\0\0\0\0IDAT")
    with pytest.raises(UnreadableFile, match=r"^a\.png has too many pixels;"):
        read_one(tmp_path / "a.png")


class TestScannedPdf:
    def test_pages_are_recognised(self, tmp_path: Path) -> None:
        found = read_one(scan(tmp_path / "a.pdf", picture(LINES[:1]), picture(LINES[1:])))
        assert found.text.replace("\n\n", "\n") == TEXT
        assert found.anchor_at(found.text.index("otter")) == Anchor("page", "page 2", 2)

    def test_a_page_of_text_is_left_as_it_is(self, tmp_path: Path) -> None:
        canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(400, 300))
        canvas.drawString(40, 200, "This page holds rnodern text.")
        canvas.showPage()
        add_scan(canvas, picture(LINES[:1]))
        canvas.save()
        assert read_one(tmp_path / "a.pdf").text == f"This page holds rnodern text.\n\n{LINES[0]}"

    def test_a_stamp_does_not_keep_a_page_from_being_recognised(self, tmp_path: Path) -> None:
        canvas = Canvas(str(tmp_path / "a.pdf"))
        add_scan(canvas, picture(), words="Received")
        canvas.save()
        assert read_one(tmp_path / "a.pdf").text.replace("\n\n", "\n") == f"{TEXT}\nReceived"

    def test_the_words_that_a_scanner_has_laid_under_a_page_are_used(self, tmp_path: Path) -> None:
        canvas = Canvas(str(tmp_path / "a.pdf"))
        add_scan(canvas, picture())
        hidden = [f"{line} So the scanner said." for line in LINES]
        canvas.setPageSize((216, 86))
        canvas.drawInlineImage(picture(), 0, 0, 216, 86)
        words = canvas.beginText(10, 70)
        words.setTextRenderMode(3)
        words.setFont("Helvetica", 5)
        words.textLines(hidden)
        canvas.drawText(words)
        canvas.save()
        assert read_one(tmp_path / "a.pdf").text == "\n\n".join([TEXT, "\n".join(hidden)])

    def test_the_caption_of_a_photograph_is_left_as_it_is(self, tmp_path: Path) -> None:
        canvas = Canvas(str(tmp_path / "a.pdf"))
        add_scan(canvas, scenery(), words="Lights in the fog")
        canvas.save()
        assert read_one(tmp_path / "a.pdf").text == "Lights in the fog"

    @pytest.mark.parametrize("rotation", [90, 180, 270])
    @pytest.mark.parametrize("turns", [0, 1])
    def test_boxes_are_those_of_the_page_as_it_is_drawn(self, rotation: int, turns: int, tmp_path: Path) -> None:
        image = picture().rotate(90 * turns, expand=True)
        writer = pypdf.PdfWriter(clone_from=scan(tmp_path / "drawn.pdf", image))
        writer.pages[0].rotate(rotation)
        writer.write(tmp_path / "a.pdf")
        found = read_one(tmp_path / "a.pdf")
        assert found.text == TEXT
        alone = Image.new("RGB", (600, 240), "white")
        draw_on(alone, LINES[1:2], at=(40, 70))
        line, ink = inked(alone.rotate(90 * turns, expand=True)), inked(image)
        assert (boxed(found, "budget", ink.shape, points=0.36) & ink == line).all()

    def test_a_scan_without_text_is_skipped(self, tmp_path: Path) -> None:
        assert skipped(scan(tmp_path / "a.pdf", scenery())).startswith("a.pdf holds no text that can be recognised;")


@pytest.fixture(params=["a.png", "a.pdf"])
def shown_text(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / request.param
    return scan(path, picture()) if path.suffix == ".pdf" else saved(picture(), path)


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A page of text among three of pictures."""
    canvas = Canvas(str(tmp_path / "a.pdf"))
    for _ in range(2):
        add_scan(canvas, picture())
    canvas.drawString(2, 2, "A page of text.")
    canvas.showPage()
    add_scan(canvas, picture(LINES[:1]))
    canvas.save()
    return tmp_path / "a.pdf"


class TestWithoutRecognition:
    def test_where_it_is_missing_files_are_skipped_with_what_to_install(
        self, shown_text: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "rapidocr", None)
        assert skipped(shown_text) == (
            f"{shown_text.name} holds no text but what it shows as a picture, which only text recognition reads:"
            " run `pip install 'citewell[ocr]'` and ingest it again."
        )

    def test_where_it_is_off_files_are_skipped_with_the_setting(self, shown_text: Path) -> None:
        formats = configured_parsing(IngestSettings(ocr="off")).formats
        message = (
            f'{shown_text.name} holds no text but what it shows as a picture, which is not read: ingest.ocr is "off".'
        )
        assert skipped(shown_text, formats) == message

    def test_pages_of_text_are_read_and_others_named(self, mixed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "rapidocr", None)
        found, refusal = read_path(mixed)
        assert isinstance(found, Document)
        assert found.text == "A page of text."
        assert refusal == Refusal(
            f"{mixed}#pages 1-2, 4",
            "Pages 1-2, 4 of a.pdf are without text but what pictures show, which only text recognition reads:"
            " run `pip install 'citewell[ocr]'` and ingest it again.",
            skipped=True,
        )

    def test_pages_that_were_left_out_are_read_once_they_can_be(self, mixed: Path) -> None:
        off = Settings(ingest=IngestSettings(ocr="off"))
        with KnowledgeBase.open(settings=off, create=True) as base:
            report = base.ingest([mixed]).wait()
            assert (report.added, [part.source for part in report.skipped]) == (1, [f"{mixed}#pages 1-2, 4"])
            assert base.ingest([mixed]).wait().unchanged == 1
            assert [document.chunks for document in base.documents() if document.state == "ready"] == [1]
        with KnowledgeBase.open() as base:
            assert base.ingest([mixed]).wait().updated == 1
            [row] = base.documents()
            assert (row.state, row.chunks) == ("ready", 4)
            assert base.ingest([mixed]).wait().unchanged == 1
            places = [hit.chunk.anchor for hit in base.search("Where was the otter?", 2)]
            assert {place.label for place in places if place} == {"page 1", "page 2"}

    def test_what_was_skipped_is_tried_again_once_it_is_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        there = Formats().fingerprint
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, "rapidocr", None)
            missing = Formats().fingerprint
        off = configured_parsing(IngestSettings(ocr="off")).formats.fingerprint
        assert missing == off != there == Formats().fingerprint


@pytest.mark.parametrize(("cores", "workers", "threads"), [(1, 0, 1), (2, 0, 1), (8, 0, 2), (8, 1, 4), (8, 12, 1)])
def test_parsers_that_recognise_share_the_cores(
    cores: int, workers: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
    assert configured_parsing(IngestSettings(workers=workers)).formats.threads == threads


@pytest.mark.parametrize(
    ("head", "reader"),
    [
        (b"\x00\x00\x00\x20ftypavif", "ImageReader"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "ImageReader"),
        (b"MM\x00+", "ImageReader"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", None),
        (b"\x00\x00\x00\x20ftypmp42", None),
        (b"BM is short for bitmap", "PlainReader"),
    ],
)
def test_pictures_are_known_by_their_content(head: bytes, reader: str | None, tmp_path: Path) -> None:
    (tmp_path / "unnamed").write_bytes(head)
    try:
        assert type(Formats().reader(SourceFile.at(tmp_path / "unnamed"))).__name__ == reader
    except NothingToRead:
        assert reader is None


def test_a_photograph_in_apples_form_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\x00\x00\x00\x24ftypmif1\x00\x00\x00\x00")
    assert skipped(tmp_path / "a.jpg") == "a.jpg is a picture in a form that is not read (HEIC); save it as JPEG."


def test_a_recogniser_reads_on_when_it_has_seen_many_shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kb.models.text_recogniser._MOST_SHAPES", 2)
    recogniser = TextRecogniser(threads=2)
    for height in (60, 200):
        pixels = np.asarray(picture(LINES[:1], size=(470, height), at=(20, 15)))
        [quad] = recogniser.find(pixels)
        assert recogniser.read(pixels, quad).text == LINES[0]


class TestReadingOrder:
    def order(self, *places: tuple[float, float, float, float]) -> list[list[int]]:
        rows = rows_in_order([Place(*place, number) for number, place in enumerate(places)])
        return [[place.number for place in row] for row in rows]

    def test_lines_of_columns(self) -> None:
        left = [(0.0, y, 300.0, y + 10) for y in (0.0, 20.0, 40.0)]
        right = [(320.0, y, 620.0, y + 10) for y in (5.0, 25.0, 45.0)]
        assert self.order(*right, *left) == [[3], [4], [5], [0], [1], [2]]

    def test_cells_of_a_table(self) -> None:
        cells = [(x, y, x + 60, y + 10) for y in (0.0, 20.0, 40.0) for x in (200.0, 0.0)]
        assert self.order(*cells) == [[1, 0], [3, 2], [5, 4]]

    def test_a_heading_after_columns_is_not_of_the_first(self) -> None:
        columns = [(x, y, x + 300, y + 10) for y in (0.0, 20.0, 40.0) for x in (0.0, 320.0)]
        heading, below = (0.0, 90.0, 120.0, 100.0), (0.0, 110.0, 620.0, 120.0)
        assert self.order(*columns, heading, below) == [[0], [2], [4], [1], [3], [5], [6], [7]]

    def test_a_column_may_be_longer_than_its_neighbour(self) -> None:
        left = [(0.0, y, 300.0, y + 10) for y in (0.0, 20.0, 40.0, 60.0, 80.0)]
        right = [(320.0, y, 620.0, y + 10) for y in (0.0, 20.0, 40.0)]
        assert self.order(*left, *right) == [[0], [1], [2], [3], [4], [5], [6], [7]]

    def test_nothing(self) -> None:
        assert self.order() == []

"""PDFs as people make them: columns, tables, forms, letters spelled oddly; each file is made here."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pypdf
import pytest
from one_document import read, refusal, texts
from PIL import Image
from pypdf.annotations import FreeText, Text
from pypdf.generic import BooleanObject, DictionaryObject, NameObject
from reportlab.lib import colors
from reportlab.lib.pagesizes import letter
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import SimpleDocTemplate
from reportlab.platypus import Table as Grid

from ingest.readers.source_file import Refusal
from ingest.reading import read_path
from kb.errors import NothingToRead
from kb.types import Anchor, Document, main_anchor

LEFT = [
    "The heron stands in the river and waits",
    "for the fish that come with the evening,",
    "and it does not move for a long time be-",
    "cause every movement would be seen from",
    "below. When the light fades it leaves the",
    "water and flies over the meadow to the",
]
RIGHT = [
    "old trees, where its nest has been for as",
    "long as anyone remembers. The otter has",
    "no such patience. It swims up and down",
    "the river from morning until the night,",
    "turning every stone that it can turn, and",
    "sleeps wherever it happens to be tired.",
]
FLOWING = (
    "The heron stands in the river and waits\nfor the fish that come with the evening,\n"
    "and it does not move for a long time because every movement would be seen from\n"
    "below. When the light fades it leaves the\nwater and flies over the meadow to the\n"
    "old trees, where its nest has been for as\nlong as anyone remembers. The otter has\n"
    "no such patience. It swims up and down\nthe river from morning until the night,\n"
    "turning every stone that it can turn, and\nsleeps wherever it happens to be tired."
)
INCOME = [
    ("Revenue:", []),
    ("Subscription", ["$ 16,388", "$ 14,573"]),
    ("Product", ["532", "555"]),
    ("Income from operations before taxes on", []),
    ("income of all kinds", ["(90)", "1,252"]),
    ("Net income", ["$ 4,756", "$ 4,822"]),
]

LOOKALIKES = {
    "contents": [("Item 1. Business", "4"), ("Item 2. Risks", "9"), ("Item 3. Taxes", "31"), ("Item 4. Other", "40")],
    "form": [(f"{number}. . . . . . . . . . . . .", f"{number}00.00") for number in range(4, 9)],
    "words": [("The heron stands in the river", "and waits"), ("for the fish that come", "with the evening")],
    "addresses": [("Meadow Street", "17"), ("River Lane", "4")],
    "footnotes": [("Amber Hotel, LLC", "(1)"), ("Birch Hotel, LLC", "(1)"), ("Cedar Hotel, LLC", "(1)")],
}

Draw = Callable[[Canvas], None]


def made(path: Path, *pages: Draw, size: tuple[float, float] = letter) -> Path:
    canvas = Canvas(str(path), pagesize=size)
    for draw in pages:
        canvas.setFont("Helvetica", 10)
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return path


def lines(canvas: Canvas, left: float, top: float, words: Sequence[str], pitch: float = 12) -> None:
    for index, line in enumerate(words):
        canvas.drawString(left, top - pitch * index, line)


def income(canvas: Canvas, top: float = 700, rows: Sequence[tuple[str, list[str]]] = INCOME) -> None:
    """A statement as annual reports have them: no rules, figures that end where others end."""
    for index, (label, figures) in enumerate(rows):
        y = top - 14 * index
        canvas.drawString(60, y, label)
        for figure, right in zip(figures, (420, 520), strict=False):
            sign, _, number = figure.rpartition(" ")
            canvas.drawString(right - 50, y, sign)
            canvas.drawRightString(right, y, number)


def names(canvas: Canvas, top: float = 742) -> None:
    canvas.drawCentredString(445, top, "Years Ended")
    for right, day, year in ((420, "December 2,", "2022"), (520, "December 3,", "2021")):
        canvas.drawCentredString(right - 20, top - 11, day)
        canvas.drawCentredString(right - 20, top - 22, year)


class TestReadingOrder:
    def test_columns_drawn_row_by_row_are_read_one_after_the_other(self, tmp_path: Path) -> None:
        def draw(canvas: Canvas) -> None:
            canvas.setFont("Helvetica-Bold", 16)
            canvas.drawCentredString(306, 740, "The heron and the otter by the river at night")
            canvas.setFont("Helvetica", 10)
            for index, (left, right) in enumerate(zip(LEFT, RIGHT, strict=True)):
                canvas.drawString(60, 700 - 12 * index, left)
                canvas.drawString(275, 700 - 12 * index, right)

        document = read(made(tmp_path / "a.pdf", draw))
        assert texts(document) == ["The heron and the otter by the river at night", FLOWING]

    def test_columns_drawn_one_after_the_other_stay_so(self, tmp_path: Path) -> None:
        def draw(canvas: Canvas) -> None:
            lines(canvas, 60, 700, LEFT)
            lines(canvas, 275, 700, RIGHT)

        assert read(made(tmp_path / "a.pdf", draw)).text == FLOWING

    def test_a_word_may_be_parted_over_the_end_of_a_column(self, tmp_path: Path) -> None:
        def draw(canvas: Canvas) -> None:
            lines(canvas, 60, 700, [*LEFT[:-1], "water and flies over the mea-"])
            lines(canvas, 275, 700, ["dow to the well-", "Known trees, where its nest has been.", *RIGHT[1:]])

        text = read(made(tmp_path / "a.pdf", draw)).text
        assert "flies over the meadow to the well-Known trees" in text

    def test_what_is_drawn_last_is_read_where_it_stands(self, tmp_path: Path) -> None:
        def draw(canvas: Canvas) -> None:
            lines(canvas, 60, 700, ["First words of the page,", "and the second line."])
            lines(canvas, 60, 600, ["Last words of the page."])
            canvas.setFont("Helvetica-Bold", 14)
            canvas.drawString(60, 650, "In between")

        document = read(made(tmp_path / "a.pdf", draw))
        assert texts(document) == [
            "First words of the page,\nand the second line.",
            "In between",
            "Last words of the page.",
        ]

    def test_boxes_side_by_side_are_read_as_they_are_drawn(self, tmp_path: Path) -> None:
        def draw(canvas: Canvas) -> None:
            lines(canvas, 60, 700, ["To", "Ann", "Hill Road"])
            lines(canvas, 320, 700, ["From", "Ben", "Mill Lane"])

        assert read(made(tmp_path / "a.pdf", draw)).text == "To\nAnn\nHill Road\n\nFrom\nBen\nMill Lane"

    def test_vertical_lines_are_read_from_the_right(self, tmp_path: Path) -> None:
        pdfmetrics.registerFont(UnicodeCIDFont("HeiseiMin-W3", isVertical=True))

        def draw(canvas: Canvas) -> None:
            canvas.setFont("HeiseiMin-W3", 12)
            for x, words in ((100, "川の水は冷たい。"), (120, "夜になると鳥が帰る。"), (140, "山の上に月が出た。")):
                canvas.drawString(x, 700, words)

        document = read(made(tmp_path / "a.pdf", draw))
        assert document.text == "山の上に月が出た。\n夜になると鳥が帰る。\n川の水は冷たい。"
        first = document.boxes[0]
        assert first.top - first.bottom > 4 * (first.right - first.left)

    def test_a_page_whose_text_lies_on_its_side_is_turned(self, tmp_path: Path) -> None:
        def draw(canvas: Canvas) -> None:
            canvas.translate(612, 0)
            canvas.rotate(90)
            names(canvas, 542)
            income(canvas, 500)

        document = read(made(tmp_path / "a.pdf", draw))
        assert texts(document, "table")[0].splitlines()[3] == "Subscription | $16,388 | $14,573"
        box = next(box for box in document.boxes if document.text[box.start : box.end] == "Subscription")
        assert box.bottom == pytest.approx(60, abs=2)
        assert 612 - box.right == pytest.approx(500 - 14 - 2, abs=3)

    def test_words_across_the_page_come_last_or_not_at_all(self, tmp_path: Path) -> None:
        def draw(words: str) -> Draw:
            def page(canvas: Canvas) -> None:
                canvas.saveState()
                canvas.translate(200, 300)
                canvas.rotate(45)
                canvas.setFont("Helvetica", 40)
                canvas.drawString(0, 0, "DRAFT")
                canvas.restoreState()
                lines(canvas, 60, 500, [words])

            return page

        assert read(made(tmp_path / "one.pdf", draw("Herons."))).text == "Herons.\n\nDRAFT"
        three = made(tmp_path / "three.pdf", *map(draw, ("Herons.", "Otters.", "Newts.")))
        assert read(three).text == "Herons.\n\nOtters.\n\nNewts."

    def test_words_beside_the_page_are_not_read(self, tmp_path: Path) -> None:
        def draw(canvas: Canvas) -> None:
            lines(canvas, 60, 500, ["On the page."])
            lines(canvas, 700, 500, ["Beside it."])

        assert read(made(tmp_path / "a.pdf", draw)).text == "On the page."

    def test_numbers_of_lines_are_left_out(self, tmp_path: Path) -> None:
        def draw(page: int) -> Draw:
            def numbered(canvas: Canvas) -> None:
                for number in range(1, 13):
                    canvas.drawRightString(50, 700 - 20 * number, str(number))
                    canvas.drawString(
                        72, 700 - 20 * number, f"Line {'abcdefghijkl'[number - 1]} of part {'xyz'[page - 1]} is here."
                    )

            return numbered

        text = read(made(tmp_path / "a.pdf", *map(draw, (1, 2, 3)))).text
        assert text.startswith("Line a of part x is here.\nLine b of part x is here.\n")
        assert text.endswith("Line l of part z is here.")

    def test_headers_that_differ_in_numbers_alone_are_left_out_though_every_other_page_has_another(
        self, tmp_path: Path
    ) -> None:
        animals = ["Herons", "Otters", "Newts", "Badgers", "Owls", "Toads", "Hares", "Foxes", "Bats", "Voles"]

        def draw(number: int) -> Draw:
            section = 7 * number + number % 3
            header = f"River Agency, Meadow County § {section}" if number % 2 else f"§ {section} Laws of the Meadow"

            def on_page(canvas: Canvas) -> None:
                canvas.drawString(60, 770, header)
                canvas.drawString(60, 400, f"{animals[number]} sleep.")

            return on_page

        text = read(made(tmp_path / "a.pdf", *map(draw, range(10)))).text
        assert text == "\n\n".join(f"{animal} sleep." for animal in animals)


class TestLetters:
    def test_letters_set_apart_are_words(self, tmp_path: Path) -> None:
        def draw(canvas: Canvas) -> None:
            canvas.drawString(60, 700, "Here is some formatted text", charSpace=1.6)

        assert read(made(tmp_path / "a.pdf", draw)).text == "Here is some formatted text"

    def test_raised_marks_stand_behind_their_words(self, tmp_path: Path) -> None:
        def draw(canvas: Canvas) -> None:
            lines(canvas, 60, 700, ["Cost of sales", "Other income"])
            canvas.setFont("Helvetica", 6)
            canvas.drawString(60 + pdfmetrics.stringWidth("Other income", "Helvetica", 10), 692, "(b)")
            canvas.drawString(60 + pdfmetrics.stringWidth("Cost of sales", "Helvetica", 10), 704, "(a)")

        assert read(made(tmp_path / "a.pdf", draw)).text == "Cost of sales(a)\nOther income(b)"

    def test_letters_of_one_glyph_keep_their_order_from_right_to_left(self, tmp_path: Path) -> None:
        # The glyph 'B' stands for lam and alef, as the fonts of word processors have it.
        names = {"A": "0633", "B": "06440627", "C": "0645"}
        path = tmp_path / "a.pdf"
        path.write_bytes(raw_pdf(b"BT /F 24 Tf 50 250 Td (CBA) Tj ET", to_unicode=names))
        assert read(path).text == "سلام"

    def test_arabic_forms_and_ligatures_are_taken_apart(self, tmp_path: Path) -> None:
        path = tmp_path / "a.pdf"
        path.write_bytes(
            raw_pdf(b"BT /F 24 Tf 50 250 Td (ABC) Tj ET", to_unicode={"A": "0061", "B": "FB03", "C": "0063"})
        )
        assert read(path).text == "affic"

    def test_a_font_that_names_no_letters_is_not_read(self, tmp_path: Path) -> None:
        # As many programs number the glyphs of a font: each letter 29 below its code, the blank 3.
        path = tmp_path / "a.pdf"
        numbered = "".join(f"\\{ord(letter) - 29:03o}" for letter in "The heron stands in the river and waits")
        glyphs = " ".join(f"/g{number}" for number in range(1, 127))
        encoding = f"<</Type/Encoding/Differences[1 {glyphs}]>>".encode()
        path.write_bytes(raw_pdf(f"BT /F 12 Tf 20 250 Td ({numbered}) Tj ET".encode(), encoding=encoding))
        assert str(refusal(path)).startswith("a.pdf holds no text that can be recognised;")

    def test_chinese_set_apart_by_blanks_is_closed_up(self, tmp_path: Path) -> None:
        pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))

        def draw(canvas: Canvas) -> None:
            canvas.setFont("STSong-Light", 12)
            canvas.drawString(60, 700, "关 于 国 防 问 题 的 意 见")

        assert read(made(tmp_path / "a.pdf", draw)).text == "关于国防问题的意见"


class TestHeadings:
    ROWS = (
        (740, "Helvetica-Bold", 16, "Birds"),
        (720, "Helvetica", 10, "They fly over the river in the evening."),
        (700, "Helvetica-Bold", 12, "Herons"),
        (688, "Helvetica", 10, "They stand and wait for fish."),
        (660, "Helvetica-Bold", 16, "Fish"),
        (640, "Helvetica", 10, "They do not stand."),
    )

    @staticmethod
    def read(path: Path, rows: Sequence[tuple[float, str, float, str]], outline: str = "") -> Document:
        def draw(canvas: Canvas) -> None:
            if outline:
                canvas.bookmarkPage("a", fit="XYZ", top=672)
                canvas.addOutlineEntry(outline, "a")
            for y, font, size, words in rows:
                canvas.setFont(font, size)
                canvas.drawString(60, y, words)

        return read(made(path, draw))

    def test_short_bold_lines_are_headings_by_size(self, tmp_path: Path) -> None:
        document = self.read(tmp_path / "a.pdf", self.ROWS)
        assert [(block.kind, block.headings) for block in document.blocks] == [
            ("heading", ("Birds",)),
            ("paragraph", ("Birds",)),
            ("heading", ("Birds", "Herons")),
            ("paragraph", ("Birds", "Herons")),
            ("heading", ("Fish",)),
            ("paragraph", ("Fish",)),
        ]

    def test_the_largest_is_the_title_of_a_document_that_begins_with_it(self, tmp_path: Path) -> None:
        assert self.read(tmp_path / "a.pdf", self.ROWS).title == "a"
        assert self.read(tmp_path / "a.pdf", self.ROWS[:4]).title == "Birds"
        assert self.read(tmp_path / "a.pdf", self.ROWS, outline="Fish").title == "Birds"
        assert self.read(tmp_path / "a.pdf", self.ROWS[1:4]).title == "a"

    def test_bold_sentences_are_not(self, tmp_path: Path) -> None:
        def draw(canvas: Canvas) -> None:
            canvas.setFont("Helvetica-Bold", 10)
            lines(canvas, 60, 700, ["Read this before you sign."])
            canvas.setFont("Helvetica", 10)
            lines(canvas, 60, 660, ["Other words."])

        assert [block.kind for block in read(made(tmp_path / "a.pdf", draw)).blocks] == ["paragraph", "paragraph"]


class TestTables:
    def statement(self, canvas: Canvas) -> None:
        lines(canvas, 60, 790, ["The following table shows our income (in millions):"])
        names(canvas)
        income(canvas)
        lines(canvas, 60, 560, ["Words below the table."])

    def test_rows_cells_caption_and_names(self, tmp_path: Path) -> None:
        document = read(made(tmp_path / "a.pdf", self.statement, size=(612, 820)))
        [table] = [block for block in document.blocks if block.kind == "table"]
        assert document.text[table.start : table.end].splitlines() == [
            " | Years Ended",
            " | December 2, 2022 | December 3, 2021",
            "Revenue:",
            "Subscription | $16,388 | $14,573",
            "Product | 532 | 555",
            "Income from operations before taxes on income of all kinds | (90) | 1,252",
            "Net income | $4,756 | $4,822",
        ]
        assert table.header_rows == 2
        assert table.caption == "The following table shows our income (in millions):"
        assert texts(document)[0] == table.caption

    def test_rows_are_cited_and_the_page_again_below(self, tmp_path: Path) -> None:
        document = read(made(tmp_path / "a.pdf", self.statement, size=(612, 820)))
        first, last = document.text.index("Subscription"), document.text.index("555") + 3
        assert main_anchor(document.marks, first, last) == Anchor("page", "page 1, rows 4-5", 1)
        assert document.anchor_at(document.text.index("Words below")) == Anchor("page", "page 1", 1)
        assert document.anchor_at(0) == Anchor("page", "page 1", 1)

    def test_each_cell_has_its_box(self, tmp_path: Path) -> None:
        document = read(made(tmp_path / "a.pdf", self.statement, size=(612, 820)))
        start = document.text.index("Product | 532 | 555")
        boxes = [box for box in document.boxes if start <= box.start < start + 19]
        assert [document.text[box.start : box.end] for box in boxes] == ["Product", "532", "555"]
        assert [round(box.right) for box in boxes[1:]] == [420, 520]
        assert {round(box.bottom) for box in boxes} == {670}

    def test_two_tables_of_a_page_are_told_apart(self, tmp_path: Path) -> None:
        def draw(canvas: Canvas) -> None:
            names(canvas)
            income(canvas)
            lines(
                canvas,
                60,
                560,
                ["Now for something else, which fills a whole line of the page and then some more of it."],
            )
            names(canvas, 500)
            income(canvas, 458)

        document = read(made(tmp_path / "a.pdf", draw))
        assert len(texts(document, "table")) == 2
        second = document.text.rindex("Product")
        assert document.anchor_at(second) == Anchor("page", "page 1, table 2, row 5", 1)

    def test_a_table_that_goes_on_overleaf_keeps_caption_and_names(self, tmp_path: Path) -> None:
        def first(canvas: Canvas) -> None:
            lines(canvas, 60, 790, ["The following table shows our income (in millions):"])
            names(canvas)
            income(canvas)

        def second(canvas: Canvas) -> None:
            income(canvas, 760, [("Other income", ["17", "18"]), ("Gains", ["20", "21"]), ("Losses", ["(3)", "(4)"])])

        document = read(made(tmp_path / "a.pdf", first, second, size=(612, 820)))
        [table] = [block for block in document.blocks if block.kind == "table"]
        assert document.text[table.start : table.end].endswith("Gains | 20 | 21\nLosses | (3) | (4)")
        assert document.anchor_at(document.text.index("Gains")) == Anchor("page", "page 2, row 2", 2)

    def test_a_table_in_one_of_two_columns(self, tmp_path: Path) -> None:
        rows = [
            ("Animal", "Count", "Share"),
            ("Heron", "1,204", "12.5%"),
            ("Otter", "87", "0.9%"),
            ("Newt", "9,310", "8%"),
        ]

        def draw(canvas: Canvas) -> None:
            lines(canvas, 60, 700, [*LEFT, *LEFT])
            for index, (name, count, share) in enumerate(rows):
                canvas.drawString(275, 700 - 12 * index, name)
                canvas.drawRightString(400, 700 - 12 * index, count)
                canvas.drawRightString(450, 700 - 12 * index, share)
            lines(canvas, 275, 640, [*RIGHT, RIGHT[0]])

        document = read(made(tmp_path / "a.pdf", draw))
        assert texts(document, "table") == ["\n".join(" | ".join(row) for row in rows)]
        assert document.text.startswith(LEFT[0])

    def test_a_statement_of_equity_is_a_table_though_most_of_its_cells_are_blank(self, tmp_path: Path) -> None:
        movements = [["", "", "", "", "16", "16"], ["(2)", "", "", "", "", "(2)"], ["", "", "7", "", "", "7"]]
        rows = [
            ("Balance, 2020", ["10", "9", "8", "7", "6", "40"]),
            *((f"Movement {number}", cells) for number, cells in enumerate(movements * 3, 1)),
            ("Balance, 2021", ["4", "9", "29", "7", "54", "103"]),
        ]

        def draw(canvas: Canvas) -> None:
            for index, (label, cells) in enumerate(rows):
                canvas.drawString(60, 700 - 14 * index, label)
                for right, cell in zip(range(250, 550, 50), cells, strict=True):
                    canvas.drawRightString(right, 700 - 14 * index, cell)

        [table] = texts(read(made(tmp_path / "a.pdf", draw)), "table")
        assert table.splitlines() == [" | ".join([label, *cells]) for label, cells in rows]

    def test_ruled_tables_of_words(self, tmp_path: Path) -> None:
        cells = [
            ["Name", "Kept in", "Meaning"],
            ["USAGE", "a text of seven", "What a user\nmay do"],
            ["OWNER", "a name", "Who made it"],
        ]
        grid = Grid(
            cells,
            colWidths=[100, 150, 200],
            style=[("GRID", (0, 0), (-1, -1), 0.5, colors.black), ("FONT", (0, 0), (-1, 0), "Helvetica-Bold")],
        )
        SimpleDocTemplate(str(tmp_path / "a.pdf")).build([grid])
        document = read(tmp_path / "a.pdf")
        [table] = document.blocks
        assert (
            document.text
            == "Name | Kept in | Meaning\nUSAGE | a text of seven | What a user may do\nOWNER | a name | Who made it"
        )
        assert (table.kind, table.header_rows) == ("table", 1)

    @pytest.mark.parametrize("rows", LOOKALIKES.values(), ids=LOOKALIKES)
    def test_what_merely_looks_like_a_table_is_none(self, rows: Sequence[tuple[str, str]], tmp_path: Path) -> None:
        def draw(canvas: Canvas) -> None:
            for index, (label, figure) in enumerate(rows):
                canvas.drawString(60, 700 - 14 * index, label)
                canvas.drawRightString(500, 700 - 14 * index, figure)

        assert texts(read(made(tmp_path / "a.pdf", draw)), "table") == []


class TestForms:
    def test_what_is_filled_in_stands_behind_its_label(self, tmp_path: Path) -> None:
        def draw(canvas: Canvas) -> None:
            lines(canvas, 60, 700, ["Name", "City", "I agree"], pitch=40)
            form = canvas.acroForm
            form.textfield(name="name", value="Ada Lovelace", x=120, y=695, width=200, height=16, fontSize=10)
            form.textfield(name="city", value="", x=120, y=655, width=200, height=16, fontSize=10)
            form.checkbox(name="agree", checked=True, x=40, y=618, size=12)

        document = read(made(tmp_path / "a.pdf", draw))
        assert document.text == "Name Ada Lovelace\nCity\n☒ I agree"
        box = next(box for box in document.boxes if document.text[box.start : box.end] == "Ada Lovelace")
        assert (round(box.left), round(box.bottom), round(box.right)) == (120, 695, 320)

    def test_comments_come_last_and_say_what_they_are(self, tmp_path: Path) -> None:
        writer = pypdf.PdfWriter(
            clone_from=made(tmp_path / "plain.pdf", lambda canvas: lines(canvas, 60, 500, ["Words."]))
        )
        writer.add_annotation(0, Text(rect=(50, 700, 70, 720), text="Is this\nso?"))
        writer.add_annotation(0, FreeText(text="Typed below.", rect=(60, 440, 300, 480)))
        writer.write(tmp_path / "a.pdf")
        assert read(tmp_path / "a.pdf").text == "Words.\nTyped below.\n\nComment: Is this so?"

    def test_a_form_that_only_adobe_shows_says_so(self, tmp_path: Path) -> None:
        writer = pypdf.PdfWriter(
            clone_from=made(tmp_path / "plain.pdf", lambda canvas: lines(canvas, 60, 500, ["Please wait"]))
        )
        writer._root_object[NameObject("/AcroForm")] = DictionaryObject(
            {
                NameObject("/XFA"): writer._add_object(pypdf.generic.StreamObject()),
                NameObject("/Fields"): pypdf.generic.ArrayObject(),
            }
        )
        writer._root_object[NameObject("/NeedsRendering")] = BooleanObject(True)
        writer.write(tmp_path / "a.pdf")
        assert str(refusal(tmp_path / "a.pdf")) == (
            "a.pdf is a form that only Adobe's programs show (XFA); print it to a PDF and ingest that."
        )


class TestFiles:
    def test_attachments_are_read_too(self, tmp_path: Path) -> None:
        writer = pypdf.PdfWriter(
            clone_from=made(tmp_path / "plain.pdf", lambda canvas: lines(canvas, 60, 500, ["Words."]))
        )
        writer.add_attachment("notes.txt", b"Notes of the meeting.")
        writer.add_attachment("tool.bin", b"\x7fELF\x00\x00")
        writer.write(tmp_path / "a.pdf")
        page, notes, tool = read_path(tmp_path / "a.pdf")
        assert isinstance(page, Document) and isinstance(notes, Document) and isinstance(tool, Refusal)
        assert (page.text, notes.text) == ("Words.", "Notes of the meeting.")
        assert notes.source == f"{page.source}#notes.txt"

    def test_attachments_that_alone_are_protected_say_so(self, tmp_path: Path) -> None:
        writer = pypdf.PdfWriter(
            clone_from=made(tmp_path / "plain.pdf", lambda canvas: lines(canvas, 60, 500, ["Words."]))
        )
        writer.add_attachment("notes.txt", b"Notes of the meeting.")
        writer.encrypt("secret", algorithm="AES-256")
        encryption, writer._encryption = writer._encrypt_entry, None
        assert encryption
        for name, value in (("/StmF", "/Identity"), ("/StrF", "/Identity"), ("/EFF", "/StdCF")):
            encryption[NameObject(name)] = NameObject(value)
        writer.write(tmp_path / "a.pdf")
        page, notes = read_path(tmp_path / "a.pdf")
        assert isinstance(page, Document) and isinstance(notes, Refusal)
        assert (page.text, notes.source) == ("Words.", f"{page.source}#notes.txt")
        assert notes.reason == (
            "notes.txt, attached to a.pdf, is protected by a password; remove the password and ingest it again."
        )

    def test_pages_that_are_damaged_are_named(self, tmp_path: Path) -> None:
        def draw(canvas: Canvas) -> None:
            for word in ("One", "Two", "Three"):
                canvas.drawString(60, 700, word)
                canvas.showPage()

        content = made(tmp_path / "whole.pdf", draw).read_bytes()
        second = re.findall(rb"\n(\d+) 0 obj\n<<\n/Contents", content)[1]
        (tmp_path / "a.pdf").write_bytes(content.replace(b"\n%s 0 obj" % second, b"\n%s 0 obj" % (b"9" * len(second))))
        document, refusal = read_path(tmp_path / "a.pdf")
        assert isinstance(document, Document) and isinstance(refusal, Refusal)
        assert document.text == "One\n\nThree"
        assert (refusal.source, refusal.skipped) == (f"{document.source}#page 2", False)
        assert refusal.reason == "Page 2 of a.pdf cannot be read: the file is damaged there; save it again."

    def test_a_damaged_file_does_not_get_the_reason_of_the_file_before(self, tmp_path: Path) -> None:
        whole = made(tmp_path / "a.pdf", lambda canvas: canvas.drawString(60, 700, "Otter"))
        writer = pypdf.PdfWriter(clone_from=whole)
        writer.encrypt("secret", algorithm="RC4-128")
        writer.write(tmp_path / "protected.pdf")
        content = whole.read_bytes()
        pages = re.search(rb"/Pages (\d+) 0 R", content)
        assert pages
        misnumbered = re.sub(rb"\n%s 0 obj" % pages[1], b"\n%s 0 obj" % (b"9" * len(pages[1])), content)
        (tmp_path / "damaged.pdf").write_bytes(misnumbered)
        assert "password" in str(refusal(tmp_path / "protected.pdf"))
        assert str(refusal(tmp_path / "damaged.pdf")) == (
            "damaged.pdf is damaged or no PDF; save it again and ingest it again."
        )

    def test_empty_pages_hold_no_text_and_pictures_none_that_can_be_recognised(self, tmp_path: Path) -> None:
        picture = tmp_path / "a.png"
        Image.new("RGB", (40, 40), "gray").save(picture)
        empty = refusal(made(tmp_path / "empty.pdf", lambda _: None))
        assert isinstance(empty, NothingToRead)
        assert str(empty) == "empty.pdf holds no text: its pages are empty."
        scan = refusal(made(tmp_path / "scan.pdf", lambda canvas: canvas.drawImage(str(picture), 50, 500)))
        assert str(scan).startswith("scan.pdf holds no text that can be recognised;")


def raw_pdf(
    content: bytes, *, to_unicode: dict[str, str] | None = None, encoding: bytes = b"/WinAnsiEncoding"
) -> bytes:
    """A page of 400 x 300 points with one font F, whose letters mean what `to_unicode` says in hexadecimal."""
    mapped = "".join(f"<{ord(letter):02X}> <{meaning}>" for letter, meaning in (to_unicode or {}).items())
    codes = f"{len(to_unicode or {})} beginbfchar {mapped} endbfchar"
    cmap = f"begincmap 1 begincodespacerange <00> <FF> endcodespacerange {codes} endcmap".encode()
    font = b"/Type/Font/Subtype/Type1/BaseFont/ABCDEF+Some/Encoding " + encoding
    widths = b"/FirstChar 33/LastChar 126/Widths[" + b"600 " * 94 + b"]/FontDescriptor 7 0 R"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 300]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<<%s%s%s>>" % (font, widths, b"/ToUnicode 6 0 R" if to_unicode else b""),
        b"<</Length %d>>stream\n%s\nendstream" % (len(cmap), cmap),
        b"<</Type/FontDescriptor/FontName/ABCDEF+Some/Flags 4/FontBBox[0 -200 600 800]/Ascent 800/Descent -200>>",
    ]
    file, table = b"%PDF-1.4\n", b""
    for number, body in enumerate(objects, 1):
        table += b"%010d 00000 n \n" % len(file)
        file += b"%d 0 obj%s endobj\n" % (number, body)
    end = b"xref\n0 8\n0000000000 65535 f \n%strailer<</Size 8/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (
        table,
        len(file),
    )
    return file + end


class TestContents:
    @staticmethod
    def begin(path: Path, numbers: Sequence[str], *, others: int = 8) -> str:
        """What is read of a page with a table of contents before `others`."""
        dots = " . . . . . . . . "

        def draw(canvas: Canvas) -> None:
            canvas.setFont("Helvetica-Bold", 10)
            lines(canvas, 60, 700, ["Contents"])
            canvas.setFont("Helvetica", 10)
            titles = [f"Foxes{dots}{numbers[0]}", "Owls, and how", f"they breed{dots}{numbers[1]}"]
            lines(canvas, 60, 680, [*titles, f"Wolves{dots}{numbers[2]}"])
            lines(canvas, 60, 600, ["They live in the forest."])
            for _ in range(others):
                canvas.showPage()
                lines(canvas, 60, 600, ["More of them."])

        return read(made(path, draw)).text.split("More", maxsplit=1)[0].strip()

    def test_a_table_of_contents_is_left_out(self, tmp_path: Path) -> None:
        assert self.begin(tmp_path / "a.pdf", ["iv", "2", "7"]) == "They live in the forest."

    @pytest.mark.parametrize("numbers", [("4", "2", "7"), ("2.50", "4.00", "5.10"), ("2", "4", "12")])
    def test_other_lists_with_dots_are_not(self, numbers: Sequence[str], tmp_path: Path) -> None:
        assert "Wolves" in self.begin(tmp_path / "a.pdf", numbers)

    def test_a_document_of_nothing_else_keeps_it(self, tmp_path: Path) -> None:
        def draw(canvas: Canvas) -> None:
            lines(canvas, 60, 600, [f"{name} . . . . . . 1" for name in ("Foxes", "Owls", "Wolves")])

        assert "Wolves" in read(made(tmp_path / "a.pdf", draw)).text

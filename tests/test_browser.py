"""The web page in a real browser, on the real pipeline: ask, see the evidence, be refused, begin with nothing."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pptx
import pytest
import xlsxwriter
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page, expect
from reportlab.pdfgen.canvas import Canvas
from web_server import ask, serving

from citewell import KnowledgeBase

pytestmark = pytest.mark.browser

PDF_LINES = (
    "The river authority was founded in 1903.",
    "The weir at Tarn Bridge is inspected by Otto Lindqvist every spring.",
    "Fishing is allowed from May to September.",
)
NOTES = """# Orchard notes

The oldest apple tree in the orchard was planted in 1898.

The label on the gate reads <svg onload=alert(1)></svg> ![x](http://example.invalid/a.png) $x^2$ to the letter.
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a base of four documents, one of them a PDF whose second page holds PDF_LINES."""
    folder = tmp_path_factory.mktemp("documents")
    (folder / "orchard.md").write_text(NOTES)
    canvas = Canvas(str(folder / "river.pdf"), pagesize=(612, 792))
    canvas.drawString(72, 700, "Rules of the river")
    canvas.showPage()
    for index, line in enumerate(PDF_LINES):
        canvas.drawString(72, 700 - 40 * index, line)
    canvas.save()
    make_ferries(folder / "ferries.xlsx")
    make_deck(folder / "dredging.pptx")
    home = tmp_path_factory.mktemp("home")
    with KnowledgeBase.open(home=home, create=True) as base:
        base.ingest([folder]).wait()
    return home


def make_ferries(path: Path) -> None:
    """A sheet whose row 78 is about a ship, the others about others."""
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("Ferries")
        sheet.write_row(0, 0, ["Ferry", "Berth", "Captain"])
        for number in range(1, 120):
            sheet.write_row(number, 0, [f"Ferry {number}", f"B{number % 7}", f"Olsen {number}"])
        sheet.write_row(77, 0, ["Fjordlerke", "B3", "Ragnhild Moen"])


def make_deck(path: Path) -> None:
    deck = pptx.Presentation()
    for title, words in (
        ("Plan", "The dredger arrives in April."),
        ("Costs", "Dredging the fairway costs 41,000 crowns a day."),
    ):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text_frame.text = words
    deck.save(str(path))


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    with serving(home, "default") as served:
        yield served


def test_a_cited_answer_opens_its_page_with_the_quoted_line_marked(page: Page, address: str) -> None:
    page.goto(address)
    ask(page, "Who inspects the weir at Tarn Bridge?")
    expect(page.locator(".cw-answer").first).to_contain_text("Otto Lindqvist")
    expect(page.locator(".cw-chip").first).to_have_text("1")
    chip = page.get_by_role("button", name="Source 1: river.pdf, page 2")
    expect(chip).to_have_attribute("aria-pressed", "true")
    expect(page.locator("mark").first).to_contain_text("Otto Lindqvist")

    check_marked_line(page)


def pixels_of_page(page: Page) -> NDArray[np.int_]:
    image = page.get_by_test_id("stImage").locator("img")
    expect(image).to_be_visible()
    picture = page.request.get(str(image.evaluate("image => image.src"))).body()
    return np.asarray(Image.open(BytesIO(picture)).convert("RGB")).astype(int)


def check_marked_line(page: Page) -> None:
    """The marking lies on the second of PDF_LINES, all of its ink within, and nowhere else."""
    pixels = pixels_of_page(page)
    rows, columns = np.nonzero(is_marked(pixels))
    points = pixels.shape[0] / 792
    baseline = (792 - 660) * points
    assert baseline - 20 * points < rows.min() < baseline < rows.max() < baseline + 10 * points
    ink_rows, ink_columns = np.nonzero(pixels[rows.min() : rows.max() + 1].max(axis=2) < 120)
    assert len(ink_rows) > 100
    assert columns.min() <= ink_columns.min() and ink_columns.max() <= columns.max()


def is_marked(pixels: NDArray[np.int_]) -> NDArray[np.bool_]:
    return (pixels[..., 0] > 200) & (pixels[..., 0] - pixels[..., 2] > 50)


def turn(page: Page, button: str, shows: str) -> None:
    """By keyboard."""
    page.get_by_role("button", name=button).press("Enter")
    expect(page.locator("p.cw-place").first).to_contain_text(shows)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def test_the_pages_of_a_source_are_turned_and_the_quote_is_found_again(page: Page, address: str) -> None:
    page.goto(address)
    ask(page, "Who inspects the weir at Tarn Bridge?")
    turn(page, "Previous page", "page 1 of 2")
    expect(page.get_by_role("img", name="river.pdf, page 1", exact=True)).to_be_visible()
    expect(page.locator("mark")).to_have_count(0)
    assert not is_marked(pixels_of_page(page)).any()
    page.get_by_text("Text of page 1").click()
    expect(page.get_by_role("region", name="Text of page 1")).to_contain_text("Rules of the river")
    turn(page, "Next page", "page 2")
    expect(page.get_by_role("img", name="river.pdf, page 2, the quoted words marked")).to_be_visible()
    turn(page, "Previous page", "page 1 of 2")
    turn(page, "Back to the quote", "page 2")
    check_marked_line(page)


def test_keys_turn_the_pages_of_the_newest_source_from_within_a_text_field(page: Page, address: str) -> None:
    page.goto(address)
    for _ in range(2):
        ask(page, "Who inspects the weir at Tarn Bridge?")
    page.get_by_test_id("stExpander").filter(has_text="Who inspects the weir").get_by_role("group").locator(
        "summary"
    ).first.click()
    places = page.locator("p.cw-place")
    expect(places).to_have_count(2)
    box = page.get_by_test_id("stChatInputTextArea")
    box.fill("half a question")
    box.press("Alt+PageUp")
    expect(places.first).to_contain_text("page 1 of 2")
    expect(places.last).to_contain_text("page 2")
    box.press("Alt+PageDown")
    expect(places.first).to_contain_text("page 2")
    expect(box).to_have_value("half a question")


def test_of_a_sheet_the_cited_row_is_marked_and_in_sight(page: Page, address: str) -> None:
    page.goto(address)
    ask(page, "Who is the captain of the Fjordlerke?")
    row = page.locator("tr[aria-current=true]")
    expect(row.locator("mark").filter(has_text="Ragnhild Moen")).to_be_visible()
    expect(row.get_by_role("rowheader")).to_have_text("78")
    expect(row).to_be_in_viewport()
    expect(page.get_by_role("columnheader", name="Captain")).to_be_visible()
    turn(page, "Next sheet", "rows 101-120")
    expect(row).to_have_count(0)


def test_the_slides_of_a_deck_are_turned(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 480, "height": 900})
    page.goto(address)
    ask(page, "What does dredging the fairway cost a day?")
    slide = page.get_by_role("region", name="Text of slide 2")
    expect(slide.locator("mark").first).to_contain_text("41,000 crowns")
    turn(page, "Previous slide", "slide 1 of 2")
    expect(page.get_by_role("region", name="Text of slide 1")).to_contain_text("The dredger arrives in April.")
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 480


def test_a_document_cannot_run_a_script_or_fetch_a_picture(page: Page, address: str) -> None:
    page.goto(address)
    ask(page, "What does the label on the gate read?")
    expect(page.locator("mark").first).to_contain_text("<svg onload=alert(1)></svg> ![x](http://example.invalid/a.png)")
    page.get_by_text("Passages considered").click()
    expect(page.locator(".cw-considered button").first).to_be_visible()


def test_a_refusal_is_calm_and_offers_the_nearest_passages(page: Page, address: str) -> None:
    page.goto(address)
    ask(page, "Which vitamin prevents scurvy?")
    expect(page.locator(".cw-answer").first).to_have_text("The documents do not say.")
    nearest = page.locator("button.cw-open").first
    name = nearest.inner_text().split(" · ")[0]
    nearest.click()
    expect(page.locator(".cw-place").filter(has_text=name)).to_be_visible()
    expect(page.get_by_role("link", name="Open the original")).to_be_visible()
    expect(page.get_by_test_id("stAlert")).to_have_count(0)


def test_from_nothing_to_an_answer_and_back(page: Page, home: Path, tmp_path: Path) -> None:
    mine = tmp_path / "kettle.txt"
    mine.write_text("The kettle of the station house holds seven litres.\n")
    with serving(home, "new") as address:
        # The first visit of a server may be to any page.
        page.goto(f"{address}/library")
        expect(page.get_by_role("link", name="main", exact=True)).to_have_count(0)
        page.get_by_role("link", name="Ask", exact=True).click()
        expect(page.get_by_text("The library is empty")).to_be_visible()
        page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(mine)
        expect(page.get_by_text("kettle.txt")).to_be_visible()
        page.get_by_role("button", name="Add to the library").click()
        expect(page.get_by_text("1 added")).to_be_visible()
        ask(page, "How much does the kettle hold?")
        expect(page.locator(".cw-answer").first).to_contain_text("seven litres")

        page.get_by_role("link", name="Library").click()
        expect(page.get_by_text("1 document. Choose a row")).to_be_visible()
        page.get_by_test_id("stDataFrame").first.click(position={"x": 120, "y": 50})
        page.keyboard.press("Shift+Space")
        page.get_by_role("button", name="Delete …").click()
        page.get_by_role("button", name="Delete for good").click()
        expect(page.get_by_text("The library is empty.")).to_be_visible()
    assert not list((home / "new" / "uploads").iterdir())

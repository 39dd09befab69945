"""The Library page in a real browser: three formats uploaded, asked and deleted with proof; a reload; a second base."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from docx import Document as WordDocument
from playwright.sync_api import Browser, Page, expect
from reportlab.pdfgen.canvas import Canvas
from web_server import ANSWER_WAIT, ask, serving

pytestmark = pytest.mark.browser


@pytest.fixture
def address(home: Path) -> Iterator[str]:
    home.mkdir()
    with serving(home, "default") as served:
        yield served


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Three formats, with a fact in each."""
    canvas = Canvas(str(tmp_path / "river.pdf"))
    canvas.drawString(72, 700, "The weir at Tarn Bridge is inspected by Otto Lindqvist every spring.")
    canvas.save()
    word = WordDocument()
    word.add_paragraph("The lighthouse of Mole Point was built in 1871 by Ada Brandt.")
    word.save(str(tmp_path / "lighthouse.docx"))
    (tmp_path / "kettle.txt").write_text("The kettle of the station house holds seven litres.\n")
    return [tmp_path / name for name in ("river.pdf", "lighthouse.docx", "kettle.txt")]


def settled(page: Page) -> None:
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def choose_row(page: Page, number: int) -> None:
    """By the keyboard, as everybody can: into the table, down to the row, and Shift and space."""
    page.get_by_test_id("stDataFrame").first.click(position={"x": 120, "y": 50})
    for _ in range(number):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+Space")


def test_three_formats_are_uploaded_asked_and_deleted_with_proof(
    page: Page, address: str, files: list[Path], home: Path
) -> None:
    page.goto(f"{address}/library")
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(files)
    expect(page.get_by_text("kettle.txt")).to_be_visible()
    page.get_by_role("button", name="Add to the library").click()
    expect(page.get_by_text("Files: 3 added")).to_be_visible(timeout=3 * ANSWER_WAIT)
    expect(page.get_by_text("3 documents. Choose a row")).to_be_visible()
    settled(page)
    page.get_by_role("link", name="Ask", exact=True).click()
    ask(page, "Who built the lighthouse of Mole Point?")
    expect(page.locator(".cw-answer").first).to_contain_text("Ada Brandt")

    page.get_by_role("link", name="Library", exact=True).click()
    expect(page.get_by_text("3 documents. Choose a row")).to_be_visible()
    settled(page)
    choose_row(page, 1)
    expect(page.get_by_role("heading", name="lighthouse.docx")).to_be_visible()
    page.get_by_text("Passages as they were cut (1)").click()
    expect(page.locator(".cw-excerpt")).to_contain_text("built in 1871 by Ada Brandt")
    page.get_by_role("button", name="Delete …").click()
    expect(page.get_by_text("Delete 1 file with all passages")).to_be_visible()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("no document, no passage, no vector and no word of it is left")).to_be_visible()
    expect(page.get_by_text("2 documents. Choose a row")).to_be_visible()
    assert not (home / "default" / "uploads" / "lighthouse.docx").exists()


def test_a_reload_shows_an_ingest_go_on_and_another_session_can_stop_it(
    page: Page, browser: Browser, address: str, tmp_path: Path
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(3000):
        (folder / f"{number}.md").write_text(f"# Note {number}\n\nPump {number} was tested on day {number % 31}.\n")
    page.goto(f"{address}/library")
    page.get_by_role("textbox", name="Or a folder or file on this machine").fill(str(folder))
    page.get_by_role("textbox", name="Or a folder or file on this machine").press("Tab")
    page.get_by_role("button", name="Add to the library").click()
    stop = page.locator(".stMain").get_by_role("button", name="Stop", exact=True)
    expect(stop).to_be_visible()
    page.reload()
    expect(stop).to_be_visible()
    other = browser.new_page()
    other.goto(f"{address}/library")
    other_stop = other.locator(".stMain").get_by_role("button", name="Stop", exact=True)
    expect(other_stop).to_be_visible()
    other_stop.click()
    expect(page.get_by_text("Interrupted")).to_be_visible(timeout=3 * ANSWER_WAIT)
    expect(stop).to_have_count(0)
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_text("Interrupted")).to_have_count(0)
    other.close()


def test_a_second_base_is_kept_over_pages_and_reloads(page: Page, address: str, files: list[Path]) -> None:
    page.goto(f"{address}/library")
    page.get_by_text("Knowledge bases (1)").click()
    page.get_by_role("textbox", name="Name of a new knowledge base").fill("second")
    page.get_by_role("textbox", name="Name of a new knowledge base").press("Enter")
    expect(page.get_by_text("second is made")).to_be_visible()
    assert "kb=second" in page.url
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(files[2])
    expect(page.get_by_text("kettle.txt")).to_be_visible()
    page.get_by_role("button", name="Add to the library").click()
    expect(page.get_by_text("1 added")).to_be_visible(timeout=3 * ANSWER_WAIT)
    page.get_by_role("link", name="Ask", exact=True).click()
    ask(page, "How much does the kettle hold?")
    expect(page.locator(".cw-answer").first).to_contain_text("seven litres")
    assert "kb=second" in page.url
    page.get_by_role("link", name="Library", exact=True).click()
    expect(page.get_by_text("1 document. Choose a row")).to_be_visible()
    page.reload()
    expect(page.get_by_text("1 document. Choose a row")).to_be_visible()
    page.get_by_role("combobox", name="Knowledge base").click()
    page.get_by_role("option", name="default").click()
    expect(page.get_by_text("The library is empty")).to_be_visible()

"""Asking in a real browser: answers that the server goes on writing, stopping, conversations, and the keyboard."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Event

import pytest
from playwright.sync_api import Browser, Page, expect
from tiny_servers import END, chunk, scripted, streamed
from web_server import ask, serving

from citewell import KnowledgeBase

pytestmark = pytest.mark.browser

HARBOUR = """# Harbour rules

The harbour of Skerry is closed from November to March.

The harbour master of Skerry is Ines Falk.

Boats of Skerry pay nine crowns a night.

# Berths

A berth is a place at the quay where a boat is moored for the night. Berths are given away in the order of arrival.
"""
CLOSED = "When is the harbour of Skerry closed?"
MASTER = "Who is the harbour master of Skerry?"
BEGINNING = "The harbour of Skerry is closed "
END_OF_IT = "from November to March [1]."


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documents")
    (folder / "harbour.md").write_text(HARBOUR)
    home = tmp_path_factory.mktemp("home")
    with KnowledgeBase.open(home=home, create=True) as base:
        base.ingest([folder]).wait()
    return home


@pytest.fixture(scope="module")
def quoting(home: Path) -> Iterator[str]:
    """The address of a server that answers in the documents' own words."""
    with serving(home, "default") as address:
        yield address


@contextmanager
def writing(home: Path, folder: Path, parts: Sequence[str], go_on: Event, *, pause: float = 0.0) -> Iterator[str]:
    """The address of a server whose language model says the first of `parts`, and the others when it may go on.

    `pause` is how many seconds it takes for each of them.
    """

    def answer(request: BaseHTTPRequestHandler) -> None:
        streamed([chunk(parts[0])])(request)
        go_on.wait(60)
        for event in (*(chunk(part) for part in parts[1:]), *END):
            time.sleep(pause)
            request.wfile.write(f"data: {event}\n\n".encode())
            request.wfile.flush()

    with scripted(answer) as model:
        settings = folder / "settings.toml"
        settings.write_text(f'[generator]\nserver = "{model.url}"\nmodel = "first"\n')
        with serving(home, "default", settings=settings) as address:
            yield address
        go_on.set()


def begin(page: Page, question: str) -> None:
    box = page.get_by_test_id("stChatInputTextArea")
    box.fill(question)
    box.press("Enter")


def test_an_answer_goes_on_while_its_page_is_reloaded(page: Page, home: Path, tmp_path: Path) -> None:
    go_on = Event()
    with writing(home, tmp_path, [BEGINNING, END_OF_IT], go_on) as address:
        page.goto(address)
        begin(page, CLOSED)
        expect(page.locator(".cw-answer")).to_contain_text("closed")
        page.reload()
        expect(page.locator(".cw-answer")).to_contain_text("closed")
        expect(page.get_by_role("button", name="Stop")).to_be_visible()
        elsewhere = page.context.new_page()
        elsewhere.goto(page.url)
        go_on.set()
        for tab in (page, elsewhere):
            expect(tab.locator(".cw-answer").first).to_contain_text("from November to March")
            expect(tab.get_by_role("button", name="Source 1: harbour.md")).to_be_visible()


def test_a_stopped_answer_says_so_and_stays(page: Page, home: Path, tmp_path: Path) -> None:
    go_on = Event()
    with writing(home, tmp_path, [BEGINNING, "for ", END_OF_IT], go_on) as address:
        page.goto(address)
        begin(page, CLOSED)
        expect(page.locator(".cw-answer")).to_contain_text("closed")
        page.get_by_role("button", name="Stop").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text("Stopping")).to_be_visible()
        go_on.set()
        expect(page.get_by_text("The answer was stopped before its end")).to_be_visible()
        page.reload()
        expect(page.get_by_text("The answer was stopped before its end")).to_be_visible()
        expect(page.locator(".cw-answer").first).not_to_contain_text("March")


def test_a_server_that_is_stopped_keeps_what_was_written(page: Page, home: Path, tmp_path: Path) -> None:
    go_on = Event()
    with writing(home, tmp_path, [BEGINNING, *["again, "] * 300, END_OF_IT], go_on, pause=0.2) as address:
        page.goto(address)
        begin(page, "Is the harbour of Skerry closed?")
        expect(page.locator(".cw-answer")).to_contain_text("closed")
        name = page.url.split("conversation=")[1]
        go_on.set()
    with serving(home, "default") as address:
        page.goto(f"{address}/?conversation={name}")
        expect(page.locator(".cw-answer").first).to_contain_text("closed")
        expect(page.get_by_text("The answer was stopped before its end")).to_be_visible()


def test_chips_are_chosen_by_keyboard_and_open_their_source(page: Page, quoting: str) -> None:
    page.goto(quoting)
    ask(page, "What do the rules say of the harbour of Skerry?")
    second = page.get_by_role("button", name="Source 2: harbour.md")
    second.focus()
    page.keyboard.press("Enter")
    expect(second).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Source 1: harbour.md")).to_have_attribute("aria-pressed", "false")
    quote = page.locator(".cw-answer p").nth(1).inner_text().split('"')[1]
    expect(page.locator("mark").first).to_contain_text(quote)
    expect(second).to_be_focused()


def test_a_narrow_window_goes_to_the_source_that_is_chosen(browser: Browser, quoting: str) -> None:
    context = browser.new_context(viewport={"width": 480, "height": 700})
    page = context.new_page()
    page.goto(quoting)
    ask(page, CLOSED)
    expect(page.locator("mark").first).not_to_be_in_viewport()
    page.get_by_role("button", name="Source 1: harbour.md").click()
    expect(page.locator("mark").first).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()


def test_a_conversation_is_found_again_renamed_saved_and_deleted(page: Page, quoting: str) -> None:
    page.goto(quoting)
    ask(page, CLOSED)
    ask(page, MASTER)
    page.reload()
    expect(page.locator("h2.cw-question").first).to_have_text(MASTER)
    expect(page.get_by_text("Earlier questions")).to_be_visible()

    page.get_by_role("button", name="This conversation").click()
    page.get_by_label("Title").fill("Skerry in winter")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_test_id("stSidebar").get_by_role("button", name="Skerry in winter")).to_be_visible()
    if not page.get_by_role("button", name="Save as Markdown").is_visible():
        page.get_by_role("button", name="This conversation").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as Markdown").click()
    saved = download.value.path().read_text()
    assert saved.startswith("# Skerry in winter") and MASTER in saved and "harbour.md" in saved
    assert download.value.suggested_filename == "Skerry-in-winter.md"

    page.get_by_text("Yes, delete it with 2 questions").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("gone for good")).to_be_visible()
    expect(page.get_by_role("button", name="Skerry in winter")).to_have_count(0)
    assert "conversation=" not in page.url


def test_suggested_questions_can_be_asked(page: Page, quoting: str) -> None:
    page.goto(quoting)
    suggested = page.locator(".st-key-suggestions button").first
    expect(suggested).to_be_visible()
    question = suggested.inner_text()
    suggested.click()
    expect(page.locator("h2.cw-question").first).to_have_text(question)
    expect(page.locator("button.cw-chip").first).to_be_visible()

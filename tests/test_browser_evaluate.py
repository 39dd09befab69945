"""The Evaluate page in a real browser: an evaluation begun and opened, and feedback that becomes a question."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlparse
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from app.web.serving import command, environment
from citewell import KnowledgeBase
from kb.feedback import Correction

pytestmark = pytest.mark.browser

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
START_WAIT = 60.0
WAIT = 180_000
ASKED = "How long does the loaf bake?"
TEXTS = {
    "whale": "The blue whale reaches thirty metres. It feeds on krill in cold seas.",
    "lamp": "A tungsten filament glows at about 2,500 degrees. Argon keeps it from burning.",
    "bread": "Rye dough needs a sour starter. The loaf bakes for an hour.",
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dataset") / "things"
    (folder / "documents").mkdir(parents=True)
    rows = []
    for name, text in TEXTS.items():
        (folder / "documents" / f"{name}.md").write_text(f"# {name}\n\n{text}\n")
        said = text.split(". ")[0] + "."
        evidence = [{"source": f"{name}.md", "page": None, "quote": said}]
        rows.append({"id": name, "question": f"What of the {name}?", "answers": [said], "evidence": evidence})
    (folder / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.fixture(scope="module")
def home(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base of the dataset's documents in which one answer was corrected."""
    home = tmp_path_factory.mktemp("home")
    with KnowledgeBase.open(home=home, create=True) as base:
        base.ingest([dataset / "documents"]).wait()
        begun = base.conversations.start().id
        base.ask(ASKED, conversation=begun).answer()
        base.feedback.give(begun, 0, "bad", correction=Correction("an hour"))
    return home


@contextmanager
def serving(home: Path, kb: str) -> Iterator[str]:
    """The address of a server of its own process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(command(port=port), cwd=home, env={**os.environ, **environment(home=home, kb=kb)})
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + START_WAIT
        while not is_up(address):
            assert server.poll() is None and time.monotonic() < deadline, "the server did not start"
            time.sleep(0.2)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=20)


def is_up(address: str) -> bool:
    try:
        with urlopen(f"{address}/_stcore/health", timeout=2) as answer:  # noqa: S310 - an address made above
            return bool(answer.status == 200)
    except OSError:
        return False


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        if os.environ.get("CITEWELL_REQUIRE_ALL") == "1":
            pytest.fail("chromium is not installed, and CITEWELL_REQUIRE_ALL asks for it")
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    with serving(home, "default") as served:
        yield served


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of which nothing may leave the machine."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    asked_for: list[str] = []
    page.on("request", lambda request: asked_for.append(request.url))
    page.on("websocket", lambda channel: asked_for.append(channel.url))
    yield page
    context.close()
    web = [url for url in asked_for if urlparse(url).scheme in ("http", "https", "ws", "wss")]
    assert web and {urlparse(url).hostname for url in web} <= {"127.0.0.1", "localhost"}


def test_an_evaluation_is_begun_survives_a_reload_and_is_opened(page: Page, address: str, dataset: Path) -> None:
    page.goto(f"{address}/evaluate?view=start")
    page.get_by_role("textbox", name="Folder of the dataset").fill(str(dataset))
    page.get_by_role("textbox", name="Folder of the dataset").press("Enter")
    page.get_by_role("button", name="Begin").click()
    expect(page.locator(".st-key-evaluation")).to_contain_text("things", timeout=WAIT)
    page.reload()
    page.get_by_role("button", name="Open the report").click(timeout=WAIT)
    expect(page.locator("h2.cw-report")).to_have_text("things: retrieval", timeout=WAIT)
    measured = page.get_by_role("region", name="Measures").get_by_role("row", name="quote_recall@5")
    expect(measured.get_by_role("cell").first).to_have_text("1.000 [0.292, 1.000]")
    chart = page.locator("img.cw-chart").first
    expect(chart).to_be_visible()
    assert chart.evaluate("image => image.complete && image.naturalWidth > 100")
    assert page.get_by_test_id("stCode").first.inner_text().startswith("citewell eval retrieval")


def test_feedback_that_a_person_accepts_becomes_a_question(page: Page, address: str, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    page.goto(f"{address}/evaluate?view=questions&questions={quote(str(folder))}")
    page.get_by_text(f"Thumbs down · {ASKED}").click(timeout=WAIT)
    expect(page.get_by_role("textbox", name="Accepted answer")).to_have_value("an hour", timeout=WAIT)
    expect(page.get_by_role("textbox", name="word for word")).to_have_value("The loaf bakes for an hour.")
    page.get_by_role("button", name="Accept", exact=True).click()
    expect(page.get_by_text("The question is in the set now")).to_be_visible(timeout=WAIT)
    expect(page.get_by_text("Nothing waits for you")).to_be_visible()
    row = json.loads((folder / "questions.jsonl").read_text())
    assert (row["question"], row["answers"], row["status"]) == (ASKED, ["an hour"], "accepted")
    assert (folder / "documents" / row["evidence"][0]["source"]).is_file()

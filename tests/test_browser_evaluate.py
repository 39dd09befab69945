"""The Evaluate page in a real browser: an evaluation begun and opened, and feedback that becomes a question."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from web_server import ask, serving

from citewell import KnowledgeBase

pytestmark = pytest.mark.browser

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
    home = tmp_path_factory.mktemp("home")
    with KnowledgeBase.open(home=home, create=True) as base:
        base.ingest([dataset / "documents"]).wait()
    return home


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    with serving(home, "default") as served:
        yield served


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


def test_feedback_on_an_answer_becomes_a_question_once_it_is_accepted(page: Page, address: str, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    page.goto(address)
    ask(page, ASKED)
    page.get_by_role("radio", name="Thumbs down").click()
    page.get_by_text("What would have been right?").click()
    page.get_by_role("textbox", name="The right answer").fill("an hour")
    page.get_by_role("button", name="Keep the correction").click()
    expect(page.get_by_text("Correction kept")).to_be_visible(timeout=WAIT)
    page.goto(f"{address}/evaluate?view=questions")
    named = page.get_by_role("textbox", name="Folder of the question set")
    named.fill(str(folder), timeout=WAIT)
    named.press("Enter")
    expect(page).to_have_url(re.compile("questions="), timeout=WAIT)
    page.reload()
    expect(named).to_have_value(str(folder), timeout=WAIT)
    page.get_by_text(f"Thumbs down · {ASKED}").click(timeout=WAIT)
    expect(page.get_by_role("textbox", name="Accepted answer")).to_have_value("an hour", timeout=WAIT)
    expect(page.get_by_role("textbox", name="word for word")).to_have_value("The loaf bakes for an hour.")
    page.get_by_role("button", name="Accept", exact=True).click()
    expect(page.get_by_text("The question is in the set now")).to_be_visible(timeout=WAIT)
    expect(page.get_by_text("Nothing waits for you")).to_be_visible()
    row = json.loads((folder / "questions.jsonl").read_text())
    assert (row["question"], row["answers"], row["status"]) == (ASKED, ["an hour"], "accepted")
    assert (folder / "documents" / row["evidence"][0]["source"]).is_file()

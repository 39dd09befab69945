"""Every page by axe-core in Chromium: light and dark, wide and narrow, empty and full; and the keyboard's way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from test_browser import home  # noqa: F401 - the base that it is filled with
from web_server import ANSWER_WAIT, ask, serving

import app.web.views
from app.web.settings.showing import MACHINE, MODELS
from app.web.settings.switches import GROUPS

pytestmark = pytest.mark.browser

PAGES = sorted(path.stem for path in Path(app.web.views.__path__[0]).glob("[!_]*.py"))
ANSWERABLE = "Who inspects the weir at Tarn Bridge?"
GRAVE = ("serious", "critical")
EXCUSED: dict[tuple[str, str], str] = {}
"""Rule and part of the element's HTML of what Streamlit makes and cannot be told to make otherwise, with the reason."""
SETTLED = '[data-testid="stApp"][data-test-script-state="notRunning"]'


@pytest.fixture(scope="module")
def addresses(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:  # noqa: F811
    with serving(home, "default") as full, serving(tmp_path_factory.mktemp("empty"), "default") as empty:
        yield {"full": full, "empty": empty}


def findings(page: Page, where: str) -> list[str]:
    """A line for each grave violation on what is shown now."""
    found = Axe().run(page).response["violations"]
    return [
        f"{where}: {violation['id']} ({violation['impact']}): {node['html'][:160]}"
        for violation in found
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
        if not any(rule == violation["id"] and part in node["html"] for rule, part in EXCUSED)
    ]


def settled(page: Page) -> None:
    expect(page.locator(".cw-waiting")).to_have_count(0)
    page.wait_for_selector(SETTLED)
    # What fades in is grey until it is there.
    page.wait_for_timeout(500)


@pytest.mark.parametrize(
    ("scheme", "width", "filling"),
    # Each pair of circumstances once.
    [("light", 1280, "full"), ("dark", 480, "full"), ("dark", 1280, "empty"), ("light", 480, "empty")],
)
def test_no_page_has_a_grave_violation(
    browser: Browser,
    addresses: dict[str, str],
    scheme: str,
    width: int,
    filling: str,
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    context.set_default_timeout(ANSWER_WAIT)
    page = context.new_page()
    found: list[str] = []
    for name in PAGES:
        page.goto(addresses[filling] if name == "ask" else f"{addresses[filling]}/{name}")
        expect(page.get_by_test_id("stMainBlockContainer")).not_to_be_empty()
        settled(page)
        found += findings(page, name)
        if name == "ask" and filling == "full":
            ask(page, ANSWERABLE)
            settled(page)
            found += findings(page, "an answer")
        if name == "settings":
            for part in (*GROUPS, MODELS, MACHINE):
                page.get_by_role("tab", name=part, exact=True).click()
                settled(page)
                found += findings(page, f"settings, {part}")
    context.close()
    assert not found, "\n".join(found)


def test_the_keyboard_reaches_the_question_then_the_answer_then_its_source(
    browser: Browser, addresses: dict[str, str]
) -> None:
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto(addresses["full"])
    ask(page, ANSWERABLE)
    settled(page)
    page.evaluate("document.body.tabIndex = -1; document.body.focus()")  # As if the page had just been opened.
    reached: list[str] = []
    while len(reached) < 60 and reached.count("Skip to main content") < 2:
        page.keyboard.press("Tab")
        reached.append(page.evaluate(NAMED))
    page.context.close()
    order = [
        "Library",
        "Ask a follow-up",
        "Source 1: river.pdf, page 2",
        "Thumbs up",
        "Previous page",
        "Open the original",
    ]
    assert [name for name in reached if name in order] == order, reached
    assert all(reached), f"something that can be reached has no name: {reached}"


NAMED = """() => {
  const reached = document.activeElement;
  const labelled = (reached.getAttribute('aria-labelledby') || '').split(' ').map(id => document.getElementById(id));
  const labels = [...(reached.labels || []), ...labelled.filter(Boolean)].map(label => label.textContent);
  const name = reached.getAttribute('aria-label') || labels.join(' ') || reached.placeholder || reached.innerText;
  return name.trim();
}"""

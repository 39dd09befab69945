"""The web page's logic: what it asks of a base, what it shows, and that a document's text is never markup."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from time import sleep

import pytest
import streamlit as st
from hypothesis import given, strategies
from streamlit.testing.v1 import AppTest

from app.web.literal import in_markdown
from app.web.reading.excerpts import excerpt_html, quotes_literally, reflowed
from app.web.serving import ENTRY, command, environment
from app.web.workspace import workspace, workspaces
from citewell import KnowledgeBase
from kb.types import Document, Span

HOSTILE = "<svg onload=alert(1)></svg> ![x](http://example.invalid/a.png) $x^2$ :rocket: *bold*"
NOTES = f"""# Lighthouse notes

The lighthouse of Mole Point was built in 1871 by the engineer Ada Brandt.

Its lamp burns rapeseed oil and is visible from eighteen nautical miles.

The keeper of the log wrote: the sign at the gate says {HOSTILE} and nothing else.
"""
ANSWERABLE = "Who built the lighthouse of Mole Point?"
HOSTILE_QUESTION = "What does the sign at the gate say?"


@pytest.fixture(scope="module")
def filled_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documents")
    (folder / "lighthouse.md").write_text(NOTES)
    home = tmp_path_factory.mktemp("filled")
    with KnowledgeBase.open(home=home, create=True) as base:
        base.ingest([folder]).wait()
    return home


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], AppTest]]:
    """Opens the page on a home folder."""

    def opened(folder: Path) -> AppTest:
        monkeypatch.setenv("CITEWELL_HOME", str(folder))
        return AppTest.from_file(str(ENTRY), default_timeout=60).run()

    yield opened
    workspaces().close()
    st.cache_resource.clear()


def ask(page: AppTest, question: str) -> AppTest:
    """Asks, and looks again until the answer is there."""
    page.chat_input[0].set_value(question).run()
    for _ in range(60):
        if not any(button.label == "Stop" for button in page.button):
            break
        time.sleep(0.5)
        page.run()
    return page


def shown(page: AppTest) -> str:
    assert not page.exception
    choices = [json.loads(element.proto.json)["html"] for element in page.get("bidi_component")]
    return "\n".join([*choices, *(element.proto.body for element in page.get("html"))])


def test_text_of_a_document_is_never_markup(page: Callable[[Path], AppTest], filled_home: Path) -> None:
    html = shown(ask(page(filled_home), HOSTILE_QUESTION))
    assert "&lt;svg onload=alert(1)&gt;&lt;/svg&gt;" in html
    assert "<svg" not in html and "<img" not in html


def test_an_empty_base_tells_how_to_begin(page: Callable[[Path], AppTest], home: Path) -> None:
    empty = page(home)
    assert not empty.exception and not empty.chat_input
    assert "The library is empty" in empty.markdown[0].value
    assert [button.label for button in empty.button] == ["Add to the library"]


def test_a_folder_added_on_the_page_can_be_asked_and_deleted(
    page: Callable[[Path], AppTest], home: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "lighthouse.md").write_text(NOTES)
    empty = page(home)
    empty.text_input[0].set_value(str(tmp_path / "mine"))
    empty.button[0].click().run()
    while workspace().is_ingesting:
        sleep(0.05)
    (ingest,) = workspace().queue.done()
    assert ingest.report is not None and ingest.report.added == 1
    answered = ask(empty.run(), ANSWERABLE)
    assert "Ada Brandt" in shown(answered)

    library = answered.switch_page("views/library.py").run()
    assert library.dataframe[0].value["Document"].tolist() == ["lighthouse.md"]
    library.session_state["files-to-delete"] = [str(tmp_path / "mine" / "lighthouse.md")]
    library.run().button(key="delete-for-good").click().run()
    assert not library.exception
    assert workspace().base.documents() == []
    assert (tmp_path / "mine" / "lighthouse.md").exists()
    asked_again = library.switch_page("views/ask.py").run()
    assert "The library is empty" in asked_again.markdown[0].value
    (kept,) = workspace().base.conversations.list()
    assert "Ada Brandt" not in workspace().base.conversations.export(kept.id)


@pytest.mark.parametrize("missing", ["/no/such/folder", "~nobody-of-this-name/documents"])
def test_a_missing_folder_is_one_sentence(page: Callable[[Path], AppTest], home: Path, missing: str) -> None:
    empty = page(home)
    empty.text_input[0].set_value(missing)
    told = empty.button[0].click().run()
    assert not told.exception and not workspace().is_ingesting
    assert [warning.value for warning in told.warning] == [
        in_markdown(f"There is no {missing} that can be read; name a folder of this machine.")
    ]


def test_unreadable_settings_are_one_sentence(
    page: Callable[[Path], AppTest], home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "settings.toml").write_text("colour = 'red'\n")
    monkeypatch.setenv("CITEWELL_SETTINGS", str(tmp_path / "settings.toml"))
    refused = page(home)
    assert not refused.exception
    assert "is not a setting" in refused.error[0].value
    monkeypatch.delenv("CITEWELL_SETTINGS")


def document(text: str) -> Document:
    return Document("0" * 16, "/a.md", "a", text, "text/markdown", "")


def test_excerpts_mark_the_quote_and_escape_the_rest() -> None:
    text = "one <b>two</b> three four"
    start = text.index("three")
    html = excerpt_html(document(text), [Span(start, start + 5)], around=100)
    assert html == '<p class="cw-excerpt">one &lt;b&gt;two&lt;/b&gt; <mark>three</mark> four</p>'


def test_excerpts_end_between_words_and_part_what_is_far_apart() -> None:
    text = "alpha beta gamma " * 20
    first, last = Span(0, 5), Span(len(text) - 6, len(text) - 1)
    html = excerpt_html(document(text), [last, first], around=13)
    assert html == (
        '<p class="cw-excerpt"><mark>alpha</mark> beta gamma …</p>'
        '<p class="cw-excerpt">… alpha beta <mark>gamma</mark> </p>'
    )


@given(strategies.text("a b\n|-1.", max_size=300), strategies.data())
def test_excerpts_show_exactly_the_quoted_words(text: str, data: strategies.DataObject) -> None:
    start = data.draw(strategies.integers(0, len(text)))
    end = data.draw(strategies.integers(start, len(text)))
    html = excerpt_html(document(text), [Span(start, end)], around=20)
    assert html.count("<mark>") == (start < end)
    if start < end:
        assert html.split("<mark>")[1].split("</mark>")[0].split() == text[start:end].split()


def test_line_breaks_of_running_text_go_and_those_of_lists_and_tables_stay() -> None:
    line = "forty characters and more of running text here"
    assert reflowed(f"{line}\nand on") == f"{line} and on"
    for other in ("- item", "| cell |", "\nparagraph", "# heading", "2. second", "    code"):
        assert reflowed(f"{line}\n{other}") == f"{line}\n{other}"


def test_a_quote_that_moved_is_noticed() -> None:
    assert quotes_literally(document("a b c"), [Span(0, 1), Span(4, 5)], "a ... c")
    assert not quotes_literally(document("b a c"), [Span(0, 1), Span(4, 5)], "a ... c")


def test_labels_are_literal() -> None:
    assert in_markdown("*a*\n$b$") == r"\*a\* \$b\$"
    assert ":rocket:" not in in_markdown(":rocket:")


@pytest.mark.parametrize("link", ["http://example.invalid/x", "www.example.invalid", "anna@example.invalid"])
def test_labels_are_no_links(link: str) -> None:
    """Streamlit makes links of what looks like one, escaped or not."""
    shown = in_markdown(link).replace("\\", "")
    assert shown != link and shown.replace("\u2060", "") == link


def test_the_page_is_served_to_this_machine_only(tmp_path: Path) -> None:
    line = command(port=1234)
    assert "--server.address=127.0.0.1" in line and "--browser.gatherUsageStats=false" in line
    assert environment(home=tmp_path, kb="a", settings=tmp_path / "s.toml") == {
        "CITEWELL_HOME": str(tmp_path),
        "CITEWELL_KB": "a",
        "CITEWELL_SETTINGS": str(tmp_path / "s.toml"),
    }

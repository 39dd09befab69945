"""The Ask page: what the server writes for whom, what an answer looks like, and what its page lets people do."""

from __future__ import annotations

import html
import json
import re
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from threading import Event

import pytest
import streamlit as st
from hypothesis import given, strategies
from streamlit.testing.v1 import AppTest

from app.web.ask.answers import answer_html
from app.web.ask.choosing import Choice
from app.web.ask.conversations import ADDRESS, LISTED
from app.web.ask.desk import OF_ONE, Desk
from app.web.ask.evidence import ordinal
from app.web.ask.suggestions import WANTED, asked, suggested
from app.web.ask.writing import NOTHING_WRITTEN, Place, Writing
from app.web.serving import ENTRY
from app.web.workspace import workspace
from citewell import KnowledgeBase
from citewell.reply import Reply
from eval.drafting.draft import Draft as QuestionDraft
from generation.answerer import Draft
from kb.errors import UserError
from kb.filters import Filter
from kb.types import Answer, Citation, Span, Statement

NOTES = """# Lighthouse notes

The lighthouse of Mole Point was built in 1871 by the engineer Ada Brandt.

A leading light is a lamp on a tall mast above the line of the safe channel.

Its lamp burns rapeseed oil and is visible from eighteen nautical miles.
"""
RIVER = "The weir at Tarn Bridge is inspected by Otto Lindqvist every spring.\n"
BUILDER = "Who built the lighthouse of Mole Point?"
WEIR = "Who inspects the weir at Tarn Bridge?"
UNANSWERABLE = "Which vitamin prevents scurvy?"


@pytest.fixture
def filled(home: Path, tmp_path: Path) -> Path:
    (tmp_path / "documents" / "rivers").mkdir(parents=True)
    (tmp_path / "documents" / "lighthouse.md").write_text(NOTES)
    (tmp_path / "documents" / "rivers" / "weir.txt").write_text(RIVER)
    with KnowledgeBase.open(home=home, create=True) as base:
        base.ingest([tmp_path / "documents"]).wait()
    return home


@pytest.fixture
def page(filled: Path) -> Iterator[Callable[[], AppTest]]:
    """Opens the page on a base of two documents."""
    yield lambda: AppTest.from_file(str(ENTRY), default_timeout=60).run()
    workspace().base.close()
    st.cache_resource.clear()


def ask(page: AppTest, question: str) -> AppTest:
    """Asks, and looks again until the answer is there."""
    page.chat_input[0].set_value(question).run()
    for _ in range(60):
        if not any(button.label == "Stop" for button in page.button):
            break
        time.sleep(0.5)
        page.run()
    assert not page.exception
    return page


def shown(page: AppTest) -> str:
    """All HTML of ours on the page, the style sheet left out."""
    choices = [json.loads(element.proto.json)["html"] for element in page.get("bidi_component")]
    return "\n".join(
        [*choices, *(one.proto.body for one in page.get("html") if not one.proto.body.startswith("<style"))]
    )


def press(page: AppTest, label: str) -> AppTest:
    return next(button for button in page.button if button.label == label).click().run()


def test_an_answer_has_chips_that_name_their_sources(page: Callable[[], AppTest]) -> None:
    answered = ask(page(), BUILDER)
    assert 'aria-label="Source 1: lighthouse.md"' in shown(answered)
    assert "<mark>" in shown(answered) and "Ada Brandt" in shown(answered)
    assert "Passages considered" in [expander.label for expander in answered.expander]


def test_a_conversation_outlives_its_session(page: Callable[[], AppTest]) -> None:
    first = ask(ask(page(), BUILDER), WEIR)
    [name] = [one.id for one in workspace().base.conversations.list()]
    assert first.query_params[ADDRESS] in (name, [name])
    again = AppTest.from_file(str(ENTRY), default_timeout=60)
    again.query_params[ADDRESS] = name
    again.run()
    assert "Otto Lindqvist" in shown(again)
    assert [expander.label.replace("\\", "") for expander in again.expander][-1] == BUILDER
    assert "1871" not in shown(again)  # An earlier answer is folded.


def test_somebody_elses_conversation_is_as_if_there_were_none(page: Callable[[], AppTest]) -> None:
    opened = page()
    theirs = workspace().base.conversations.start("theirs", owner="somebody else")
    opened.query_params[ADDRESS] = theirs.id
    opened.run()
    assert not opened.exception and not opened.error and ADDRESS not in opened.query_params
    assert "theirs" not in shown(opened) and "theirs" not in str([button.label for button in opened.button])


def test_a_conversation_is_renamed_and_deleted(page: Callable[[], AppTest]) -> None:
    asked = ask(page(), BUILDER)
    next(field for field in asked.text_input if field.label == "Title").set_value("Mole Point")
    renamed = press(asked, "Rename")
    assert "Mole Point" in [button.label for button in renamed.button]
    delete = next(button for button in renamed.button if button.label == "Delete for good")
    assert delete.disabled
    sure = next(box for box in renamed.checkbox if "delete" in box.label).check().run()
    deleted = press(sure, "Delete for good")
    assert not deleted.exception and "gone for good" in deleted.success[0].value
    assert workspace().base.conversations.list() == () and ADDRESS not in deleted.query_params
    assert "Ada Brandt" not in shown(deleted)


def test_the_list_of_conversations_is_bounded_and_searched(page: Callable[[], AppTest]) -> None:
    opened = ask(page(), BUILDER)
    base = workspace().base
    for number in range(LISTED + 5):
        base.ask(WEIR, conversation=base.conversations.start(f"Journey {number}").id).answer()
    opened.run()
    assert sum("Journey" in button.label for button in opened.button) == LISTED
    assert "Show more (6)" in [button.label for button in opened.button]
    found = (
        next(field for field in opened.text_input if field.label == "Find a conversation").set_value("journey 29").run()
    )
    assert [button.label for button in found.button if "Journey" in button.label] == ["Journey 29"]


def test_a_refusal_says_what_was_searched_and_opens_the_nearest(page: Callable[[], AppTest]) -> None:
    refused = ask(page(), UNANSWERABLE)
    assert "The documents do not say" in shown(refused)
    assert "Searched by meaning and by words, in all documents" in html.unescape(shown(refused))
    assert "Nearest passages" in shown(refused) and 'data-choice="passage-' in shown(refused)


def test_passages_considered_say_why_they_are_there(page: Callable[[], AppTest]) -> None:
    asked = ask(page(), BUILDER)
    folded = next(one for one in asked.expander if one.label == "Passages considered")
    asked.session_state[str(folded.key)] = True
    told = shown(asked.run())
    assert re.search(r"1st by meaning, 1st by words", told)
    assert "quoted" in told and "read, not quoted" in told


def test_what_is_chosen_narrows_the_search_and_is_taken_back(page: Callable[[], AppTest]) -> None:
    opened = page()
    opened.session_state["choice"] = Choice(sources=("rivers",))
    asked = ask(opened.run(), BUILDER)
    assert "The documents do not say" in shown(asked) and "in rivers" in shown(asked)
    widened = ask(press(asked, "in rivers ✕"), BUILDER)
    assert "Ada Brandt" in shown(widened)


def test_a_choice_becomes_a_filter() -> None:
    assert Choice().filter is None
    assert Choice(sources=("a",), types=("pdf",)).filter == Filter(sources=("a",), types=("pdf",))


def test_a_question_that_is_too_long_is_one_sentence() -> None:
    def script() -> None:
        import streamlit as st

        from app.web.ask.asking import ask

        ask(None, "why " * 600)  # type: ignore[arg-type]
        st.warning(st.session_state.trouble)

    refused = AppTest.from_function(script).run()
    assert "longer than 2000 characters" in refused.warning[0].value


@pytest.mark.parametrize(
    ("heading", "question"),
    [
        ("How a cross-encoder works", "What is said about how a cross-encoder works?"),
        ("How do I return a tool?", "How do I return a tool?"),
        ("What the deposit covers", "What is said about what the deposit covers?"),
        ("How long a loan may last", "How long a loan may last?"),
        ("Opening hours", "What is said about “Opening hours”?"),
    ],
)
def test_a_heading_is_asked_about_unless_it_is_a_question(heading: str, question: str) -> None:
    draft = QuestionDraft("heading", f"{heading.rstrip('?')}?", "", "a.md", "A", Span(0, 1), "A", None, heading)
    assert asked(draft) == question


def test_suggested_questions_are_answered_by_the_base(page: Callable[[], AppTest]) -> None:
    page()
    base = workspace().base
    questions = suggested(base)
    assert "What is a leading light?" in questions and len(questions) <= WANTED
    assert not any(base.ask(question).answer().abstained for question in questions)


# What the server writes.


def reply(draft: Draft, question: str = "?") -> Reply:
    return Reply(question, (), draft, lambda answer: answer, lambda _: None, retrieval_seconds=0.1)  # type: ignore[arg-type, return-value]


def slowly(go_on: Event, *pieces: str) -> Draft:
    """A draft whose pieces after the first wait for `go_on`."""

    def written() -> Generator[str, None, Answer]:
        for number, piece in enumerate(pieces):
            if number:
                go_on.wait(20)
            yield piece
        return Answer("?", "".join(pieces), abstained=False)

    return Draft(written())


def writing(owner: str, ask: Callable[[], Reply], conversation: str = "c") -> Writing:
    return Writing(Place("base", owner, conversation), "?", ask, state="", kinds=("by model",), how="")


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_number_in_brackets_that_is_no_marker_stays_what_it_is() -> None:
    assert f"[{'1' * 5000}]" in answer_html(f"So many [{'1' * 5000}].", ())


def test_a_writing_shows_its_text_and_is_finished() -> None:
    go_on, desk = Event(), Desk()
    one = writing("a", lambda: reply(slowly(go_on, "Some ", "words.")))
    desk.begin(one, "model", slots=1)
    until(lambda: one.text == "Some ")
    assert not one.is_done and desk.latest(one.place) is one
    go_on.set()
    assert one.wait(20) and one.answer and one.answer.text == "Some words."
    until(lambda: desk.usual_seconds("by model") is not None)


def test_a_stopped_writing_keeps_what_there_is() -> None:
    go_on, desk = Event(), Desk()
    one = writing("a", lambda: reply(slowly(go_on, "Some ", "words.")))
    desk.begin(one, "model", slots=1)
    until(lambda: one.text == "Some ")
    desk.stop(one)
    go_on.set()
    assert one.wait(20) and one.answer and one.answer.text == "Some "
    assert "stopped" in one.answer.notes[0]


def test_an_error_is_a_sentence() -> None:
    def fail() -> Reply:
        raise UserError("The model is gone; start it.")

    one, desk = writing("a", fail), Desk()
    desk.begin(one, "model", slots=1)
    assert one.wait(20) and one.trouble == "The model is gone; start it."


def test_those_who_wait_take_turns_by_owner() -> None:
    go_on, desk, order = Event(), Desk(), []

    def asked(name: str) -> Callable[[], Reply]:
        def begin() -> Reply:
            order.append(name)
            go_on.wait(20)
            return reply(slowly(go_on, name))

        return begin

    names = [("busy", "1"), ("busy", "2"), ("busy", "3"), ("other", "4")]
    all_of_them = [writing(owner, asked(name), name) for owner, name in names]
    for one in all_of_them:
        desk.begin(one, "model", slots=1)
    assert [desk.ahead_of(one) for one in all_of_them] == [0, 2, 3, 1]
    go_on.set()
    assert all(one.wait(20) for one in all_of_them)
    assert order == ["1", "4", "2", "3"]


def test_one_that_waits_is_given_up_at_once_and_one_owner_has_few() -> None:
    go_on, desk = Event(), Desk()
    many = [writing("a", lambda: reply(slowly(go_on, "x", "y")), str(number)) for number in range(OF_ONE + 1)]
    for one in many[:OF_ONE]:
        desk.begin(one, "model", slots=1)
    with pytest.raises(UserError, match="are being answered"):
        desk.begin(many[OF_ONE], "model", slots=1)
    with pytest.raises(UserError, match="still being written"):
        desk.begin(writing("a", lambda: reply(slowly(go_on, "x")), "0"), "model", slots=1)
    desk.stop(many[2])
    assert many[2].is_done and many[2].trouble == NOTHING_WRITTEN
    go_on.set()
    desk.close(wait=20)
    assert all(one.is_done for one in many[:OF_ONE])


# What an answer looks like.


def citation(marker: int, quote: str) -> Citation:
    return Citation(marker, "c", "/a.md", "a", None, (Span(0, 1),), quote, True)


def test_markers_of_an_answer_are_buttons_and_those_of_its_quotes_are_not() -> None:
    shown = answer_html('"see [1] there" [1] and [7]', [citation(1, "see [1] there")], labels={1: "a.md, page 2"})
    assert shown.count("<button") == 1 and "see [1] there&quot;" in shown and "[7]" in shown
    assert 'aria-label="Source 1: a.md, page 2"' in shown


def test_lists_tables_headings_and_bold_are_what_they_are() -> None:
    text = (
        "## Wages\n\nThey are **high** [1]:\n\n- one\n- two\n  and more\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n3. last"
    )
    shown = answer_html(text, [citation(1, "no")])
    assert '<p class="cw-heading">Wages</p>' in shown and "<strong>high</strong>" in shown
    assert "<li>one</li><li>two   and more</li>" in shown
    assert "<tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr>" in shown
    assert '<li class="cw-numbered"><span class="cw-number">3.</span> last</li>' in shown


def test_a_quote_of_rows_is_a_table_with_its_marker() -> None:
    shown = answer_html('"| k1 | 1.2 |\n| b | 0.75 |" [1]', [citation(1, "| k1 | 1.2 |\n| b | 0.75 |")])
    assert shown.count("<tr>") == 2 and "<td>0.75</td>" in shown and "|" not in shown
    assert shown.index("</table>") < shown.index("<button") < shown.index("</blockquote>")


def test_what_is_in_doubt_is_underlined_with_the_reason() -> None:
    text = "It is so [1]. It is red [1]."
    doubted = Statement(Span(14, 28), (1,), ("the colour is not there",))
    shown = answer_html(text, [citation(1, "so")], [doubted])
    assert 'title="Not borne out: the colour is not there">It is red <button' in shown


TAGS = {"div", "p", "ul", "li", "span", "strong", "code", "pre", "table", "tr", "td", "th", "blockquote", "button"}
HOSTILE = strategies.text("<>&\"'|#-*`[]1234.\n ab/=", max_size=200)


@given(HOSTILE, HOSTILE, strategies.booleans())
def test_nothing_an_answer_says_is_markup(text: str, quote: str, is_finished: bool) -> None:
    whole = f'{text} "{quote}" [1] <script>alert(1)</script> <img src=x onerror=alert(1)>'
    doubt = Statement(Span(len(text) // 2, len(whole) // 2 + 1), (1,), ('"><b onclick=x>',))
    shown = answer_html(whole, [citation(1, quote)] if is_finished else None, [doubt], labels={1: '"><i>'})
    tags = re.findall(r"<(/?)([a-zA-Z]+)([^>]*)>", shown)
    assert {name for _, name, _ in tags} <= TAGS
    assert not re.search(r"<(?!/?[a-z]+[ >])", shown)
    assert not any(re.search(r"\bon\w+=", re.sub(r'"[^"]*"', "", attributes)) for _, _, attributes in tags)
    opened: list[str] = []
    for closing, name, _ in tags:
        if closing:
            assert opened.pop() == name
        else:
            opened.append(name)
    assert not opened


@given(strategies.text("ab |#-*`[]1.\n", max_size=200))
def test_no_word_of_an_answer_is_lost(text: str) -> None:
    plain = html.unescape(re.sub(r"<[^>]+>", "", answer_html(text)))
    assert [letter for letter in plain if letter in "ab"] == [letter for letter in text if letter in "ab"]


def test_ordinals() -> None:
    assert [ordinal(number) for number in (1, 2, 3, 4, 11, 21, 112)] == [
        "1st",
        "2nd",
        "3rd",
        "4th",
        "11th",
        "21st",
        "112th",
    ]

"""The Evaluate page's logic: runs opened and compared, feedback given and gone through, and nothing read as markup."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.web.evaluate.elements import chart_html, table_html
from app.web.evaluate.errand import Errand, Outcome, evaluation_home
from app.web.evaluate.question_set import default_folder
from app.web.evaluate.running import STOPPED, Evaluations
from app.web.serving import ENTRY
from app.web.workspace import workspace
from citewell import KnowledgeBase
from citewell.home import home_folder
from eval.answers import evaluate_answers
from eval.bases import cache_folder
from eval.drafting.folder import QuestionFolder
from eval.drafting.reviewed import Reviewed, add_reviewed
from eval.kept_runs import run_notes
from eval.pages.charts import chart
from eval.pages.page import Figure
from eval.pages.tables import Table
from eval.retrieval import evaluate_retrieval
from kb.errors import Locked, UserError
from kb.feedback import Correction

HOSTILE = "<img src=x onerror=alert(1)> **bold** :rocket:"
TEXTS = {
    "whale": "The blue whale reaches thirty metres. It feeds on krill in cold seas.",
    "lamp": "A tungsten filament glows at about 2,500 degrees. Argon keeps it from burning.",
    "bread": "Rye dough needs a sour starter. The loaf bakes for an hour.",
}
ASKED = "How long does the loaf bake?"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dataset") / "things"
    (folder / "documents").mkdir(parents=True)
    rows = []
    for name, text in TEXTS.items():
        (folder / "documents" / f"{name}.md").write_text(f"# {name}\n\n{text}\n")
        quote = text.split(". ")[0] + "."
        evidence = [{"source": f"{name}.md", "page": None, "quote": quote}]
        rows.append(
            {"id": name, "question": f"What of the {name}? {HOSTILE}", "answers": [quote], "evidence": evidence}
        )
    (folder / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.fixture(scope="module")
def filled_home(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base of the dataset's documents, and beside it two runs of search and one of answers."""
    home = tmp_path_factory.mktemp("filled")
    with KnowledgeBase.open(home=home, create=True) as base:
        base.ingest([dataset / "documents"]).wait()
    for _ in range(2):
        evaluate_retrieval(dataset, home=home / ".eval", configs=("dense", "hybrid"))
    evaluate_answers(dataset, home=home / ".eval")
    return home


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., AppTest]]:
    """Opens the Evaluate page on a home folder, at an address of these parts."""

    def opened(folder: Path, **parts: str) -> AppTest:
        monkeypatch.setenv("CITEWELL_HOME", str(folder))
        monkeypatch.setenv("HOME", str(tmp_path))
        test = AppTest.from_file(str(ENTRY), default_timeout=60).run().switch_page("views/evaluate.py")
        for name, value in parts.items():
            test.query_params[name] = value
        return test.run()

    yield opened
    workspace().base.close()
    st.cache_resource.clear()


def html(page: AppTest) -> str:
    assert not page.exception
    return "\n".join(element.proto.body for element in page.get("html"))


def button(page: AppTest, label: str) -> AppTest:
    return next(one for one in page.button if one.label == label).click().run()


def test_an_empty_home_says_what_the_page_is_for_and_how_to_begin(page: Callable[..., AppTest], home: Path) -> None:
    empty = page(home)
    assert not empty.exception
    assert "how good search and answers are" in empty.markdown[0].value
    assert "No evaluation has been run yet" in empty.markdown[1].value


def test_runs_are_listed_newest_first_and_opened(page: Callable[..., AppTest], filled_home: Path) -> None:
    listed = page(filled_home)
    labels = [one.label for one in listed.button if one.key.startswith("open-")]
    assert labels == ["**things: answers** →", "**things: search** →", "**things: search** →"]
    assert "3 questions · quote_recall@5: dense 1.000 [" in html(listed)
    opened = next(one for one in listed.button if one.label.startswith("**things: search")).click().run()
    shown = html(opened)
    assert opened.query_params["run"]
    assert "Measures" in shown and '<th scope="row">quote_recall@5</th>' in shown
    assert 'src="data:image/svg+xml;base64,' in shown
    assert opened.get("code")[0].value.startswith("citewell eval retrieval")
    assert len(opened.get("download_button")) == 3
    back = button(opened, "Back to all runs")
    assert "run" not in back.query_params and "Measures" not in html(back)


def test_what_questions_say_is_no_markup_in_a_report(page: Callable[..., AppTest], filled_home: Path) -> None:
    answered = next(note for note in run_notes([filled_home / ".eval"]) if note.kind == "answers")
    hostile = json.loads(answered.path.read_text())
    for row in hostile["answers"]:
        row["right"] = False
    other = answered.path.with_stem("hostile")
    other.write_text(json.dumps({**hostile, "date": "2020-01-01T00:00:00Z"}))
    shown = html(page(filled_home, run=f"{other.parent.name}/hostile"))
    other.unlink()
    assert "&lt;img src=x onerror=alert(1)&gt; **bold** :rocket:" in shown
    assert "<img src=x" not in shown


def test_a_run_is_compared_with_an_earlier_one(page: Callable[..., AppTest], filled_home: Path) -> None:
    new, old = [note for note in run_notes([filled_home / ".eval"]) if note.kind == "retrieval"]
    opened = page(filled_home, run=new.name)
    compared = opened.selectbox[0].set_value(old.name).run()
    assert compared.query_params["against"] in (old.name, [old.name])
    shown = html(compared)
    assert "things: two runs compared" in shown and "not distinguishable" in shown


def test_a_run_that_is_gone_is_said_to_be(page: Callable[..., AppTest], filled_home: Path) -> None:
    gone = page(filled_home, run="../../etc/passwd")
    assert gone.warning[0].value == "This run is not here any more; choose another from the list."


def test_feedback_is_given_corrected_and_taken_back(filled_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def script(conversation: str) -> None:
        from app.web.evaluate.feedback import show_feedback
        from app.web.workspace import workspace

        base = workspace().base
        turn = base.conversations.open(conversation).turns[0]
        show_feedback(base, conversation=conversation, turn=turn, key="turn")

    monkeypatch.setenv("CITEWELL_HOME", str(filled_home))
    base = workspace().base
    begun = base.conversations.start().id
    base.ask(ASKED, conversation=begun).answer()
    test = AppTest.from_function(script, args=(begun,), default_timeout=60).run()
    test = test.feedback[0].set_value(0).run()
    assert not test.exception
    assert base.feedback.list()[0].verdict == "bad"
    test.session_state["turn-correct"] = True
    test = test.run()
    test.text_area[0].set_value("An hour and a half")
    test = button(test, "Keep the correction")
    assert base.feedback.list()[0].correction == Correction("An hour and a half")
    assert "review" in test.caption[0].value
    test.feedback[0].set_value(1).run()
    given = base.feedback.list()[0]
    assert (given.verdict, given.correction.text) == ("good", "An hour and a half")
    test.feedback[0].set_value(None).run()
    assert base.feedback.list() == ()
    base.conversations.delete(begun)
    base.close()
    st.cache_resource.clear()


def test_a_thumb_is_for_the_turn_that_was_shown(filled_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def script(conversation: str) -> None:
        from app.web.evaluate.feedback import show_feedback
        from app.web.workspace import workspace

        base = workspace().base
        turn = base.conversations.open(conversation).turns[0]
        show_feedback(base, conversation=conversation, turn=turn, key=f"turn-{turn.asked}")

    monkeypatch.setenv("CITEWELL_HOME", str(filled_home))
    monkeypatch.setenv("CITEWELL_CONVERSATIONS__TURNS", "1")
    base = workspace().base
    begun = base.conversations.start().id
    base.ask(ASKED, conversation=begun).answer()
    test = AppTest.from_function(script, args=(begun,), default_timeout=60).run()
    base.ask("What is sold?", conversation=begun).answer()
    assert not test.feedback[0].set_value(0).run().exception
    assert base.feedback.list() == ()
    base.conversations.delete(begun)
    base.close()
    st.cache_resource.clear()


def test_feedback_becomes_a_question_of_the_set(
    page: Callable[..., AppTest], filled_home: Path, tmp_path: Path
) -> None:
    with KnowledgeBase.open(home=filled_home) as base:
        begun = base.conversations.start().id
        asked = base.ask(ASKED, conversation=begun)
        asked.answer()
        base.feedback.give(begun, asked.asked, "bad", correction=Correction("an hour"))
    folder = tmp_path / "mine"
    review = page(filled_home, view="questions")
    review = review.text_input(key="questions-folder").set_value(str(folder)).run()
    assert review.query_params["questions"] in (str(folder), [str(folder)])
    given = workspace().base.feedback.list()[0]
    review.session_state[f"review-{given.conversation}-{given.asked.timestamp():.6f}"] = True
    review = review.run()
    assert [one.value for one in review.text_area] == ["The loaf bakes for an hour."]
    accepted = button(review, "Accept")
    assert "in the set now" in accepted.success[0].value
    (row,) = QuestionFolder(folder).rows()
    assert row["question"] == ASKED and row["answers"] == ["an hour"] and row["status"] == "accepted"
    assert row["evidence"] == [{"source": "bread.md", "page": None, "quote": "The loaf bakes for an hour."}]
    assert workspace().base.feedback.list()[0].state == "accepted"
    workspace().base.conversations.delete(begun)


def test_an_address_alone_leads_to_no_folder(page: Callable[..., AppTest], filled_home: Path, dataset: Path) -> None:
    for view in ("questions", "start"):
        field = "questions-folder" if view == "questions" else "start-folder"
        led = page(filled_home, view=view, questions=str(dataset))
        assert led.text_input(key=field).value == str(default_folder("default"))
        assert dataset.name not in html(led)
    led = page(filled_home, view="questions", questions=str(dataset))
    assert "has not been chosen here" in led.warning[0].value
    named = led.text_input(key="questions-folder").set_value(str(dataset)).run()
    assert not named.warning and "3 questions in the set" in html(named)
    again = page(filled_home, view="questions", questions=str(dataset))
    assert again.text_input(key="questions-folder").value == str(dataset)
    back = again.text_input(key="questions-folder").set_value(str(default_folder("default"))).run()
    assert "questions" not in back.query_params and "0 questions in the set" in html(back)


def test_what_is_accepted_must_stand_in_its_document(filled_home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    with KnowledgeBase.open(home=filled_home) as base:
        bread = next(row.source for row in base.documents() if row.name == "bread.md")
        for reviewed, message in (
            (Reviewed(ASKED, (), True, bread, "The loaf bakes for a day."), "do not stand in bread.md"),
            (Reviewed(ASKED, (), True, "/nowhere.md", "The loaf"), "in the library"),
            (Reviewed("  ", (), False), "question is empty"),
        ):
            with pytest.raises(UserError, match=message):
                add_reviewed(base, folder, reviewed)
        assert QuestionFolder(folder).rows() == []
        add_reviewed(base, folder, Reviewed("Who sang?", ("ignored",), False))
        with pytest.raises(UserError, match="already"):
            add_reviewed(base, folder, Reviewed("who  sang?", (), False))
    (row,) = QuestionFolder(folder).rows()
    assert (row["answerable"], row["answers"], row["evidence"]) == (False, [], [])


def test_one_evaluation_at_a_time_can_be_stopped(filled_home: Path, dataset: Path) -> None:
    running = Evaluations()
    errand = Errand("answers", dataset, kb="default", home=filled_home, runs=filled_home / ".eval")
    begun = running.start(errand)
    with pytest.raises(Locked, match="Another evaluation"):
        running.start(errand)
    begun.stop()
    assert begun.job.wait() == Outcome(error=STOPPED)
    running.dismiss()
    assert running.latest is None


def test_a_broken_dataset_is_told_in_its_sentence(filled_home: Path, tmp_path: Path) -> None:
    errand = Errand("retrieval", tmp_path / "none", kb="default", home=filled_home, runs=filled_home / ".eval")
    outcome = Evaluations().start(errand).job.wait()
    assert outcome.error == f"There is no folder {tmp_path / 'none'}: name the folder that holds the dataset."


def test_runs_lie_where_the_command_line_puts_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert evaluation_home(tmp_path) == tmp_path / ".eval"
    monkeypatch.delenv("CITEWELL_HOME")
    assert evaluation_home(home_folder()) == cache_folder()


def test_tables_and_charts_escape_what_they_show() -> None:
    assert "<b>" not in table_html(Table(("<b>",), (("<b>",), ("better",))), name="<b>")
    row = {"configuration": "<script>", "mean": 0.5, "low": 0.4, "high": 0.6}
    figure = Figure("means", "<b>", "m", (row,), "<i>")
    shown = chart_html(figure, chart(figure))
    assert "<b>" not in shown and "<i>" not in shown and "<script>" not in shown
    assert shown.count("<img ") == 1 and 'width="' in shown

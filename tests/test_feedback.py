"""Feedback on answers: one verdict a turn, of one owner, that keeps no word of a document which is gone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from citewell import KnowledgeBase
from citewell.feedback import LONGEST_CORRECTION, repeats
from kb.errors import UserError
from kb.feedback import Correction
from kb.settings import changed
from kb.store import feedback as feedback_store

CANARY, NAME = "xylographikon", "quagmirella-dossier"
SECRET = f"# Affair\n\nThe {CANARY} was sold in 1931.\n\nNobody saw the {CANARY} of Brundle again.\n"
TEA = "# Tea\n\nGreen tea is brewed at about eighty degrees.\n"
ASKED = "How is green tea brewed?"


@pytest.fixture
def base(tmp_path: Path, home: Path) -> Iterator[KnowledgeBase]:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "tea.md").write_text(TEA)
    (folder / f"{NAME}.md").write_text(SECRET)
    with KnowledgeBase.open(create=True) as base:
        base.ingest([folder]).wait()
        yield base


def asked(base: KnowledgeBase, *questions: str, owner: str = "") -> tuple[str, list[datetime]]:
    """A conversation of these questions, and when each was asked."""
    begun = base.conversations.start(owner=owner).id
    for question in questions:
        base.ask(question, conversation=begun, owner=owner).answer()
    return begun, [turn.asked for turn in base.conversations.open(begun, owner=owner).turns]


def source(base: KnowledgeBase, name: str) -> str:
    return next(row.source for row in base.documents() if row.name == name)


def traces(home: Path, word: str) -> list[Path]:
    return [path for path in home.rglob("*") if path.is_file() and word.encode() in path.read_bytes().lower()]


def test_a_verdict_is_kept_changed_and_withdrawn(base: KnowledgeBase) -> None:
    begun, times = asked(base, ASKED, "Who drinks it?")
    assert base.feedback.of(begun, times[0]) is None
    base.feedback.give(begun, times[0], "good")
    tea = source(base, "tea.md")
    given = base.feedback.give(begun, times[0], "bad", correction=Correction("At ninety.", source=tea, page=2))
    (kept,) = base.feedback.list()
    assert kept == given == base.feedback.of(begun, times[0])
    assert (kept.question, kept.verdict, kept.state) == (ASKED, "bad", "open")
    assert kept.correction == Correction("At ninety.", source=tea, page=2)
    assert base.feedback.of(begun, times[1]) is None
    base.feedback.withdraw(begun, times[0])
    assert base.feedback.list() == ()


def test_a_decision_stays_until_the_verdict_changes(base: KnowledgeBase) -> None:
    begun, times = asked(base, ASKED)
    base.feedback.decide(base.feedback.give(begun, times[0], "good"), "accepted")
    assert base.feedback.list()[0].state == "accepted"
    assert base.feedback.give(begun, times[0], "bad").state == "open"


def test_owners_see_their_own_feedback_alone(base: KnowledgeBase) -> None:
    begun, times = asked(base, ASKED, owner="ada")
    given = base.feedback.give(begun, times[0], "bad", owner="ada")
    assert base.feedback.list(owner="ada") == (given,)
    for other in ("", "bob"):
        assert base.feedback.list(owner=other) == ()
        assert base.feedback.of(begun, times[0], owner=other) is None
        base.feedback.withdraw(begun, times[0], owner=other)
        with pytest.raises(UserError, match="not kept any more"):
            base.feedback.give(begun, times[0], "good", owner=other)
        with pytest.raises(UserError, match="gone"):
            base.feedback.decide(given, "accepted", owner=other)
    assert base.feedback.list(owner="ada") == (given,)


def test_feedback_stays_with_its_turn_when_earlier_ones_are_dropped(base: KnowledgeBase) -> None:
    short = base.with_settings(changed(base.settings, {"conversations.turns": 2}))
    begun, times = asked(short, ASKED, "Who drinks it?")
    short.feedback.give(begun, times[1], "bad")
    short.ask("When was it sold?", conversation=begun).answer()
    assert short.feedback.give(begun, times[1], "good").question == "Who drinks it?"
    assert [one.question for one in short.feedback.list()] == ["Who drinks it?"]
    assert short.feedback.of(begun, times[0]) is None
    with pytest.raises(UserError, match="not kept any more"):
        short.feedback.give(begun, times[0], "good")
    short.feedback.withdraw(begun, times[1])
    assert short.feedback.list() == ()


def test_feedback_goes_with_its_conversation(base: KnowledgeBase, home: Path) -> None:
    begun, times = asked(base, "Is a zwiebelturm in it?")
    base.feedback.give(begun, times[0], "bad", correction=Correction("A zwiebelturm is."))
    assert traces(home, "zwiebelturm")
    base.conversations.delete(begun)
    assert base.feedback.list() == ()
    assert traces(home, "zwiebelturm") == []


@pytest.mark.parametrize(
    "correction",
    [
        Correction(f"Nobody saw the {CANARY} again"),
        Correction(f"It was the {CANARY}", source=f"{NAME}.md"),
        Correction(CANARY),
    ],
    ids=["words copied", "document named", "one word"],
)
def test_no_word_and_no_name_of_a_removed_document_stays_in_feedback(
    base: KnowledgeBase, home: Path, correction: Correction
) -> None:
    begun, times = asked(base, ASKED)
    named = source(base, correction.source) if correction.source else ""
    base.feedback.give(begun, times[0], "bad", correction=Correction(correction.text, source=named))
    assert any(path.name.startswith("conversations") for path in traces(home, CANARY))
    assert base.remove([f"{NAME}.md"]).purged
    assert traces(home, CANARY) == traces(home, NAME) == []
    (kept,) = base.feedback.list()
    assert (kept.verdict, kept.question, kept.is_forgotten, kept.correction) == ("bad", ASKED, True, Correction())


def test_a_correction_goes_with_the_document_that_was_quoted(base: KnowledgeBase, home: Path) -> None:
    begun, times = asked(base, "What was sold in 1931?", ASKED)
    base.feedback.give(begun, times[0], "bad", correction=Correction("a blumentopf, in truth"))
    base.feedback.give(begun, times[1], "bad", correction=Correction("at ninety, in truth"))
    assert base.remove([f"{NAME}.md"]).purged
    assert traces(home, "blumentopf") == []
    assert [one.correction.text for one in base.feedback.list()] == ["at ninety, in truth", ""]


def test_a_correction_follows_a_document_that_is_moved(base: KnowledgeBase, tmp_path: Path, home: Path) -> None:
    begun, times = asked(base, ASKED)
    base.feedback.give(begun, times[0], "bad", correction=Correction("At ninety.", source=source(base, "tea.md")))
    moved = tmp_path / "documents" / "green.md"
    (tmp_path / "documents" / "tea.md").rename(moved)
    base.ingest([tmp_path / "documents"], sync=True).wait()
    (kept,) = base.feedback.list()
    assert kept.correction == Correction("At ninety.", source=str(moved))
    base.remove(["green.md"])
    assert base.feedback.list()[0].is_forgotten
    assert traces(home, "at ninety.") == []


def test_a_document_that_is_gone_already_cannot_be_named(base: KnowledgeBase) -> None:
    begun, times = asked(base, ASKED)
    with pytest.raises(UserError, match="removed or changed meanwhile"):
        base.feedback.give(begun, times[0], "bad", correction=Correction(source="/nowhere.md"))
    assert base.feedback.list() == ()


def test_feedback_is_bounded(base: KnowledgeBase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feedback_store, "LIMIT", 2)
    begun, times = asked(base, ASKED, "Who drinks it?", "When was it sold?")
    for number in (2, 0, 1):
        base.feedback.give(begun, times[number], "good")
    assert [one.question for one in base.feedback.list()] == ["Who drinks it?", ASKED]
    with pytest.raises(UserError, match="fewer words"):
        base.feedback.give(begun, times[0], "bad", correction=Correction("a" * (LONGEST_CORRECTION + 1)))
    with pytest.raises(UserError, match="counted from 1"):
        base.feedback.give(begun, times[0], "bad", correction=Correction(page=0))


def test_conversations_of_an_earlier_version_take_feedback(base: KnowledgeBase) -> None:
    begun, times = asked(base, ASKED)
    with sqlite3.connect(base.folder / "conversations.sqlite") as sql:
        sql.executescript("DROP TABLE feedback_origins; DROP TABLE feedback; PRAGMA user_version = 1")
    sql.close()
    assert base.feedback.list() == ()
    assert base.feedback.give(begun, times[0], "good") == base.feedback.of(begun, times[0])
    assert len(base.conversations.open(begun).turns) == 1


@pytest.mark.parametrize(
    ("said", "passage", "expected"),
    [
        ("sold in the year 1931", "It was sold in the year of the flood.", True),
        ("Ada", "The engineer was Ada Brandt.", True),
        ("an engineer named Ada", "The engineer was Ada Brandt.", False),
        ("...", "The engineer was Ada Brandt.", False),
    ],
)
def test_words_are_taken_for_copied_where_several_stand_in_a_row(said: str, passage: str, expected: bool) -> None:
    assert repeats(said, passage) is expected

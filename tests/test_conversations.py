"""Conversations: kept whole or not at all, resumed, bounded, exported, shared by processes, and never in the way."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from scripted_llm import logged

from app.cli.main import main
from citewell import KnowledgeBase
from citewell.dialogue import STOPPED
from kb.conversation import FORGOTTEN, Origin, Turn, as_held
from kb.errors import StoreError, UserError
from kb.protocols import Message
from kb.settings import Settings, changed
from kb.types import Answer

RIVERS = (
    "# Danube\n\nThe Danube is 2,850 kilometres long. It flows through ten countries.\n\n"
    "## Mouth\n\nThe Danube ends in a delta at the Black Sea.\n"
)
TEA = "# Green tea\n\nGreen tea is steeped at 80 degrees for two minutes.\n\n# Black tea\n\nIt takes four minutes.\n"
FIRST, FOLLOW_UP = "How long is the Danube?", "Where does it end?"


class Speaker:
    """A language model that says `pieces`, and presses Ctrl-C before the last if it `interrupts`."""

    name = "speaker"

    def __init__(self, pieces: Sequence[str], *, interrupts: bool = False) -> None:
        self.pieces, self.interrupts = pieces, interrupts

    def stream(self, _: Sequence[Message], **__: object) -> Iterator[str]:
        for number, piece in enumerate(self.pieces):
            if self.interrupts and number == len(self.pieces) - 1:
                raise KeyboardInterrupt
            yield piece


def filled(folder: Path) -> Path:
    folder.mkdir()
    (folder / "rivers.md").write_text(RIVERS)
    (folder / "tea.md").write_text(TEA)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return filled(tmp_path / "documents")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnowledgeBase]:
    """A base whose documents no test changes; each has conversations of its own in it."""
    place = tmp_path_factory.mktemp("shared")
    with KnowledgeBase.open(home=place / "home", create=True) as base:
        base.ingest([filled(place / "documents")]).wait()
        yield base


@pytest.fixture
def base(folder: Path, home: Path) -> Iterator[KnowledgeBase]:
    with KnowledgeBase.open(create=True) as base:
        base.ingest([folder]).wait()
        yield base


def test_a_conversation_is_gone_on_with_by_whoever_opens_the_base_next(shared: KnowledgeBase) -> None:
    begun = shared.conversations.start()
    first = shared.ask(FIRST, conversation=begun.id).answer()
    with KnowledgeBase.open(home=shared.folder.parent) as later:
        reply = later.ask(FOLLOW_UP, conversation=begun.id)
        answer = reply.answer()
        found = later.conversations.open(begun.id)
    assert (reply.question, answer.question) == (FOLLOW_UP, FOLLOW_UP)
    assert "Danube" in reply.searched
    assert "delta at the Black Sea" in answer.text
    assert [(turn.question, turn.answer.text) for turn in found.turns] == [
        (FIRST, first.text),
        (FOLLOW_UP, answer.text),
    ]
    assert [turn.searched for turn in found.turns] == [FIRST, reply.searched]
    kept, given = found.turns[0].answer.citations[0], first.citations[0]
    assert (kept.quote, kept.spans, kept.anchor, kept.source) == (given.quote, given.spans, given.anchor, given.source)
    assert kept.verified
    assert found.title == FIRST


def test_streaming_alone_adds_the_answer_and_adds_it_once(shared: KnowledgeBase) -> None:
    begun = shared.conversations.start()
    reply = shared.ask(FIRST, conversation=begun.id)
    streamed = "".join(reply)
    assert [turn.answer.text for turn in shared.conversations.open(begun.id).turns] == [streamed]
    reply.answer()
    reply.close()
    assert shared.conversations.open(begun.id).size == 1


def test_an_answer_that_was_stopped_is_kept_as_far_as_it_came(
    shared: KnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared._models, "generator", lambda: Speaker(["The Danube is ", "long [1]. ", "It "]))
    begun = shared.conversations.start()
    reply = shared.ask(FIRST, conversation=begun.id, by="model")
    assert next(iter(reply)).startswith("The Danube")
    reply.close()
    assert STOPPED in reply.answer().notes
    silent = shared.ask(FIRST, conversation=begun.id, by="model")
    silent.close()
    (turn,) = shared.conversations.open(begun.id).turns
    assert turn.is_stopped
    assert turn.answer.text == "The Danube is"
    assert turn.answer.notes == (STOPPED,)


def test_ctrl_c_on_the_command_line_keeps_what_was_said(shared: KnowledgeBase, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.cli.ask import answer_to_people
    from app.cli.invocation import Invocation

    said = ["The Danube flows through ten countries. ", "It ", "ends"]
    monkeypatch.setattr(shared._models, "generator", lambda: Speaker(said, interrupts=True))
    begun = shared.conversations.start()
    with pytest.raises(KeyboardInterrupt):
        answer_to_people(lambda: shared.ask(FIRST, conversation=begun.id, by="model"), shared, Invocation())
    (turn,) = shared.conversations.open(begun.id).turns
    assert turn.is_stopped
    assert turn.answer.text.startswith("The Danube flows through ten countries.")


def test_each_owner_has_conversations_of_their_own(shared: KnowledgeBase) -> None:
    ours = shared.conversations.start("Rivers", owner="anna")
    assert [one.title for one in shared.conversations.list(owner="anna")] == ["Rivers"]
    assert "Rivers" not in {one.title for one in shared.conversations.list()}
    for act in (
        lambda: shared.conversations.open(ours.id),
        lambda: shared.conversations.delete(ours.id),
        lambda: shared.conversations.rename("Rivers", "Ours"),
        lambda: shared.ask(FIRST, conversation=ours.id),
    ):
        with pytest.raises(UserError, match="There is no conversation"):
            act()
    shared.ask(FIRST, conversation=ours.id, owner="anna").answer()
    assert shared.conversations.open("Rivers", owner="anna").size == 1


def test_of_conversations_and_of_turns_the_last_are_kept(folder: Path, home: Path) -> None:
    settings = changed(Settings(), {"conversations.limit": 2, "conversations.turns": 3})
    with KnowledgeBase.open(create=True, settings=settings) as base:
        base.ingest([folder]).wait()
        names = [base.conversations.start(f"Number {number}").title for number in range(3)]
        base.conversations.start("Yours", owner="anna")
        assert {one.title for one in base.conversations.list()} == set(names[1:])
        assert len(base.conversations.list(owner="anna")) == 1
        for number in range(5):
            base.ask(f"Which river number {number}?", conversation=names[2]).answer()
        turns = base.conversations.open(names[2]).turns
    assert [turn.question for turn in turns] == [f"Which river number {number}?" for number in (2, 3, 4)]


def test_names_are_told_apart_and_told_when_they_are_wrong(shared: KnowledgeBase) -> None:
    first, second = shared.conversations.start("Tea"), shared.conversations.start("Tea")
    with pytest.raises(UserError, match=f"Several .*{min(first.id, second.id)}, {max(first.id, second.id)}"):
        shared.conversations.open("Tea")
    shared.conversations.rename(second.id, "  Black \n tea  ")
    assert shared.conversations.open("Black tea").id == second.id
    assert shared.conversations.resume("Black tea").id == second.id
    shared.conversations.delete("Black tea")
    with pytest.raises(UserError, match='no conversation "Black tea"'):
        shared.conversations.open("Black tea")
    with pytest.raises(UserError, match="empty"):
        shared.conversations.resume(" ")


def test_the_export_shows_every_source_and_nothing_that_markdown_would_obey(base: KnowledgeBase, folder: Path) -> None:
    hostile = "# Ferry\n\nThe ferry fare is **9** crowns, see [here](https://example.org/x) or ![it](https://a.b/c).\n"
    (folder / "ferry.md").write_text(hostile)
    base.ingest([folder]).wait()
    begun = base.conversations.start("# [Trip](x)")
    quote = base.ask("What is the ferry fare?", conversation=begun.id).answer().citations[0].quote
    base.ask(FIRST, conversation=begun.id).answer()
    tokens = MarkdownIt("commonmark").parse(base.conversations.export(begun.id))
    inline = [child.type for token in tokens for child in token.children or ()]
    shown = ["".join(child.content for child in token.children) for token in tokens if token.children]
    assert "link_open" not in inline
    assert "image" not in inline
    assert sum(token.type == "heading_open" for token in tokens) == 3
    assert shown[0] == "# [Trip](x)"
    assert any(f"[1] ferry.md, Ferry: “{quote}”" in line for line in shown)
    assert any("[1] rivers.md, Danube: “The Danube is 2,850 kilometres long.”" in line for line in shown)


def test_a_changed_document_takes_its_words_along_and_a_moved_one_keeps_them(base: KnowledgeBase, folder: Path) -> None:
    begun = base.conversations.start()
    base.ask(FIRST, conversation=begun.id).answer()
    base.ask("How hot is green tea steeped?", conversation=begun.id).answer()
    (folder / "rivers.md").rename(folder / "streams.md")
    (folder / "tea.md").write_text(TEA.replace("80", "75"))
    base.ingest([folder], sync=True).wait()
    moved, altered = base.conversations.open(begun.id).turns
    assert {Path(one.source).name for one in moved.answer.citations} == {"streams.md"}
    assert base.page_image(moved.answer.citations[0]) is None
    assert "2,850" in moved.answer.text
    assert altered.is_forgotten
    assert (altered.answer.text, altered.answer.citations, altered.answer.notes) == ("", (), (FORGOTTEN,))
    assert FORGOTTEN in base.conversations.export(begun.id)


def test_a_question_loses_the_words_that_it_took_up_and_keeps_its_own() -> None:
    answer = Answer("And Ulm?", "Ulm is a town.", abstained=False)
    origins = (Origin("/a.md", "1"), Origin("/b.md", "2", of="question"))
    turn = Turn("And Ulm?", "And Ulm? – secret", answer, datetime(2026, 1, 1, tzinfo=UTC), origins)
    assert as_held(turn, lambda origin: origin.source) == turn
    held = as_held(turn, lambda origin: {"/a.md": "/c.md"}.get(origin.source))
    assert (held.searched, held.answer.text, held.is_forgotten) == ("And Ulm?", "Ulm is a town.", False)
    assert held.origins == (Origin("/c.md", "1"),)
    gone = as_held(turn, lambda _: None)
    assert (gone.searched, gone.answer.text, gone.origins, gone.is_forgotten) == ("And Ulm?", "", (), True)


def test_two_processes_write_to_one_conversation(shared: KnowledgeBase) -> None:
    code = (
        "name = base.conversations.resume('Shared').id\n"
        "for number in range(8):\n"
        "    base.ask(f'How long is the Danube in the year {number}?', conversation=name).answer()\n"
    )
    with in_a_process(code, shared) as one, in_a_process(code, shared) as other:
        pass
    assert (one.returncode, other.returncode) == (0, 0)
    found = shared.conversations.open("Shared")
    asked = Counter(turn.question for turn in found.turns)
    assert asked == {f"How long is the Danube in the year {number}?": 2 for number in range(8)}
    assert [one.title for one in shared.conversations.list()].count("Shared") == 1


def test_a_process_that_is_killed_leaves_whole_turns(shared: KnowledgeBase) -> None:
    begun = shared.conversations.start("Killed")
    shared.ask(FIRST, conversation=begun.id).answer()
    code = (
        "turn, *_ = base.conversations.open('Killed').turns\n"
        "print('ready', flush=True)\n"
        "while True:\n"
        "    base._store.conversations.add('Killed', '', turn, limit=100_000)\n"
    )
    sizes = [1]
    for pause in (0.05, 0.12, 0.2):
        with in_a_process(code, shared) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(pause)
            process.kill()
        found = shared.conversations.open("Killed")
        assert len(found.turns) == found.size
        assert {(turn.answer.text, turn.origins) for turn in found.turns} == {
            (found.turns[0].answer.text, found.turns[0].origins)
        }
        sizes.append(found.size)
    assert sizes == sorted(sizes)
    assert sizes[-1] > 1


def in_a_process(code: str, base: KnowledgeBase) -> subprocess.Popen[bytes]:
    opening = "import sys\nfrom pathlib import Path\nfrom citewell import KnowledgeBase\n"
    opening += "base = KnowledgeBase.open(home=Path(sys.argv[1]))\n"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", opening + code, str(base.folder.parent)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)


def test_a_damaged_file_is_told_in_a_sentence_and_stops_no_answer(
    base: KnowledgeBase, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = base.conversations.start()
    base.ask(FIRST, conversation=begun.id).answer()
    file = base.folder / "conversations.sqlite"
    file.write_bytes(b"no database " * 1000)
    answer = base.ask(FIRST, conversation=begun.id).answer()
    assert "2,850" in answer.text
    assert any("conversations.sqlite are damaged" in note for note in answer.notes)
    with pytest.raises(StoreError, match=r"damaged .*; move that file away, which may hold words of removed documents"):
        base.conversations.list()
    with pytest.raises(StoreError, match="damaged"):
        base.remove(["tea.md"])
    assert [row.name for row in base.documents()] == ["rivers.md"]
    capsys.readouterr()
    assert main(["ask", FIRST, "--conversation", "Mine"]) == 0
    said = capsys.readouterr()
    assert "2,850" in said.out
    assert "This answer is not kept" in said.err
    file.unlink()
    assert base.remove(["rivers.md"]).purged


def test_another_format_is_refused_with_both_numbers(base: KnowledgeBase) -> None:
    base.conversations.start()
    with sqlite3.connect(base.folder / "conversations.sqlite") as sql:
        sql.execute("PRAGMA user_version = 7")
    sql.close()
    with pytest.raises(StoreError, match="format 7, this version of Citewell needs 2"):
        base.conversations.list()


RULES = (
    (r"Question: And green tea\?", "How long is green tea steeped?"),
    (r"Question: And in Ulm", "How long is it?"),
    (r"Question: (?:How long is green|And in)", "Green tea is steeped for two minutes [1]."),
)


def test_a_language_model_puts_follow_ups_and_the_rules_do_where_it_drops_a_name(
    folder: Path, home: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    options = {"rules": RULES, "log": str(log)}
    settings = Settings(generator={"llm": "scripted_llm:ScriptedLLM", "llm_options": options})  # type: ignore[arg-type]
    with KnowledgeBase.open(create=True, settings=settings) as base:
        base.ingest([folder]).wait()
        begun = base.conversations.start()
        base.ask(FIRST, conversation=begun.id, by="extractive").answer()
        tea = base.ask("And green tea?", conversation=begun.id)
        assert tea.searched == "How long is green tea steeped?"
        assert tea.answer().text == "Green tea is steeped for two minutes [1]."
        ulm = base.ask("And in Ulm, how long is it?", conversation=begun.id)
        assert ulm.searched.startswith("And in Ulm, how long is it? – ")
        assert any(note.startswith("The follow-up is completed by words of") for note in ulm.answer().notes)
        complete = base.ask("How long is green tea steeped?", conversation=begun.id)
        assert complete.searched == "How long is green tea steeped?"
    condensing = [prompt for prompt in logged(log) if "<conversation>" in prompt]
    assert len(condensing) == 2
    assert "User: How long is the Danube?" in condensing[0]
    assert 'Answer: "The Danube is 2,850 kilometres long."' in condensing[0]


def test_the_number_of_turns_that_say_what_is_meant_may_be_none(folder: Path, home: Path) -> None:
    settings = changed(Settings(), {"conversations.keep": 0})
    with KnowledgeBase.open(create=True, settings=settings) as base:
        base.ingest([folder]).wait()
        begun = base.conversations.start()
        base.ask(FIRST, conversation=begun.id).answer()
        assert base.ask(FOLLOW_UP, conversation=begun.id).searched == FOLLOW_UP


def test_a_follow_up_that_is_found_only_by_its_own_words_is_answered_by_these(tmp_path: Path) -> None:
    rent, deposit = "## 3. Rent\n\nThe monthly rent is EUR 4,250.00.", "## 4. Deposit\n\nThe deposit is EUR 12,750.00."
    (tmp_path / "lease.md").write_text(f"# Commercial Lease\n\n{rent}\n\n{deposit}")
    with KnowledgeBase.open(home=tmp_path / "home", create=True) as base:
        base.ingest([tmp_path / "lease.md"]).wait()
        begun = base.conversations.start()
        assert "4,250.00" in base.ask("What is the monthly rent?", conversation=begun.id).answer().text
        assert "12,750.00" in base.ask("And the deposit?", conversation=begun.id).answer().text


def test_a_follow_up_that_points_stays_with_what_it_points_to(tmp_path: Path) -> None:
    (tmp_path / "boiler.md").write_text("# Boiler\n\nThe boiler has a warranty of two years. Its price is EUR 90.\n")
    (tmp_path / "pump.md").write_text("# Pump\n\nThe pump costs EUR 500.\n")
    with KnowledgeBase.open(home=tmp_path / "home", create=True) as base:
        base.ingest([tmp_path / "boiler.md", tmp_path / "pump.md"]).wait()
        begun = base.conversations.start()
        base.ask("Which warranty does the boiler have?", conversation=begun.id).answer()
        asked = base.ask("How much does it cost?", conversation=begun.id)
        assert "boiler" in asked.searched
        assert "500" not in asked.answer().text.partition("[1]")[0]


def test_no_two_conversations_get_one_title(base: KnowledgeBase) -> None:
    one, other = base.conversations.start("Rivers"), base.conversations.start("Tea")
    with pytest.raises(UserError, match="already"):
        base.conversations.rename(other.id, " Rivers ")
    base.conversations.rename(one.id, "Rivers")
    assert base.conversations.open(other.id).title == "Tea"
    with pytest.raises(UserError, match="empty"):
        base.conversations.resume(" ")

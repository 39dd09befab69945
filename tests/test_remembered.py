"""Remembered answers: the same question is answered at once, any other and any other state of the base anew."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from scripted_generator import ScriptedGenerator
from tiny_servers import END, chunk, said, scripted, streamed

from app.cli.main import main
from citewell import Filter, KnowledgeBase
from citewell.models import Once
from generation.prompting.prompt import REFUSAL
from generation.same_question import plain_wording
from kb.protocols import Embedder
from kb.settings import Settings
from kb.store.answers import Key
from kb.store.store import Store
from kb.types import Answer

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "sample" / "documents"
PAIRS = [json.loads(line) for line in (Path(__file__).parent / "question_pairs.jsonl").read_text().splitlines()]
QUESTION = "What does b = 0 do in BM25?"
Open = Callable[..., KnowledgeBase]

KEY = "sk-a-key-of-a-service"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a base of the sample documents."""
    home = tmp_path_factory.mktemp("filled")
    with KnowledgeBase.open(home=home, create=True) as base:
        assert not base.ingest([SAMPLE]).wait().failed
    return home


@pytest.fixture
def home(home: Path, filled: Path) -> Path:
    shutil.copytree(filled, home)
    return home


@pytest.fixture
def model() -> ScriptedGenerator:
    return ScriptedGenerator(_reply())


@pytest.fixture
def opened(home: Path, embedder: Embedder) -> Open:
    """Opens the base with a model, and with settings other than the default ones."""

    def opened(model: ScriptedGenerator, **sections: Mapping[str, object]) -> KnowledgeBase:
        base = KnowledgeBase.open(settings=Settings(**sections))  # type: ignore[arg-type]
        base._models.generator = Once(lambda: model)
        base._models.embedder = Once(lambda: embedder)
        return base

    return opened


@pytest.fixture
def base(opened: Open, model: ScriptedGenerator) -> Iterator[KnowledgeBase]:
    with opened(model) as base:
        yield base


def _reply() -> str:
    """An answer that the documents bear out, whichever passage of them is the first."""
    return "With b = 0 the length of a passage is ignored " + "".join(f"[{number}]" for number in range(1, 10)) + "."


def ask(base: KnowledgeBase, question: str = QUESTION, **options: object) -> Answer:
    return base.ask(question, by="model", **options).answer()  # type: ignore[arg-type]


@pytest.mark.parametrize("part", ["development", "held out"])
def test_no_two_questions_share_a_wording_that_do_not_ask_the_same(part: str) -> None:
    pairs = [pair for pair in PAIRS if pair["part"] == part]
    shared = [pair for pair in pairs if plain_wording(pair["one"]) == plain_wording(pair["other"])]
    assert [pair for pair in shared if not pair["same"]] == []
    assert len(shared) >= 0.55 * sum(pair["same"] for pair in pairs)


def test_what_was_answered_is_given_again_without_the_model(base: KnowledgeBase, model: ScriptedGenerator) -> None:
    first = ask(base)
    again = ask(base, "  in BM25, what does b=0 do ??")
    assert len(model.asked) == 1
    assert first.remembered is None
    assert again.remembered
    assert datetime.now(UTC) - again.remembered < timedelta(minutes=1)
    assert again.question == "in BM25, what does b=0 do ??"
    assert (again.text, again.statements, again.hits) == (first.text, first.statements, first.hits)
    assert again.citations == first.citations
    assert all(citation.verified for citation in again.citations)


def test_a_question_that_stands_alone_in_a_conversation_is_given_what_is_remembered(
    base: KnowledgeBase, model: ScriptedGenerator
) -> None:
    first = ask(base)
    talk = base.conversations.start().id
    again = ask(base, conversation=talk)
    assert again.remembered and len(model.asked) == 1
    assert not ask(base, conversation=talk, fresh=True).remembered
    (kept, fresh) = base.conversations.open(talk).turns
    assert kept.answer.text == fresh.answer.text == first.text
    base.remove(sorted({citation.source for citation in first.citations}))
    assert all(turn.is_forgotten for turn in base.conversations.open(talk).turns)


def test_a_remembered_answer_streams_and_explains_itself(base: KnowledgeBase) -> None:
    ask(base)
    reply = base.ask(QUESTION, by="model")
    assert "".join(reply) == reply.answer().text
    trace = reply.trace()
    assert "Nothing was searched" in trace.notes[0]
    assert [use.state for use in trace.passages].count("kept") >= 1


@pytest.mark.parametrize(
    "question",
    [
        "What does b = 1 do in BM25?",
        "What does k1 = 0 do in BM25?",
        "What does b = 0 not do in BM25?",
        "What does b = 0 do in BM26?",
        "What does b > 0 do in BM25?",
        "What does b = -0 do in BM25?",
        "What did b = 0 do in BM25?",
        "Where does b = 0 do it in BM25?",
        "What does b = 0 do before BM25?",
    ],
)
def test_a_question_that_differs_is_asked_anew(base: KnowledgeBase, model: ScriptedGenerator, question: str) -> None:
    ask(base)
    assert ask(base, question).remembered is None
    assert len(model.asked) == 2


@pytest.mark.parametrize(
    "options",
    [{"strict": True}, {"mode": "lexical"}, {"threshold": 0.01}, {"filter": Filter(types=("pdf",))}],
)
def test_whatever_else_decides_an_answer_tells_them_apart(
    base: KnowledgeBase, model: ScriptedGenerator, options: dict[str, object]
) -> None:
    ask(base)
    assert ask(base, **options).remembered is None
    assert ask(base).remembered
    assert ask(base, **options).remembered
    assert len(model.asked) == 2


def test_other_settings_and_other_prompts_tell_answers_apart(
    base: KnowledgeBase, model: ScriptedGenerator, opened: Open, tmp_path: Path
) -> None:
    ask(base)
    prompts = tmp_path / "prompts"
    prompts.mkdir()
    chosen = [
        {"context": {"tokens": 900}},
        {"generator": {"max_tokens": 64}},
        {"generator": {"llm": "a.module:Class", "llm_options": {"temperature": 0.5}}},
        {"answer": {"prompts": str(prompts)}},
    ]
    for sections in chosen:
        with opened(model, **sections) as other:
            assert ask(other).remembered is None
            assert ask(other).remembered
    (prompts / "answer.txt").write_text("Answer in verse.")
    with opened(model, **chosen[-1]) as other:
        assert ask(other).remembered is None
    with opened(model, answer={"remembered": 7}, store={"lock_wait": 3.0}) as same:
        assert ask(same).remembered


def test_any_change_of_the_documents_ends_what_is_remembered(
    base: KnowledgeBase, model: ScriptedGenerator, tmp_path: Path
) -> None:
    note = tmp_path / "note.md"
    changes: list[Callable[[], object]] = [
        lambda: (note.write_text("# A note\n\nOn nothing.\n"), base.ingest([note]).wait()),
        lambda: (note.write_text("# A note\n\nOn something.\n"), base.ingest([note]).wait()),
        lambda: base.remove([str(note)]),
    ]
    for change in changes:
        ask(base)
        assert ask(base).remembered
        change()
        assert base.remembered() == []
        assert ask(base).remembered is None
    assert base.ingest([SAMPLE]).wait().unchanged
    assert ask(base).remembered, "nothing has changed"


def test_an_answer_of_before_a_change_is_not_kept_after_it(
    base: KnowledgeBase, model: ScriptedGenerator, tmp_path: Path
) -> None:
    reply = base.ask(QUESTION, by="model")
    (tmp_path / "note.md").write_text("# A note\n\nOn nothing.\n")
    base.ingest([tmp_path / "note.md"]).wait()
    assert reply.answer().statements
    assert QUESTION.encode() not in (base.folder / "answers.sqlite").read_bytes()


def test_a_state_is_not_taken_for_another_of_the_same_epoch(base: KnowledgeBase, home: Path, tmp_path: Path) -> None:
    """As after an older copy of the manifest was put back."""
    manifest, copy = home / "default" / "manifest.sqlite", tmp_path / "manifest.sqlite"
    base._store.manifest.purge()
    shutil.copy(manifest, copy)
    states = []
    for name in ("one", "other"):
        (tmp_path / f"{name}.md").write_text(f"# {name}\n\nOn {name}.\n")
        base.ingest([tmp_path / f"{name}.md"]).wait()
        with base._store.manifest.snapshot() as snapshot:
            states.append((snapshot.epoch, snapshot.state))
        base._store.manifest.close()
        shutil.copy(copy, manifest)
    (epoch, state), (other_epoch, other_state) = states
    assert epoch == other_epoch
    assert state != other_state


@pytest.mark.parametrize(
    "reply", [REFUSAL, "It was 17 in 1931 [1].", "It is well known.", f"{_reply()} And then(fails)", "(fails)"]
)
def test_what_might_be_answered_better_is_not_remembered(opened: Open, reply: str) -> None:
    model = ScriptedGenerator(reply)
    with opened(model) as base:
        assert ask(base).remembered is None
        assert ask(base).remembered is None
    assert len(model.asked) == 2


def test_the_documents_own_words_are_not_remembered(base: KnowledgeBase) -> None:
    base.ask(QUESTION, by="extractive").answer()
    assert base.remembered() == []
    assert not (base.folder / "answers.sqlite").exists()


def test_an_answer_that_is_stopped_is_not_remembered(base: KnowledgeBase, model: ScriptedGenerator) -> None:
    reply = base.ask(QUESTION, by="model")
    next(iter(reply))
    reply.close()
    assert model.closed == 1
    assert base.remembered() == []


def test_a_fresh_answer_takes_the_place_of_the_one_before(opened: Open) -> None:
    model = ScriptedGenerator(_reply(), "With b = 0 the length is ignored [1][2][3][4][5][6][7][8][9].")
    with opened(model) as base:
        first = ask(base)
        fresh = ask(base, fresh=True)
        assert fresh.remembered is None
        assert fresh.text != first.text
        assert ask(base).text == fresh.text
        assert len(base.remembered()) == 1


@pytest.mark.parametrize("named", ["", "mine"])
def test_what_a_server_wrote_with_another_model_is_not_given_again(home: Path, embedder: Embedder, named: str) -> None:
    """Where the settings name the model, that is the server's word for it, and it is not asked which it has."""
    reply = streamed([chunk(_reply()), *END])
    with scripted(reply, models=said(200, {"data": [{"id": "old"}]})) as server:
        settings = Settings(generator={"server": server.url, "model": named})  # type: ignore[arg-type]
        base = KnowledgeBase.open(settings=settings)
        base._models.embedder = Once(lambda: embedder)
        assert (ask(base).generator, bool(ask(base).remembered)) == (named or "old", True)
        requests = len(server.headers)
        assert ask(base).remembered
        assert len(server.headers) - requests == (not named)
        server.models = said(200, {"data": [{"id": "new"}, {"id": "old"}]})
        answer = ask(base)
        assert (answer.generator, bool(answer.remembered)) == (named or "new", bool(named))
        assert ask(base).remembered
        assert len(server.asked) == (1 if named else 2)
    assert ask(base).generator == (named or "new"), "the server is gone, and what it wrote is there"
    base.close()


def test_the_ones_used_last_stay_and_0_turns_it_off(opened: Open, model: ScriptedGenerator) -> None:
    questions = [f"What does b = {number} do in BM25?" for number in range(3)]
    with opened(model, answer={"remembered": 2}) as base:
        for question in (*questions[:2], questions[0], questions[2]):
            ask(base, question)
        assert [answer.question for answer in base.remembered()] == [questions[2], questions[0]]
    with opened(model, answer={"remembered": 0}) as base:
        assert ask(base, questions[0]).remembered is None


def test_no_key_of_a_service_is_written(opened: Open, model: ScriptedGenerator) -> None:
    with opened(model, generator={"llm": "a.module:Class", "llm_options": {"api_key": KEY}}) as base:
        ask(base)
        assert base.remembered()
        assert KEY.encode() not in (base.folder / "answers.sqlite").read_bytes()


def test_a_damaged_file_is_told_of_and_passed_by(base: KnowledgeBase) -> None:
    first = ask(base)
    (base.folder / "answers.sqlite").write_bytes(b"no database " * 1000)
    answer = ask(base)
    assert answer.text == first.text
    assert answer.remembered is None
    assert "were damaged and are deleted" in answer.notes[0]
    assert ask(base).remembered, "it has been begun anew"


WRITER = """
import sys
from pathlib import Path
from kb.store.answers import Key
from kb.store.store import Store
from kb.types import Answer
store = Store.open(Path(sys.argv[1]), create=False)
with store.manifest.snapshot() as snapshot:
    state = snapshot.state
for number in range(40):
    key = Key(f"{sys.argv[2]} {number}", "")
    store.answers.keep(key, Answer(key.wording, "Yes.", False), state=state, limit=1000)
    assert store.answers.recall(key)
"""


def test_two_processes_remember_at_once(home: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(home / "default")]
    writers = [subprocess.Popen([*command, name], cwd=SAMPLE.parents[2]) for name in ("a", "b")]
    assert [writer.wait() for writer in writers] == [0, 0]
    store = Store.open(home / "default", create=False)
    assert len(store.answers.all()) == 80
    assert store.answers.recall(Key("b 39", ""))
    store.close()


def test_people_and_programs_are_told_that_an_answer_is_remembered(
    home: Path, model: ScriptedGenerator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CITEWELL_GENERATOR__LLM", "a.module:Class")
    monkeypatch.setattr("citewell.models.configured_generator", lambda _: model)
    assert main(["ask", QUESTION]) == 0
    assert "remembered" not in capsys.readouterr().out
    assert main(["ask", QUESTION]) == 0
    assert f"scripted, remembered from {datetime.now().astimezone():%Y-%m-%d}" in capsys.readouterr().out
    assert main(["--json", "ask", QUESTION]) == 0
    record = json.loads(capsys.readouterr().out)
    assert datetime.fromisoformat(record["remembered"])
    assert record["hits"]
    assert main(["--json", "ask", QUESTION, "--fresh"]) == 0
    assert json.loads(capsys.readouterr().out)["remembered"] is None
    assert len(model.asked) == 2


def test_the_command_shows_and_forgets_them(base: KnowledgeBase, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache"]) == 0
    assert "No answers are remembered" in capsys.readouterr().err
    answer = ask(base)
    assert main(["cache"]) == 0
    listed = capsys.readouterr().out
    assert QUESTION in listed
    assert Path(answer.citations[0].source).name in listed
    assert main(["--json", "cache"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["question"], row["answer"], row["age_seconds"] < 60) == (QUESTION, answer.text, True)
    assert row["sources"] == list(dict.fromkeys(citation.source for citation in answer.citations))
    assert main(["--json", "cache", "clear"]) == 0
    assert json.loads(capsys.readouterr().out) == {"forgotten": 1}
    assert ask(base).remembered is None

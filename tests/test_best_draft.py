"""The best of several drafts: when more than one is written, which one is taken, and what people are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from scripted_generator import ScriptedGenerator
from test_written import FALSE, QUESTION, SAMPLE, TRUE, numbered
from tiny_generators import tiny_llama

from app.cli.main import main
from citewell import KnowledgeBase
from citewell.models import Once
from generation.markers import without_markers
from generation.prompting.prompt import REFUSAL
from kb.protocols import Embedder
from kb.settings import Settings
from kb.types import Answer

Open = Callable[..., AbstractContextManager[KnowledgeBase]]
Ask = Callable[..., Answer]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    with KnowledgeBase.open(home=home, create=True) as base:
        assert not base.ingest([SAMPLE / "documents" / "lexical-search-bm25.pdf"]).wait().failed
    return home


@pytest.fixture(scope="module")
def at(home: Path) -> str:
    """The marker of the passage that bears out what is true."""
    with KnowledgeBase.open(home=home) as base:
        return f"[{numbered(base, 'With b = 0 the length is ignored')}]"


@pytest.fixture
def opened(home: Path, embedder: Embedder) -> Open:
    """Opens the base with a model that writes up to so many drafts."""

    @contextmanager
    def opened(
        model: ScriptedGenerator, *, drafts: int = 3, seconds: float = 60.0, remembered: int = 0
    ) -> Iterator[KnowledgeBase]:
        answer, generator = {"drafts": drafts, "remembered": remembered}, {"seconds": seconds}
        settings = Settings(answer=answer, generator=generator)  # type: ignore[arg-type]
        with KnowledgeBase.open(home=home, settings=settings) as base:
            base._models.generator = Once(lambda: model)
            base._models.embedder = Once(lambda: embedder)
            yield base

    return opened


@pytest.fixture
def ask(opened: Open) -> Ask:
    def asked(model: ScriptedGenerator, *, strict: bool = False, **options: float) -> Answer:
        with opened(model, **options) as base:
            return base.ask(QUESTION, by="model", strict=strict).answer()

    return asked


@pytest.mark.parametrize(
    ("replies", "best", "count"),
    [
        pytest.param(["{T}. {F}.", "{T}. {T} indeed. {F}."], 1, 3, id="the larger share borne out"),
        pytest.param(["{T}. {F}.", "{V}. {F}."], 1, 3, id="of as large a share the higher support"),
        pytest.param(["{T}. {F}.", "{F}. {T}."], 0, 3, id="of two alike the first"),
        pytest.param(["{F}.", "{F}. The fee was 25 EUR in 1932 [1]."], 0, 3, id="fewer that are not borne out"),
        pytest.param(["{T}. {F}.", "{T}. (fails)"], 0, 3, id="a whole one before one that breaks off"),
        pytest.param(
            ["{F}. (fails)", "{F}. The fee was 25 EUR in 1932 [1]."], 1, 3, id="a whole one after one that breaks off"
        ),
        pytest.param(["{T}. {F}.", REFUSAL], 0, 3, id="no refusal where something is borne out"),
    ],
)
def test_the_one_that_is_borne_out_best_is_taken(ask: Ask, at: str, replies: list[str], best: int, count: int) -> None:
    said = {"T": TRUE, "V": "With b = 0 the length is ignored", "F": FALSE}
    texts = [reply.format_map({name: f"{words} {at}" for name, words in said.items()}) for reply in replies]
    model = ScriptedGenerator(*texts)
    answer = ask(model)
    assert model.samples == list(range(count))
    assert without_markers(answer.text) == without_markers(texts[best].removesuffix("(fails)"))
    assert answer.notes[-1] == f"Best of {count} drafts."


def test_one_that_is_borne_out_altogether_ends_the_search(opened: Open, at: str) -> None:
    model = ScriptedGenerator(f"{TRUE} {at}. {FALSE} {at}.", f"{TRUE} {at}.", f"{TRUE} {at}. {FALSE} {at}.")
    with opened(model, drafts=8) as base:
        reply = base.ask(QUESTION, by="model")
        assert "".join(reply) == f"{TRUE} [1]."
        answer = reply.answer()
    assert answer.text == f"{TRUE} [1]."
    assert answer.notes == ("Best of 2 drafts.",)
    assert model.samples == [0, 1]
    assert model.asked[0] == model.asked[1]


def test_a_first_draft_that_can_stand_is_the_only_one(ask: Ask, at: str) -> None:
    for reply in (f"{TRUE} {at}.", REFUSAL, f"{TRUE} {at}. (fails)", "(fails)"):
        model = ScriptedGenerator(reply)
        answer = ask(model)
        assert model.samples == [0]
        assert not any("drafts" in note for note in answer.notes)


def test_a_refusal_is_better_than_what_nothing_bears_out(opened: Open, at: str) -> None:
    model = ScriptedGenerator(f"{FALSE} {at}.", REFUSAL)
    with opened(model) as base:
        reply = base.ask(QUESTION, by="model")
        assert "".join(reply) == reply.answer().text == "The documents do not say."
        assert reply.answer().abstained
        assert reply.answer().notes == ("Best of 2 drafts.",)


def test_a_draft_that_says_nothing_is_not_counted_and_is_the_last(ask: Ask, at: str) -> None:
    for failure in ("(fails)", "", "(full)"):
        model = ScriptedGenerator(f"{FALSE} {at}.", failure)
        answer = ask(model)
        assert model.samples == [0, 1]
        assert (answer.text, answer.notes) == (f"{FALSE} [1].", ())


def test_none_is_begun_for_which_there_is_no_time(ask: Ask, at: str) -> None:
    model = ScriptedGenerator(f"{FALSE} {at}.")
    answer = ask(model, seconds=1e-6)
    assert model.samples == [0]
    assert (answer.text, answer.notes) == (f"{FALSE} [1].", ())


def test_one_draft_is_shown_as_it_is_written(opened: Open, at: str) -> None:
    model = ScriptedGenerator(f"{FALSE} {at}.")
    with opened(model, drafts=1) as base:
        pieces = list(base.ask(QUESTION, by="model"))
    assert len(pieces) > 3 and all(pieces)
    assert model.samples == [0]


def test_a_strict_answer_mends_the_best_draft(ask: Ask, at: str) -> None:
    drafts = [f"{FALSE} {at}.", f"{TRUE} {at}. {FALSE} {at}.", f"{FALSE} {at}. The fee was 25 EUR in 1932 {at}."]
    model = ScriptedGenerator(*drafts, f"{TRUE} {at}.")
    answer = ask(model, strict=True)
    assert model.samples == [0, 1, 2, 0]
    assert model.asked[3][-2].content == drafts[1]
    assert (answer.text, answer.notes) == (f"{TRUE} [1].", ())


def test_a_strict_answer_needs_no_mending_where_a_draft_is_borne_out(ask: Ask, at: str) -> None:
    model = ScriptedGenerator(f"{FALSE} {at}.", f"{TRUE} {at}.")
    answer = ask(model, strict=True)
    assert model.samples == [0, 1]
    assert (answer.text, answer.notes) == (f"{TRUE} [1].", ("Best of 2 drafts.",))


@pytest.mark.parametrize("strict", [False, True])
def test_what_is_not_shown_yet_can_be_stopped(opened: Open, at: str, strict: bool) -> None:
    model = ScriptedGenerator(f"{FALSE} {at}. " + "And so on it goes, ever on. " * 20)
    with opened(model, drafts=2) as base:
        reply = base.ask(QUESTION, by="model", strict=strict)
        assert next(iter(reply)) == ""
        reply.close()
    assert (len(model.asked), model.closed) == (1, 1)


def test_the_best_of_several_is_remembered_where_all_of_it_is_borne_out(opened: Open, at: str) -> None:
    replies = [f"{FALSE} {at}.", f"{TRUE} {at}."]
    model = ScriptedGenerator(*replies, *replies)
    with opened(model, remembered=10) as base:
        first, again = (base.ask(QUESTION, by="model").answer() for _ in range(2))
    assert not first.remembered and again.remembered
    assert (again.text, again.notes) == (first.text, ("Best of 2 drafts.",))
    with opened(model, drafts=2, remembered=10) as base:
        assert not base.ask(QUESTION, by="model").answer().remembered


def test_a_real_model_writes_drafts_and_the_same_ones_again(tmp_path: Path, home: Path) -> None:
    folder = tiny_llama(tmp_path / "model", window=8192)
    generator = {"model": str(folder), "device": "cpu", "max_tokens": 12, "record": str(tmp_path / "recording.jsonl")}
    answers = []
    for _ in range(2):
        settings = Settings(answer={"drafts": 3, "remembered": 0}, generator=generator)  # type: ignore[arg-type]
        with KnowledgeBase.open(home=home, settings=settings) as base:
            answers.append(base.ask(QUESTION).answer())
    assert answers[0].notes[-1] == "Best of 3 drafts."
    assert answers[0].text == answers[1].text
    replay = Settings(answer={"drafts": 3, "remembered": 0}, generator={"replay": generator["record"]})  # type: ignore[arg-type]
    with KnowledgeBase.open(home=home, settings=replay) as base:
        assert base.ask(QUESTION).answer().notes == answers[0].notes


def test_the_command_shows_the_one_that_was_taken(
    home: Path, at: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model = ScriptedGenerator(f"{FALSE} {at}.", f"{TRUE} {at}.")
    monkeypatch.setenv("CITEWELL_ANSWER__DRAFTS", "2")
    monkeypatch.setenv("CITEWELL_GENERATOR__LLM", "a.module:Class")
    monkeypatch.setattr("citewell.models.configured_generator", lambda _: model)
    assert main(["--home", str(home), "ask", QUESTION, "--fresh"]) == 0
    shown = capsys.readouterr().out
    assert TRUE in shown and "Best of 2 drafts." in shown and FALSE not in shown

"""A trace agrees with what the parts of a search say when asked alone, and accounts for each passage of an answer."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tiny_rerankers

from app.cli.main import main
from citewell import KnowledgeBase, Settings
from citewell.asking import BEYOND
from citewell.trace import Recorder, Standing
from kb.errors import UserError
from kb.settings import AnswerSettings, GeneratorSettings, ModeSettings, RerankSettings
from kb.types import Chunk, Hit

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "sample" / "documents"
QUERY = "Which values of k1 and b are reasonable for BM25?"
MODES = {
    "nested": ModeSettings(fuse=("hybrid", "lexical"), weights=(0.8, 0.2), depth=7),
    "twice": ModeSettings(fuse=("dense", "lexical", "dense"), method="rrf"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def base(folder: Path) -> Iterator[KnowledgeBase]:
    settings = Settings(modes=MODES, answer=AnswerSettings(passages=3))
    with KnowledgeBase.open(home=folder, settings=settings, create=True) as filled:
        filled.ingest(SAMPLE / "lexical-search-bm25.pdf").wait()
        yield filled


@pytest.mark.parametrize(
    ("mode", "parts"),
    [
        ("lexical", {"lexical": ("lexical", 4)}),
        ("hybrid", {"fusion": ("hybrid", 4), "fusion > lexical": ("lexical", 100), "fusion > dense": ("dense", 100)}),
        (
            "nested",
            {
                "fusion": ("nested", 4),
                "fusion > fusion": ("hybrid", 7),
                "fusion > fusion > lexical": ("lexical", 100),
                "fusion > fusion > dense": ("dense", 100),
                "fusion > lexical": ("lexical", 7),
            },
        ),
        (
            "twice",
            {
                "fusion": ("twice", 4),
                "fusion > dense": ("dense", 100),
                "fusion > lexical": ("lexical", 100),
                "fusion > dense 2": ("dense", 100),
            },
        ),
    ],
)
def test_each_stage_is_what_its_mode_says_alone(
    base: KnowledgeBase, mode: str, parts: dict[str, tuple[str, int]]
) -> None:
    trace = base.explain(QUERY, 4, mode=mode)
    assert list(trace.hits) == base.search(QUERY, 4, mode=mode)
    assert {stage.name: list(stage.hits) for stage in trace.stages} == {
        name: base.search(QUERY, k, mode=alone) for name, (alone, k) in parts.items()
    }
    assert [stage.name for stage in trace.stages] == list(parts)
    assert {stage.query for stage in trace.stages} == {QUERY}
    for rank, hit in enumerate(trace.hits, start=1):
        places = trace.places(hit.chunk.id)
        assert places[trace.stages[0].name] == Standing(rank, hit.score)
        for name, (alone, k) in parts.items():
            ranked = [found.chunk.id for found in base.search(QUERY, k, mode=alone)]
            assert (name in places) == (hit.chunk.id in ranked)
            assert name not in places or ranked[places[name].rank - 1] == hit.chunk.id


def test_a_wrong_question_is_refused_as_by_a_search(base: KnowledgeBase) -> None:
    for arguments in ({"query": " "}, {"query": "x", "k": 0}, {"query": "x", "mode": "magic"}):
        with pytest.raises(UserError) as searched:
            base.search(**arguments)
        with pytest.raises(UserError) as explained:
            base.explain(**arguments)
        assert str(searched.value) == str(explained.value)


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Worker:
    """Takes `own` seconds beside what `inner` takes, which it asks two questions, and says so."""

    def __init__(self, clock: Seconds, own: float, recorder: Recorder, inner: object = None) -> None:
        self.clock, self.own, self.recorder, self.inner = clock, own, recorder, inner

    def retrieve(self, query: str, k: int) -> list[Hit]:
        self.clock.now += self.own
        found = [self.inner.retrieve(f"{query}{part}", k) for part in "ab"] if self.inner else []  # type: ignore[attr-defined]
        self.recorder.note(f"{query} took {self.own}.")
        return [hit for hits in found for hit in hits] or [Hit(Chunk(query, "d", "/s", query, 0, 1), 1.0)]


def test_time_notes_and_questions_belong_to_the_stage_that_they_are_of(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, recorder = Seconds(), Recorder()
    monkeypatch.setattr("citewell.trace.perf_counter", clock)
    dense = recorder.recorded("dense", Worker(clock, 2.0, recorder))
    recorder.note("Outside.")
    multi = recorder.recorded("multi", Worker(clock, 0.5, recorder, dense))
    multi.retrieve("q", 5)
    assert [(stage.name, stage.query, stage.seconds, stage.notes) for stage in recorder.stages()] == [
        ("multi", "q", 0.5, ("q took 0.5.",)),
        ("multi > dense", "qa", 2.0, ("qa took 2.0.",)),
        ("multi > dense 2", "qb", 2.0, ("qb took 2.0.",)),
    ]
    assert [stage.place("qb") for stage in recorder.stages()] == [Standing(2, 1.0), None, Standing(1, 1.0)]
    assert recorder.notes() == ("Outside.",)


def test_what_a_retriever_notes_reaches_the_trace(base: KnowledgeBase, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrapped(composer, inner, view, within):  # type: ignore[no-untyped-def]
        composer.note("Composed.")
        found = composer.compose(inner, view, within)
        return Noting(found, composer.note)

    monkeypatch.setattr("citewell.composition.STAGES", {"noting": wrapped})
    trace = base.explain(QUERY, 2, mode="lexical+noting")
    assert [(stage.name, stage.notes) for stage in trace.stages] == [
        ("noting", ("The time ran out.",)),
        ("noting > lexical", ()),
    ]
    assert trace.notes == ("Composed.",)


def test_what_a_language_model_or_a_reranker_fails_to_do_is_noted_where_it_was_asked(
    base: KnowledgeBase, folder: Path, tmp_path: Path
) -> None:
    settings = Settings(
        generator=GeneratorSettings(
            llm="scripted_llm:ScriptedLLM",
            llm_options={"rules": [["", "I do not know."]], "log": str(tmp_path / "log")},
        ),
        rerank=RerankSettings(model=str(tiny_rerankers.bert(tmp_path / "bert")), seconds=1e-9),
    )
    with KnowledgeBase.open(home=folder, settings=settings) as other:
        for stage in ("multi", "decompose", "rerank"):
            trace = other.explain(QUERY, 2, mode=f"dense+{stage}")
            expected = "judged 0 of" if stage == "rerank" else "The question is searched as it stands: "
            assert [(one.name, len(one.notes)) for one in trace.stages] == [(stage, 1), (f"{stage} > dense", 0)]
            assert expected in trace.stages[0].notes[0]
            assert trace.hits == tuple(base.search(QUERY, 2, mode="dense"))
        (dense,) = other.explain(QUERY, 2, mode="dense+hyde").stages[1:]
        assert ["The question is searched as it stands: " in note for note in dense.notes] == [True]


class Noting:
    def __init__(self, inner, note) -> None:  # type: ignore[no-untyped-def]
        self.inner, self.note = inner, note

    def retrieve(self, query: str, k: int) -> list[Hit]:
        hits: list[Hit] = self.inner.retrieve(query, k)
        self.note("The time ran out.")
        return hits


def test_every_passage_of_an_answer_is_accounted_for(base: KnowledgeBase) -> None:
    reply = base.ask(QUERY)
    trace = reply.trace()
    answer = reply.answer()
    assert answer.citations
    assert trace.hits == reply.hits == answer.hits
    assert len(reply.hits) == 3
    assert [use.chunk for use in trace.passages] == [hit.chunk for hit in base.search(QUERY, 3 + BEYOND)]
    quoted = {citation.chunk_id for citation in answer.citations}
    states = ["kept" if use.chunk.id in quoted else "considered" for use in trace.passages[:3]]
    assert [use.state for use in trace.passages] == states + ["left out"] * (len(trace.passages) - 3)
    assert "kept" in states
    offsets = base.embedder.tokenizer.offsets
    for use in trace.passages:
        assert use.tokens == len(offsets(use.chunk.text)) > 0
        quotes = [citation.quote for citation in answer.citations if citation.chunk_id == use.chunk.id]
        assert use.used == sum(len(offsets(quote)) for quote in quotes)


def test_a_passage_with_words_that_are_quoted_from_another_one_is_told_as_a_copy(tmp_path: Path) -> None:
    text = "The harbour master collects the berth fee of 9 crowns."
    for copy in range(5):
        (tmp_path / f"copy{copy}.md").write_text(f"{text} It is paid on day {copy + 2}.")
    with KnowledgeBase.open(home=tmp_path / "home", create=True) as base:
        base.ingest(sorted(tmp_path.glob("*.md"))).wait()
        reply = base.ask("What berth fee does the harbour master collect?")
        quoted = [citation.chunk_id for citation in reply.answer().citations]
        uses = {use.chunk.id: use for use in reply.trace().passages}
        assert {name for name, use in uses.items() if use.state == "kept"} == set(quoted)
        assert {use.state for use in uses.values()} == {"kept", "copied"}
        assert {use.used for use in uses.values()} == {len(base.embedder.tokenizer.offsets(text))}


def test_an_abstention_keeps_nothing(base: KnowledgeBase) -> None:
    trace = base.ask("Which enzyme splits glycogen in hepatocytes?").trace()
    assert {use.state for use in trace.passages} == {"considered", "left out"}
    assert {use.used for use in trace.passages} == {0}


class Command:
    """The command within this process, on the base of this module."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._folder, self._capsys = folder, capsys

    def __call__(self, *arguments: str) -> Any:
        self._capsys.readouterr()
        assert main(["--home", str(self._folder), "--json", *arguments]) == 0
        return json.loads(self._capsys.readouterr().out)


@pytest.fixture
def citewell(base: KnowledgeBase, folder: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(folder, capsys)


def test_the_command_line_explains_when_asked(citewell: Command) -> None:
    plain = citewell("search", QUERY, "-k", "2")
    rows = citewell("search", QUERY, "-k", "2", "--explain")
    stages = [row.pop("stages") for row in rows]
    assert rows == plain
    assert [stage["fusion"] for stage in stages] == [{"rank": row["rank"], "score": row["score"]} for row in plain]
    assert set(stages[0]) == {"fusion", "fusion > dense", "fusion > lexical"}


def test_an_answer_is_explained_in_json(base: KnowledgeBase, citewell: Command) -> None:
    plain = citewell("ask", QUERY)
    explained = citewell("ask", QUERY, "--explain")
    trace = explained.pop("trace")
    assert explained.keys() == plain.keys()
    assert explained["answer"] == plain["answer"]
    assert [(stage["stage"], stage["hits"]) for stage in trace["stages"]] == [
        ("fusion", len(trace["passages"])),
        ("fusion > lexical", len(base.search(QUERY, 100, mode="lexical"))),
        ("fusion > dense", len(base.passages(str(SAMPLE / "lexical-search-bm25.pdf")))),
    ]
    assert [passage["chunk_id"] for passage in trace["passages"]][:10] == [hit["chunk_id"] for hit in plain["hits"]]
    assert trace["passages"][0].keys() == {
        "chunk_id", "source", "page", "anchor", "state", "tokens", "used", "stages",
    }  # fmt: skip
    assert trace["passages"][0]["stages"]["fusion"]["rank"] == 1


def test_people_read_a_table_on_a_terminal_of_80_columns(folder: Path, base: KnowledgeBase, tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text('[modes.twice]\nfuse = ["hybrid", "hybrid"]\n[answer]\nmode = "twice"\n')
    command = [sys.executable, "-m", "app.cli.main", "--home", str(folder), "--settings", str(settings)]
    receiver, terminal = pty.openpty()
    environment = {**os.environ, "COLUMNS": "80", "TERM": "dumb"}
    with subprocess.Popen([*command, "ask", QUERY, "--explain"], stdout=terminal, env=environment):
        os.close(terminal)
        lines = _received(receiver).splitlines()
    assert max(map(len, lines)) <= 80
    passages = lines.index("Passages:")
    assert lines[passages + 1].split() == ["place", "in", "the", "answer", "tokens", "quoted"]
    assert lines[passages + 2].startswith(" 1  lexical-search-bm25.pdf, page 2")
    assert "kept" in lines[passages + 2]
    assert sum(line.startswith("Rank and score") for line in lines) == 2
    assert any(line.split()[:5] == ["6", "fusion", ">", "fusion", "2"] for line in lines)


def _received(receiver: int) -> str:
    received = b""
    try:
        while piece := os.read(receiver, 65536):
            received += piece
    except OSError:  # Linux's way of saying that the other side has closed.
        pass
    os.close(receiver)
    return received.decode().replace("\r\n", "\n")

"""Stages within one another share the time that the whole took; quantiles are by hand; what is timed is all done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from citewell import KnowledgeBase
from eval.latency import Latency, StageClock, latency, stage_latencies
from eval.query_vectors import QueryVectors
from kb.protocols import Embedder, Retriever, Vectors
from kb.types import Hit


class Seconds:
    """A clock that stands still but for the work that is done on it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Worker:
    """A retriever that takes `own` seconds beside what its parts take."""

    clock: Seconds
    own: float
    parts: tuple[Retriever, ...] = ()

    def retrieve(self, query: str, k: int) -> list[Hit]:
        for part in self.parts:
            part.retrieve(query, k)
        self.clock.now += self.own
        return []


def test_a_stage_counts_without_its_inner_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds, clock = Seconds(), StageClock()
    monkeypatch.setattr("eval.latency.perf_counter", seconds)
    dense, lexical = clock.timed("dense", Worker(seconds, 3)), clock.timed("lexical", Worker(seconds, 2))
    inner = clock.timed("fusion", Worker(seconds, 0.5, (dense, lexical)))
    whole = clock.timed("fusion", Worker(seconds, 1, (inner, dense)))
    whole.retrieve("q", 1)
    assert clock.lap() == {"dense": 6, "lexical": 2, "fusion": 1.5}
    assert clock.lap() == {}
    dense.retrieve("q", 1)
    assert clock.lap() == {"dense": 3}


def test_quantiles() -> None:
    assert latency([0.001, 0.003]) == Latency(pytest.approx(2.0), pytest.approx(2.9))


def test_one_stage_is_the_whole() -> None:
    assert stage_latencies([{"dense": 1.0}]) == {}
    assert stage_latencies([{"dense": 1.0, "fusion": 2.0}, {"fusion": 2.0}]) == {
        "dense": Latency(500, pytest.approx(950)),
        "fusion": Latency(2000, 2000),
    }


@dataclass
class Counted:
    """An embedder, and how often it embedded queries."""

    embedder: Embedder
    times: int = 0

    def queries(self, texts: Sequence[str]) -> Vectors:
        self.times += 1
        return self.embedder.queries(texts)


def test_a_query_is_embedded_again_only_where_that_is_timed(embedder: Embedder, tmp_path: Path) -> None:
    (tmp_path / "whales.md").write_text("The blue whale feeds on krill.", encoding="utf-8")
    vectors, counted = QueryVectors(), Counted(embedder)
    with KnowledgeBase.open(home=tmp_path / "home", create=True) as base:
        base.ingest([tmp_path / "whales.md"]).wait()
        hybrid = base.retriever("hybrid", embedding=lambda _: vectors.kept(counted))
        found = [hybrid.retrieve("krill", k) for k in (1, 2)]
        assert counted.times == 1
        hybrid.retrieve("whales", 1)
        assert counted.times == 2
        vectors.forget()
        assert [*found, hybrid.retrieve("krill", 1)] == 3 * [base.search("krill", k=1)]
    assert counted.times == 3

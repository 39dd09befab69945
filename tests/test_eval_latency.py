"""Stages within one another share the time that the whole took; quantiles are worked out by hand."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from eval.latency import Latency, StageClock, latency, stage_latencies
from kb.protocols import Retriever
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

"""A query that several retrievers ask for: embedded once, and ahead where that does no harm."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from kb.errors import GeneratorError
from kb.protocols import Vectors
from retrieval.dense import SharedQueries


@dataclass(frozen=True)
class Watched:
    """An embedder that notes which thread it works in, and fails as often as `failures` says."""

    failures: list[Exception] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    def queries(self, texts: Sequence[str]) -> Vectors:
        self.threads.append(threading.current_thread())
        if self.failures:
            raise self.failures.pop()
        return np.ones((len(texts), 2), np.float32)


def test_a_query_is_embedded_once_beside_the_caller() -> None:
    embedder = Watched()
    shared = SharedQueries(embedder)
    shared.begin("a")
    assert shared.queries(["a"]) is shared.queries(["a"])
    shared.begin("a")
    assert shared.queries(["a", "b"]).shape == (2, 2)
    assert [thread is threading.main_thread() for thread in embedder.threads] == [False, True]


@dataclass(frozen=True)
class Starter:
    """An embedder that can be left alone; it notes when it is asked to start, and when somebody waits for it."""

    notes: list[str] = field(default_factory=list)

    def queries(self, texts: Sequence[str]) -> Vectors:
        return np.zeros((len(texts), 2), np.float32)

    def start(self, query: str) -> Callable[[], Vectors]:
        self.notes.append(f"start {query}")

        def wait() -> Vectors:
            self.notes.append("wait")
            return np.ones((1, 2), np.float32)

        return wait


def test_an_embedder_that_can_be_started_is_waited_for_once() -> None:
    embedder = Starter()
    shared = SharedQueries(embedder)
    shared.begin("a")
    shared.begin("a")
    assert embedder.notes == ["start a"]
    found = shared.queries(["a"])
    assert found.all()
    assert shared.queries(["a"]) is found
    assert embedder.notes == ["start a", "wait"]


def test_what_asks_a_language_model_does_so_in_the_callers_thread() -> None:
    embedder = Watched()
    shared = SharedQueries(embedder, ahead=False)
    shared.begin("a")
    assert embedder.threads == []
    shared.queries(["a"])
    assert embedder.threads == [threading.main_thread()]


def test_a_failure_reaches_whoever_asks() -> None:
    shared = SharedQueries(Watched([GeneratorError("ahead")]))
    shared.begin("a")
    with pytest.raises(GeneratorError, match="ahead"):
        shared.queries(["a"])
    later = SharedQueries(Watched([GeneratorError("later")]))
    with pytest.raises(GeneratorError, match="later"):
        later.queries(["a"])
    assert later.queries(["a"]).shape == (1, 2)

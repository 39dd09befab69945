"""A query that several retrievers ask for: embedded once, and ahead where that does no harm."""

from __future__ import annotations

import threading
from collections.abc import Sequence
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
    shared.begin(["a"])
    assert shared.queries(["a"]) is shared.queries(["a"])
    shared.begin(["a"])
    assert shared.queries(["a", "b"]).shape == (2, 2)
    assert [thread is threading.main_thread() for thread in embedder.threads] == [False, True]


def test_what_asks_a_language_model_does_so_in_the_callers_thread() -> None:
    embedder = Watched()
    shared = SharedQueries(embedder, ahead=False)
    shared.begin(["a"])
    assert embedder.threads == []
    shared.queries(["a"])
    assert embedder.threads == [threading.main_thread()]


def test_a_failure_reaches_whoever_asks() -> None:
    shared = SharedQueries(Watched([GeneratorError("ahead")]))
    shared.begin(["a"])
    with pytest.raises(GeneratorError, match="ahead"):
        shared.queries(["a"])
    later = SharedQueries(Watched([GeneratorError("later")]))
    with pytest.raises(GeneratorError, match="later"):
        later.queries(["a"])
    assert later.queries(["a"]).shape == (1, 2)

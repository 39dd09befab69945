"""What somebody waits for goes before what is done beside it, on the real embedder."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread
from time import monotonic, sleep

import numpy as np
import pytest

from kb import precedence
from kb.models.openvino_embedder import OpenVinoEmbedder
from kb.models.openvino_runtime import BATCH_TOKENS
from kb.precedence import HOLD
from kb.protocols import Embedder


@pytest.fixture(autouse=True)
def nobody_waits() -> Iterator[None]:
    precedence.give_way()
    yield


def test_what_is_done_beside_holds_still_once_somebody_waits() -> None:
    begun = monotonic()
    precedence.give_way()
    assert monotonic() - begun < HOLD / 2
    precedence.claim()
    precedence.give_way()
    assert HOLD * 0.9 < monotonic() - begun < 2 * HOLD


def test_who_gives_way_holds_nobody_up() -> None:
    with precedence.beside():
        precedence.claim()
    begun = monotonic()
    precedence.give_way()
    assert monotonic() - begun < HOLD / 2
    assert not precedence.is_beside()


def test_a_question_that_nobody_waits_for_gives_way(embedder: Embedder) -> None:
    """Whether one that is suggested is answered, say."""
    begun = monotonic()
    precedence.claim()
    with precedence.beside():
        embedder.queries(["Does anybody wait for this?"])
    assert monotonic() - begun > HOLD * 0.9


def test_passages_beside_a_question_are_begun_after_it(embedder: Embedder) -> None:
    """Those under way are finished, others wait."""
    assert isinstance(embedder, OpenVinoEmbedder)
    network = embedder._many
    begun: list[float] = []
    rows = [[0] * BATCH_TOKENS] * 40
    passage = {name: np.ones((1, BATCH_TOKENS), np.int64) for name in network.inputs}

    def work(batch: list[int]) -> None:
        begun.append(monotonic())
        network.infer(passage)

    def embed() -> None:
        with precedence.beside():
            network.for_each_batch(rows, work)

    passages = Thread(target=embed)
    passages.start()
    while len(begun) < 2 * network.workers:
        sleep(0.005)
    asked = monotonic()
    embedder.queries(["When is the harbour closed?"])
    passages.join()
    late = [moment - asked for moment in begun if moment > asked + HOLD / 3]
    assert len(begun) == len(rows) and late and min(late) > HOLD * 0.9

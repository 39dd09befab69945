"""Models are made once, and nobody waits for one that somebody else needs."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from citewell import Settings
from citewell.models import Models, Once


def test_what_is_asked_for_by_several_at_once_is_made_once() -> None:
    made: list[object] = []
    begun = threading.Barrier(4)

    def make() -> object:
        made.append(object())
        return made[-1]

    once = Once(make)

    def ask(_: int) -> object:
        begun.wait(5)
        return once()

    assert once.if_made() is None
    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(ask, range(4))) == set(made)
    assert once.if_made() is made[0]


def test_what_could_not_be_made_is_tried_again() -> None:
    tries: list[int] = []

    def make() -> int:
        tries.append(1)
        if len(tries) < 2:
            raise OSError
        return 7

    once = Once(make)
    for _ in range(3):
        try:
            found = once()
        except OSError:
            continue
    assert found == 7
    assert len(tries) == 2


def test_the_embedder_does_not_wait_for_a_reranker(tmp_path: Path) -> None:
    models = Models(Settings(), tmp_path)
    loading, done = threading.Event(), threading.Event()

    def slow() -> None:
        loading.set()
        done.wait(30)

    models.scorer = Once(slow)  # type: ignore[assignment]
    other = threading.Thread(target=models.scorer)
    other.start()
    assert loading.wait(5)
    try:
        with ThreadPoolExecutor(1) as threads:
            assert threads.submit(models.embedder).result(timeout=25).dimensions == 384
    finally:
        done.set()
        other.join()

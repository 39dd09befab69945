"""Writing beside embedding: changes are committed in order by a thread of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from queue import Queue
from threading import Thread
from typing import Protocol

from kb.protocols import Vectors
from kb.store.store import Change

PUBLISH_AFTER = 10_000
"""New embeddings after which a generation is published although more are to come."""


class Target(Protocol):
    """What is written to: a Store, or one that is being built."""

    def commit(self, change: Change, fingerprints: Mapping[str, str]) -> object: ...

    def known_vectors(self, keys: Sequence[bytes]) -> dict[bytes, Vectors]: ...

    def publish(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Commit:
    """A change, the fingerprints of what made it, how many of its embeddings are new, and what to do once it is in."""

    change: Change
    fingerprints: Mapping[str, str]
    new_embeddings: int = 0
    done: Callable[[], None] = field(default=lambda: None)


class Committer:
    """Commits what it is given; one change may wait while another is written."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._waiting: Queue[Commit | None] = Queue(maxsize=1)
        self._in_flight: dict[bytes, Vectors] = {}
        self._error: BaseException | None = None
        self._unpublished = 0
        self._thread = Thread(target=self._run, name="citewell-commit", daemon=True)
        self._thread.start()

    def put(self, commit: Commit) -> None:
        """Hands over a change; raises what an earlier one failed with."""
        self._raise()
        self._in_flight.update(commit.change.vectors)
        self._waiting.put(commit)

    def vectors(self, keys: list[bytes]) -> dict[bytes, Vectors]:
        """The embeddings known by now, by key: those in the base, and those on their way there."""
        on_their_way = {key: vector for key in keys if (vector := self._in_flight.get(key)) is not None}
        return {**self._target.known_vectors(keys), **on_their_way}

    def close(self) -> None:
        """Waits until all is written; raises what failed."""
        self._waiting.put(None)
        self._thread.join()
        self._raise()

    def _raise(self) -> None:
        if self._error:
            raise self._error

    def _run(self) -> None:
        while (commit := self._waiting.get()) is not None:
            if self._error is None:
                try:
                    self._write(commit)
                except BaseException as error:  # noqa: BLE001 - it rises in whoever hands over the next
                    self._error = error

    def _write(self, commit: Commit) -> None:
        self._target.commit(commit.change, commit.fingerprints)
        for key in commit.change.vectors:
            self._in_flight.pop(key, None)
        commit.done()
        self._unpublished += commit.new_embeddings
        if self._unpublished >= PUBLISH_AFTER:
            self._target.publish()
            self._unpublished = 0

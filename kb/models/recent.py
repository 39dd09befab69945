"""The vectors of the last queries: an answer asks for that of its question in several places."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from kb.protocols import Vectors

KEPT = 16
"""Queries; each is a vector and some words."""


class RecentQueries:
    """Embeds by `start`, which begins on a query and returns what waits for it. Safe to share between threads."""

    def __init__(self, start: Callable[[str], Callable[[], Vectors]]) -> None:
        self._start = start
        self._known: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = Lock()

    def start(self, query: str) -> Callable[[], Vectors]:
        """What waits, once, for the vector of `query`, shape (1, dimensions), which is not to be changed."""
        with self._lock:
            known = self._known.get(query)
            if known is not None:
                self._known.move_to_end(query)
        return (lambda: known) if known is not None else self._keeping(query, self._start(query))

    def _keeping(self, query: str, wait: Callable[[], Vectors]) -> Callable[[], Vectors]:
        def waited() -> Vectors:
            vectors = wait()
            vectors.flags.writeable = False
            with self._lock:
                self._known[query] = vectors
                while len(self._known) > KEPT:
                    self._known.popitem(last=False)
            return vectors

        return waited

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
        self._known: OrderedDict[str, Callable[[], Vectors]] = OrderedDict()
        self._lock = Lock()

    def start(self, query: str) -> Callable[[], Vectors]:
        """What waits for the vector of `query`, shape (1, dimensions), which is not to be changed."""
        with self._lock:
            known = self._known.get(query) or _once(self._start(query))
            self._known[query] = known
            self._known.move_to_end(query)
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        return known


def _once(wait: Callable[[], Vectors]) -> Callable[[], Vectors]:
    """`wait` for several threads, which waits once."""
    lock = Lock()
    found: list[Vectors] = []

    def waited() -> Vectors:
        with lock:
            if not found:
                vectors = wait()
                vectors.flags.writeable = False
                found.append(vectors)
        return found[0]

    return waited

"""Search among kept passages: what an unlimited search would give, less what a filter does not keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from kb.protocols import Vectors
from kb.store.kept import Kept
from kb.store.lexical_searcher import Among, LexicalSearcher
from kb.store.snapshot import Snapshot
from kb.store.vectors import cosines
from kb.types import Hit

DEPTH_MAX = 2_000
"""The vector index gives so many in less time than comparing the vectors of a large filter takes, one by one."""
LOOKS = 8
"""Looking up a number in the lexical index takes as long as going past so many passages of an answer."""

Candidates = Callable[[int], tuple[Mapping[int, float], float | None]]
"""Given how many to look for: scores by number, and what is the highest that others may have; None without others."""
Scored = list[tuple[int, float]]


def nearest(kept: Kept, snapshot: Snapshot, vector: Vectors, k: int, candidates: Candidates) -> list[Hit]:
    """The k kept passages of highest cosine; `candidates` are embeddings of all passages.

    The vectors of few are compared one by one. Of many, enough stand among the first candidates, unless the question
    is about what the filter leaves out.
    """

    def look(limit: int) -> tuple[Mapping[int, float], float | None]:
        near, others = candidates(limit)
        return {name: near[embedding] for name, embedding in kept.with_embeddings(snapshot, near)}, others

    found = None if kept.is_few else _widened(look, k, first=kept.depth(k), most=DEPTH_MAX)
    if found is None:
        found = _compared(kept, snapshot, vector, k)
    if found is None:
        found = _widened(look, k, first=kept.depth(k))
    return _hits(snapshot, found or [])


def matching(kept: Kept, snapshot: Snapshot, lexical: LexicalSearcher, query: str, k: int) -> list[Hit]:
    """The k kept passages of highest BM25, whose statistics are those of all passages."""

    def look(limit: int, among: Among | None = None) -> tuple[Mapping[int, float], float | None]:
        numbers, scores = lexical.matching(query, limit, among)
        # Of a document that is kept, the index may hold passages that are no longer visible.
        is_kept = kept.among(snapshot, numbers)
        found = dict(zip(numbers[is_kept].tolist(), scores[is_kept].tolist(), strict=True))
        return found, float(scores[-1]) if len(scores) >= limit else None

    among = kept.looked_up(snapshot)
    found = _widened(look, k, first=kept.depth(k), most=LOOKS * len(among.numbers))
    if found is None:
        found = _widened(lambda limit: look(limit, among), k, first=8 * k)
    return _hits(snapshot, found or [])


def _compared(kept: Kept, snapshot: Snapshot, vector: Vectors, k: int) -> Scored | None:
    """All kept passages compared with `vector`; None where their vectors are too many for that."""
    vectors = kept.vectors(snapshot)
    if vectors is None:
        return None
    passages = kept.listed(snapshot)
    scores = cosines(vectors, vector)[passages.places]
    least = np.partition(scores, -k)[-k] if k < len(scores) else -np.inf
    rows = np.flatnonzero(scores >= least)
    return _best(dict(zip(passages.numbers[rows].tolist(), scores[rows].tolist(), strict=True)), k)


def _widened(look: Candidates, k: int, *, first: int, most: float = np.inf) -> Scored | None:
    """The best k of what looking further and further finds; None where they do not stand among `most`."""
    limit = first
    while limit <= most:
        scores, others = look(limit)
        best = _best(scores, k)
        if others is None or (len(best) == k and best[-1][1] > others):
            return best
        limit *= 4
    return None


def _best(scores: Mapping[int, float], k: int) -> Scored:
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:k]


def _hits(snapshot: Snapshot, found: Scored) -> list[Hit]:
    chunks = snapshot.chunks_by_number([name for name, _ in found])
    return [Hit(chunks[name], score) for name, score in found]

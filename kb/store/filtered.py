"""Search among kept passages: what an unlimited search would give, less what a filter does not keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from kb.protocols import Vectors
from kb.store.kept import Kept
from kb.store.lexical import LexicalSearcher
from kb.store.snapshot import Snapshot
from kb.types import Hit

_DEPTH_MAX = 2_000
"""The vector index gives so many in less time than comparing the vectors of a large filter takes, one by one."""
_LOOKS = 4
"""Looking a passage up in the lexical index takes as long as going past so many of an answer's."""

Candidates = Callable[[int], tuple[Mapping[int, float], float | None]]
"""Given how many to look for: scores by number, and what is the highest that others may have; None without others."""
Scored = list[tuple[int, float]]


def nearest(kept: Kept, snapshot: Snapshot, vector: Vectors, k: int, candidates: Candidates) -> list[Hit]:
    """The k kept passages of highest cosine; `candidates` are embeddings of all passages.

    The vectors of few are compared one by one. Of many, enough stand among the first candidates, unless the question
    is about what the filter leaves out.
    """

    def look(limit: int) -> tuple[Mapping[int, float], float | None]:
        cosines, others = candidates(limit)
        return {name: cosines[embedding] for name, embedding in kept.with_embeddings(snapshot, cosines)}, others

    found = None if kept.is_few else _widened(look, k, first=kept.depth(k), most=_DEPTH_MAX)
    if found is None:
        found = _compared(kept, snapshot, vector, k)
    if found is None:
        found = _widened(look, k, first=kept.depth(k))
    return _hits(snapshot, found or [])


def matching(kept: Kept, snapshot: Snapshot, lexical: LexicalSearcher, query: str, k: int) -> list[Hit]:
    """The k kept passages of highest BM25, whose statistics are those of all passages."""

    def look(limit: int) -> tuple[Mapping[int, float], float | None]:
        scores, others = _first_scores(lexical.matching(query, limit), limit)
        names = kept.among(snapshot, list(scores))
        return {name: score for name, score in scores.items() if name in names}, others

    def look_up(limit: int) -> tuple[Mapping[int, float], float | None]:
        numbers = kept.listed(snapshot).numbers.tolist()
        return _first_scores(lexical.matching(query, limit, among=numbers), limit)

    depth = kept.depth(k)
    if not kept.is_few:
        found = _widened(look, k, first=depth)
    else:
        found = _widened(look, k, first=depth, most=min(depth, _LOOKS * kept.passages))
        found = _widened(look_up, k, first=2 * k) if found is None else found
    return _hits(snapshot, found or [])


def _first_scores(found: Scored, limit: int) -> tuple[dict[int, float], float | None]:
    """Scores by number, and what others may have. An index may hold a passage twice after an interruption."""
    scores: dict[int, float] = {}
    for name, score in found:
        scores.setdefault(name, score)
    return scores, found[-1][1] if len(found) >= limit else None


def _compared(kept: Kept, snapshot: Snapshot, vector: Vectors, k: int) -> Scored | None:
    """All kept passages compared with `vector`; None where their vectors are too many for that."""
    vectors = kept.vectors(snapshot)
    if vectors is None:
        return None
    passages = kept.listed(snapshot)
    cosines = (vectors @ vector)[passages.places]
    least = np.partition(cosines, -k)[-k] if k < len(cosines) else -np.inf
    rows = np.flatnonzero(cosines >= least)
    return _best(dict(zip(passages.numbers[rows].tolist(), cosines[rows].tolist(), strict=True)), k)


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

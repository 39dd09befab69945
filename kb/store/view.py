"""A view: one consistent state of a base in every search mode, whatever is written meanwhile.

The manifest's snapshot decides what is visible. The lexical index loses what a commit removes after that commit, never
before: a searcher that was there while the snapshot was current (`is_current`) has all that the snapshot shows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np

from kb.protocols import Vectors
from kb.store import filtered
from kb.store.kept import Kept
from kb.store.lexical_searcher import LexicalSearcher
from kb.store.manifest import Manifest
from kb.store.records import number
from kb.store.snapshot import Snapshot
from kb.store.vectors import VectorGeneration, cosines
from kb.types import Chunk, Hit

_SAMPLED = 500


class RecentVectors:
    """The embeddings above the current generation's watermark, kept in memory from one view to the next."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._generation = ""
        self._numbers: list[int] = []
        self._vectors: Vectors = np.empty((0, 0), np.float32)

    def at(self, snapshot: Snapshot) -> tuple[list[int], Vectors]:
        """Their numbers and vectors; some may have been removed since they were read."""
        current = snapshot.generation()
        name, watermark = (current.name, current.watermark) if current else ("", 0)
        with self._lock:
            if name != self._generation:
                self._generation, self._numbers = name, []
            last = self._numbers[-1] if self._numbers else watermark
            numbers, vectors = snapshot.embeddings(above=last)
            if numbers:
                self._vectors = np.concatenate([self._vectors, vectors]) if self._numbers else vectors
                self._numbers = self._numbers + numbers
            return self._numbers, self._vectors[: len(self._numbers)]


class SampledVectors:
    """Some embeddings of a base, kept in memory for as long as it stays as it is."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._epoch = -1
        self._vectors: Vectors = np.empty((0, 0), np.float32)

    def at(self, snapshot: Snapshot) -> Vectors:
        with self._lock:
            if snapshot.epoch != self._epoch:
                self._vectors, self._epoch = snapshot.sampled_vectors(_SAMPLED), snapshot.epoch
            return self._vectors


@dataclass(frozen=True, slots=True)
class View:
    """One state of a base: a VectorSearch, a TextSearch, a PassageLookup and PassageVectors.

    `lexical` is its TermStatistics. `kept` are the passages that a filter keeps, where there is one: others are not
    found, in whatever way.
    """

    manifest: Manifest
    snapshot: Snapshot
    lexical: LexicalSearcher
    generation: VectorGeneration | None
    recent: RecentVectors
    sampled: SampledVectors
    kept: Kept | None = None

    def nearest(self, vector: Vectors, k: int) -> list[Hit]:
        """The generation's candidates and an exact scan of what is newer, less what is gone."""
        if self.kept and k > 0:
            return filtered.nearest(self.kept, self.snapshot, vector, k, lambda limit: self._near(vector, limit))
        return _widening(lambda limit: self._nearest(vector, limit), k)

    def matching(self, query: str, k: int) -> list[Hit]:
        if self.kept and k > 0:
            return filtered.matching(self.kept, self.snapshot, self.lexical, query, k)
        return _widening(lambda limit: self._matching(query, limit), k)

    def holding(self, text: str, k: int) -> list[Chunk]:
        """Passages, out of at most k, that have all words of `text`; those in which they weigh most come first."""
        numbers = list(dict.fromkeys(self.lexical.holding(text, k)))
        found = self.snapshot.chunks_by_number(numbers)
        return self._kept_of([found[name] for name in numbers if name in found])

    def vectors(self, passages: Sequence[Chunk]) -> Vectors:
        numbers = [number(passage.id) for passage in passages]
        known = self.snapshot.vectors_by_number(numbers)
        return np.stack([known[name] for name in numbers]) if numbers else np.empty((0, 0), np.float32)

    def sample(self) -> Vectors:
        return self.sampled.at(self.snapshot)

    def passages(self, ids: Sequence[str]) -> dict[str, Chunk]:
        found = self.snapshot.chunks_by_number([number(name) for name in ids])
        return {chunk.id: chunk for chunk in self._kept_of(list(found.values()))}

    def document_passages(self, source: str) -> tuple[str, list[Chunk]]:
        text, chunks = self.snapshot.text_and_chunks(source)
        return text, self._kept_of(chunks)

    def _kept_of(self, chunks: list[Chunk]) -> list[Chunk]:
        if not self.kept or not chunks:
            return chunks
        is_kept = self.kept.among(self.snapshot, np.array([number(chunk.id) for chunk in chunks], np.int64))
        return [chunk for chunk, kept in zip(chunks, is_kept, strict=True) if kept]

    def is_current(self) -> bool:
        """False once the base has changed since this view was opened."""
        return self.manifest.epoch() == self.snapshot.epoch

    def _nearest(self, vector: Vectors, limit: int) -> tuple[list[Hit], float | None]:
        near, others = self._near(vector, limit)
        chunks = self.snapshot.chunks_by_embedding(list(near))
        hits = [Hit(chunk, near[name]) for name, found in chunks.items() for chunk in found]
        return hits, others

    def _near(self, vector: Vectors, limit: int) -> tuple[dict[int, float], float | None]:
        """The `limit` nearest embeddings of the generation's visible ones, and as many of those above it, with cosines.

        Some of those above it may be gone. With them, what is the highest cosine that others may have; None where there
        are no others.
        """
        numbers, vectors = self.recent.at(self.snapshot)
        newer, last = _first(numbers, vectors, vector, limit)
        candidates, highest = self.generation.nearest(vector, limit) if self.generation else ([], None)
        older, last_older = _first(*self.snapshot.vectors_of(candidates), vector, limit)
        return newer | older, max((value for value in (last, last_older, highest) if value is not None), default=None)

    def _matching(self, query: str, limit: int) -> tuple[list[Hit], float | None]:
        numbers, scores = self.lexical.matching(query, limit)
        chunks = self.snapshot.chunks_by_number(numbers.tolist())
        best: dict[int, float] = {}
        for name, score in zip(numbers.tolist(), scores.tolist(), strict=True):
            best.setdefault(name, score)
        others = float(scores[-1]) if len(scores) >= limit else None
        return [Hit(chunks[name], score) for name, score in best.items() if name in chunks], others


def _first(
    numbers: Sequence[int], vectors: Vectors, vector: Vectors, limit: int
) -> tuple[dict[int, float], float | None]:
    """The `limit` of highest cosine, with it; and the highest that others may have, None where there are no others."""
    if not numbers:
        return {}, None
    scores = cosines(vectors, vector)
    rows = np.argsort(-scores, kind="stable")[:limit]
    last = float(scores[rows[-1]]) if len(rows) >= limit else None
    return {numbers[row]: float(scores[row]) for row in rows}, last


def _widening(search: Callable[[int], tuple[list[Hit], float | None]], k: int) -> list[Hit]:
    """The best k visible hits: asks an index for more until no others can be better, or it has no more.

    `search` gives hits, and what is the highest score that others may have; None where there are no others.
    """
    limit = k
    while limit > 0:
        hits, others = search(limit)
        best = sorted(hits, key=lambda hit: (-hit.score, hit.chunk.id))[:k]
        if others is None or (len(best) == k and best[-1].score >= others):
            return best
        limit *= 4
    return []

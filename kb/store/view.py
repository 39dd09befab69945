"""A view: one consistent state of a base in every search mode, whatever is written meanwhile.

The manifest's snapshot decides what is visible. The lexical index may be newer than the snapshot, so whoever searches
asks `is_current` afterwards and searches again in a new view when the base has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np

from kb.protocols import Vectors
from kb.store.lexical import LexicalSearcher
from kb.store.manifest import Manifest
from kb.store.records import number
from kb.store.snapshot import Snapshot
from kb.store.vectors import VectorGeneration
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
    """One state of a base: VectorSearch, PassageVectors, TextSearch, PassageLookup; `lexical` is its TermStatistics."""

    manifest: Manifest
    snapshot: Snapshot
    lexical: LexicalSearcher
    generation: VectorGeneration | None
    recent: RecentVectors
    sampled: SampledVectors

    def nearest(self, vector: Vectors, k: int) -> list[Hit]:
        """The generation's candidates and an exact scan of what is newer, less what is gone."""
        return _widening(lambda limit: self._nearest(vector, limit), k)

    def matching(self, query: str, k: int) -> list[Hit]:
        return _widening(lambda limit: self._matching(query, limit), k)

    def vectors(self, passages: Sequence[Chunk]) -> Vectors:
        numbers = [number(passage.id) for passage in passages]
        known = self.snapshot.vectors_by_number(numbers)
        return np.stack([known[name] for name in numbers]) if numbers else np.empty((0, 0), np.float32)

    def sample(self) -> Vectors:
        return self.sampled.at(self.snapshot)

    def passages(self, ids: Sequence[str]) -> dict[str, Chunk]:
        return {chunk.id: chunk for chunk in self.snapshot.chunks_by_number([number(name) for name in ids]).values()}

    def document_passages(self, source: str) -> tuple[str, list[Chunk]]:
        return self.snapshot.text_and_chunks(source)

    def is_current(self) -> bool:
        """False once the base has changed since this view was opened."""
        return self.manifest.epoch() == self.snapshot.epoch

    def _nearest(self, vector: Vectors, limit: int) -> tuple[list[Hit], bool]:
        numbers, vectors = self.recent.at(self.snapshot)
        cosines = vectors @ vector if numbers else np.empty(0, np.float32)
        newest = np.argsort(-cosines, kind="stable")[:limit]
        scored = {numbers[index]: float(cosines[index]) for index in newest}
        older = self.generation.nearest(vector, limit) if self.generation else []
        scored.update((name, cosine) for name, cosine in older)
        chunks = self.snapshot.chunks_by_embedding(list(scored))
        hits = [Hit(chunk, scored[name]) for name, found in chunks.items() for chunk in found]
        return hits, len(older) < limit and len(newest) < limit

    def _matching(self, query: str, limit: int) -> tuple[list[Hit], bool]:
        found = self.lexical.matching(query, limit)
        chunks = self.snapshot.chunks_by_number([name for name, _ in found])
        best: dict[int, float] = {}
        for name, score in found:
            best.setdefault(name, score)
        return [Hit(chunks[name], score) for name, score in best.items() if name in chunks], len(found) < limit


def _widening(search: Callable[[int], tuple[list[Hit], bool]], k: int) -> list[Hit]:
    """The best k visible hits: asks an index for more until enough of what it gives is visible, or it has no more."""
    limit = k = max(k, 0)
    while True:
        hits, exhausted = search(limit)
        if len(hits) >= k or exhausted:
            return sorted(hits, key=lambda hit: (-hit.score, hit.chunk.id))[:k]
        limit *= 4

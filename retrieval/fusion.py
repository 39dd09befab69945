"""Fusion: one ranking from several, by their scores (convex combination) or by their ranks (RRF)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from kb.protocols import Retriever
from kb.types import Chunk, Hit

RRF_CONSTANT = 60


@dataclass(frozen=True, slots=True)
class ConvexFusion:
    """Weighted sum of each retriever's scores after min-max normalisation per query (Bruch, Gai and Ingber, 2023).

    Each retriever is asked for `depth` hits. A passage that one of them did not return counts there as its last hit.
    """

    retrievers: Sequence[Retriever]
    weights: Sequence[float]
    depth: int = 100

    def retrieve(self, query: str, k: int) -> list[Hit]:
        lists = [retriever.retrieve(query, max(k, self.depth)) for retriever in self.retrievers]
        return _ranked([_weighted(_min_max(hits), weight) for hits, weight in zip(lists, self.weights, strict=True)], k)


@dataclass(frozen=True, slots=True)
class RankFusion:
    """Reciprocal rank fusion, sum of 1 / (60 + rank) (Cormack, Clarke and Buettcher, 2009)."""

    retrievers: Sequence[Retriever]
    depth: int = 100

    def retrieve(self, query: str, k: int) -> list[Hit]:
        lists = [retriever.retrieve(query, max(k, self.depth)) for retriever in self.retrievers]
        return _ranked(
            [[Hit(hit.chunk, 1 / (RRF_CONSTANT + rank)) for rank, hit in enumerate(hits, start=1)] for hits in lists], k
        )


def _min_max(hits: Sequence[Hit]) -> list[Hit]:
    if not hits:
        return []
    lowest, highest = min(hit.score for hit in hits), max(hit.score for hit in hits)
    span = highest - lowest
    return [Hit(hit.chunk, (hit.score - lowest) / span if span else 1.0) for hit in hits]


def _weighted(hits: Sequence[Hit], weight: float) -> list[Hit]:
    return [Hit(hit.chunk, hit.score * weight) for hit in hits]


def _ranked(lists: Sequence[Sequence[Hit]], k: int) -> list[Hit]:
    scores: defaultdict[str, float] = defaultdict(float)
    chunks: dict[str, Chunk] = {}
    for hits in lists:
        for hit in hits:
            scores[hit.chunk.id] += hit.score
            chunks[hit.chunk.id] = hit.chunk
    best = sorted(scores, key=lambda name: (-scores[name], name))
    return [Hit(chunks[name], scores[name]) for name in best[:k]]

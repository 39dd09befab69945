"""Fusion: one ranking from several, by their scores (convex combination) or by their ranks (RRF)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kb.protocols import Retriever
from kb.types import Chunk, Hit

RRF_CONSTANT = 60


@dataclass(frozen=True, slots=True)
class Part:
    """A retriever in a convex combination, and the share it has.

    Scores that span less than `least_span` are not stretched to the whole range: an embedder that hardly tells
    passages apart, in a language it was not made for, say, must not outvote words that do.
    """

    retriever: Retriever
    weight: float
    least_span: float = 0.0


@dataclass(frozen=True, slots=True)
class ConvexFusion:
    """Weighted sum of scores after min-max normalisation per query (Bruch, Gai and Ingber, 2023).

    Normalisation is over each part's first `depth` hits; what a part does not return there counts as its last one.
    Asked for more than that, the order of the first ones stays the same.
    """

    parts: Sequence[Part]
    depth: int = 100

    def retrieve(self, query: str, k: int) -> list[Hit]:
        chunks: dict[str, Chunk] = {}
        scores: defaultdict[str, float] = defaultdict(float)
        beyond: defaultdict[str, float] = defaultdict(float)
        for part in self.parts:
            hits = part.retriever.retrieve(query, max(k, self.depth))
            for hit, value in zip(hits, _normalised(hits, self.depth, part.least_span), strict=True):
                chunks[hit.chunk.id] = hit.chunk
                scores[hit.chunk.id] += part.weight * max(value, 0.0)
                beyond[hit.chunk.id] += part.weight * min(value, 0.0)
        return _ranked((Hit(chunk, scores[name] or beyond[name]) for name, chunk in chunks.items()), k)


@dataclass(frozen=True, slots=True)
class RankFusion:
    """Reciprocal rank fusion, sum of 1 / (60 + rank) (Cormack, Clarke and Buettcher, 2009)."""

    retrievers: Sequence[Retriever]
    depth: int = 100

    def retrieve(self, query: str, k: int) -> list[Hit]:
        return fused_ranks([(1.0, part.retrieve(query, max(k, self.depth))) for part in self.retrievers], k)


def fused_ranks(rankings: Iterable[tuple[float, Sequence[Hit]]], k: int) -> list[Hit]:
    """The k best by reciprocal rank fusion of rankings, each with its weight."""
    chunks: dict[str, Chunk] = {}
    scores: defaultdict[str, float] = defaultdict(float)
    for weight, hits in rankings:
        for rank, hit in enumerate(hits, start=1):
            chunks[hit.chunk.id] = hit.chunk
            scores[hit.chunk.id] += weight / (RRF_CONSTANT + rank)
    return _ranked((Hit(chunk, scores[name]) for name, chunk in chunks.items()), k)


def _normalised(hits: Sequence[Hit], depth: int, least_span: float) -> list[float]:
    """1 for the first hit's score, 0 for the `depth`-th's, below 0 for what comes after it."""
    if not hits:
        return []
    highest, lowest = hits[0].score, hits[:depth][-1].score
    span = max(highest - lowest, least_span)
    return [(hit.score - lowest) / span if span else 1.0 for hit in hits]


def _ranked(hits: Iterable[Hit], k: int) -> list[Hit]:
    return sorted(hits, key=lambda hit: (-hit.score, hit.chunk.id))[:k]

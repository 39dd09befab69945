"""Diversity: passages that say what the ones before them do not come first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kb.protocols import PassageVectors, Retriever
from kb.types import Hit


@dataclass(frozen=True, slots=True)
class DiverseRetriever:
    """Maximal marginal relevance (Carbonell and Goldstein, 1998) over the first `depth` hits of a retriever.

    Taken next, and scored so, is the passage of the highest weight x relevance - (1 - weight) x likeness. Relevance is
    its score brought to 1 for the first hit and 0 for the `depth`-th, likeness its highest cosine to a passage already
    taken, 0 where that is negative: so scores never rise from one hit to the next. Hits beyond `depth` keep their
    order below all others, scored weight x relevance - 1. The first ones do not depend on how many are asked for.
    """

    retriever: Retriever
    passages: PassageVectors
    weight: float = 0.7
    depth: int = 50

    def retrieve(self, query: str, k: int) -> list[Hit]:
        if k < 1:
            return []
        found = self.retriever.retrieve(query, max(k, self.depth))
        relevance = self.weight * _relevance(found, self.depth)
        pool = sorted(zip(found[: self.depth], relevance, strict=False), key=lambda one: one[0].chunk.id)
        taken = self._taken([hit for hit, _ in pool], np.array([value for _, value in pool]), k)
        beyond = zip(found[self.depth : k], relevance[self.depth :], strict=False)
        return [*taken, *(Hit(hit.chunk, float(value) - 1.0) for hit, value in beyond)]

    def _taken(self, pool: Sequence[Hit], relevance: NDArray[np.float64], k: int) -> list[Hit]:
        """The first k of `pool`, which is ordered by id, so that the first of equals is that of the lowest id."""
        vectors = self.passages.vectors([hit.chunk for hit in pool])
        likeness, left = np.zeros(len(pool)), np.ones(len(pool), bool)
        taken: list[Hit] = []
        while len(taken) < min(k, len(pool)):
            values = np.where(left, relevance - (1.0 - self.weight) * likeness, -np.inf)
            best = int(np.argmax(values))
            taken.append(Hit(pool[best].chunk, float(values[best])))
            left[best] = False
            likeness = np.maximum(likeness, np.minimum(vectors @ vectors[best], 1.0))
        return taken


def _relevance(hits: Sequence[Hit], depth: int) -> NDArray[np.float64]:
    """1 for the first hit's score, 0 for the `depth`-th's, below 0 for what comes after it."""
    if not hits:
        return np.empty(0)
    scores = np.array([hit.score for hit in hits])
    first, last = scores[0], scores[:depth][-1]
    return (
        (scores - last) / (first - last) if first > last else np.where(np.arange(len(hits)) < depth, 1.0, scores - last)
    )

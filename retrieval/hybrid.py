"""Hybrid search: by meaning and by words at once, each weighed by how sure of itself it is about the question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

import numpy as np
from numpy.typing import NDArray

from kb.protocols import PassageVectors, Retriever, Vectors
from kb.types import Chunk, Hit
from retrieval.dense import SharedQueries
from retrieval.naming import named

MEANING = 0.1
"""What one standard deviation of cosine counts against a passage whose words fit best: for all-MiniLM-L6-v2 this makes
it the cosine itself. With 0.08 or 0.12 no collection gains or loses more than .007 in its main metric."""
UNFOUND = 0.75
"""Words' score of a passage that search by words did not find, as a share of the last one that it found. With its true
score instead, which takes 14 ms to look up among 100,000, nothing changes by more than .002."""
LEAST_TRUST = 0.01
"""So much meaning always counts: it orders what words do not tell apart, and overrules nothing."""
_FEEDBACK_PASSAGES = 3
_STANDING_OUT = 10
"""The rank that the best passage by words is compared with; with the twentieth nothing changes by more than .006."""
_AGREEMENT = 2.0
"""Standard deviations at which what words find first is borne out in full: English collections lie above that on
average, Chinese, which the packaged embedder does not speak, at 1."""
_UNREADABLE = 0.5
"""Share of unknown tokens from which on a question is none to the embedder: .60 in Chinese for the packaged one."""

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class HybridRetriever:
    """A sum of the scores of search by meaning and by words, of how far a passage's file is named, and of feedback.

    Over the first `depth` passages of both, with scores that do not depend on how many are asked for; `names` is what a
    passage gains whose file is named, `feedback` how far the query moves:

    - Meaning counts by z, a cosine's distance from those of the base's passages at large, in standard deviations: this
      is alike for all embedders. The embedder is trusted less the less the passages that words find first stand out by
      z, and the more tokens of the query it does not know, from half of them on hardly at all (a language that it was
      not made for). A passage that only words found gets its true cosine.
    - Words count by their score against the best one's, and all of them by how far the best one stands out from the
      tenth: long questions, of which every passage has some words, are left to meaning.
    - The query's vector then moves towards the first three passages, and meaning is weighed once more (Rocchio, 1971).

    Bruch, Gai and Ingber (2023) compare such sums with ranks alone. The constants were chosen on five collections; what
    any four of them would have chosen does no better on the fifth, beyond chance.
    """

    dense: Retriever
    lexical: Retriever
    embedder: SharedQueries
    vectors: PassageVectors
    unknown_share: Callable[[str], float]
    depth: int
    names: float
    feedback: float

    def retrieve(self, query: str, k: int) -> list[Hit]:
        if k <= 0:
            return []
        wanted = max(k, self.depth)
        self.embedder.begin(query)
        lexical = self.lexical.retrieve(query, wanted)
        dense = self.dense.retrieve(query, wanted)
        first = self._scored(query, dense[: self.depth], lexical[: self.depth])
        return [*first, *_below(first, dense[self.depth :], lexical[self.depth :])][:k]

    def _scored(self, query: str, dense: Sequence[Hit], lexical: Sequence[Hit]) -> list[Hit]:
        passages = list({hit.chunk.id: hit.chunk for hit in (*lexical, *dense)}.values())
        if not passages:
            return []
        meaning = _Meaning(self.vectors.vectors(passages), self.vectors.sample())
        vector = self.embedder.queries([query])[0]
        deviations = meaning.deviations(vector)
        trust = MEANING * max(LEAST_TRUST, self._readable(query) * _agreement(deviations[: len(lexical)]))
        others = _words(passages, lexical, depth=self.depth)
        others = others + self.names * np.array(named(query, [passage.source for passage in passages]))
        best = np.argsort(-(trust * deviations + others), kind="stable")[:_FEEDBACK_PASSAGES]
        moved = vector + self.feedback * meaning.vectors[best].mean(axis=0)
        scores = trust * meaning.deviations(moved / np.linalg.norm(moved)) + others
        return _ranked(passages, scores)

    def _readable(self, query: str) -> float:
        """How much of the query the embedder can read, 0 to 1."""
        return max(0.0, 1 - self.unknown_share(query) / _UNREADABLE)


@dataclass(frozen=True, slots=True)
class _Meaning:
    """Embeddings of the passages found, and of some of the base's at large."""

    vectors: Vectors
    sample: Vectors

    def deviations(self, vector: Vectors) -> Scores:
        """How far the cosine of each passage lies above the average one, in standard deviations."""
        usual = np.einsum("ij,j->i", self.sample, vector)
        spread = float(usual.std())
        cosines = np.einsum("ij,j->i", self.vectors, vector).astype(np.float64)
        return (cosines - float(usual.mean())) / spread if spread > 0 else np.zeros(len(cosines))


def _agreement(deviations: Scores) -> float:
    """How far meaning bears out what words find first, 0 to 1; 1 where words find nothing.

    `deviations` are those of the passages found by words, best first: a tenth of them, at most ten, are looked at.
    """
    looked_at = deviations[: min(10, -(-len(deviations) // 10))]
    return min(1.0, max(0.0, float(looked_at.mean()) / _AGREEMENT)) if len(looked_at) else 1.0


def _words(passages: Sequence[Chunk], lexical: Sequence[Hit], *, depth: int) -> Scores:
    """Words' score of each passage, 0 to 1: against the best, times how far that stands out from the tenth."""
    if not lexical or lexical[0].score <= 0:
        return np.zeros(len(passages))
    known = {hit.chunk.id: hit.score for hit in lexical}
    unfound = UNFOUND * lexical[-1].score if len(lexical) >= depth else 0.0
    best = lexical[0].score
    tenth = lexical[_STANDING_OUT - 1].score if len(lexical) >= _STANDING_OUT else 0.0
    scores = np.array([known.get(passage.id, unfound) for passage in passages])
    return scores / best * (best - tenth) / best


def _ranked(passages: Sequence[Chunk], scores: Scores) -> list[Hit]:
    hits = [Hit(passage, float(score)) for passage, score in zip(passages, scores, strict=True)]
    return sorted(hits, key=lambda hit: (-hit.score, hit.chunk.id))


def _below(first: Sequence[Hit], dense: Sequence[Hit], lexical: Sequence[Hit]) -> list[Hit]:
    """What the parts found further down, in turns as they ranked it, with scores below all of `first`."""
    seen = {hit.chunk.id for hit in first}
    turns = [hit.chunk for hit in chain.from_iterable(zip_longest(dense, lexical)) if hit]
    rest = list({chunk.id: chunk for chunk in turns if chunk.id not in seen}.values())
    lowest = first[-1].score if first else 0.0
    return [Hit(chunk, lowest - rank) for rank, chunk in enumerate(rest, start=1)]

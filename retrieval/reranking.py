"""Reranking: retrieve many, look closely at few."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kb.protocols import Retriever, Scorer
from kb.text.passages import indexed_text
from kb.text.plurals import counted
from kb.types import Hit

_AT_ONCE = 16
"""Passages between two looks at the clock: enough to keep the cores of a desktop, or a GPU, busy."""
_FIRST = 25
"""So many of those found have a share in `found_weight`: as many as are judged by default."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OutOfTime:
    """Why hits are in the order in which they were found: only `scored` of `passages` were scored in `seconds`."""

    scored: int
    passages: int
    seconds: float

    @property
    def sentence(self) -> str:
        return (
            f"Passages are in the order in which they were found: a reranker judged {self.scored} of "
            f"{counted(self.passages, 'passage')} in {self.seconds:g} s; raise rerank.seconds or lower rerank.depth."
        )


@dataclass(frozen=True, slots=True)
class RerankedRetriever:
    """The first `depth` hits of a retriever in the order of a scorer (Nogueira and Cho, 2019), the others below them.

    Scored is what is embedded too: a passage after its context. Where texts are equal they are scored once, and tie.
    What comes below scores 1, 2, 3 ... less than the last of the first. If more than `seconds` have passed before all
    are scored, the hits stay as they were found, scores included: `on_timeout` and the log say so. A part of the
    passages, 16 of like length, is never interrupted, nor does the loading of a model count.

    `found_weight` is added to what the scorer says in the measure that a passage was found: 1 for the highest score, 0
    for the twenty-fifth (or last) and what comes below that, however many are judged.
    """

    retriever: Retriever
    scorer: Scorer
    depth: int = 25
    seconds: float = 5.0
    found_weight: float = 0.0
    on_timeout: Callable[[OutOfTime], None] = lambda _: None

    def retrieve(self, query: str, k: int) -> list[Hit]:
        if k < 1:
            return []
        hits = self.retriever.retrieve(query, max(k, self.depth))
        first, below = hits[: self.depth], hits[self.depth :]
        texts = [indexed_text(hit.chunk.context, hit.chunk.text) for hit in first]
        scores = self._scores(query, texts)
        if not first or scores is None:
            return hits[:k]
        judged = [
            Hit(hit.chunk, scores[text] + self.found_weight * share)
            for hit, text, share in zip(first, texts, _shares(first), strict=True)
        ]
        judged.sort(key=lambda hit: (-hit.score, hit.chunk.id))
        last = judged[-1].score
        return [*judged, *(Hit(hit.chunk, last - place) for place, hit in enumerate(below, start=1))][:k]

    def _scores(self, query: str, texts: Sequence[str]) -> dict[str, float] | None:
        """The score of each text, or None where time ran out."""
        until = time.monotonic() + self.seconds
        scores: dict[str, float] = {}
        # Of like length together: a batch is as long as its longest. Equal ones are dropped.
        distinct = sorted(dict.fromkeys(texts), key=len, reverse=True)
        for start in range(0, len(distinct), _AT_ONCE):
            if time.monotonic() > until:
                self._say(OutOfTime(start, len(distinct), self.seconds))
                return None
            part = distinct[start : start + _AT_ONCE]
            scores.update(zip(part, self.scorer.scores(query, part), strict=True))
        return scores

    def _say(self, why: OutOfTime) -> None:
        _log.warning(why.sentence)
        self.on_timeout(why)


def _shares(hits: Sequence[Hit]) -> list[float]:
    """Where each score lies between the last of the first (0) and the highest (1); 0 where these are the same."""
    scores = [hit.score for hit in hits]
    highest, lowest = scores[0], scores[:_FIRST][-1]
    return [max(0.0, score - lowest) / (highest - lowest) if highest > lowest else 0.0 for score in scores]

"""Answering in the documents' own words: the sentences that answer are quoted as they stand, or none is."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from generation.answerer import Draft
from generation.confidence import THRESHOLD, Signals, confidence
from generation.evidence import Evidence, evidence
from generation.question import Reading, denies, reading
from generation.quotes import citation, shortened
from kb.protocols import Embedder, TermStatistics
from kb.text.passages import indexed_text
from kb.types import Answer, Citation, Hit, Span

ABSTENTION = "The documents do not say."

# Sentences that are compared by meaning, which costs an embedding each: the best by words. 32 do no better.
_CANDIDATES = 8
# Documents in which one of these is cited; in more of them it would only be counted again.
_COPIES = 3
# A further quote must come this near the first one's score: 1.6 quotes on average, which hold the answer in half of
# the cases where the first does not.
_NEAR = 0.85
# Sentences that share this part of their terms say the same.
_ALIKE = 0.8
# Whatever they are about, as long as no two are about the same.
_UNRELATED = (
    "The bakery on the corner sells fresh bread every morning.",
    "Volcanic eruptions release gases into the upper atmosphere.",
    "The court dismissed the appeal for lack of jurisdiction.",
    "Replace the battery when the indicator light turns red.",
    "The orchestra rehearsed the second movement twice.",
    "Quarterly earnings rose on strong demand for software.",
)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A sentence and what of it would be quoted: `span`, which is also what `similarity` judges."""

    evidence: Evidence
    span: Span
    similarity: float

    @property
    def score(self) -> float:
        return self.evidence.score + self.similarity

    @property
    def quote(self) -> str:
        return self.evidence.chunk.text[self.span.start : self.span.end]


class ExtractiveAnswerer:
    """Quotes at most `quotes` sentences, or abstains when its confidence stays below `threshold`. Deterministic."""

    def __init__(
        self, embedder: Embedder, statistics: TermStatistics, *, quotes: int = 3, threshold: float = THRESHOLD
    ) -> None:
        self._embedder = embedder
        self._statistics = statistics
        self._quotes = quotes
        self._threshold = threshold

    @property
    def name(self) -> str:
        return "extractive"

    def answer(self, question: str, hits: Sequence[Hit]) -> Answer:
        return self.draft(question, hits).answer()

    def draft(self, question: str, hits: Sequence[Hit]) -> Draft:
        return Draft(self._write(question, tuple(hits)))

    def _write(self, text: str, hits: tuple[Hit, ...]) -> Generator[str, None, Answer]:
        candidates = self._candidates(text, reading(text, self._statistics), hits)
        belief = confidence(_signals(candidates)) if candidates else 0.0
        if not candidates or belief < self._threshold:
            yield ABSTENTION
            return Answer(text, ABSTENTION, abstained=True, hits=hits, generator=self.name, confidence=belief)
        pieces: list[str] = []
        citations: list[Citation] = []
        for group in _chosen(candidates, self._quotes):
            cited = [
                citation(number, one.evidence.chunk, one.span) for number, one in enumerate(group, len(citations) + 1)
            ]
            pieces.append(("\n\n" if pieces else "") + _sentence(cited))
            citations += cited
            yield pieces[-1]
        return Answer(
            text,
            "".join(pieces),
            abstained=False,
            citations=tuple(citations),
            hits=hits,
            generator=self.name,
            confidence=belief,
        )

    def _candidates(self, text: str, asking: Reading, hits: Sequence[Hit]) -> list[_Candidate]:
        """The best sentences by words, ordered by words and meaning together."""
        found = _distinct(evidence(asking, hits))
        if not found:
            return []
        spans = [
            shortened(one.chunk.text, one.span, one.question.weights, language=one.chunk.language) for one in found
        ]
        quotes = [one.chunk.text[span.start : span.end] for one, span in zip(found, spans, strict=True)]
        asked = self._embedder.queries([text])[0]
        said = self._embedder.passages(
            [indexed_text(one.chunk.context, quote) for one, quote in zip(found, quotes, strict=True)]
        )
        floor = _unrelated(self._embedder)  # type: ignore[arg-type]  # mypy: a protocol is not known to be hashable
        similarities = (said @ asked - floor) / (1.0 - floor)
        candidates = [
            _Candidate(one, span, float(value)) for one, span, value in zip(found, spans, similarities, strict=True)
        ]
        return sorted(candidates, key=lambda candidate: -candidate.score)


def _distinct(found: Sequence[Evidence]) -> list[Evidence]:
    """The best sentences of different wording, each with its copies in further documents: they crowd out nothing."""
    documents: dict[str, list[str]] = {}
    kept = []
    for one in found:
        wording = " ".join(one.chunk.text[one.span.start : one.span.end].split())
        if wording not in documents and len(documents) == _CANDIDATES:
            continue
        said_in = documents.setdefault(wording, [])
        if len(said_in) < _COPIES and one.chunk.document_id not in said_in:
            said_in.append(one.chunk.document_id)
            kept.append(one)
    return kept


@lru_cache(maxsize=4)
def _unrelated(embedder: Embedder) -> float:
    """The cosine an embedder gives to sentences that have nothing in common: some hardly go below 0.6.

    Kept per embedder, as answerers are made by the question.
    """
    cosines = embedder.queries(_UNRELATED) @ embedder.passages(_UNRELATED).T
    return float(cosines[~np.eye(len(_UNRELATED), dtype=bool)].mean())


def _signals(candidates: Sequence[_Candidate]) -> Signals:
    best = candidates[0]
    return Signals(
        surrounding=best.evidence.surrounding,
        names=best.evidence.names,
        missing=best.evidence.missing,
        similarity=best.similarity,
        highest_similarity=max(candidate.similarity for candidate in candidates),
        denial_unshared=best.evidence.question.denies and not denies(best.quote),
    )


def _chosen(candidates: Sequence[_Candidate], quotes: int) -> list[list[_Candidate]]:
    """What to quote, best first: the sentence, then others in the same words in further documents, to be cited too."""
    groups: list[list[_Candidate]] = []
    for one in candidates:
        if one.score < _NEAR * candidates[0].score:
            break
        alike = next((group for group in groups if _say_the_same(group[0].evidence, one.evidence)), None)
        if alike is None:
            if len(groups) < quotes:
                groups.append([one])
        elif one.evidence.words == alike[0].evidence.words and _document(one) not in map(_document, alike):
            alike.append(one)
    return groups


def _document(candidate: _Candidate) -> str:
    return candidate.evidence.chunk.document_id


def _say_the_same(one: Evidence, other: Evidence) -> bool:
    """Whether nearly all words are shared, and every number: rows of a table differ in little else."""
    shared, different = one.words & other.words, one.words ^ other.words
    if any(word[0].isdigit() for word in different):
        return False
    return len(shared) >= _ALIKE * (len(shared) + len(different))


def _sentence(cited: Sequence[Citation]) -> str:
    return f'"{cited[0].quote}" ' + "".join(f"[{one.marker}]" for one in cited)

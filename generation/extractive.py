"""Answering in the documents' own words: the sentences that answer are quoted as they stand, or none is."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from generation.answerer import Draft
from generation.confidence import THRESHOLD, Signals, confidence
from generation.evidence import Evidence, evidence, without_targets
from generation.question import Reading, denies, reading
from generation.quotes import citation, shortened, with_antecedent
from generation.similarity import NONE_AT_LARGE, similarities_of
from kb.protocols import Embedder, TermStatistics, Vectors
from kb.text.passages import indexed_text
from kb.types import Answer, Citation, Hit, Span

ABSTENTION = "The documents do not say."

# Sentences that are compared by meaning, which costs an embedding each: the best by words. 32 do no better.
_CANDIDATES = 8
# Documents in which one of these is cited; in more of them it would only be counted again.
_COPIES = 3
# A further quote must come this near the first one's score: 2.5 quotes on average, which hold the answer in more than
# half of the cases where the first does not.
_NEAR = 0.65
# Sentences that share this part of their terms say the same.
_ALIKE = 0.8


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A sentence and what of it would be quoted: `span`, which is also what `similarity` and `deviation` judge."""

    evidence: Evidence
    span: Span
    similarity: float
    deviation: float

    @property
    def score(self) -> float:
        return self.evidence.score + self.similarity

    @property
    def quote(self) -> str:
        return self.evidence.chunk.text[self.span.start : self.span.end]


class ExtractiveAnswerer:
    """Quotes at most `quotes` sentences, or abstains when its confidence stays below `threshold`. Deterministic.

    `at_large` are embeddings of some of the base's passages, shape (n, dimensions): what cosines are usual there.
    """

    def __init__(
        self,
        embedder: Embedder,
        statistics: TermStatistics,
        *,
        at_large: Vectors = NONE_AT_LARGE,
        quotes: int = 3,
        threshold: float = THRESHOLD,
    ) -> None:
        self._embedder = embedder
        self._statistics = statistics
        self._at_large = at_large
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
        for group in _told_whole(_chosen(candidates, self._quotes)):
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
        said = [indexed_text(one.context, without_targets(quote)) for one, quote in zip(found, quotes, strict=True)]
        near = similarities_of(text, said, self._embedder, self._at_large)
        candidates = [
            _Candidate(one, span, float(similarity), float(deviation))
            for one, span, similarity, deviation in zip(found, spans, near.similarities, near.deviations, strict=True)
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


def _signals(candidates: Sequence[_Candidate]) -> Signals:
    best = candidates[0]
    return Signals(
        surrounding=best.evidence.surrounding,
        names=best.evidence.names,
        missing=best.evidence.missing,
        similarity=max(candidate.similarity for candidate in candidates),
        deviation=max(candidate.deviation for candidate in candidates),
        lacks_number=best.evidence.lacks_number,
        lacks_kind=not best.evidence.question.gives_kind(best.quote),
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


def _told_whole(groups: Sequence[list[_Candidate]]) -> list[list[_Candidate]]:
    """The same quotes, those that refer to the sentence before together with it; what that makes twice is left out.

    A sentence that is cited in several documents stays as it is: before it they may say different things.
    """
    told: list[list[_Candidate]] = []
    for group in groups:
        if any(_overlap(other, group[0]) for others in told for other in others):
            continue
        first = group[0]
        whole = replace(first, span=with_antecedent(first.evidence.chunk.text, first.evidence.span, first.span))
        is_whole = len(group) == 1 and not any(_overlap(other, whole) for others in told for other in others)
        told.append([whole] if is_whole else group)
    return told


def _overlap(one: _Candidate, other: _Candidate) -> bool:
    if _document(one) != _document(other):
        return False
    offset = one.evidence.chunk.start - other.evidence.chunk.start
    return one.span.start + offset < other.span.end and other.span.start < one.span.end + offset


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

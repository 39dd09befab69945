"""Which sentences of the passages found speak to a question, by the words they share with it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import pairwise

from generation.question import Question, Reading
from generation.titles import headings_of, is_contact, is_statement, places, without_label
from generation.wanted import asks_contact
from kb.text.compounds import spellings
from kb.text.sentences import sentences
from kb.text.terms import terms
from kb.types import Chunk, Context, Hit, Span

# How much a term counts that a sentence does not say itself, but the heading above it or the sentence before it.
_CARRIED = 0.6
_PASSAGE = 0.5  # coverage by the passage as a whole
_PAIRS = 0.4  # pairs of terms that stand side by side in both
_WANTED = 0.25  # a number where one is asked for, a name where who, and so on
_FRAGMENT = -0.3  # no stop, number, cell or bullet: a title, a caption, what leads in to a list, or an entry of sources
_FOOT = -0.6  # where somebody is to be reached, unless that is asked
_STANDING = 0.2  # the passage's own score among those found

_RULE = re.compile(r"[ \t]*\n[ \t]*\|(?:[ \t]*:?-{2,}:?[ \t]*\|)+[ \t]*(?:\n|$)")  # Below a table's names, in Markdown.
_NUMBER = re.compile(r"\d[\d.,]*")
_TARGET = re.compile(
    r"\[#?\d*\]\([^()\s]*\)|(?<=\])\((?:\{%[^%\n]*%\}|[^()\s]|\([^()\s]*\))*+\)|<?\bhttps?://[^\s>)\]]+>?"
)
_LEADS_IN = re.compile(r".*[:：]\W*$", re.DOTALL)
_LISTING = re.compile(
    r"\W*(?:[\d.]*\s*)?(?:sources|references|bibliography|literature|works cited|further reading|see also"
    r"|quellen|literatur(?:verzeichnis)?|références|bibliographie|referencias|bibliografía)\W*",
    re.IGNORECASE,
)
"""Headings of lists of other texts."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence of a passage, seen by its words and the question's in its language.

    `span` is within the passage's text; every share is 0 to 1.
    """

    chunk: Chunk
    span: Span
    question: Question
    words: frozenset[str]
    coverage: float
    """share of the question's weight in the sentence; part of it for terms in the sentence before or the headings"""
    surrounding: float
    """share of the question's weight in the passage and its headings"""
    names: float
    """share of the question's names and numbers in the sentence or its headings; 1 when the question has none"""
    missing: float
    """weight of the heaviest term that neither the sentence nor its headings hold, against the question's heaviest"""
    lacks_number: bool
    """the question holds a number that neither the sentence nor its headings do, nor, of a row, its table"""
    heading: str
    """what the sentence's passage itself says above it as a heading, which its context does not repeat"""
    score: float

    @property
    def place(self) -> tuple[str, int, int]:
        """Document and offsets in it."""
        return self.chunk.document_id, self.chunk.start + self.span.start, self.chunk.start + self.span.end

    @property
    def context(self) -> Context:
        """What the sentence is to be read with."""
        known = self.chunk.context
        return replace(known, headings=(*known.headings, self.heading)) if self.heading else known


def evidence(reading: Reading, hits: Sequence[Hit]) -> list[Evidence]:
    """Every sentence of `hits` that could be an answer, best first, ties by rank and place.

    A question, a heading, the names of the columns of a table in Markdown, and a sentence of which the question already
    says every word answer nothing.
    The weights below were chosen on one half of the articles of SQuAD and of DRCD: around them results are flat.
    """
    standing = _standing([hit.score for hit in hits])
    found: dict[tuple[str, int, int], Evidence] = {}
    for hit, share in zip(hits, standing, strict=True):
        for sentence in _of(reading(hit.chunk.language), hit.chunk, share):
            # Passages may overlap: one place of a document is one sentence, seen from the better passage.
            found.setdefault(sentence.place, sentence)
    return sorted(found.values(), key=lambda sentence: -sentence.score)


def _standing(scores: Sequence[float]) -> list[float]:
    """Scores brought to 0..1 within their list, the only place where they compare."""
    if not scores:
        return []
    low, high = min(scores), max(scores)
    return [(score - low) / (high - low) if high > low else 1.0 for score in scores]


def without_targets(text: str) -> str:
    """`text` without where its links lead, which nobody reads."""
    return _TARGET.sub("", text) if "://" in text or "](" in text else text


def _of(question: Question, chunk: Chunk, standing: float) -> Iterator[Evidence]:
    spans = sentences(chunk.text)
    ordered = [terms(without_targets(chunk.text[span.start : span.end]), chunk.language) for span in spans]
    meant = [question.misspelt(words) for words in ordered]
    above = frozenset(terms(_said(chunk.context), chunk.language))
    everything = above.union(*ordered, *meant)
    surrounding = _share(question, everything)
    last_heading = headings_of(chunk)[-1]
    before = frozenset[str]()
    for place, words, also in zip(places(chunk, spans), ordered, meant, strict=True):
        span, own = place.span, also.union(words)
        title = frozenset[str]().union(*(ordered[number] for number in place.titled))
        context = above | title
        carried, before = context | before, own
        text = chunk.text[span.start : span.end]
        if place.is_silent or own <= question.terms:
            continue
        if text.startswith("|") and _RULE.match(chunk.text, span.end):
            continue
        read = without_label(without_targets(text))
        said = own.union(spellings(read, chunk.language))
        told = said | title if place.answers else said
        coverage = _share(question, told) + _CARRIED * _share(question, carried - told)
        is_listing = _LISTING.fullmatch(place.title or last_heading) is not None
        pairs = len(question.pairs & set(pairwise(words))) / max(1, len(question.pairs))
        yield Evidence(
            chunk=chunk,
            span=span,
            question=question,
            words=own,
            coverage=coverage,
            surrounding=surrounding,
            names=_names(question, said | context),
            missing=_missing(question, said | context),
            # What the columns of a table are called may stand in another row.
            lacks_number=_lacks_number(question, everything if text.startswith("|") else said | context),
            heading=place.title,
            score=coverage
            + _PASSAGE * surrounding
            + _PAIRS * pairs
            + _WANTED * question.gives(read)
            + _FRAGMENT * (is_listing or not is_statement(read) or _LEADS_IN.match(read) is not None)
            + _FOOT * (is_contact(read) and not asks_contact(question.text))
            + _STANDING * standing,
        )


def _said(context: Context) -> str:
    return " ".join((context.title, *context.headings, context.table))


def _share(question: Question, words: AbstractSet[str]) -> float:
    held = sum(weight for term, weight in question.weights.items() if term in words)
    return held / (sum(question.weights.values()) or 1.0)


def _names(question: Question, words: AbstractSet[str]) -> float:
    return len(question.names & words) / len(question.names) if question.names else 1.0


def _lacks_number(question: Question, words: AbstractSet[str]) -> bool:
    return any(_NUMBER.fullmatch(name) for name in question.names - words)


def _missing(question: Question, words: AbstractSet[str]) -> float:
    absent = [weight for term, weight in question.weights.items() if term not in words]
    return max(absent, default=0.0) / (max(question.weights.values(), default=0.0) or 1.0)

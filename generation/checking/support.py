"""Whether the passages that a sentence cites bear it out: what is wrong with it, and where they say it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import exp

import numpy as np

from generation.checking.alignment import Aligned, aligned, item_vectors
from generation.checking.certainty import certainty_findings
from generation.checking.claims import contrary_findings, figure_findings, name_findings
from generation.checking.comparison import Comparison, Values, item_weights
from generation.checking.coverage import share_held, uncovered
from generation.checking.figures import scales
from generation.checking.findings import Finding, problems
from generation.checking.instructions import speaks_of_orders
from generation.checking.order import order_findings
from generation.checking.polarity import bare_reply, denial_findings
from generation.checking.quoted import missing_quotes
from generation.checking.statements import Statement, statement, statements
from generation.quotes import WORDS, shortened
from kb.protocols import Embedder, Scorer, Vectors
from kb.text.words import words
from kb.types import Context, Span

_READ = 6
"""Statements of which the words are compared by meaning, which costs an embedding each: the best by words."""
_KEPT = 512
"""Statements whose vectors are kept, since the sentences of an answer cite the same ones: some 25 MB."""
_BEARS = 0.35  # share of a sentence that a statement holds from which on it is shown as bearing it out


@dataclass(frozen=True, slots=True)
class Source:
    """What a sentence cites, as the model read it.

    `text` are the passage's words, the only ones that are quoted; `context` may bear out names, dates and references.
    """

    text: str
    context: Context
    language: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with a sentence, in short phrases for people: nothing, where the passages bear it out.

    `spans` has for each source the span of its text that bears the sentence out best: whole sentences or a row, of at
    most 60 words; None where nothing does. `support` is 0 to 1: how far words and meaning agree.
    """

    problems: tuple[str, ...]
    spans: tuple[Span | None, ...]
    support: float


class SupportChecker:
    """Weighs what rules on words, figures and their places, and the vectors of words, find against a sentence.

    A `scorer` can only add support: it judges whether a statement says what the sentence says where the words of both
    are too different to tell. It finds no fault, and takes none back that is one of figures, names or denials.
    """

    def __init__(self, embedder: Embedder, *, scorer: Scorer | None = None) -> None:
        self._embedder = embedder
        self._scorer = scorer
        self._known: dict[str, Vectors] = {}

    def check(self, sentence: str, sources: Sequence[Source], *, question: str = "") -> Verdict:  # noqa: ARG002
        """The verdict on a sentence without its citation markers. What the `question` says proves nothing."""
        comparison = self._compared(sentence, sources)
        if not comparison.draft.items:
            return Verdict((), tuple(None for _ in sources), 0.0)
        support = self._support(comparison)
        found = list(_findings(sentence, sources, comparison, support))
        spans = tuple(_span(comparison, number, source) for number, source in enumerate(sources))
        return Verdict(problems(found), spans, support)

    def _compared(self, sentence: str, sources: Sequence[Source]) -> Comparison:
        language = sources[0].language if sources else None
        draft, tells = statement(bare_reply(sentence), language), speaks_of_orders(sentence)
        everything = [
            aligned(draft, other, source=number, index=index, factors=factors, language=language)
            for number, source in enumerate(sources)
            for factors in [scales(f"{_said(source.context)}\n{source.text}")]
            for index, other in enumerate(statements(source.text, source.language))
        ]
        found = [one for one in everything if tells or not one.statement.orders]
        orders = tuple(one for one in everything if one.statement.orders and not tells)
        weights = item_weights(draft, found)
        found = _near(found, _best_by_words(found, weights))
        context = tuple(statement(_said(source.context), source.language) for source in sources)
        read = self._read(draft, found, weights)
        return Comparison(draft, tuple(read), weights, context, language, orders)

    def _read(self, draft: Statement, found: Sequence[Aligned], weights: Values) -> list[Aligned]:
        """`found`, the best by words with the cosines of their words."""
        read = list(found)
        chosen = _best_by_words(found, weights)
        texts = [draft.text, *(found[at].statement.text for at in chosen)]
        tokens = self._tokens(texts)
        own = item_vectors(draft, tokens[0], self._embedder.tokenizer)
        for at, vectors in zip(chosen, tokens[1:], strict=True):
            theirs = item_vectors(found[at].statement, vectors, self._embedder.tokenizer)
            cosines = np.asarray(own @ theirs.T, dtype=np.float64)
            read[at] = replace(found[at], cosines=cosines, cosine=float(_mean(tokens[0]) @ _mean(vectors)))
        return read

    def _tokens(self, texts: Sequence[str]) -> list[Vectors]:
        """The vectors of the tokens of each text; those of the last statements are kept."""
        known = dict(self._known)
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        known.update(zip(missing, self._embedder.passage_tokens(missing), strict=True))
        self._known = dict(list(known.items())[-_KEPT:])
        return [known[text] for text in texts]

    def _support(self, comparison: Comparison) -> float:
        """The mean of the share that is held and the cosine of the nearest statement, or the scorer's, if more."""
        nearest = comparison.nearest
        if nearest is None:
            return 0.0
        support = (share_held(comparison) + max(0.0, nearest.cosine)) / 2
        if self._scorer is None:
            return min(1.0, support)
        texts = [one.statement.text for one in comparison.found if one.cosines is not None]
        best = max(self._scorer.scores(comparison.draft.text, texts))
        return min(1.0, max(support, 1.0 / (1.0 + exp(-max(-50.0, min(50.0, best))))))


def _best_by_words(found: Sequence[Aligned], weights: Values) -> list[int]:
    """The places of the statements that share most with the sentence, the best first."""
    return sorted(range(len(found)), key=lambda at: (-float((weights * found[at].best()).sum()), at))[:_READ]


def _near(found: Sequence[Aligned], best: Sequence[int]) -> list[Aligned]:
    """The best statements and those beside them: all over a long passage any words are found somewhere."""
    near = {(found[at].source, found[at].index + step) for at in best for step in (-1, 0, 1)}
    return [one for one in found if (one.source, one.index) in near]


def _findings(sentence: str, sources: Sequence[Source], comparison: Comparison, support: float) -> Iterator[Finding]:
    texts = [text for source in sources for text in (source.text, _said(source.context))]
    for quotation in missing_quotes(sentence, texts):
        yield Finding("absent", f"no cited passage says “{quotation}” word for word")
    yield from figure_findings(comparison)
    yield from name_findings(comparison)
    yield from contrary_findings(comparison)
    yield from denial_findings(comparison)
    yield from certainty_findings(comparison)
    yield from order_findings(comparison)
    yield from uncovered(comparison, support)


def _span(comparison: Comparison, number: int, source: Source) -> Span | None:
    """What of a source is shown: the best statement, with the one beside it where a clause rests on that."""
    mine = [one for one in comparison.found if one.source == number]
    scored = [(comparison.share(one) + one.cosine / 2, -one.index, one) for one in mine]
    best = max(scored, key=lambda entry: entry[:2], default=None)
    if best is None or comparison.share(best[2]) < _BEARS:
        return None
    spans = [best[2].statement.span]
    for clause in comparison.clauses():
        other = next(iter(comparison.best_for(clause)), None)
        if other is not None and other.source == number and abs(other.index - best[2].index) == 1:
            spans.append(other.statement.span)
    joined = Span(min(span.start for span in spans), max(span.end for span in spans))
    if len(words(source.text, joined.start, joined.end)) <= WORDS:
        return joined
    weights = {item.term: 1.0 for item in comparison.draft.items if item.term}
    return shortened(source.text, spans[0], weights, language=source.language)


def _mean(tokens: Vectors) -> Vectors:
    mean = tokens.mean(axis=0) if len(tokens) else np.zeros(tokens.shape[1], dtype=np.float32)
    return np.asarray(mean / (float(np.linalg.norm(mean)) or 1.0), dtype=np.float32)


def _said(context: Context) -> str:
    return ". ".join(part for part in (context.title, *context.headings, context.table) if part)

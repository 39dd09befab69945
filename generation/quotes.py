"""Quotes: the words of a passage, cut to a length that can be read at a glance and cited to the character."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from kb.text.sentences import sentences
from kb.text.terms import terms
from kb.text.words import words
from kb.types import Chunk, Citation, Span

WORDS = 60
_LINES_APART = 2

_CLAUSE_ENDS = (",", ";", ":", "—", "–", ")", "|", ".", "，", "、", "；", "：", "）", "。")
_LOOSE_ENDS = ",;:—–，、；： \t\n"
_REFERRING = re.compile(
    r"(?:He|She|It|They|This|These|Those|That|His|Her|Its|Their|Both|Such)\b|[他她它牠其這这該该此]"
)
_CLOSED = re.compile(r"[.!?。！？｡][\"'”’)\]」』）】]*(?:\[\w{1,4}\])*$")


def shortened(
    text: str, span: Span, weights: Mapping[str, float], *, language: str | None = None, limit: int = WORDS
) -> Span:
    """`span`, or where it has more than `limit` words the clauses within it that hold most of `weights` together.

    Contiguous and within `limit`; among equals the longest, then the first. Cut between words only where a clause
    alone is too long.
    """
    within = words(text, span.start, span.end)
    if len(within) <= limit:
        return span
    first, last = max(_windows(text, within, limit), key=lambda window: _value(text, within, window, weights, language))
    end = within[last].end
    while text[end - 1] in _LOOSE_ENDS:
        end -= 1
    return Span(within[first].start, end)


def with_antecedent(text: str, sentence: Span, quote: Span, *, limit: int = WORDS) -> Span:
    """`quote`, and the sentence before it where it begins by referring to that ("He was born there in 1707.").

    Only from within the paragraph, within `limit` words, and unless the sentence before refers to another in turn.
    `quote` is what is quoted of `sentence`. The words that refer are English and Chinese: others' are not known here.
    """
    if quote.start != sentence.start or not _REFERRING.match(text, quote.start):
        return quote
    before = [span for span in sentences(text) if span.end <= sentence.start][-1:]
    if (
        not before
        or _REFERRING.match(text, before[0].start)
        or not _CLOSED.search(text, before[0].start, before[0].end)
    ):
        return quote
    whole = Span(before[0].start, quote.end)
    is_paragraph = text.count("\n", before[0].end, sentence.start) < _LINES_APART
    return whole if is_paragraph and len(words(text, whole.start, whole.end)) <= limit else quote


def _windows(text: str, within: Sequence[Span], limit: int) -> list[tuple[int, int]]:
    """Runs of at most `limit` words from the beginning of a clause to the end of one: (first, last) word."""
    closing = [index for index, word in enumerate(within) if text.endswith(_CLAUSE_ENDS, word.start, word.end)]
    ends = sorted({*closing, len(within) - 1})
    starts = [0, *(end + 1 for end in ends[:-1])]
    if any(end - start >= limit for start, end in zip(starts, ends, strict=True)):
        return [(start, start + limit - 1) for start in range(len(within) - limit + 1)]
    return [(start, max(end for end in ends if end - start < limit)) for start in starts]


def _value(
    text: str, within: Sequence[Span], window: tuple[int, int], weights: Mapping[str, float], language: str | None
) -> tuple[float, int, int]:
    first, last = window
    held = set(terms(text[within[first].start : within[last].end], language))
    return sum(weight for term, weight in weights.items() if term in held), last - first, -first


def citation(marker: int, chunk: Chunk, span: Span) -> Citation:
    """The citation of a span of a passage's text; verified only where document and passage agree on its length."""
    quote = chunk.text[span.start : span.end]
    place = Span(chunk.start + span.start, chunk.start + span.end)
    holds = 0 <= span.start < span.end <= len(chunk.text) == chunk.end - chunk.start
    return Citation(
        marker=marker,
        chunk_id=chunk.id,
        source=chunk.source,
        title=chunk.context.title,
        anchor=chunk.anchor,
        spans=(place,),
        quote=quote,
        verified=holds,
    )

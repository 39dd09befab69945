"""Evidence as spans of the ingested text, and which passages find it: by file, by page, by the words themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from eval.datasets import Evidence
from eval.folding import letters, verbatim
from kb.types import Chunk, Document, Span

LONGEST_PASSAGE = 512
_CLOSE_ENOUGH = 0.75
_SHINGLE = 5


@dataclass(frozen=True, slots=True)
class Target:
    """One piece of evidence within the base: spans of the text of `source`, in its own offsets.

    `pages` is where the named page stands (None when the evidence names none, empty when the document has no such
    page), `quotes` where the quote stands (empty when it could not be located), `answers` where an accepted answer
    stands within one of these.
    """

    source: str
    pages: tuple[Span, ...] | None
    quotes: tuple[Span, ...]
    answers: tuple[Span, ...]


def locate(evidence: Evidence, answers: Sequence[str], *, source: str, document: Document | None) -> Target:
    """Where `evidence` stands in `document`, the ingested file `source` (None when it could not be ingested)."""
    if document is None:
        return Target(source, pages=None if evidence.page is None else (), quotes=(), answers=())
    pages = None if evidence.page is None else _pages(document, evidence.page)
    quotes = _quotes(document.text, evidence.quote, pages)
    accepted = {verbatim(answer).text for answer in answers}
    return Target(source, pages, quotes, tuple(_answers(document.text, accepted, quotes)))


def in_file(chunk: Chunk, target: Target) -> bool:
    """A part of the file (an attachment, a record) stands in the file."""
    return chunk.source == target.source or chunk.source.startswith(target.source + "#")


def on_page(chunk: Chunk, target: Target) -> bool:
    """Evidence that names no page is judged by its file."""
    if target.pages is None:
        return in_file(chunk, target)
    return chunk.source == target.source and any(_overlap(chunk, page) > 0 for page in target.pages)


def quotes(chunk: Chunk, target: Target) -> bool:
    """Whether the passage overlaps the quote in an accepted answer, or, without one, in half of the shorter of both."""
    if chunk.source != target.source:
        return False
    if target.answers:
        return any(chunk.start <= answer.start and answer.end <= chunk.end for answer in target.answers)
    length = chunk.end - chunk.start
    return any(2 * _overlap(chunk, quote) >= min(length, quote.end - quote.start) for quote in target.quotes)


DEPTHS: dict[str, Callable[[Chunk, Target], bool]] = {"file": in_file, "page": on_page, "quote": quotes}


def first_ranks(
    passages: Sequence[Chunk], targets: Sequence[Target], *, tokens: Callable[[str], int]
) -> dict[str, tuple[int | None, ...]]:
    """At each depth, for each target, the 1-based rank of the first passage that finds it (None when none does).

    A passage longer than 512 tokens keeps its rank and finds nothing. A token has a character at least, so short
    passages need not be counted.
    """
    ranked = [
        (rank, passage)
        for rank, passage in enumerate(passages, start=1)
        if len(passage.text) <= LONGEST_PASSAGE or tokens(passage.text) <= LONGEST_PASSAGE
    ]
    return {
        depth: tuple(next((rank for rank, passage in ranked if found(passage, target)), None) for target in targets)
        for depth, found in DEPTHS.items()
    }


def _overlap(chunk: Chunk, span: Span) -> int:
    return min(chunk.end, span.end) - max(chunk.start, span.start)


def _pages(document: Document, number: int) -> tuple[Span, ...]:
    """Where the page stands: in one piece, as a rule, though the rows of its tables have marks of their own."""
    marks = [mark for mark in document.marks if mark.anchor.kind == "page"]
    turned = [
        mark
        for before, mark in zip([None, *marks], marks, strict=False)
        if before is None or before.anchor.number != mark.anchor.number
    ]
    ends = [mark.offset for mark in turned[1:]] + [len(document.text)]
    return tuple(
        Span(mark.offset, end) for mark, end in zip(turned, ends, strict=False) if mark.anchor.number == number
    )


def _quotes(text: str, quote: str, pages: tuple[Span, ...] | None) -> tuple[Span, ...]:
    """On the named page verbatim or by its letters alone; else anywhere so (a page may be numbered differently, or
    the quote may run on to the next); else, on the named page, where most of it stands in whatever order."""
    whole = Span(0, len(text))
    regions = pages or (whole,)
    for region in dict.fromkeys((*regions, whole)):
        found = _exact(text, quote, region)
        if found:
            return found
    return tuple(span for region in regions if (span := _closest(text, quote, region)))


def _exact(text: str, quote: str, region: Span) -> tuple[Span, ...]:
    part = text[region.start : region.end]
    for fold in (verbatim, letters):
        found = tuple(fold(part).occurrences(fold(quote).text))
        if found:
            return tuple(Span(region.start + span.start, region.start + span.end) for span in found)
    return ()


def _closest(text: str, quote: str, region: Span) -> Span | None:
    """The window of the quote's length that shares most runs of five letters with it, if it shares 75% of them.

    Readers that walk a table by columns or drop a header keep most short runs and lose their order.
    """
    part = letters(text[region.start : region.end])
    sought = letters(quote).text
    wanted = Counter(_shingles(sought))
    runs = _shingles(part.text)
    length = len(sought) - _SHINGLE + 1
    if length <= 0 or not runs:
        return None
    share, start = _best_window(runs, wanted, length)
    if share < _CLOSE_ENOUGH * length:
        return None
    hits = [index for index in range(start, min(start + length, len(runs))) if runs[index] in wanted]
    span = part.original(hits[0], hits[-1] + _SHINGLE)
    return Span(region.start + span.start, region.start + span.end)


def _best_window(runs: Sequence[str], wanted: Counter[str], length: int) -> tuple[int, int]:
    """How many wanted runs (repetitions counted) the best window of `length` runs holds, and where it starts."""
    missing = Counter(wanted)
    shared, best = 0, (0, 0)
    for index, run in enumerate(runs):
        if run in wanted:
            shared += missing[run] > 0
            missing[run] -= 1
        gone = runs[index - length] if index >= length else ""
        if gone in wanted:
            missing[gone] += 1
            shared -= missing[gone] > 0
        if shared > best[0]:
            best = (shared, max(0, index - length + 1))
    return best


def _shingles(text: str) -> list[str]:
    return [text[index : index + _SHINGLE] for index in range(len(text) - _SHINGLE + 1)]


def _answers(text: str, accepted: set[str], quotes: Sequence[Span]) -> list[Span]:
    return [
        Span(quote.start + found.start, quote.start + found.end)
        for quote in quotes
        for answer in accepted
        for found in verbatim(text[quote.start : quote.end]).occurrences(answer)
    ]

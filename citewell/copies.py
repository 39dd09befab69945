"""Where else the words of a citation stand: whoever quotes a sentence should know of every document that says it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kb.store.records import number
from kb.store.view import View
from kb.text.words import words
from kb.types import Answer, Chunk, Citation, Place, Span

_SEARCHED = 100
"""Passages that have all its words, looked into for each citation."""
_FEWEST_WORDS = 4
"""Fewer words stand in many places by chance."""


def with_copies(answer: Answer, view: View) -> Answer:
    """`answer` with the further places of each quote of one span, letter by letter; each place only once.

    A row of a table counts only under columns of the same names.
    """
    known = {(citation.source, span) for citation in answer.citations for span in citation.spans}
    citations: list[Citation] = []
    for citation in answer.citations:
        places = [place for place in _places(citation, view) if (place.source, place.span) not in known]
        known.update((place.source, place.span) for place in places)
        citations.append(replace(citation, also=tuple(places)))
    return replace(answer, citations=tuple(citations))


def _places(citation: Citation, view: View) -> Iterator[Place]:
    """In the order of relevance to the quote's words."""
    if len(citation.spans) > 1 or len(words(citation.quote)) < _FEWEST_WORDS:
        return
    tables = {chunk.context.table for chunk in view.snapshot.chunks_by_number([number(citation.chunk_id)]).values()}
    for chunk in view.holding(citation.quote, _SEARCHED):
        start = _start(citation.quote, chunk.text)
        if start >= 0 and chunk.context.table in tables:
            yield _place(chunk, Span(start, start + len(citation.quote)), view)


def _start(quote: str, text: str) -> int:
    """Where `quote` first stands in `text` with no word going on at either end; -1 if nowhere."""
    start = text.find(quote)
    while start >= 0:
        around = text[max(0, start - 1) : start], text[start + len(quote) :][:1]
        if not any(neighbour.isalnum() for neighbour in around):
            break
        start = text.find(quote, start + 1)
    return start


def _place(chunk: Chunk, within: Span, view: View) -> Place:
    span = Span(chunk.start + within.start, chunk.start + within.end)
    excerpt = view.snapshot.excerpt(chunk.source, [span])
    return Place(chunk.source, chunk.context.title, excerpt[1] if excerpt else chunk.anchor, span)

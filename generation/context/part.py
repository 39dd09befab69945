"""A part of a document on its way into a context: it grows by neighbours, to its section, or is cut down."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from generation.context.compression import compressed, united
from generation.context.passage import ContextPassage, readable_text
from generation.context.section import section
from generation.question import Reading
from kb.types import JOINT, Context, Document, Hit, Span, main_anchor

Count = Callable[[str], int]
"""The number of tokens of a text."""
_LONGEST_TOKEN = 64


@dataclass(frozen=True, slots=True)
class Part:
    """`spans` of `document`, of which `hits` stand there; `hull` is all that was considered, compressed or not."""

    document: Document
    hull: Span
    spans: tuple[Span, ...]
    context: Context
    hits: tuple[Hit, ...]
    is_extended: bool = False

    @property
    def text(self) -> str:
        return JOINT.join(self.document.text[span.start : span.end] for span in self.spans)

    def tokens(self, count: Count) -> int:
        return count(readable_text(self.context, self.text))


def whole(hit: Hit, document: Document) -> Part:
    span = Span(hit.chunk.start, hit.chunk.end)
    return Part(document, span, (span,), hit.chunk.context, (hit,))


def cut_down(part: Part, question: Reading, *, share: float, count: Count) -> Part:
    """The sentences that matter of a part that is one whole hit."""
    spans = compressed(question, part.hits[0], part.document, share=share, count=count)
    return replace(part, spans=spans)


def joined(parts: Sequence[Part], *, bridged: bool) -> Part:
    """Parts of one document as one, read with what the first to stand there is read with.

    `bridged`: with what stands between them.
    """
    first = min(parts, key=lambda part: part.hull.start)
    hull = Span(first.hull.start, max(part.hull.end for part in parts))
    spans = chain.from_iterable(part.spans for part in parts)
    hits = chain.from_iterable(part.hits for part in parts)
    return replace(
        first,
        hull=hull,
        spans=(hull,) if bridged else united(first.document.text, spans),
        hits=tuple(sorted(hits, key=lambda hit: (-hit.score, hit.chunk.id))),
        is_extended=any(part.is_extended for part in parts),
    )


def are_neighbours(one: Part, other: Part, *, gap: int, count: Count) -> bool:
    """Whether two parts of a document overlap, or at most `gap` tokens stand between and one context serves both.

    It does not for rows of columns that neither the context of the first part names nor the text from there on.
    """
    if one.document.id != other.document.id:
        return False
    first, second = sorted((one, other), key=lambda part: (part.hull.start, part.hull.end))
    if second.hull.start < first.hull.end:
        return True
    text = first.document.text
    between = text[first.hull.end : second.hull.start].strip()
    if between and (len(between) > _LONGEST_TOKEN * gap or count(between) > gap):
        return False
    table = second.context.table
    return not table or table == first.context.table or table in text[first.hull.start : second.hull.start]


def extended(part: Part) -> Part:
    """The part with all that stands in its section; itself where it is that already."""
    hull = section(part.document, part.hull)
    return part if hull == part.hull else replace(part, hull=hull, spans=(hull,), is_extended=True)


def passage_of(part: Part, copies: Iterable[Hit], count: Count) -> ContextPassage:
    return ContextPassage(
        document_id=part.document.id,
        source=part.document.source,
        spans=part.spans,
        text=part.text,
        context=part.context,
        anchor=main_anchor(part.document.marks, part.spans[0].start, part.spans[-1].end),
        hits=part.hits,
        also=tuple(hit.chunk for hit in copies),
        tokens=part.tokens(count),
    )

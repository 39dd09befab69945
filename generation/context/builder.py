"""From hits to what a generator reads: folded, joined, extended or compressed, within a budget of tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from generation.context.folding import Folded, folded
from generation.context.part import Count, Part, are_neighbours, cut_down, extended, joined, passage_of, whole
from generation.context.passage import Fate, LedgerEntry, PassageContext
from generation.question import Reading
from kb.types import Document, Hit

_TO_FIT = 8
"""Hits that are to fit the budget: where they do not, all but the first `_WHOLE` are compressed until they would.

Chosen on half the questions of SQuAD, DRCD and FinanceBench, where they lose none of the evidence at any budget from
500 to 4,000 tokens; nor do they on the other half, which gains .03, .02 and .04 at 500.
"""
_WHOLE = 2
_CHARACTERS = 16
"""Of a token, on average, at most: a section that is longer than these need not be counted."""


@dataclass(frozen=True, slots=True)
class Measure:
    """`tokens` are the budget. Neighbours join with up to `gap` tokens between them.

    A passage is extended to its section where that takes at most `section_share` of the budget (0: never) and
    compressed to no less than `least_share` of its tokens (1: never).
    """

    tokens: int = 2_000
    gap: int = 64
    section_share: float = 0.33
    least_share: float = 0.25


def build_context(
    question: Reading,
    hits: Sequence[Hit],
    *,
    document: Callable[[str], Document],
    count: Count,
    measure: Measure = Measure(),
) -> PassageContext:
    """What of `hits`, best first, is to be read for `question`.

    The budget is filled in the order of the hits, each taken that still fits, the first in any case: by score per token
    short passages crowd out better ones (of DRCD's questions .89 find their evidence in 500 tokens so, .95 by rank).
    Where the budget holds few hits, they are compressed; where it holds many, they are extended instead.
    `document` gives the document of a source, `count` the tokens of a text.
    """
    groups = folded(hits)
    once = lru_cache(maxsize=None)(count)
    parts = [whole(group.hit, document(group.hit.chunk.source)) for group in groups]
    filling = _Filling(question, once, measure, _share(parts[:_TO_FIT], once, measure))
    for rank, part in enumerate(parts):
        filling.take(part, may_compress=rank >= _WHOLE)
    return _context(groups, hits, filling.parts, once, measure.tokens)


def _share(parts: Sequence[Part], count: Count, measure: Measure) -> float:
    """The share to which passages are compressed: 1 where these fit as they are."""
    needed = sum(part.tokens(count) for part in parts)
    return max(measure.least_share, measure.tokens / needed) if needed > measure.tokens else 1.0


@dataclass(slots=True)
class _Filling:
    """A budget being filled: `parts` in the order of the best hit of each."""

    question: Reading
    count: Count
    measure: Measure
    share: float
    parts: list[Part] = field(default_factory=list)

    def take(self, part: Part, *, may_compress: bool) -> None:
        """Places a hit, by itself or joined with its neighbours, compressed or extended; or leaves it out."""
        compresses = self.share < 1.0
        if not (compresses and may_compress) and self._place(part):
            if not compresses and self.measure.section_share:
                self._extend(next(one for one in self.parts if part.hits[0] in one.hits))
            return
        if compresses and self._place(cut_down(part, self.question, share=self.share, count=self.count)):
            return
        if not self.parts and self.measure.least_share < 1.0:
            part = cut_down(part, self.question, share=self.measure.tokens / part.tokens(self.count), count=self.count)
        if not self.parts:
            self.parts.append(part)

    def _place(self, part: Part, *, instead_of: Sequence[Part] = ()) -> bool:
        """Puts a part where the first of those stands that it joins; False where there is no room."""
        near = [one for one in self.parts if one in instead_of or self._join(one, part)]
        others = [one for one in self.parts if one not in near]
        grown = joined([*(one for one in near if one not in instead_of), part], bridged=self.share == 1.0)
        if sum(one.tokens(self.count) for one in others) + grown.tokens(self.count) > self.measure.tokens:
            return False
        place = self.parts.index(near[0]) if near else len(self.parts)
        self.parts = [*self.parts[:place], grown, *(one for one in self.parts[place:] if one not in near)]
        return True

    def _join(self, one: Part, other: Part) -> bool:
        """Compressed parts join only under the same headings, as these may no longer stand in their text."""
        if self.share < 1.0 and one.context != other.context:
            return False
        return are_neighbours(one, other, gap=self.measure.gap if self.share == 1.0 else 0, count=self.count)

    def _extend(self, part: Part) -> None:
        """Extends a part to its section where both the budget and its share of that allow."""
        larger = extended(part)
        room = self.measure.section_share * self.measure.tokens
        may_fit = larger.hull.end - larger.hull.start <= _CHARACTERS * room
        if larger is not part and may_fit and larger.tokens(self.count) <= room:
            self._place(larger, instead_of=[part])


def _context(
    groups: Sequence[Folded], hits: Sequence[Hit], parts: Sequence[Part], count: Count, budget: int
) -> PassageContext:
    copies = {group.hit.chunk.id: group.copies for group in groups}
    passages = tuple(
        passage_of(part, [copy for hit in part.hits for copy in copies[hit.chunk.id]], count) for part in parts
    )
    stands = {hit.chunk.id: index for index, part in enumerate(parts) for hit in part.hits}
    represented = {copy.chunk.id: stands.get(group.hit.chunk.id) for group in groups for copy in group.copies}
    entries = []
    for hit in hits:
        name = hit.chunk.id
        tokens = count(hit.chunk.text)
        if name in represented:
            entries.append(LedgerEntry(hit, "folded", tokens, 0, represented[name]))
        elif name not in stands:
            entries.append(LedgerEntry(hit, "left out", tokens, 0, None))
        else:
            fate, kept = _fate(hit, parts[stands[name]], count)
            entries.append(LedgerEntry(hit, fate, tokens, kept, stands[name]))
    return PassageContext(passages, tuple(entries), sum(passage.tokens for passage in passages), budget)


def _fate(hit: Hit, part: Part, count: Count) -> tuple[Fate, int]:
    """What became of a hit that stands in `part`, and how many of its tokens do."""
    chunk = hit.chunk
    kept = [
        part.document.text[max(span.start, chunk.start) : min(span.end, chunk.end)]
        for span in part.spans
        if span.start < chunk.end and chunk.start < span.end
    ]
    tokens = sum(count(text) for text in kept)
    if sum(len("".join(text.split())) for text in kept) < len("".join(chunk.text.split())):
        return "compressed", tokens
    if part.is_extended:
        return "extended", tokens
    return ("joined" if len(part.hits) > 1 else "whole"), tokens

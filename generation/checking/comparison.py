"""A drafted sentence beside every statement of what it cites: what the checks look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from generation.checking.alignment import Aligned
from generation.checking.statements import Statement

Values = NDArray[np.float64]
"""A number for each item of the sentence, shape (items,)."""

_CLOSE = 0.85  # statements whose standing comes so near the best one's may be meant as well
_ELSEWHERE = 0.3  # what an item counts for the choice of a clause's statement when it stands in another clause
_EXACTLY = 0.9
_MEANING = 0.5  # what the cosine of the whole counts beside it


@dataclass(frozen=True, slots=True)
class Comparison:
    """`found` are the statements in the order of the sources; `weights` what each item of the draft counts.

    `context` are the statements of titles, headings and table names; `context_terms` their terms. `orders` are what the
    sources say to whoever answers: it bears nothing out.
    """

    draft: Statement
    found: tuple[Aligned, ...]
    weights: Values
    context: tuple[Statement, ...]
    language: str | None
    orders: tuple[Aligned, ...] = ()

    @property
    def context_terms(self) -> frozenset[str]:
        return frozenset(item.term for one in self.context for item in one.items)

    def best_for(self, clause: int) -> list[Aligned]:
        """The statements that a clause of the draft can have been drawn from, best first."""
        shares = np.asarray([1.0 if item.clause == clause else _ELSEWHERE for item in self.draft.items])
        total = float((self.weights * shares).sum()) or 1.0
        scored = [
            (float((self.weights * shares * one.best()).sum()) / total + _MEANING * one.cosine, one)
            for one in self.found
            if one.cosines is not None
        ]
        scored.sort(key=lambda pair: (-pair[0], pair[1].source, pair[1].index))
        return [one for score, one in scored if score >= _CLOSE * scored[0][0]]

    @property
    def nearest(self) -> Aligned | None:
        """The statement of highest cosine."""
        return max(self.found, key=lambda one: (one.cosine, -one.source, -one.index), default=None)

    def share(self, one: Aligned) -> float:
        """The share of the draft's weight that a statement holds."""
        return float((self.weights * one.best()).sum() / (self.weights.sum() or 1.0))

    @property
    def best(self) -> Aligned | None:
        """The statement that the sentence was most likely drawn from, by words and meaning."""
        read = [one for one in self.found if one.cosines is not None]
        return max(read, key=lambda one: (self.share(one) + one.cosine / 2, -one.source, -one.index), default=None)

    @property
    def exact(self) -> float:
        """The share of the draft's weight that the best statement has in the very words."""
        if (best := self.best) is None or not best.same.size:
            return 0.0
        return float((self.weights * (best.same.max(axis=1) >= _EXACTLY)).sum() / (self.weights.sum() or 1.0))

    def found_statements(self) -> list[Statement]:
        return [one.statement for one in self.found]

    def clauses(self) -> list[int]:
        return sorted({item.clause for item in self.draft.items})

    def held(self) -> Values:
        """For each item how surely some statement, or the context, has it."""
        held = np.zeros(len(self.draft.items))
        for one in self.found:
            held = np.maximum(held, one.best())
        known = self.context_terms
        return np.maximum(held, [float(not item.figure and item.term in known) for item in self.draft.items])

    def carried(self) -> dict[tuple[int, int], Values]:
        """For each statement, what of the draft stands in the one before it, or before its table and in the head."""
        carried: dict[tuple[int, int], Values] = {}
        before = table = np.zeros(len(self.draft.items))
        was_row = False
        for one in self.found:
            has = np.asarray((one.best() >= 0.9) * 1.0)
            if one.statement.is_row and not was_row:
                table = np.maximum(before, has)
            carried[one.source, one.index] = table if one.statement.is_row else before
            before, was_row = has, one.statement.is_row
        return carried


def item_weights(draft: Statement, found: Sequence[Aligned]) -> Values:
    """What each item of the draft counts: the rarer among the statements, the more; 1 where in one or none."""
    total = len(found) + 1
    values = []
    for item in draft.items:
        holding = sum(float(one.same[item.place].max(initial=0.0)) >= 0.9 for one in found)
        values.append(log(1 + total / max(1, holding)) / log(1 + total))
    return np.asarray(values, dtype=np.float64)

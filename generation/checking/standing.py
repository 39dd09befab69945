"""Whether a figure, a name or a word stands in a passage with the company that it keeps in the sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from generation.checking.alignment import Aligned
from generation.checking.comparison import Comparison, Values
from generation.checking.statements import Statement, joined

_HALF = 3.0  # so many items away, company counts half
_CLAUSE = 2.0  # how many items further the border of a clause moves it
_OTHER_CELL = 0.15
_CARRIED = 0.25  # what company in the sentence before counts
_CARRIED_ROW = 0.5  # and what that before a table counts for its rows


def nearness(statement: Statement, place: int) -> Values:
    """How near each item of a statement is to that at `place`: 1 for the next, a half some items or a clause away.

    A row has the names of row and column in each cell, so there only the cell tells.
    """
    here = statement.items[place]
    if statement.is_row:
        return np.asarray([1.0 if item.clause == here.clause else _OTHER_CELL for item in statement.items])
    away = [abs(item.place - place) + _CLAUSE * abs(item.clause - here.clause) for item in statement.items]
    return np.asarray([1.0 / (1.0 + max(0.0, distance - 1) / _HALF) for distance in away])


def standing(comparison: Comparison, place: int, one: Aligned, column: int, carried: Values | float = 0.0) -> float:
    """The share of the company of the draft's item at `place`, the nearer the more, that `column` has near it."""
    strengths = one.strengths.copy()
    strengths[:, column] = 0.0
    company = (strengths * nearness(one.statement, column)).max(axis=1)
    shares = comparison.weights * nearness(comparison.draft, place)
    shares[place] = 0.0
    return float((shares * np.maximum(company, carried)).sum() / (shares.sum() or 1.0))


def counterpart(comparison: Comparison, place: int, one: Aligned) -> int:
    """The item of a statement that the draft's at `place` was most likely taken from."""
    row = one.strengths[place]
    likely = np.flatnonzero(row >= row.max() - 1e-6)
    return int(max(likely, key=lambda column: standing(comparison, place, one, int(column))))


Candidate = tuple[Aligned, int, bool]
"""A statement and an item of it that the sentence's may have been taken from, and whether both say the same."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How well an item stands where the passages have it (`own`), and at best where they have another (`rival`).

    Others that the sentence has too are no rivals: for the worst of them `straight` and `swapped` say how well the two
    stand together in their own places, and in one another's.
    """

    own: float
    rival: float
    straight: float
    swapped: float
    in_rows: bool = False
    """both its own place and the rival's are cells"""


class Contest:
    """The items of a sentence that `candidates` has places for, against one another and against what else is there."""

    def __init__(self, comparison: Comparison, candidates: Mapping[int, Sequence[Candidate]]) -> None:
        self._comparison = comparison
        self._candidates = candidates
        self._carried = comparison.carried()
        self._known: dict[tuple[int, int, int, int], float] = {}

    def outcome(self, place: int) -> Outcome:
        own, rival, straight, swapped = self._own(place), 0.0, 1.0, 0.0
        in_rows = all(one.statement.is_row for one, _, is_own in self._candidates[place] if is_own)
        rival_in_row = False
        for one, column, is_own in self._candidates[place]:
            if is_own:
                continue
            there = self._standing(place, one, column)
            claimants = [other for other in self._candidates if other != place and one.same[other, column] >= 1.0]
            if not claimants and there > rival:
                rival, rival_in_row = there, one.statement.is_row
            for other in claimants:
                if self._in_sequence(place, other) or self._in_one_list(place, other):
                    continue
                together, crossed = own + self._own(other), there + self._in_place_of(other, place)
                if crossed * straight > swapped * together:
                    straight, swapped = together, crossed
        return Outcome(own, rival, straight, swapped, in_rows and rival_in_row)

    def _in_sequence(self, place: int, other: int) -> bool:
        """Whether the draft has neighbours as a statement lists them: "16, 100 and 100" are not exchanged."""
        items = self._comparison.draft.items
        between = range(min(place, other), max(place, other) + 1)
        return all(items[each].figure for each in between) and any(
            is_own and all(_has(one, each, column + each - place) for each in between)
            for one, column, is_own in self._candidates[place]
        )

    def _in_one_list(self, place: int, other: int) -> bool:
        """Whether the draft and a statement join two names: "A and B" is "B and A"."""
        draft = self._comparison.draft
        return (
            not draft.items[place].figure
            and joined(draft, place, other)
            and any(
                joined(one.statement, column, beside)
                for one, column, is_own in self._candidates[place]
                if is_own
                for beside in (column - 1, column + 1)
                if _has(one, other, beside)
            )
        )

    def _own(self, place: int) -> float:
        return self._in_place_of(place, place)

    def _in_place_of(self, place: int, other: int) -> float:
        """How well the item at `place` would stand where the passages have the one at `other`."""
        places = ((one, column) for one, column, is_own in self._candidates[other] if is_own)
        return max((self._standing(place, one, column) for one, column in places), default=0.0)

    def _standing(self, place: int, one: Aligned, column: int) -> float:
        key = (place, one.source, one.index, column)
        if key not in self._known:
            carried = self._carried[one.source, one.index] * (_CARRIED_ROW if one.statement.is_row else _CARRIED)
            self._known[key] = standing(self._comparison, place, one, column, carried)
        return self._known[key]


def _has(one: Aligned, place: int, column: int) -> bool:
    return 0 <= column < len(one.statement.items) and bool(one.same[place, column] >= 1.0)

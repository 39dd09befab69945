"""Figures that no source has as they are, but that follow from what it has: sums, differences, cases of a bound."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import combinations

from generation.checking.figures import Figure
from generation.checking.statements import Statement

_SMALL = 3.0
_TOLERANCE = 1e-3
_WINDOW = 24  # characters about a figure in which its bound is named
_UPWARD = re.compile(
    r"(?:above|over|older than|more than|greater than|higher than|longer than|exceed\w*|at least|from|mehr als|über"
    r"|ab|mindestens|plus de|au moins|más de|superior a|al menos|超过|超過|高于|至少)\s*(?:[$€£]\s*)?$",
    re.IGNORECASE,
)
_DOWNWARD = re.compile(
    r"(?:below|under|younger than|less than|fewer than|lower than|shorter than|up to|at most|within|weniger als|unter"
    r"|bis zu|höchstens|moins de|jusqu['’]à|au plus|menos de|inferior a|hasta|低于|少于|不足)\s*(?:[$€£]\s*)?$",
    re.IGNORECASE,
)
_OR_MORE = re.compile(r"\s*(?:(?:or|and) (?:more|above|older|over|higher|longer)|oder mehr|ou plus|o más|以上|\+)")
_OR_LESS = re.compile(r"\s*(?:(?:or|and) (?:less|below|younger|under|fewer)|oder weniger|ou moins|o menos|以下|以内)")
_RANGE = re.compile(r"\s*(?:to|[-–—]|and|bis|und|à|et|a|y|至|到)\s*", re.IGNORECASE)


def is_derived(claimed: Figure, sources: Sequence[Statement]) -> bool:
    """Whether an amount is the sum or the difference of two that the sources give of its kind."""
    if _is_bare_decimal(claimed):
        return False
    given = sorted({amount for figure in _alike(claimed, sources) for amount in figure.amounts})
    return any(
        _is_near(one + other, amount) or _is_near(abs(one - other), amount)
        for amount in map(abs, claimed.amounts)
        for one, other in combinations(given, 2)
    )


def is_counted(claimed: Figure) -> bool:
    """Whether a figure in words is a number of things so small that it may have been counted: "the three of them"."""
    return claimed.kind == "number" and claimed.form == "words" and max(claimed.values, default=_SMALL + 1) <= _SMALL


def is_case(claimed: Figure, draft: Statement, sources: Sequence[Statement]) -> bool:
    """Whether an amount lies within a bound or a range of the sources, and is no bound in the sentence itself."""
    if not claimed.values or _is_bare_decimal(claimed) or _bound(draft.text, claimed):
        return False
    return any(_lies_within(claimed, one) for one in sources)


def _is_bare_decimal(claimed: Figure) -> bool:
    """Whether it is a number of no unit with a fraction, a parameter say, which nobody works out."""
    return claimed.kind == "number" and any(value != int(value) for value in claimed.values)


def _lies_within(claimed: Figure, one: Statement) -> bool:
    found = [item.figure for item in one.items if item.figure and _is_alike(item.figure, claimed)]
    for place, figure in enumerate(found):
        bound = _bound(one.text, figure)
        if bound * (claimed.amounts[0] - figure.amounts[0]) > 0:
            return True
        for following in found[place + 1 : place + 2]:
            is_range = _RANGE.fullmatch(one.text, figure.end, following.start)
            if is_range and figure.amounts[0] <= claimed.amounts[0] <= following.amounts[0]:
                return True
    return False


def _bound(text: str, figure: Figure) -> int:
    """1 where a text has more than a figure, -1 where it has less, else 0."""
    start = max(0, figure.start - _WINDOW)
    if _OR_MORE.match(text, figure.end) or _UPWARD.search(text[start : figure.start]):
        return 1
    return -int(bool(_OR_LESS.match(text, figure.end) or _DOWNWARD.search(text[start : figure.start])))


def _alike(claimed: Figure, sources: Iterable[Statement]) -> list[Figure]:
    return [item.figure for one in sources for item in one.items if item.figure and _is_alike(item.figure, claimed)]


def _is_alike(one: Figure, other: Figure) -> bool:
    """Whether two amounts measure the same."""
    if not one.values or not other.values or one.date or other.date:
        return False
    return len({"share" if figure.kind == "points" else figure.kind for figure in (one, other)}) == 1


def _is_near(one: float, other: float) -> bool:
    return abs(one - other) <= _TOLERANCE * max(abs(one), abs(other))

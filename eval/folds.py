"""Folds: questions parted so that those of one document stay together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

FOLDS = 5


def folds(groups: Iterable[str], *, count: int = FOLDS) -> dict[str, int]:
    """Each group's fold (0 to count - 1), given the group of every question.

    The largest first, each into the fold that has the fewest questions so far; equals by name.
    """
    filled = [0] * count
    fold_of: dict[str, int] = {}
    for group, size in sorted(Counter(groups).items(), key=lambda item: (-item[1], item[0])):
        fold_of[group] = filled.index(min(filled))
        filled[fold_of[group]] += size
    return fold_of

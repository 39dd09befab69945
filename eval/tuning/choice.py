"""Nested cross-validation: the best of several candidates, and what it is worth on questions without a say in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eval.folds import FOLDS, folds

Column = Mapping[str, float]
"""A candidate's value of each query; greater is better."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What nested cross-validation chose: for each fold, and over all; `held_out` is what the former are worth.

    `held_out` maps a query's id to its value under the choice that was made without its fold.
    """

    folds: tuple[str, ...]
    chosen: str
    held_out: Column


def nested_choice(
    columns: Mapping[str, Column], *, baseline: str, groups: Mapping[str, str], count: int = FOLDS
) -> Choice:
    """Chooses the best mean on all folds but one, and looks at that one; then chooses on all (Varma and Simon, 2006).

    `columns` holds each candidate's values; queries of one group (a document's) share their fold. Among equals the
    baseline wins, then the candidate named first.
    """
    queries = list(columns[baseline])
    fold_of = folds((groups.get(query, query) for query in queries), count=count)
    chosen: list[str] = []
    held_out: dict[str, float] = {}
    for fold in sorted(set(fold_of.values())):
        inside = [query for query in queries if fold_of[groups.get(query, query)] == fold]
        others = [query for query in queries if fold_of[groups.get(query, query)] != fold]
        chosen.append(_best(columns, others, baseline) if others else baseline)
        held_out |= {query: columns[chosen[-1]][query] for query in inside}
    return Choice(tuple(chosen), _best(columns, queries, baseline), held_out)


def _best(columns: Mapping[str, Column], queries: Sequence[str], baseline: str) -> str:
    order = [baseline, *(name for name in columns if name != baseline)]
    return max(order, key=lambda name: (round(sum(columns[name][query] for query in queries), 9), -order.index(name)))

"""Sentences in the words of a statement, put together otherwise: two exchanged, or one in the place of another."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, groupby
from math import log

import numpy as np
from numpy.typing import NDArray

from generation.checking.alignment import Aligned
from generation.checking.comparison import Comparison, Values
from generation.checking.findings import Finding
from generation.checking.standing import nearness
from generation.checking.statements import Item, Statement, joined, words_before

_SAME = 0.9
_UNALIKE = 0.3  # cosine below which one word is no way of saying the other
_FEW = 3  # items of a statement from which on it says something
_VERBATIM = 0.7  # share of a sentence that a statement must have for its order to be compared
_FIGURES = 0.15  # how much better two figures or names must stand in one another's places, as a logarithm
_WORDS = 0.25  # and two words
_PARTICLE = 0.3  # what the small words before an item count beside its company
_SCANT = 0.1
_ARTICLES = frozenset(
    [
        "the",
        "a",
        "an",
        "this",
        "that",
        "these",
        "those",
        "its",
        "their",
        "his",
        "her",
        "der",
        "die",
        "das",
        "dem",
        "den",
        "le",
        "la",
        "les",
        "el",
        "los",
        "las",
    ]
)


def order_findings(comparison: Comparison) -> Iterator[Finding]:
    """Where the words of a statement have changed places."""
    for this, other in _replaced(comparison):
        yield Finding("replaced", f"the passage says this of “{other.said}”, not of “{this.said}”")
    for one in comparison.found:
        for this, other, gain in _exchanges(comparison, one):
            is_word = not (this.figure or this.is_name)
            if gain > (_WORDS if is_word else _FIGURES):
                phrase = f"the passage says it with “{this.said}” and “{other.said}” exchanged"
                yield Finding("exchanged words" if is_word else "exchanged", phrase)


def _exchanges(comparison: Comparison, one: Aligned) -> Iterator[tuple[Item, Item, float]]:
    """Pairs of items that a statement has once each, and how much better each would stand in the other's place."""
    if not one.same.size:
        return
    matched = one.same >= _SAME
    has = matched.any(axis=1)
    if has.sum() < _FEW or (comparison.weights * has).sum() < _VERBATIM * comparison.weights.sum():
        return
    single = [item for item in comparison.draft.items if matched[item.place].sum() == 1]
    mine = {item.place: nearness(comparison.draft, item.place) * has for item in single}
    columns = {item.place: int(matched[item.place].argmax()) for item in single}
    theirs = {place: _company(one, matched, column) for place, column in columns.items()}
    for this, other in combinations(single, 2):
        if not _exchangeable(this, other) or columns[this.place] == columns[other.place]:
            continue
        if not this.figure and _joined_in_both(comparison.draft, one, (this.place, other.place), columns):
            continue
        free = np.ones(len(comparison.draft.items), dtype=bool)
        free[[this.place, other.place]] = False
        places = this.place, other.place
        straight = sum(_shared(mine[place][free], theirs[place][free]) for place in places)
        crossed = sum(_shared(mine[a][free], theirs[b][free]) for a, b in (places, places[::-1]))
        before = [_particles(comparison.draft, place) for place in places]
        there = [_particles(one.statement, columns[place]) for place in places]
        if before[0] != before[1]:
            straight += _PARTICLE * sum(bool(a) and a == b for a, b in zip(before, there, strict=True))
            crossed += _PARTICLE * sum(bool(a) and a == b for a, b in zip(before, there[::-1], strict=True))
        yield this, other, log((crossed + _SCANT) / (straight + _SCANT))


def _joined_in_both(draft: Statement, one: Aligned, places: tuple[int, int], columns: dict[int, int]) -> bool:
    """Whether two items are joined by "and" in the draft and the statement: in which order says nothing."""
    return joined(draft, *places) and joined(one.statement, *(columns[place] for place in places))


def _company(one: Aligned, matched: NDArray[np.bool_], column: int) -> Values:
    """How near to an item of a statement each item of the draft stands there, 0 for what it lacks."""
    near = nearness(one.statement, column)
    near[column] = 0.0
    return np.asarray((matched * near).max(axis=1), dtype=np.float64)


def _shared(mine: Values, theirs: Values) -> float:
    return float(np.minimum(mine, theirs).sum() / max(0.3, float(mine.sum())))


def _exchangeable(one: Item, other: Item) -> bool:
    if one.figure and other.figure:
        return one.figure.kind == other.figure.kind
    return not one.figure and not other.figure and one.is_name == other.is_name


def _particles(statement: Statement, place: int) -> set[str]:
    return {word.text.casefold() for word in words_before(statement, place)} - _ARTICLES


def _replaced(comparison: Comparison) -> Iterator[tuple[Item, Item]]:
    """Clauses in the words of a statement but for some in the place of others, which the sources say elsewhere."""
    for clause in comparison.clauses():
        items = [item for item in comparison.draft.items if item.clause == clause]
        for one in comparison.best_for(clause)[:1]:
            for run in _runs(items, one):
                if other := _in_place_of(comparison, items, run, one):
                    yield run[0], other


def _runs(items: list[Item], one: Aligned) -> Iterator[list[Item]]:
    """Items in a row that a statement does not have, where it has two thirds of the others and two at least."""
    best = one.best()
    strange = [item for item in items if best[item.place] < _SAME]
    if len(items) - len(strange) < 2:
        return
    for _, group in groupby(strange, key=lambda item: item.place - strange.index(item)):
        yield list(group)


def _in_place_of(comparison: Comparison, items: list[Item], run: list[Item], one: Aligned) -> Item | None:
    """What a statement has where the draft has `run`, if neither says the other and all of `run` stands elsewhere."""
    if any(item.figure or not _stands_in_another(comparison, item) for item in run):
        return None
    if any(one.best()[item.place] < _SAME for item in items if item not in run and not item.figure):
        return None
    matched = [
        (item.place, int(one.strengths[item.place].argmax())) for item in items if one.best()[item.place] >= _SAME
    ]
    before = max((pair for pair in matched if pair[0] < run[0].place), default=(-1, -1))[1]
    after = min((pair for pair in matched if pair[0] > run[-1].place), default=(0, len(one.statement.items)))[1]
    there = one.statement.items[before + 1 : after]
    places = [item.place for item in items]
    own = [item for item in there if not item.figure and one.same[places, item.place].max() < _SAME]
    if not own or len(own) < len(there) or one.cosines is None:
        return None
    alike = one.cosines[[item.place for item in run]][:, [item.place for item in own]].max()
    return own[0] if alike < _UNALIKE else None


def _stands_in_another(comparison: Comparison, item: Item) -> bool:
    return any(len(one.statement.items) >= _FEW and one.same[item.place].max() >= 1.0 for one in comparison.found)

"""Who does what to whom: sentences in the words of a passage, put together otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from generation.checking.alignment import Aligned
from generation.checking.comparison import Comparison
from generation.checking.standing import Contest
from generation.checking.statements import Item, Statement

_SAME = 0.9
_VERBATIM = 0.8  # share of the items that the nearest statement has, from which on their order can be compared
_NEAR = 0.75  # and its cosine
_EXCHANGED = 1.28  # how much better two words must stand in one another's places
_UNALIKE = 0.3  # cosine below which one word is no way of saying the other
_FEW = 3  # items of a statement from which on it says something
_REACH = 3  # items between which a verb ties
_GENITIVE = re.compile(r"(?<![^\W_])(?:of|de|du|des|del|der)(?![^\W_])|['’]s?(?![^\W_])|的", re.IGNORECASE)
_PASSIVE = re.compile(r"(?<![^\W_])(?:by|von|durch|par|por)(?![^\W_])|[被由]", re.IGNORECASE)


def order_problems(comparison: Comparison) -> Iterator[str]:
    """Where the words of a statement have changed places."""
    yield from _replaced(comparison)
    nearest = comparison.nearest
    if (
        nearest is None
        or nearest.statement.is_row
        or nearest.cosine < _NEAR
        or float((nearest.best() >= _SAME).mean()) < _VERBATIM
    ):
        return
    if exchanged := _exchanged(comparison, nearest):
        yield "the passage says it with " + " and ".join(f"“{item.said}”" for item in exchanged[:2]) + " exchanged"
    for pivot in _turned_round(comparison.draft, nearest):
        yield f"the passage has the two sides of “{pivot.said}” the other way round"


def _replaced(comparison: Comparison) -> Iterator[str]:
    """Clauses in the words of a statement but for some in the place of others, which the sources say elsewhere."""
    for clause in comparison.clauses():
        items = [item for item in comparison.draft.items if item.clause == clause]
        for one in comparison.best_for(clause)[:1]:
            for run in _runs(items, one):
                if other := _in_place_of(comparison, items, run, one):
                    yield f"the passage says this of “{other.said}”, not of “{run[0].said}”"


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


def _exchanged(comparison: Comparison, nearest: Aligned) -> list[Item]:
    """The words that would stand better in the places of others of the same sentence."""
    items = [item for item in comparison.draft.items if not item.figure and nearest.best()[item.place] >= 1.0]
    columns = [column for column in range(len(nearest.statement.items)) if nearest.same[:, column].max() >= 1.0]
    candidates = {
        item.place: [(nearest, column, bool(nearest.same[item.place, column] >= 1.0)) for column in columns]
        for item in items
    }
    contest = Contest(comparison, candidates)
    outcomes = [(item, contest.outcome(item.place)) for item in items]
    return [item for item, outcome in outcomes if outcome.swapped > _EXCHANGED * outcome.straight]


def _turned_round(draft: Statement, nearest: Aligned) -> Iterator[Item]:
    """Words whose neighbours stand on the other sides of them in the statement, which is in the same voice."""
    for pivot in draft.items[1:-1]:
        middle = _only(nearest, pivot)
        if middle is None or pivot.figure or pivot.said != nearest.statement.items[middle].said:
            continue
        left, right = _sides(draft, pivot.place)
        there_left, there_right = _sides(nearest.statement, middle)
        straight = _met(nearest, left, there_left, there_right) + _met(nearest, right, there_right, there_left)
        crossed = _met(nearest, left, there_right, there_left) + _met(nearest, right, there_left, there_right)
        if (
            crossed > 1
            and crossed > straight
            and _same_voice(draft, left, right, nearest.statement, there_left, there_right)
        ):
            yield pivot


def _sides(statement: Statement, place: int) -> tuple[list[Item], list[Item]]:
    """The words within reach to the left and right in the same clause."""
    near = [
        item
        for item in statement.items[max(0, place - _REACH) : place + _REACH + 1]
        if item.clause == statement.items[place].clause and not item.figure
    ]
    return [item for item in near if item.place < place], [item for item in near if item.place > place]


def _met(nearest: Aligned, mine: list[Item], theirs: list[Item], others: list[Item]) -> int:
    """How many of `mine` are among `theirs` and not among `others`."""

    def has(item: Item, side: list[Item]) -> bool:
        return any(nearest.same[item.place, other.place] >= 1.0 for other in side)

    return sum(has(item, theirs) and not has(item, others) for item in mine)


def _same_voice(
    draft: Statement,
    left: list[Item],
    right: list[Item],
    there: Statement,
    there_left: list[Item],
    there_right: list[Item],
) -> bool:
    if not (left and right and there_left and there_right):
        return False
    said = draft.text[left[0].start : right[-1].end]
    stands = there.text[there_left[0].start : there_right[-1].end]
    if _GENITIVE.search(said) or _GENITIVE.search(stands):
        return False
    return (_PASSIVE.search(said) is None) == (_PASSIVE.search(stands) is None)


def _only(nearest: Aligned, item: Item) -> int | None:
    """The one place of a statement where an item stands; None where there are several or none."""
    places = [column for column in range(len(nearest.statement.items)) if nearest.same[item.place, column] >= 1.0]
    return places[0] if len(places) == 1 else None

"""What a sentence claims by figures, names and words that have a contrary, and whether its sources have it so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from generation.checking.alignment import Aligned
from generation.checking.comparison import Comparison
from generation.checking.dates import Date, bears_out
from generation.checking.derived import is_case, is_counted, is_derived
from generation.checking.figures import Figure, confusable, says
from generation.checking.findings import Finding
from generation.checking.names import is_named
from generation.checking.polarity import denials, denied_places
from generation.checking.standing import Candidate, Contest, Outcome
from generation.checking.statements import Item

_CLEARLY = 0.45  # below this a rival keeps too little of the company to tell
_FAINTLY = 0.3  # enough where the item itself keeps next to none of it
_FAR = 3.0
_RIVAL = 1.2  # how much better it must stand
_SOME = 0.25
_SWAPPED = 1.02
_IN_ROWS = 1.05  # cells are told apart by the names of their rows and columns alone
_OTHER_NAME = 1.4  # names stand in more company by chance
_SWAPPED_NAME = 1.1
_VERBATIM = 0.7  # share of a sentence from which on a contrary in it is more than another way of saying it
_PHRASE = 2  # names so near one another are parts of one


def figure_findings(comparison: Comparison) -> Iterator[Finding]:
    """Figures that no source has, or that it has of something else."""
    items = [item for item in comparison.draft.items if item.figure]
    candidates = {
        place: _of_the_best(comparison, place, found)
        for place, found in _candidates(comparison, items, _figure_at).items()
    }
    contest, denies = Contest(comparison, candidates), bool(denials(comparison.draft))
    for item in items:
        if not any(is_own for _, _, is_own in candidates[item.place]):
            if not (_in_context(comparison, item) or _in_parts(comparison, item)):
                kind = "derived" if _follows(comparison, item) else "absent"
                yield Finding(kind, f"no cited passage says “{item.said}”")
        elif not denies and _stands_elsewhere(contest.outcome(item.place), _RIVAL, _SWAPPED):
            yield Finding("figure elsewhere", f"the passage says “{item.said}” of something else")


def _follows(comparison: Comparison, item: Item) -> bool:
    """Whether a figure may have been counted, computed, or put for a case of what the likeliest statement bounds."""
    if item.figure is None:
        return False
    likely = [one.statement for one in comparison.best_for(item.clause)]
    return (
        is_counted(item.figure)
        or _is_restated(comparison, item)
        or is_derived(item.figure, comparison.found_statements())
        or is_case(item.figure, comparison.draft, likely)
    )


def _is_restated(comparison: Comparison, item: Item) -> bool:
    """Whether the sentence itself has a figure in another unit beside it: "ninety minutes, that is 1.5 hours"."""
    others = [other.figure for other in comparison.draft.items if other.figure and other.place != item.place]
    told = _figures(comparison)
    return any(
        item.figure is not None
        and other.unit != item.figure.unit
        and other.kind == item.figure.kind
        and says(other, item.figure)
        and any(says(given, other) for given in told)
        for other in others
    )


def _of_the_best(comparison: Comparison, place: int, found: list[Candidate]) -> list[Candidate]:
    """`found` without the rivals elsewhere, where the likeliest statement, if it is no row, has the figure itself."""
    likely = comparison.best_for(comparison.draft.items[place].clause)[:1]
    if not likely or likely[0].statement.is_row or not any(is_own and one is likely[0] for one, _, is_own in found):
        return found
    return [(one, column, is_own) for one, column, is_own in found if is_own or one is likely[0]]


def _in_context(comparison: Comparison, item: Item) -> bool:
    """Whether a date or a reference stands in a title or heading."""
    if item.figure is None or item.figure.kind not in ("date", "reference"):
        return False
    told = [other.figure for one in comparison.context for other in one.items if other.figure]
    return any(says(figure, item.figure) for figure in told)


def _in_parts(comparison: Comparison, item: Item) -> bool:
    """Whether the month of a date stands in the sources, its day and its year each beside another: "on the 23rd"."""
    claimed, told = item.figure, _figures(comparison)
    if claimed is None:
        return False
    given = [one.date for one in told if one.date]
    if claimed.form == "ordinal" and claimed.unit is None:
        return any(date.day == claimed.values[0] for date in given)
    date = claimed.date
    if date is None or not date.month or not _has_year(told, date):
        return False
    has_day = not date.day or any(one.form == "ordinal" and one.values[0] == date.day for one in told)
    return has_day and any(other.month == date.month for other in given)


def _but_for_the_year(comparison: Comparison, item: Item, one: Aligned, column: int) -> bool:
    """Whether a date stands there without its year, which stands elsewhere in the sources."""
    claimed, other = item.figure, one.statement.items[column].figure
    if not (claimed and claimed.date and claimed.date.month and other and other.date) or other.date.year:
        return False
    return bears_out(other.date, replace(claimed.date, year=0)) and _has_year(_figures(comparison), claimed.date)


def _figures(comparison: Comparison) -> list[Figure]:
    sources = (*comparison.found_statements(), *comparison.context)
    return [item.figure for one in sources for item in one.items if item.figure]


def _has_year(told: list[Figure], date: Date) -> bool:
    return not date.year or any(one.date and one.date.year == date.year for one in told)


def name_findings(comparison: Comparison) -> Iterator[Finding]:
    """Names that no source has, or that it has in the place of another."""
    items = [item for item in comparison.draft.items if not item.figure and item.is_name]
    candidates = _candidates(comparison, items, _name_at)
    contest, denies = Contest(comparison, candidates), bool(denials(comparison.draft))
    for item in items:
        if not any(is_own for _, _, is_own in candidates[item.place]):
            if not is_named(item, comparison):
                yield Finding("absent", f"no cited passage names “{item.said}”")
        elif not denies and _stands_elsewhere(contest.outcome(item.place), _OTHER_NAME, _SWAPPED_NAME):
            yield Finding("name elsewhere", f"the passage says something else of “{item.said}”")


def contrary_findings(comparison: Comparison) -> Iterator[Finding]:
    """Words in the place of which a source has their contrary, where the rest of the sentence is in its words."""
    if comparison.exact < _VERBATIM:
        return
    items = [item for item in comparison.draft.items if not item.figure and _has_contrary(comparison, item)]
    candidates = _candidates(comparison, items, _contrary_at)
    contest = Contest(comparison, candidates)
    for item in items:
        outcome = contest.outcome(item.place)
        if outcome.rival > max(_RIVAL * outcome.own, _SOME) or outcome.swapped > _SWAPPED_NAME * outcome.straight:
            yield Finding("contrary", f"the passage says the contrary of “{item.said}”")


def _has_contrary(comparison: Comparison, item: Item) -> bool:
    return any(bool(one.opposed[item.place].any()) for one in comparison.found if one.opposed.size)


def _candidates(
    comparison: Comparison, items: list[Item], at: Callable[[Comparison, Item, Aligned, int], bool]
) -> dict[int, list[Candidate]]:
    """For each item the places of the sources that have the same, or something that `at` says could be confused."""
    return {
        item.place: [
            (one, column, bool(one.same[item.place, column] >= 1.0) or _but_for_the_year(comparison, item, one, column))
            for one in comparison.found
            for column in range(len(one.statement.items))
            if one.same[item.place, column] >= 1.0 or at(comparison, item, one, column)
        ]
        for item in items
    }


def _figure_at(comparison: Comparison, item: Item, one: Aligned, column: int) -> bool:
    figure = one.statement.items[column].figure
    is_label = column == 0 and not one.statement.is_row
    if figure is None or item.figure is None or is_label or not confusable(item.figure, figure):
        return False
    if _but_for_the_year(comparison, item, one, column):
        return True
    return not (item.figure.date and figure.date and bears_out(item.figure.date, figure.date))  # "2018" is no rival


def _name_at(comparison: Comparison, item: Item, one: Aligned, column: int) -> bool:
    other = one.statement.items[column]
    near = comparison.draft.items[max(0, item.place - _PHRASE) : item.place + _PHRASE + 1]
    return other.is_name and not other.figure and other.term not in {one.term for one in near}


def _contrary_at(comparison: Comparison, item: Item, one: Aligned, column: int) -> bool:
    if not one.opposed[item.place, column]:
        return False
    denied = item.place in denied_places(denials(comparison.draft))
    return denied == (column in denied_places(denials(one.statement)))


def _stands_elsewhere(outcome: Outcome, rival: float, swapped: float) -> bool:
    if outcome.swapped > swapped * outcome.straight:
        return True
    if rival > _RIVAL and outcome.rival > max(_FAR * outcome.own, _FAINTLY):
        return True
    return outcome.rival > max((_IN_ROWS if outcome.in_rows else rival) * outcome.own, _CLEARLY)

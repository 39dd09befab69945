"""What of a sentence no source says in any words: the whole of it, or one clause."""

from __future__ import annotations

from collections.abc import Iterator

from generation.checking.comparison import Comparison
from generation.checking.findings import NOT_SAID, Finding
from generation.checking.statements import Item
from generation.checking.wording import is_unspaced
from kb.text.terms import UNSPACED

_ENOUGH = 0.6
"""Mean of the share of a sentence that is held and the cosine of the nearest statement: less of both is too little."""
_ENOUGH_CHARACTERS = 0.35  # of the characters of a Chinese sentence: the embedder knows little of it
_MUCH, _MORE = 0.3, 1.2
_GAP = 0.35  # what the last clause may be held less than another


def uncovered(comparison: Comparison, support: float) -> Iterator[Finding]:
    """That the sources hardly have the words of the sentence, or much fewer of one clause than of another."""
    lack = _lack_of_characters(comparison) if is_unspaced(comparison.draft.text) else _ENOUGH - support
    if not comparison.found:
        yield Finding("absent", NOT_SAID)
    elif lack > 0:
        yield Finding("thin", NOT_SAID, lack)
    if _obeys(comparison):
        yield Finding("ordered", "only an instruction in the passage says this")
    if added := _added(comparison):
        items, gap = added
        yield Finding("gap", f"no cited passage says “{comparison.draft.text[items[0].start : items[-1].end]}”", gap)


def _added(comparison: Comparison) -> tuple[list[Item], float] | None:
    """The last clause, where what is made up is added, and how much less of it is held than of the best one."""
    held = comparison.held()
    clauses = [[item for item in comparison.draft.items if item.clause == one] for one in comparison.clauses()]
    *others, last = [float(held[[item.place for item in items]].mean()) for items in clauses]
    gap = max(others, default=0.0) - last - _GAP
    return (clauses[-1], gap) if len(clauses[-1]) > 1 and gap > 0 else None


def _obeys(comparison: Comparison) -> bool:
    """Whether an instruction in the sources has clearly more of the sentence than anything else there."""
    ordered = max((comparison.share(one) for one in comparison.orders), default=0.0)
    return ordered > _MUCH and ordered > _MORE * max((comparison.share(one) for one in comparison.found), default=0.0)


def share_held(comparison: Comparison) -> float:
    """The share of the sentence's weight that its sources hold, 0 to 1."""
    return float((comparison.weights * comparison.held()).sum() / (comparison.weights.sum() or 1.0))


def _lack_of_characters(comparison: Comparison) -> float:
    known = set("".join(one.text for one in (*comparison.found_statements(), *comparison.context)))
    characters = [char for char in comparison.draft.text if UNSPACED.match(char)]
    return _ENOUGH_CHARACTERS - sum(char in known for char in characters) / len(characters)

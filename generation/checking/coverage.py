"""What of a sentence no source says in any words: the whole of it, a clause, or a word put between others."""

from __future__ import annotations

from collections.abc import Iterator

from generation.checking.alignment import ALIKE
from generation.checking.comparison import Comparison
from generation.checking.statements import Item, Statement, words_before
from generation.checking.wording import is_unspaced
from kb.text.terms import UNSPACED

_ENOUGH = 0.6
_ENOUGH_OF_ROW = 0.585
"""Mean of the share of a sentence that is held and the cosine of the nearest statement: little of both is too little.

A row of a table has fewer words, and says the names of its columns again and again."""
_NEW_WORD = 2  # characters of Chinese in a row that no source has
_VERBATIM = 0.6  # share of its characters from which on a Chinese sentence can be judged by them
_MANY = 3  # words in a row
_INSERTED = 0.5


def unsupported_parts(comparison: Comparison, support: float) -> Iterator[str]:
    """What no source says, in phrases for people."""
    if is_unspaced(comparison.draft.text):
        yield from _new_characters(comparison)
        return
    if _is_unsupported(comparison, support):
        yield "the cited passages do not say this"
        return
    for clause in comparison.clauses():
        items = [item for item in comparison.draft.items if item.clause == clause]
        if _is_made_up(comparison, items):
            yield f"no cited passage says “{comparison.draft.text[items[0].start : items[-1].end]}”"
    if run := _long_run(comparison):
        yield f"no cited passage says “{comparison.draft.text[run[0].start : run[-1].end]}”"
    for item in comparison.draft.items:
        if _is_inserted(comparison, item):
            yield f"no cited passage says “{item.said}” here"


def share_held(comparison: Comparison) -> float:
    """The share of the sentence's weight that its sources hold, 0 to 1."""
    return float((comparison.weights * comparison.held()).sum() / (comparison.weights.sum() or 1.0))


def _is_unsupported(comparison: Comparison, support: float) -> bool:
    nearest = comparison.nearest
    return nearest is None or support < (_ENOUGH_OF_ROW if nearest.statement.is_row else _ENOUGH)


def _is_made_up(comparison: Comparison, items: list[Item]) -> bool:
    held = comparison.held()
    told = [item for item in items if not item.figure]
    return len(told) > 1 and len(told) == len(items) and all(held[item.place] < ALIKE for item in told)


def _long_run(comparison: Comparison) -> list[Item]:
    """The first words in a row, _MANY or more, of which no source has anything like."""
    held, run = comparison.held(), list[Item]()
    for item in comparison.draft.items:
        if held[item.place] < ALIKE and not item.figure:
            run.append(item)
            continue
        if len(run) >= _MANY:
            break
        run = []
    return run if len(run) >= _MANY else []


def _is_inserted(comparison: Comparison, item: Item) -> bool:
    """Whether a statement has the words before and after one side by side, and nowhere anything like it."""
    place, last = item.place, len(comparison.draft.items) - 1
    if item.figure or item.is_name or not 0 < place < last or comparison.held()[place] >= _INSERTED:
        return False
    around = _small_words(comparison.draft, place) + _small_words(comparison.draft, place + 1)
    for one in comparison.found:
        for column in range(len(one.statement.items) - 1):
            beside = one.same[place - 1, column] >= 1.0 and one.same[place + 1, column + 1] >= 1.0
            if beside and _small_words(one.statement, column + 1) == around:
                return True
    return False


def _small_words(statement: Statement, place: int) -> list[str]:
    return [word.text.casefold() for word in words_before(statement, place)]


def _new_characters(comparison: Comparison) -> Iterator[str]:
    known = set("".join(one.text for one in (*comparison.found_statements(), *comparison.context)))
    characters = [char for char in comparison.draft.text if UNSPACED.match(char)]
    if sum(char in known for char in characters) < _VERBATIM * len(characters):
        return
    run = ""
    for char in comparison.draft.text + " ":
        if UNSPACED.match(char) and char not in known:
            run += char
            continue
        if len(run) >= _NEW_WORD:
            yield f"no cited passage says 「{run}」"
        run = ""

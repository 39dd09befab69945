"""A follow-up as a question on its own, without a language model: what it leans on is carried over, word for word."""

from __future__ import annotations

import re

from generation.followups.signs import content, leans
from kb.conversation import Turn
from kb.text.terms import terms
from kb.types import Citation

_MOST = 12
"""Words that are carried over at most: more would drown the question."""
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")


def standalone(question: str, before: Turn | None) -> str:
    """`question` with the names, numbers and main words of the turn before it, where it leans on these; else as it is.

    They are those of the question that was searched then, and of the heading under which its answer was found.
    """
    if before is None or not leans(question):
        return question
    known = set(terms(question))
    carried: list[str] = []
    # A number in a heading is that of a section, which nobody asks for.
    heading = (word for word in content(_heading(before)) if not word.isdecimal())
    for word in (*content(before.searched), *heading):
        if not known.issuperset(terms(word)) and not _is_replaced(word, question):
            carried.append(word)
            known.update(terms(word))
    return f"{question} – {' '.join(carried[:_MOST])}" if carried else question


def _is_replaced(word: str, question: str) -> bool:
    """Whether a follow-up names another year: "and in 2019?" asks no more about 2018."""
    return bool(_YEAR.fullmatch(word) and _YEAR.search(question))


def _heading(turn: Turn) -> str:
    """What the passage stands under that the answer cites first; empty where it cites none."""
    return _place(turn.answer.citations[0]) if turn.answer.citations else ""


def _place(citation: Citation) -> str:
    anchor = citation.anchor
    return anchor.label.rpartition(" > ")[2] if anchor and anchor.kind == "heading" else citation.title

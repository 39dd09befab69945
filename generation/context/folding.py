"""Folding: of passages that say the same, one stands for all, and none of their sources is lost."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kb.types import Chunk, Hit

_WORD = re.compile(r"[-−(]?[$€£¥]?\d[\d.,]*%?\)?|\w+(?:['’]\w+)*")
"""A number with its sign, which accounts write as brackets, its currency and its per cent; or a word."""
_ARTICLES = frozenset(("a", "an", "the"))


@dataclass(frozen=True, slots=True)
class Folded:
    """The best hit of those that say the same, and the others, in the order found."""

    hit: Hit
    copies: tuple[Hit, ...] = ()


def folded(hits: Sequence[Hit]) -> list[Folded]:
    """The hits, each folded into the first before it that says all of what it says, in the order found.

    All of it is said by a passage that has the same words, numbers and signs in the same order, whatever the spacing,
    case, punctuation and articles, under a table's columns of the same names. Likeness is not enough: of the passages
    of FinanceBench's filings found together that share 90% of their runs of three words and all numbers, every other
    pair names another person or drops a clause.
    """
    found: list[Folded] = []
    said: list[tuple[str, str]] = []
    for hit in hits:
        own = _wording(hit.chunk)
        same = next((index for index, other in enumerate(said) if own[0] == other[0] and own[1] in other[1]), None)
        if same is None:
            found.append(Folded(hit))
            said.append(own)
        else:
            found[same] = replace(found[same], copies=(*found[same].copies, hit))
    return found


def _wording(chunk: Chunk) -> tuple[str, str]:
    """The words of the table's columns and those of the passage, each word between spaces."""
    return _words(chunk.context.table), _words(chunk.text)


def _words(text: str) -> str:
    words = (match.group().casefold() for match in _WORD.finditer(text))
    return f" {' '.join(word.rstrip('.,') for word in words if word not in _ARTICLES)} "

"""Which items of a sentence say the same as which of a passage's statements: by stem, by figure, or by vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generation.checking.figures import says
from generation.checking.opposites import contrary_by_prefix, opposites
from generation.checking.statements import Item, Statement
from generation.checking.units import same_unit
from kb.protocols import Tokenizer, Vectors

Strengths = NDArray[np.float64]
"""Shape (items of the sentence, items of the statement): 1 where they are the same, 0 where nothing is."""

ALIKE = 0.42
"""Cosine of two words in their sentences from which on one may be a way of saying the other: keep, retain 0.57."""
_RELATED = 0.9


@dataclass(frozen=True, slots=True)
class Aligned:
    """A statement of a passage beside the sentence. `opposed` marks pairs that say the contrary of one another."""

    source: int
    index: int
    statement: Statement
    same: Strengths
    cosines: Strengths | None
    opposed: NDArray[np.bool_]
    cosine: float = 0.0

    @property
    def strengths(self) -> Strengths:
        if self.cosines is None:
            return self.same
        return np.maximum(self.same, np.where(self.cosines >= ALIKE, self.cosines, 0.0))

    def best(self) -> NDArray[np.float64]:
        """For each item of the sentence the strength of its best partner, shape (items,)."""
        if not len(self.statement.items):
            return np.zeros(self.same.shape[0])
        return np.asarray(self.strengths.max(axis=1), dtype=np.float64)


def aligned(
    sentence: Statement, other: Statement, *, source: int, index: int, factors: Sequence[float], language: str | None
) -> Aligned:
    """A statement beside the sentence by words and figures alone."""
    shape = len(sentence.items), len(other.items)
    same, opposed = np.zeros(shape), np.zeros(shape, dtype=bool)
    contraries = opposites(language)
    for row, one in enumerate(sentence.items):
        for column, item in enumerate(other.items):
            same[row, column] = _sameness(sentence, one, other, item, factors)
            opposed[row, column] = is_opposite(one, item, contraries)
    return Aligned(source, index, other, same, None, opposed)


def is_opposite(one: Item, item: Item, contraries: dict[str, frozenset[str]]) -> bool:
    if one.figure or item.figure:
        return False
    return item.term in contraries.get(one.term, ()) or contrary_by_prefix(one.term, item.term)


def _sameness(sentence: Statement, one: Item, other: Statement, item: Item, factors: Sequence[float]) -> float:
    if one.figure and item.figure:
        return float(says(item.figure, one.figure, factors) and _counts_the_same(sentence, one, other, item))
    if one.figure or item.figure:
        return 0.0
    if one.term == item.term or same_unit(one.said, item.said):
        return 1.0
    return _RELATED if are_related(one.term, item.term) else 0.0


def _counts_the_same(sentence: Statement, one: Item, other: Statement, item: Item) -> bool:
    """Whether two equal figures are not plainly of different things: 32 percent and 32 tokens.

    Only a row may leave the unit to its table.
    """
    if other.is_row or not one.figure or not item.figure or (one.figure.unit is None) == (item.figure.unit is None):
        return True
    bare, place = (sentence, one.place) if one.figure.unit is None else (other, item.place)
    if one.figure.date or item.figure.date or "share" in (one.figure.form, item.figure.form):
        return True
    kind = (one.figure.unit or item.figure.unit or ("",))[0]
    if any(other.figure and other.figure.unit and other.figure.unit[0] == kind for other in bare.items):
        return True  # ten feet wide by fifteen long
    following = bare.items[place + 1 : place + 2]
    return not following or following[0].clause != bare.items[place].clause or following[0].figure is not None


def are_related(one: str, other: str) -> bool:
    """Whether two stems have most of their beginning in common: normal, normalis."""
    shared = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        shared += 1
    return shared >= 5 and shared >= 0.7 * max(len(one), len(other))


def item_vectors(statement: Statement, tokens: Vectors, tokenizer: Tokenizer) -> Vectors:
    """A unit vector for each item: the mean of its tokens'; of zeros for figures, and beyond the model's window."""
    offsets = tokenizer.offsets(statement.text)[: len(tokens)]
    vectors = np.zeros((len(statement.items), tokens.shape[1]), dtype=np.float32)
    for row, item in enumerate(statement.items):
        if item.figure:
            continue
        within = [at for at, (start, end) in enumerate(offsets) if start < item.end and item.start < end]
        if within:
            mean = tokens[within].mean(axis=0)
            vectors[row] = mean / (float(np.linalg.norm(mean)) or 1.0)
    return vectors

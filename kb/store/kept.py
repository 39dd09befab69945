"""Kept passages: which ones a filter keeps in one state of a base, with what a search among them needs of each."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from kb.filters import Filter
from kb.protocols import Vectors
from kb.store.lexical_searcher import Among, Numbers
from kb.store.selection import Selection, select
from kb.store.snapshot import Snapshot

FEW = 20_000
"""A filter that keeps fewer passages is answered from a list of them."""
VECTOR_BYTES = 128_000_000
"""So much of the vectors that filters keep is held in memory, for a moment twice as much."""
_REMEMBERED = 16
_MARGIN = 1.25


@dataclass(frozen=True, slots=True)
class Passages:
    """Numbers of passages, ascending; their distinct embeddings, ascending; and which of these each passage has."""

    numbers: Numbers
    embeddings: Numbers
    places: Numbers


class Kept:
    """What a selection keeps. More than its size is read when first needed; any thread may ask, with its own snapshot.

    `passages` is their number, FEW where it is that or more; `share` is about their part in all `total` passages.
    """

    def __init__(self, selection: Selection, snapshot: Snapshot, *, total: int) -> None:
        self._selection = selection
        self._lock = Lock()
        self._passages: Passages | None = None
        self._vectors: Vectors | None = None
        self.passages = _counted(selection, snapshot)
        by_documents = len(selection.documents) / max(1, snapshot.document_count())
        self.share = min(1.0, max(self.passages / max(1, total), 0.0 if self.is_few else by_documents))

    @property
    def is_few(self) -> bool:
        return self.passages < FEW

    def depth(self, k: int) -> int:
        """How many of all passages to look at, so that k of them are likely kept."""
        return int(_MARGIN * k / self.share) + 1 if self.share else k

    def looked_up(self, snapshot: Snapshot) -> Among:
        """What finds them in the lexical index, and only them."""
        if self._selection.numbers is None:
            return Among("document", tuple(self._selection.documents))
        return Among("chunk", self.listed(snapshot).numbers.tolist())

    def listed(self, snapshot: Snapshot) -> Passages:
        with self._lock:
            if self._passages is None:
                self._passages = _listed(self._selection, snapshot)
            return self._passages

    def vectors(self, snapshot: Snapshot) -> Vectors | None:
        """Those of the distinct embeddings, in their order; None where they are too many to be held."""
        embeddings = self.listed(snapshot).embeddings
        with self._lock:
            if self._vectors is None and len(embeddings) * snapshot.vector_bytes() <= VECTOR_BYTES:
                self._vectors = snapshot.vectors_of(embeddings.tolist())[1]
            return self._vectors

    def held_bytes(self) -> int:
        return 0 if self._vectors is None else self._vectors.nbytes

    def forget_vectors(self) -> None:
        with self._lock:
            self._vectors = None

    def among(self, snapshot: Snapshot, numbers: Numbers) -> NDArray[np.bool_]:
        """Which of these passages are kept."""
        if self.is_few or self._selection.numbers is not None:
            return _stand_in(self.listed(snapshot).numbers, numbers)
        statement = f"SELECT id, document FROM chunks WHERE id IN {_GIVEN}"
        rows = snapshot.rows(statement, (json.dumps(numbers.tolist()),))
        kept = [name for name, document in rows if document in self._selection.documents]
        return _stand_in(np.sort(np.array(kept, np.int64)), numbers)

    def with_embeddings(self, snapshot: Snapshot, embeddings: Iterable[int]) -> list[tuple[int, int]]:
        """The kept passages that have one of these embeddings, and which."""
        statement = f"SELECT id, embedding, document FROM chunks WHERE embedding IN {_GIVEN}"
        rows = snapshot.rows(statement, (json.dumps(list(embeddings)),))
        found = [(name, embedding) for name, embedding, document in rows if document in self._selection.documents]
        if self._selection.numbers is None:
            return found
        kept = self.among(snapshot, np.array([name for name, _ in found], np.int64))
        return [pair for pair, is_kept in zip(found, kept, strict=True) if is_kept]


class Filters:
    """What filters keep, remembered for as long as the base stays as it is."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[tuple[int, Filter], Kept] = OrderedDict()

    def kept(self, snapshot: Snapshot, chosen: Filter, *, total: int) -> Kept:
        """What `chosen` keeps of `total` passages. Raises UserError where that is nothing."""
        key = snapshot.epoch, chosen
        with self._lock:
            known = self._kept.get(key)
        kept = known or Kept(select(snapshot, chosen), snapshot, total=total)
        with self._lock:
            self._remember(key, kept)
        return kept

    def _remember(self, key: tuple[int, Filter], kept: Kept) -> None:
        """Makes it the one used last; lets go of other states of the base, and of vectors used least recently."""
        self._kept[key] = kept
        self._kept.move_to_end(key)
        for other in [other for other in self._kept if other[0] < key[0]]:
            del self._kept[other]
        while len(self._kept) > _REMEMBERED:
            self._kept.popitem(last=False)
        held = 0
        for one in reversed(self._kept.values()):
            held += one.held_bytes()
            if held > VECTOR_BYTES and one is not kept:
                one.forget_vectors()


_GIVEN = "(SELECT value FROM json_each(?))"
"""Any number of values as one: SQLite takes 32,766 in a statement."""


def _stand_in(ascending: Numbers, numbers: Numbers) -> NDArray[np.bool_]:
    if not len(ascending):
        return np.zeros(len(numbers), np.bool_)
    places = np.minimum(np.searchsorted(ascending, numbers), len(ascending) - 1)
    found: NDArray[np.bool_] = ascending[places] == numbers
    return found


def _of_documents(selection: Selection) -> str:
    return f"document IN (SELECT id FROM documents WHERE {selection.condition.sql})"


def _counted(selection: Selection, snapshot: Snapshot) -> int:
    """Not further than FEW, since counting a million takes time."""
    if selection.numbers is not None:
        return min(len(selection.numbers), FEW)
    found = f"SELECT 1 FROM chunks WHERE {_of_documents(selection)} LIMIT {FEW}"
    return int(snapshot.rows(f"SELECT count(*) FROM ({found})", selection.condition.values)[0][0])


def _listed(selection: Selection, snapshot: Snapshot) -> Passages:
    if selection.numbers is None:
        where, values = _of_documents(selection), selection.condition.values
    else:
        where, values = f"id IN {_GIVEN}", (json.dumps(selection.numbers),)
    rows = sorted(snapshot.rows(f"SELECT id, embedding FROM chunks WHERE {where}", values))
    pairs = np.array(rows, np.int64).reshape(-1, 2)
    embeddings, places = np.unique(pairs[:, 1], return_inverse=True)
    return Passages(pairs[:, 0], embeddings, places)

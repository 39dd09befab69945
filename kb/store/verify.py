"""Do manifest, vectors and words agree? Compared by content, not by counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from kb.errors import StoreError
from kb.store.snapshot import Generation, Snapshot
from kb.store.stamps import unpacked
from kb.store.vectors import VectorGeneration, damaged_files
from kb.store.words import Words

_TOLERANCE = 1e-5
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that does not hold, as a sentence; `part` is where it is, which decides what can be repaired."""

    part: Literal["manifest", "words", "vectors"]
    sentence: str


def problems(snapshot: Snapshot, words: Words, vectors: Path) -> Iterator[Problem]:
    """What does not hold in a base that nobody is writing to; `vectors` is the folder of its generations."""
    for sentence in _manifest_problems(snapshot):
        yield Problem("manifest", sentence)
    for sentence in _lexical_problems(snapshot, words):
        yield Problem("words", sentence)
    generation = snapshot.generation()
    for sentence in _vector_problems(snapshot, generation, vectors / generation.name) if generation else ():
        yield Problem("vectors", sentence)


def _manifest_problems(snapshot: Snapshot) -> Iterator[str]:
    damage = snapshot.integrity()
    if damage != "ok":
        where = " ".join(damage.replace("*** in database main ***", "").split())
        yield f"The manifest is damaged ({where}); restore it from a copy, or ingest the documents into a new base."
        return
    for document in snapshot.documents():
        for chunk in snapshot.chunks(document.id):
            if document.text[chunk.start : chunk.end] != chunk.text:
                yield f"A passage of {document.source} does not stand where it says ({chunk.start} to {chunk.end})."


def _lexical_problems(snapshot: Snapshot, words: Words) -> Iterator[str]:
    damaged = words.damaged_files(snapshot)
    if damaged:
        yield f"Files of the lexical index are damaged or missing: {_listed(damaged)}."
        return
    try:
        held = Counter(words.index(snapshot).searcher(snapshot.epoch).numbers())
    except StoreError as error:
        yield str(error)
        return
    visible = snapshot.chunk_numbers()
    # Leftovers of a change that was interrupted are known, never shown, and swept by the next change.
    missing, orphaned = visible - held.keys(), held.keys() - visible - set(snapshot.lexical_leftovers())
    doubled = [name for name, count in held.items() if count > 1]
    for names, what in ((missing, "missing from"), (orphaned, "orphaned in"), (doubled, "doubled in")):
        if names:
            yield f"{len(names)} passages are {what} the lexical index."


def _vector_problems(snapshot: Snapshot, generation: Generation, folder: Path) -> Iterator[str]:
    damaged = damaged_files(folder, unpacked(generation.stamps))
    if damaged:
        yield f"Files of the vector index are damaged or missing: {_listed(damaged)}."
        return
    try:
        with closing(VectorGeneration(folder, {})) as index:
            yield from _compared(snapshot, index, generation.watermark)
    except StoreError as error:
        yield str(error)


def _compared(snapshot: Snapshot, index: VectorGeneration, watermark: int) -> Iterator[str]:
    wanted, vectors = snapshot.embeddings(up_to=watermark)
    position = {name: place for place, name in enumerate(wanted)}
    dropped = set(snapshot.dropped_embeddings())
    held: set[int] = set()
    orphaned = altered = uncoded = 0
    for numbers, found in index.contents():
        held.update(numbers)
        uncoded += index.codes.unlike(numbers, found) if index.codes else 0
        known = [(row, position[name]) for row, name in enumerate(numbers) if name in position]
        orphaned += sum(name not in position and name not in dropped for name in numbers)
        rows, places = [row for row, _ in known], [place for _, place in known]
        if rows:
            altered += int((np.abs(found[rows] - vectors[places]).max(axis=1) > _TOLERANCE).sum())
    uncoded += abs(len(index.codes.numbers) - len(held)) if index.codes else 0
    missing = len(position.keys() - held)
    for count, what in ((missing, "missing from"), (orphaned, "orphaned in"), (altered, "altered in")):
        if count:
            yield f"{count} vectors are {what} the vector index."
    if uncoded:
        yield f"The codes of {uncoded} vectors are not theirs in the vector index."


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more

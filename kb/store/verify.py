"""Do manifest, vectors and words agree? Compared by content, not by counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from kb.store.snapshot import Snapshot
from kb.store.vectors import VectorGeneration
from kb.store.view import View

_TOLERANCE = 1e-5


def problems(view: View) -> Iterator[str]:
    """One sentence for each thing that does not hold in a view of a base that nobody is writing to."""
    yield from _manifest_problems(view.snapshot)
    yield from _lexical_problems(view)
    if view.generation:
        yield from _vector_problems(view.snapshot, view.generation, view.watermark)


def _manifest_problems(snapshot: Snapshot) -> Iterator[str]:
    damage = snapshot.integrity()
    if damage != "ok":
        yield f"The manifest is damaged: {damage}."
        return
    for document in snapshot.documents():
        for chunk in snapshot.chunks(document.id):
            if document.text[chunk.start : chunk.end] != chunk.text:
                yield f"A passage of {document.source} does not stand where it says ({chunk.start} to {chunk.end})."


def _lexical_problems(view: View) -> Iterator[str]:
    held = Counter(view.lexical.numbers())
    visible = view.snapshot.chunk_numbers()
    # Leftovers of a change that was interrupted are known, never shown, and swept by the next change.
    missing, orphaned = visible - held.keys(), held.keys() - visible - set(view.snapshot.lexical_leftovers())
    doubled = [name for name, count in held.items() if count > 1]
    for names, what in ((missing, "missing from"), (orphaned, "orphaned in"), (doubled, "doubled in")):
        if names:
            yield f"{len(names)} passages are {what} the lexical index."


def _vector_problems(snapshot: Snapshot, generation: VectorGeneration, watermark: int) -> Iterator[str]:
    wanted, vectors = snapshot.embeddings(up_to=watermark)
    position = {name: index for index, name in enumerate(wanted)}
    dropped = set(snapshot.dropped_embeddings())
    held: set[int] = set()
    orphaned = altered = 0
    for numbers, found in generation.contents():
        held.update(numbers)
        known = [(row, position[name]) for row, name in enumerate(numbers) if name in position]
        orphaned += sum(name not in position and name not in dropped for name in numbers)
        rows, places = [row for row, _ in known], [place for _, place in known]
        if rows:
            altered += int((np.abs(found[rows] - vectors[places]).max(axis=1) > _TOLERANCE).sum())
    missing = len(position.keys() - held)
    for count, what in ((missing, "missing from"), (orphaned, "orphaned in"), (altered, "altered in")):
        if count:
            yield f"{count} vectors are {what} the vector index."

"""What remains of removed documents, looked for in every place where they stood; nothing, unless something is wrong."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from kb.protocols import Vectors
from kb.store.snapshot import Snapshot
from kb.store.view import View

TRIED = 3
"""Documents whose first passage is searched for after they are gone."""
_DEPTH = 10


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a base holds of some files: the numbers of their passages, the embeddings of these, and words to search for.

    `probes` are the first passages of some of the documents, as text and as vector.
    """

    files: tuple[str, ...]
    documents: tuple[str, ...]
    passages: tuple[int, ...]
    embeddings: tuple[int, ...]
    probes: tuple[tuple[str, Vectors], ...]


@dataclass(frozen=True, slots=True)
class Remains:
    """Counts of what is left of removed files: rows of documents and of passages, vectors that nothing else refers to,
    passages in the index of words, and those that `searches` searches for their own words found.
    """

    documents: int
    passages: int
    vectors: int
    words: int
    found: int
    searches: int

    @property
    def are_none(self) -> bool:
        return not (self.documents or self.passages or self.vectors or self.words or self.found)


def holdings(snapshot: Snapshot, files: Sequence[str]) -> Holdings:
    """What the base holds of `files`, noted before they are removed."""
    documents = snapshot.rows(
        "SELECT id, source FROM documents WHERE file IN (SELECT value FROM json_each(?)) ORDER BY source",
        (json.dumps(files),),
    )
    ids = json.dumps([name for name, _ in documents])
    passages = snapshot.rows(
        "SELECT id, embedding FROM chunks WHERE document IN (SELECT value FROM json_each(?)) ORDER BY id", (ids,)
    )
    probes = snapshot.rows(
        "SELECT chunks.id, text FROM chunks WHERE document IN (SELECT value FROM json_each(?))"
        " AND start = (SELECT min(start) FROM chunks AS other WHERE other.document = chunks.document) LIMIT ?",
        (ids, TRIED),
    )
    vectors = snapshot.vectors_by_number([name for name, _ in probes])
    return Holdings(
        tuple(files),
        tuple(source for _, source in documents),
        tuple(name for name, _ in passages),
        tuple({embedding for _, embedding in passages}),
        tuple((text, vectors[name]) for name, text in probes),
    )


def remains(view: View, held: Holdings) -> Remains:
    """What is left of them in one state of the base, which may hold other documents of the same words."""
    snapshot, sources = view.snapshot, set(held.documents)
    hits = [
        hit
        for text, vector in held.probes
        for hit in (*view.matching(text, _DEPTH), *view.nearest(vector, _DEPTH))
        if hit.chunk.source in sources
    ]
    ((documents,),) = snapshot.rows(
        "SELECT count(*) FROM documents WHERE file IN (SELECT value FROM json_each(?))", (json.dumps(held.files),)
    )
    ((vectors,),) = snapshot.rows(
        "SELECT count(*) FROM embeddings WHERE id IN (SELECT value FROM json_each(?))"
        " AND NOT EXISTS (SELECT 1 FROM chunks WHERE embedding = embeddings.id)",
        (json.dumps(held.embeddings),),
    )
    return Remains(
        documents=int(documents),
        passages=len(snapshot.visible_numbers(held.passages)),
        vectors=int(vectors),
        words=len(set(view.lexical.numbers()) & set(held.passages)),
        found=len(hits),
        searches=2 * len(held.probes),
    )

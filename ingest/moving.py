"""A file that lies elsewhere now, or under another name: what was read of it, and its vectors, move along."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePath

from ingest.readers.source_file import name_of
from kb.identity import chunk_id, document_id
from kb.store.snapshot import Snapshot
from kb.store.store import Addition
from kb.text.passages import indexed_text
from kb.types import Chunk, Document


def moved(snapshot: Snapshot, origin: str, target: str) -> Iterator[Addition]:
    """The documents of the file `origin` as those of `target`; their passages keep the vectors they have.

    So a passage of a renamed file is embedded under the file's former name, where that is part of its context, until
    the base is indexed anew.
    """
    for source in snapshot.document_digests(origin):
        document = snapshot.document(source)
        if document is None:
            continue
        chunks, keys = snapshot.chunks(document.id), snapshot.embedding_keys(document.id)
        there = _moved_document(document, origin, target)
        yield Addition(target, there, tuple(_moved_chunk(chunk, document, there) for chunk in chunks), tuple(keys))


def _moved_document(document: Document, origin: str, target: str) -> Document:
    source = target + document.source.removeprefix(origin)
    named_so = document.title == name_of(PurePath(origin).name)
    title = name_of(PurePath(target).name) if named_so else document.title
    return replace(document, id=document_id(source), source=source, title=title)


def _moved_chunk(chunk: Chunk, before: Document, document: Document) -> Chunk:
    context = chunk.context
    if before.title != document.title and before.title.startswith(context.title):
        context = replace(context, title=document.title)
    identity = chunk_id(document.id, chunk.start, chunk.end, indexed_text(context, chunk.text))
    return replace(chunk, id=identity, document_id=document.id, source=document.source, context=context)

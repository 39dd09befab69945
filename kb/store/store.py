"""The store of one knowledge base: manifest, vectors and words behind one door. The only writer of all three.

How a change travels, so that a crash at any moment loses nothing and shows nothing half:
1. passages to come are noted as lexical leftovers (committed), then put into the lexical index (committed);
2. one manifest transaction makes them visible, makes what they replace invisible, and swaps the leftovers accordingly;
3. leftovers are deleted from the lexical index, at the latest before the next change.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kb.errors import FingerprintMismatch, StoreError, UnknownKnowledgeBase
from kb.protocols import Vectors
from kb.store.lexical import LexicalIndex
from kb.store.lock import exclusive
from kb.store.manifest import FileRecord, Generation, Manifest, Snapshot, Transaction
from kb.store.records import number
from kb.store.vectors import GenerationReader, build_generation, discard_generations
from kb.store.verify import problems
from kb.store.view import RecentVectors, View
from kb.types import Chunk, Document

REBUILD_SHARE = 0.2
"""Above this share of dropped vectors a generation is built anew: deletions wear HNSW's graph out."""
PUBLISH_WAIT = 3600.0
"""Seconds to wait for another process that builds a generation."""
_PART = 5_000


@dataclass(frozen=True, slots=True)
class Addition:
    """A document to make visible, in place of the one of the same source if there is one.

    `file` is the source of the file it came from; `keys` names the embedding of each passage.
    """

    file: str
    document: Document
    chunks: tuple[Chunk, ...]
    keys: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What one commit makes visible, and what it makes gone.

    `removals` are sources of documents, `forgotten_files` of files all of whose documents are removed;
    `vectors` holds the embedding of every passage added, by its key.
    """

    additions: tuple[Addition, ...] = ()
    removals: tuple[str, ...] = ()
    files: tuple[FileRecord, ...] = ()
    forgotten_files: tuple[str, ...] = ()
    vectors: Mapping[bytes, Vectors] = field(default_factory=dict)


class Store:
    """Opens a base's folder. Any number of threads and processes may read; writers take turns."""

    def __init__(self, home: Path, manifest: Manifest, *, lock_wait: float = 10.0) -> None:
        self.home = home
        self.manifest = manifest
        self._lock_wait = lock_wait
        self._vectors = home / "vectors"
        self._generations = GenerationReader(self._vectors)
        self._recent = RecentVectors()
        self._lexical: dict[str, LexicalIndex] = {}

    @classmethod
    def open(cls, home: Path, *, create: bool, lock_wait: float = 10.0) -> Store:
        """The store in folder `home`; raises UnknownKnowledgeBase where there is none and `create` is False."""
        path = home / "manifest.sqlite"
        if create:
            home.mkdir(parents=True, exist_ok=True)
            return cls(home, Manifest.create(path, {}), lock_wait=lock_wait)
        if not path.is_file():
            raise UnknownKnowledgeBase(
                f'There is no knowledge base "{home.name}" in {home.parent}; ingest documents into it first.'
            )
        return cls(home, Manifest(path), lock_wait=lock_wait)

    def close(self) -> None:
        self._generations.close()
        self.manifest.close()

    @contextmanager
    def view(self) -> Iterator[View]:
        with self.manifest.snapshot() as snapshot:
            generation = snapshot.generation()
            yield View(
                manifest=self.manifest,
                snapshot=snapshot,
                lexical=self._lexical_index(snapshot).searcher(snapshot.epoch),
                generation=self._generations.get(generation.name) if generation else None,
                watermark=generation.watermark if generation else 0,
                recent=self._recent,
            )

    def known_vectors(self, keys: Sequence[bytes]) -> dict[bytes, Vectors]:
        """The embeddings that need not be computed again, by key."""
        with self.manifest.snapshot() as snapshot:
            return snapshot.vectors_by_key(keys)

    def require_fingerprint(self, part: str, value: str) -> None:
        """Raises FingerprintMismatch unless the base was built with `value` for `part`, or is still empty."""
        with self.manifest.snapshot() as snapshot:
            built_with = snapshot.meta(part)
        if built_with and built_with != value:
            raise FingerprintMismatch(
                f'This knowledge base was built with the {part} "{built_with}", not "{value}"; set that one again, '
                "or ingest the documents into a new knowledge base (--kb NAME)."
            )

    def commit(self, change: Change, fingerprints: Mapping[str, str]) -> None:
        """Makes `change` visible at once and whole; raises Locked when another process keeps writing."""
        with self._writing():
            for part, value in fingerprints.items():
                self.require_fingerprint(part, value)
            with self.manifest.transaction() as transaction:
                new = _unseen_chunks(transaction, change)
                leftovers = transaction.lexical_leftovers()
                transaction.add_leftovers(new)
                lexical = self._lexical_index(transaction)
            if new or leftovers:
                lexical.write(remove={*leftovers, *new}, add=new.items())
            with self.manifest.transaction() as transaction:
                transaction.forget_leftovers(leftovers)
                _apply(transaction, change, fingerprints)

    def sweep(self) -> None:
        """Deletes what is left over in the lexical index, and the traces of removed text in the manifest's log."""
        with self._writing():
            with self.manifest.snapshot() as snapshot:
                leftovers, lexical = snapshot.lexical_leftovers(), self._lexical_index(snapshot)
            if leftovers:
                lexical.write(remove=leftovers, add=())
                with self.manifest.transaction() as transaction:
                    transaction.forget_leftovers(leftovers)
            self.manifest.purge()

    def publish(self) -> None:
        """Builds and publishes a vector generation that holds all embeddings, unless the current one already does."""
        with exclusive(self.home / "publisher.lock", wait=PUBLISH_WAIT):
            with self.manifest.snapshot() as snapshot:
                current, dropped = snapshot.generation(), snapshot.dropped_embeddings()
                watermark = snapshot.last_embedding()
                if watermark <= (current.watermark if current else 0) and not dropped:
                    return
                base = current if current and len(dropped) <= REBUILD_SHARE * current.vectors else None
                generation = Generation(
                    name=build_generation(
                        self._vectors,
                        base=base.name if base else None,
                        drop=[name for name in dropped if base and name <= base.watermark],
                        add=_parts(snapshot, base.watermark if base else 0),
                    ),
                    watermark=max(watermark, current.watermark if current else 0),
                    vectors=snapshot.counts()[2],
                )
            with self._writing(), self.manifest.transaction() as transaction:
                transaction.publish(generation, dropped)
                keep = transaction.generation_names()
            discard_generations(self._vectors, keep=keep)

    def problems(self) -> list[str]:
        """What does not agree between manifest, vectors and words, read from disk while nobody writes."""
        fresh = Store(self.home, Manifest(self.home / "manifest.sqlite"))
        try:
            with self._writing(), closing(fresh), fresh.view() as view:
                return list(problems(view))
        except StoreError as error:
            return [str(error)]

    def rebuild(self) -> None:
        """Builds both indexes anew from the manifest, without the sources and without embedding anything."""
        with self._writing():
            with self.manifest.snapshot() as snapshot:
                old = snapshot.meta("lexical")
                new = f"lexical-{int(old.removeprefix('lexical-')) + 1}"
                shutil.rmtree(self.home / new, ignore_errors=True)
                chunks = ((number(chunk.id), chunk) for chunk in snapshot.all_chunks())
                LexicalIndex(self.home / new).write(remove=(), add=chunks)
            with self.manifest.transaction() as transaction:
                transaction.set_meta("lexical", new)
                transaction.forget_leftovers(transaction.lexical_leftovers())
                transaction.retire_generations()
                transaction.advance_epoch()
            shutil.rmtree(self.home / old, ignore_errors=True)
        self.publish()

    def _writing(self) -> AbstractContextManager[None]:
        return exclusive(self.home / "writer.lock", wait=self._lock_wait)

    def _lexical_index(self, snapshot: Snapshot) -> LexicalIndex:
        name = snapshot.meta("lexical")
        if name not in self._lexical:
            self._lexical = {name: LexicalIndex(self.home / name)}
        return self._lexical[name]


def _unseen_chunks(transaction: Transaction, change: Change) -> dict[int, Chunk]:
    """The passages of a change, by number, that are not visible yet: a replaced document keeps its unchanged ones."""
    chunks = {number(chunk.id): chunk for addition in change.additions for chunk in addition.chunks}
    visible = transaction.visible_numbers(list(chunks))
    return {name: chunk for name, chunk in chunks.items() if name not in visible}


def _apply(transaction: Transaction, change: Change, fingerprints: Mapping[str, str]) -> None:
    for part, value in fingerprints.items():
        transaction.set_meta(part, value)
    for record in change.files:
        transaction.put_file(record)
    for source in (*change.removals, *(addition.document.source for addition in change.additions)):
        transaction.remove_document(source)
    for source in change.forgotten_files:
        transaction.drop_file(source)
    transaction.add_embeddings(change.vectors)
    keys = transaction.embeddings_by_key(list(change.vectors))
    for addition in change.additions:
        embeddings = [keys[key] for key in addition.keys]
        transaction.add_document(addition.document, addition.file, addition.chunks, embeddings)
    transaction.settle()
    transaction.advance_epoch()


def _parts(snapshot: Snapshot, watermark: int) -> Iterator[tuple[list[int], Vectors]]:
    while True:
        numbers, vectors = snapshot.embeddings_after(watermark, _PART)
        if not numbers:
            return
        yield numbers, vectors
        watermark = numbers[-1]

"""The store of one knowledge base: manifest, vectors and words behind one door. The only writer of all three.

How a change travels, so that a crash at any moment loses nothing and shows nothing half:
1. passages to come are noted as lexical leftovers (committed), then put into the lexical index (committed);
2. one manifest transaction makes them visible, makes what they replace invisible, and swaps the leftovers accordingly;
3. leftovers are deleted from the lexical index, at the latest before the next change.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kb.errors import FingerprintMismatch, StoreError, UnknownKnowledgeBase, UserError
from kb.protocols import Vectors
from kb.store.lexical import LexicalIndex
from kb.store.lock import exclusive
from kb.store.manifest import SCHEMA_VERSION, Manifest
from kb.store.records import number
from kb.store.snapshot import FileRecord, Generation, RefusedPart, Snapshot
from kb.store.transaction import Transaction
from kb.store.vectors import GenerationReader, build_generation, discard_generations
from kb.store.verify import problems
from kb.store.view import RecentVectors, View
from kb.types import Chunk, Document

REBUILD_SHARE = 0.2
"""Above this share of dropped vectors a generation is built anew: deletions wear HNSW's graph out."""
PUBLISH_WAIT = 3600.0
"""Seconds to wait for another process that builds a generation."""
FIRST_LEXICAL = "lexical-0"
PURGE_WAIT = 10.0
"""Seconds for which a removal waits for readers of an older state, so that no removed text stays in the log."""
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

    `removed_files` go with all documents they have by then, and before `files` are put in; `removed_documents` are
    single ones. `refused` are the parts of `files` that became no document. `vectors` holds the embedding of every
    passage added, by its key.
    """

    additions: tuple[Addition, ...] = ()
    removed_files: tuple[str, ...] = ()
    removed_documents: tuple[str, ...] = ()
    files: tuple[FileRecord, ...] = ()
    refused: tuple[RefusedPart, ...] = ()
    vectors: Mapping[bytes, Vectors] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Removed:
    """How many documents and passages went with the files that a change removed."""

    documents: int = 0
    chunks: int = 0


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
        manifest = Manifest(home / "manifest.sqlite")
        store = cls(home, manifest, lock_wait=lock_wait)
        version = manifest.schema()
        if version is None and create:
            store._create()
        elif version is None:
            raise UnknownKnowledgeBase(
                f'There is no knowledge base "{home.name}" in {home.parent}; create it with `citewell ingest`.'
            )
        elif version != SCHEMA_VERSION:
            raise FingerprintMismatch(
                f'The knowledge base "{home.name}" has the format {version}, this version of Citewell needs '
                f"{SCHEMA_VERSION}; ingest the documents into a new knowledge base (--kb NAME)."
            )
        return store

    def close(self) -> None:
        self._generations.close()
        self.manifest.close()

    @contextmanager
    def view(self) -> Iterator[View]:
        """One state of the base. Raises StoreError where an index is missing or damaged."""
        with ExitStack() as stack:
            yield self._opened_view(stack)

    def known_vectors(self, keys: Sequence[bytes]) -> dict[bytes, Vectors]:
        """The embeddings that need not be computed again, by key."""
        with self.manifest.snapshot() as snapshot:
            return snapshot.vectors_by_key(keys)

    def require_fingerprint(self, part: str, value: str) -> None:
        """Raises FingerprintMismatch unless the base was built with `value` for `part`, or is empty."""
        with self.manifest.snapshot() as snapshot:
            built_with = "" if snapshot.is_empty() else snapshot.meta(part)
        if built_with and built_with != value:
            raise FingerprintMismatch(
                f'This knowledge base was built with the {part} "{built_with}", not "{value}"; set that one again, '
                "or ingest the documents into a new knowledge base (--kb NAME)."
            )

    def commit(self, change: Change, fingerprints: Mapping[str, str]) -> Removed:
        """Makes `change` visible at once and whole; raises Locked when another process keeps writing."""
        with self._writing():
            for part, value in fingerprints.items():
                self.require_fingerprint(part, value)
            with self.manifest.transaction() as transaction:
                new = _unseen_chunks(transaction, change)
                leftovers = transaction.state.lexical_leftovers()
                transaction.add_leftovers(new)
                lexical = self._lexical_index(transaction.state)
            if new or leftovers:
                lexical.write(remove={*leftovers, *new}, add=new.items())
            with self.manifest.transaction() as transaction:
                transaction.forget_leftovers(leftovers)
                return _apply(transaction, change, fingerprints)

    def sweep(self) -> None:
        """Deletes what is left over in the lexical index."""
        with self._writing():
            with self.manifest.snapshot() as snapshot:
                leftovers, lexical = snapshot.lexical_leftovers(), self._lexical_index(snapshot)
                self._discard_lexical(keep=snapshot.meta("lexical"))
            if leftovers:
                lexical.write(remove=leftovers, add=())
                with self.manifest.transaction() as transaction:
                    transaction.forget_leftovers(leftovers)

    def settle(self) -> None:
        """What a writer does last: nothing is left over, removed or unpublished after it."""
        self.sweep()
        self.purge()
        self.publish()

    def purge(self, *, wait: float = 0.0) -> bool:
        """Clears removed text out of the manifest's log; False if readers of older states are in the way for `wait`."""
        until = time.monotonic() + wait
        while not self.manifest.purge():
            if time.monotonic() >= until:
                return False
        return True

    def publish(self) -> None:
        """Builds and publishes a vector generation that holds all embeddings, unless the current one already does."""
        with self._publishing():
            self._publish()

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
        with self._publishing():
            with self._writing():
                with self.manifest.snapshot() as snapshot:
                    new = f"lexical-{int(snapshot.meta('lexical').removeprefix('lexical-')) + 1}"
                    self._discard_lexical(keep=snapshot.meta("lexical"))
                    chunks = ((number(chunk.id), chunk) for chunk in snapshot.all_chunks())
                    LexicalIndex.create(self.home / new).write(remove=(), add=chunks)
                with self.manifest.transaction() as transaction:
                    transaction.set_meta("lexical", new)
                    transaction.forget_all_leftovers()
                    transaction.retire_generations()
                    transaction.advance_epoch()
                self._discard_lexical(keep=new)
            self._publish()

    def _create(self) -> None:
        try:
            # Nobody else's business: the text of all documents is going to lie in here.
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._writing():
                LexicalIndex.create(self.home / FIRST_LEXICAL)
                self.manifest.create(lexical=FIRST_LEXICAL)
        except OSError as error:
            raise UserError(
                f"No knowledge base can be made in {self.home} ({error.strerror}); choose another folder with --home."
            ) from error

    def _opened_view(self, stack: ExitStack) -> View:
        """Opens what a snapshot names; takes a newer one if its indexes were replaced and deleted meanwhile."""
        while True:
            with ExitStack() as attempt:
                snapshot = attempt.enter_context(self.manifest.snapshot())
                generation = snapshot.generation()
                try:
                    view = View(
                        manifest=self.manifest,
                        snapshot=snapshot,
                        lexical=self._lexical_index(snapshot).searcher(snapshot.epoch),
                        generation=attempt.enter_context(self._generations.lend(generation.name))
                        if generation
                        else None,
                        watermark=generation.watermark if generation else 0,
                        recent=self._recent,
                    )
                except StoreError:
                    with self.manifest.snapshot() as now:
                        if (now.generation(), now.meta("lexical")) == (generation, snapshot.meta("lexical")):
                            raise
                    continue
                stack.enter_context(attempt.pop_all())
                return view

    def _publish(self) -> None:
        with self.manifest.snapshot() as snapshot:
            current, dropped = snapshot.generation(), snapshot.dropped_embeddings()
            watermark, vectors = snapshot.last_embedding(), snapshot.counts()[2]
            keep = snapshot.generation_names()
        if watermark > (current.watermark if current else 0) or dropped:
            base = current if current and len(dropped) <= REBUILD_SHARE * current.vectors else None
            name = build_generation(
                self._vectors,
                base=base.name if base else None,
                drop=[name for name in dropped if base and name <= base.watermark],
                add=self._parts(above=base.watermark if base else 0, up_to=watermark),
            )
            watermark = max(watermark, current.watermark if current else 0)
            with self._writing(), self.manifest.transaction() as transaction:
                transaction.publish(Generation(name, watermark, vectors), dropped)
                keep = transaction.state.generation_names()
        discard_generations(self._vectors, keep=keep)

    def _parts(self, *, above: int, up_to: int) -> Iterator[tuple[list[int], Vectors]]:
        """The embeddings of a range, a part at a time, so that no snapshot is held while an index is built."""
        while True:
            with self.manifest.snapshot() as snapshot:
                numbers, vectors = snapshot.embeddings(above=above, up_to=up_to, limit=_PART)
            if not numbers:
                return
            yield numbers, vectors
            above = numbers[-1]

    def _writing(self) -> AbstractContextManager[None]:
        return self._alone("writer.lock", self._lock_wait)

    def _publishing(self) -> AbstractContextManager[None]:
        return self._alone("publisher.lock", PUBLISH_WAIT)

    @contextmanager
    def _alone(self, lock: str, wait: float) -> Iterator[None]:
        try:
            with exclusive(self.home / lock, wait=wait):
                yield
        except OSError as error:
            raise StoreError(
                f"The knowledge base in {self.home} cannot be written: {error.strerror or error}."
            ) from error

    def _lexical_index(self, snapshot: Snapshot) -> LexicalIndex:
        name = snapshot.meta("lexical")
        if name not in self._lexical:
            self._lexical = {name: LexicalIndex(self.home / name)}
        return self._lexical[name]

    def _discard_lexical(self, *, keep: str) -> None:
        """Deletes lexical indexes that are no longer, or were never, in use; for the holder of the writer's lock."""
        for folder in self.home.glob("lexical-*"):
            if folder.name != keep:
                shutil.rmtree(folder)


def _unseen_chunks(transaction: Transaction, change: Change) -> dict[int, Chunk]:
    """The passages of a change, by number, that are not visible yet: a replaced document keeps its unchanged ones."""
    chunks = {number(chunk.id): chunk for addition in change.additions for chunk in addition.chunks}
    visible = transaction.state.visible_numbers(list(chunks))
    return {name: chunk for name, chunk in chunks.items() if name not in visible}


def _apply(transaction: Transaction, change: Change, fingerprints: Mapping[str, str]) -> Removed:
    for part, value in fingerprints.items():
        transaction.set_meta(part, value)
    removed = [transaction.remove_file(source) for source in change.removed_files]
    for record in change.files:
        transaction.put_file(record)
        transaction.set_refused_parts(record.source, [part for part in change.refused if part.file == record.source])
    for source in (*change.removed_documents, *(addition.document.source for addition in change.additions)):
        transaction.remove_document(source)
    transaction.add_embeddings(change.vectors)
    keys = transaction.state.embeddings_by_key(list(change.vectors))
    for addition in change.additions:
        embeddings = [keys[key] for key in addition.keys]
        transaction.add_document(addition.document, addition.file, addition.chunks, embeddings)
    transaction.settle()
    transaction.advance_epoch()
    return Removed(sum(documents for documents, _ in removed), sum(chunks for _, chunks in removed))

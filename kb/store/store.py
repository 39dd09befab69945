"""The store of one knowledge base: manifest, vectors and words behind one door. The only writer of all three.

How a change travels, so that a crash at any moment loses nothing and shows nothing half:
1. passages to come are noted as lexical leftovers (committed), then put into the lexical index (committed);
2. one manifest transaction makes them visible, makes what they replace invisible, and swaps the leftovers accordingly;
3. leftovers are deleted from the lexical index, at the latest before the next change.
What follows a change without being seen (leftovers, traces of what was removed, the next vector generation) is settled
at the end of a job, and by the next one where a crash came before.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

from kb.errors import FingerprintMismatch, Locked, StoreError, UnknownKnowledgeBase, UserError
from kb.filters import Filter
from kb.protocols import Vectors
from kb.store.answers import AnswerStore
from kb.store.conversations import ConversationStore
from kb.store.feedback import FeedbackStore
from kb.store.kept import Filters
from kb.store.lock import Turns
from kb.store.manifest import GAPS_DUE, SCHEMA_VERSION, Manifest
from kb.store.publishing import Publisher
from kb.store.records import number
from kb.store.snapshot import FileRecord, RefusedPart
from kb.store.transaction import Transaction
from kb.store.vectors import GenerationReader, adopt_generation
from kb.store.verify import Problem, problems
from kb.store.view import RecentVectors, SampledVectors, View
from kb.store.words import FIRST, PURGE_DUE, TERMS, Words
from kb.text.language import language_of
from kb.text.terms import VERSION as TERMS_VERSION
from kb.types import Chunk, Document

VECTORS = "vectors"
STAGED = "reindex"
PARTS = ("embedder", "splitter")
"""What a base is built with; with another value of one of them it has to be built anew."""
_log = logging.getLogger(__name__)

PURGE_WAIT = 10.0
"""Seconds for which a removal waits for readers of an older state, so that no removed text stays in the log."""


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
        self.turns = Turns(home, wait=lock_wait)
        self.answers = AnswerStore(home / "answers.sqlite", manifest)
        self.conversations = ConversationStore(home / "conversations.sqlite", manifest)
        self.feedback = FeedbackStore(home / "conversations.sqlite", manifest)
        self._generations = GenerationReader(home / VECTORS)
        self._publisher = Publisher(home / VECTORS, manifest, self.turns)
        self._recent = RecentVectors()
        self._sampled = SampledVectors()
        self._filters = Filters()
        self._words = Words(home, manifest)

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
        elif store._has_old_terms():
            store._renew_words()
        return store

    def close(self) -> None:
        self._generations.close()
        self.manifest.close()

    @contextmanager
    def view(self, chosen: Filter | None = None) -> Iterator[View]:
        """One state of the base, of which only what `chosen` keeps is found.

        Raises StoreError where an index is missing or damaged, UserError where the filter keeps nothing.
        """
        with ExitStack() as stack:
            view = self._opened_view(stack)
            if chosen:
                total = view.lexical.passage_count()
                view = replace(view, kept=self._filters.kept(view.snapshot, chosen, total=total))
            yield view

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
                "or run `citewell reindex`, which builds it anew while it goes on answering with the old settings."
            )

    def commit(self, change: Change, fingerprints: Mapping[str, str]) -> Removed:
        """Makes `change` visible at once and whole; raises Locked when another process keeps writing."""
        with self.turns.writing():
            for part, value in fingerprints.items():
                self.require_fingerprint(part, value)
            with self.manifest.transaction() as transaction:
                new = _unseen_chunks(transaction, change)
                leftovers = transaction.state.lexical_leftovers()
                transaction.add_leftovers(new)
                lexical = self._words.index(transaction.state)
            if new or leftovers:
                lexical.write(remove={*leftovers, *new}, add=new.items())
            with self.manifest.transaction() as transaction:
                if new or leftovers:
                    self._words.stamp(transaction, lexical)
                transaction.forget_leftovers(leftovers)
                removed = _apply(transaction, change, fingerprints)
            self._drop_staged(change)
            return removed

    def note(self, key: str, value: str) -> None:
        """Keeps `value` with the base, to be read as `Snapshot.meta(key)`; raises Locked when another keeps writing."""
        with self.turns.writing(), self.manifest.transaction() as transaction:
            transaction.set_meta(key, value)

    def settle(self, *, wait: float = 0.0) -> bool:
        """To be called when changes are done: nothing is left over, and no trace of removed text.

        A vector generation is published if one is due, the answers of older states are deleted, and conversations
        and feedback forget what they quoted. False if readers of older states kept removed text in a log for longer
        than `wait` seconds, or another process those answers; whoever settles next clears it. Raises StoreError where
        the conversations are damaged, after all else is done.
        """
        self._sweep()
        with suppress(Locked):
            # If another process is at it, what then is still lacking is scanned, or published by the next.
            self._publisher.publish(only_if_due=True, wait=0.0)
        staged = self.staged()
        if staged:
            with closing(staged):
                staged.settle(wait=wait)
        try:
            is_forgotten = self.answers.forget()
            is_purged = self._purge_log(wait)
        finally:
            # In one file: what purges the conversations purges the feedback too.
            self.feedback.forget()
            is_silent = self.conversations.forget(wait=wait)
        return is_silent and is_purged and is_forgotten

    def prepare_publishing(self) -> None:
        """To be called when changes are about to be made that will have to be published."""
        self._publisher.prepare()

    def publish(self) -> None:
        """Publishes a vector generation that holds all embeddings, unless the current one already does."""
        self._publisher.publish()

    def staged(self, *, create: bool = False) -> Store | None:
        """The store in which this base is built anew with other settings; None where that is not under way."""
        with suppress(UnknownKnowledgeBase):
            return Store.open(self.home / STAGED, create=create)
        return None

    def commit_staged(self, staged: Store, change: Change, fingerprints: Mapping[str, str]) -> Removed:
        """Commits to `staged` those of the change's documents that this base still holds, as they are."""
        with self.turns.writing():
            with self.manifest.snapshot() as snapshot:
                current = snapshot.all_digests()
            additions = [one for one in change.additions if current.get(one.document.source) == one.document.sha256]
            return staged.commit(replace(change, additions=tuple(additions)), fingerprints)

    def adopt(self, staged: Store) -> bool:
        """Goes over to the passages, vectors and words of `staged` at once; it is then deleted.

        False, and nothing done, where it does not hold the same documents as this base.
        """
        staged.publish()
        with self.turns.publishing(), self.turns.writing():
            with self.manifest.snapshot() as ours, staged.manifest.snapshot() as theirs:
                if ours.all_digests() != theirs.all_digests():
                    return False
                generation, fingerprints = theirs.generation(), {part: theirs.meta(part) for part in PARTS}
                words = self._words.adopt(staged.home / theirs.meta("lexical"), name := self._words.next_name(ours))
            if generation:
                adopted = adopt_generation(self.home / VECTORS, staged.home / VECTORS / generation.name)
                generation = replace(generation, name=adopted)
            with self.manifest.transaction_beside(staged.manifest.path) as transaction:
                transaction.adopt_staged()
                for part, value in fingerprints.items():
                    transaction.set_meta(part, value)
                transaction.set_meta("lexical", name)
                self._words.stamp(transaction, words)
                transaction.publish(generation, ()) if generation else transaction.retire_generations()
                transaction.advance_epoch()
            self.discard_staged(staged)
            with self.manifest.snapshot() as snapshot:
                self._words.discard_others(snapshot)
        self.settle()
        return True

    def discard_staged(self, staged: Store) -> None:
        staged.close()
        shutil.rmtree(staged.home)

    def problems(self) -> list[Problem]:
        """What does not agree between manifest, vectors and words, read from disk while nobody writes."""
        with self.turns.writing(), closing(Manifest(self.manifest.path)) as manifest:
            try:
                with manifest.snapshot() as snapshot:
                    return list(problems(snapshot, Words(self.home, manifest), self.home / VECTORS))
            except StoreError as error:
                return [Problem("manifest", str(error))]

    def repair(self, found: Sequence[Problem]) -> None:
        """Builds the indexes that have problems anew from the manifest; needs neither sources nor models."""
        with self.turns.publishing():
            if any(problem.part == "words" for problem in found):
                self._rewrite_words()
            if any(problem.part == "vectors" for problem in found):
                with self.turns.writing(), self.manifest.transaction() as transaction:
                    transaction.retire_generations()
                self._publisher.publish_now()

    def _create(self) -> None:
        try:
            # Nobody else's business: the text of all documents is going to lie in here.
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self.turns.writing():
                if self.manifest.schema() is None:
                    self._words.create(FIRST)
                    self.manifest.create(lexical=FIRST, terms=TERMS_VERSION)
        except OSError as error:
            raise UserError(
                f"No knowledge base can be made in {self.home} ({error.strerror}); choose another folder with --home."
            ) from error

    def _opened_view(self, stack: ExitStack) -> View:
        """Opens what a snapshot names; takes a newer one if the base was changed meanwhile, which takes longer."""
        while True:
            with ExitStack() as attempt:
                snapshot = attempt.enter_context(self.manifest.snapshot())
                generation = snapshot.generation()
                try:
                    view = View(
                        manifest=self.manifest,
                        snapshot=snapshot,
                        lexical=self._words.index(snapshot).searcher(snapshot.epoch, snapshot.languages()),
                        generation=attempt.enter_context(self._generations.lend(generation)) if generation else None,
                        recent=self._recent,
                        sampled=self._sampled,
                    )
                except StoreError:
                    with self.manifest.snapshot() as now:
                        if (now.generation(), now.meta("lexical")) == (generation, snapshot.meta("lexical")):
                            raise
                    continue
                if view.is_current():
                    stack.enter_context(attempt.pop_all())
                    return view

    def _drop_staged(self, change: Change) -> None:
        """What a change replaces or removes is not kept where the base is being built anew either."""
        replaced = (*change.removed_documents, *(addition.document.source for addition in change.additions))
        staged = self.staged() if replaced or change.removed_files else None
        if staged:
            with closing(staged):
                staged.commit(Change(removed_files=change.removed_files, removed_documents=replaced), {})

    def _sweep(self) -> None:
        """Deletes what is left over in the lexical index, and the traces there of what was removed."""
        with self.turns.writing():
            with self.manifest.snapshot() as snapshot:
                leftovers, is_purge_due = snapshot.lexical_leftovers(), bool(snapshot.meta(PURGE_DUE))
                self._words.discard_others(snapshot)
                if not leftovers and not is_purge_due:
                    return
                lexical = self._words.index(snapshot)
            if leftovers:
                lexical.write(remove=leftovers, add=())
            if is_purge_due:
                lexical.purge()
            with self.manifest.transaction() as transaction:
                self._words.stamp(transaction, lexical)
                transaction.forget_leftovers(leftovers)
                transaction.set_meta(PURGE_DUE, "")

    def _purge_log(self, wait: float) -> bool:
        until = time.monotonic() + wait
        while not self._is_purged():
            if time.monotonic() >= until:
                return False
        return True

    def _is_purged(self) -> bool:
        with self.turns.writing():
            return self.manifest.purge()

    def _has_old_terms(self) -> bool:
        with self.manifest.snapshot() as snapshot:
            return snapshot.meta(TERMS) != TERMS_VERSION

    def _renew_words(self) -> None:
        """Builds the lexical index of another version of terms anew, 100,000 passages in a minute, once.

        Until then others find what they found before. Raises Locked when another process keeps writing.
        """
        _log.info("The words of %s are indexed anew, since what counts as a word has changed.", self.home)
        with self.turns.publishing():
            if not self._has_old_terms():
                return
            with self.turns.writing(), self.manifest.transaction() as transaction:
                transaction.detect_languages(language_of)
            self._rewrite_words()

    def _rewrite_words(self) -> None:
        with self.turns.writing():
            with self.manifest.snapshot() as snapshot:
                new = self._words.next_name(snapshot)
                lexical = self._words.create(new)
                lexical.write(remove=(), add=((number(chunk.id), chunk) for chunk in snapshot.all_chunks()))
            with self.manifest.transaction() as transaction:
                transaction.set_meta("lexical", new)
                transaction.set_meta(TERMS, TERMS_VERSION)
                self._words.stamp(transaction, lexical)
                transaction.forget_all_leftovers()
                transaction.set_meta(PURGE_DUE, "")
                transaction.advance_epoch()
                self._words.discard_others(transaction.state)


def _unseen_chunks(transaction: Transaction, change: Change) -> dict[int, Chunk]:
    """The passages of a change, by number, that are not visible yet: a replaced document keeps its unchanged ones."""
    chunks = {number(chunk.id): chunk for addition in change.additions for chunk in addition.chunks}
    visible = transaction.state.visible_numbers(list(chunks))
    return {name: chunk for name, chunk in chunks.items() if name not in visible}


def _gives_way(transaction: Transaction, addition: Addition) -> bool:
    """Whether a part of a file bears the name of another file, "a.eml#b.txt", say; the file keeps the name."""
    source = addition.document.source
    owner = transaction.state.file_of(source)
    if owner is None or owner.source == addition.file:
        return False
    part_of = owner.source if source == addition.file else addition.file
    transaction.add_refused_part(
        RefusedPart(source, part_of, "failed", f"{PurePath(source).name} is also the name of another file; rename one.")
    )
    return part_of == addition.file


def _apply(transaction: Transaction, change: Change, fingerprints: Mapping[str, str]) -> Removed:
    for part, value in fingerprints.items():
        transaction.set_meta(part, value)
    removed = [transaction.remove_file(source) for source in change.removed_files]
    refused: dict[str, list[RefusedPart]] = {}
    for one in change.refused:
        refused.setdefault(one.file, []).append(one)
    for record in change.files:
        transaction.put_file(record)
        transaction.set_refused_parts(record.source, refused.get(record.source, ()))
    for source in change.removed_documents:
        transaction.remove_document(source)
    transaction.add_embeddings(change.vectors)
    keys = transaction.state.embeddings_by_key(list(change.vectors))
    for addition in change.additions:
        if _gives_way(transaction, addition):
            continue
        transaction.remove_document(addition.document.source)
        embeddings = [keys[key] for key in addition.keys]
        transaction.note_language(addition.document.language)
        transaction.add_document(addition.document, addition.file, addition.chunks, embeddings)
    for record in change.files:
        if record.state == "ready" and not transaction.state.document_digests(record.source):
            # Somebody removed the file after it had been looked at: next time it is read.
            transaction.put_file(replace(record, state="partial"))
    transaction.settle()
    if change.removed_documents or any(documents for documents, _ in removed):
        transaction.set_meta(PURGE_DUE, "yes")
        transaction.set_meta(GAPS_DUE, "yes")
    transaction.advance_epoch()
    return Removed(sum(documents for documents, _ in removed), sum(chunks for _, chunks in removed))

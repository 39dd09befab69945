"""The public face: one knowledge base, to fill, to search, to ask, to tend."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from citewell.asking import Asking
from citewell.board import Board, Errand, JobNote
from citewell.composition import Composer, LiveRetriever, Stage
from citewell.conversations import Conversations
from citewell.dialogue import Dialogue
from citewell.feedback import FeedbackBox, repeats
from citewell.home import base_folder, base_names, cache_folder, home_folder
from citewell.jobs import Job
from citewell.kept_settings import settings_of
from citewell.listing import Catalogue
from citewell.models import Models
from citewell.naming import existing_paths, files_meant
from citewell.parsing import configured_parsing
from citewell.reply import Reply
from citewell.status import (
    DocumentRow,
    RemovalReport,
    Status,
    Verification,
    document_row,
    folder_bytes,
    relative_name,
)
from citewell.threshold import KEPT, FittedThreshold, threshold_of, written
from citewell.trace import Trace, traced
from generation.context.passage import PassageContext
from ingest.report import IngestReport, Outcome, Progress
from kb.errors import FingerprintMismatch, UnknownKnowledgeBase, UserError
from kb.filters import Filter
from kb.protocols import Embedder, QueryEmbedder, Retriever, Splitter
from kb.settings import Settings
from kb.store.store import PURGE_WAIT, Change, Store
from kb.types import Answer, Chunk, Citation, Document, Hit

IngestJob = Job[Progress, IngestReport]
Work = Callable[[Callable[[Progress], None], Callable[[], bool]], IngestReport]
_LOOKED_AT = 50
"""Passages that are looked through for words that a person may have copied."""


class KnowledgeBase:
    """Opened by `KnowledgeBase.open`; may be used from any thread. Models are loaded when first needed."""

    def __init__(
        self, name: str, home: Path, store: Store, settings: Settings, *, models: Models | None = None
    ) -> None:
        self.name = name
        self.settings = settings
        self._home = home
        self._store = store
        self._models = models or Models(settings, home)
        self._composer = Composer(self._checked_embedder, self._models, settings)
        self._asking = Asking(store, self._composer, self._models, settings, self._checked_embedder)
        self._dialogue = Dialogue(store.conversations, self._models, settings.conversations)
        self.board = Board(store.home / "jobs")
        self.catalogue = Catalogue(store)
        self.conversations = Conversations(store.conversations, settings.conversations, self.display_name)
        self.feedback = FeedbackBox(store.feedback, self._holding)

    @classmethod
    def open(
        cls,
        name: str = "default",
        *,
        home: Path | None = None,
        settings: Settings | None = None,
        create: bool = False,
    ) -> KnowledgeBase:
        """The base `name` in `home` (else CITEWELL_HOME, else the user's data folder).

        Without `settings` those of the environment hold, over the home's settings.toml where there is one.
        Raises UnknownKnowledgeBase where there is none and `create` is False.
        """
        folder = home_folder(home)
        chosen = settings or settings_of(folder)
        path = base_folder(folder, name)
        if not create and not (path / "manifest.sqlite").is_file():
            known = ", ".join(base_names(folder)) or "none yet"
            raise UnknownKnowledgeBase(
                f'There is no knowledge base "{name}" in {folder} (there: {known}); create it with `citewell ingest`.'
            )
        return cls(name, folder, Store.open(path, create=create, lock_wait=chosen.store.lock_wait), chosen)

    def __enter__(self) -> KnowledgeBase:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def with_settings(self, settings: Settings) -> KnowledgeBase:
        """The same base, open once, for what is asked of it by other settings from now on; what runs goes on by these.

        Models whose settings are the same are shared. Either one's `close` closes the base for both.
        """
        return KnowledgeBase(self.name, self._home, self._store, settings, models=self._models.with_settings(settings))

    def loaded_models(self) -> list[str]:
        """The sections of the settings ("embedding", "rerank", "generator") whose models have been loaded by now."""
        return self._models.loaded()

    def close(self) -> None:
        self._models.close()
        self._store.close()

    def ingest(
        self,
        paths: Path | str | Sequence[Path | str],
        *,
        sync: bool = False,
        confirmed: bool = False,
        again: bool = False,
        on_outcome: Callable[[Outcome], None] = lambda _: None,
    ) -> IngestJob:
        """Starts a job that adds what is new at `paths`, replaces what has changed and keeps the rest.

        With `again`, what has not changed is read anew too, and what could not be read is tried again.

        With `sync` it also removes what is gone, unless that looks like a mistake and is not `confirmed`: then, and
        where a path is empty or missing, UserError is raised. `on_outcome` hears what became of each file, as soon as
        that is certain, from threads of the job.
        """
        from ingest.indexing import Encoding
        from ingest.pipeline import Ingestion

        given = [paths] if isinstance(paths, Path | str) else paths
        chosen = existing_paths(given, sync=sync, confirmed=confirmed)
        return self._job(
            Errand("ingest", tuple(str(path.resolve()) for path in chosen), sync, confirmed, again),
            lambda show, is_cancelled: Ingestion(
                self._store,
                lambda: Encoding(self.embedder, self._splitter),
                configured_parsing(self.settings.ingest, cache=cache_folder(self._store.home.parent)),
                on_progress=show,
                on_outcome=on_outcome,
                is_cancelled=is_cancelled,
                again=again,
            ).run(chosen, sync=sync, confirmed=confirmed),
        )

    def reindex(self) -> IngestJob:
        """Starts a job that builds the base anew with the settings of now, from its own documents.

        It answers with the old settings until that is done; what is ingested or removed meanwhile is taken along. A job
        that was cancelled or killed is taken up by the next one.
        """
        from ingest.indexing import Encoding
        from ingest.reindexing import Reindexing

        return self._job(
            Errand("reindex"),
            lambda show, is_cancelled: Reindexing(
                self._store,
                Encoding(self.embedder, self._splitter),
                on_progress=show,
                is_cancelled=is_cancelled,
            ).run(),
        )

    def jobs(self) -> list[JobNote]:
        """The jobs on this base that wait or run, in whichever process, or were cut short; the oldest first."""
        return self.board.notes()

    def job(self, name: str) -> JobNote:
        """The job with that id. Raises UserError where there is none."""
        return self.board.note(name)

    def cancel(self, job: str) -> None:
        """Asks a job, in whichever process, to stop at its next step. Raises UserError where there is none."""
        self.board.ask_to_stop(job)

    def dismiss(self, job: str) -> None:
        """Forgets an interrupted job; what it had done stays. Raises UserError where there is none, or it runs."""
        note = self.job(job)
        if note.state != "interrupted":
            raise UserError(f'The job "{job}" is still {note.state} (pid {note.pid}); stop it first.')
        self.board.forget(job)

    def resume(self, job: str, *, on_outcome: Callable[[Outcome], None] = lambda _: None) -> IngestJob:
        """Starts an interrupted job again, which goes on where that stopped. Raises UserError where there is none."""
        note = self.job(job)
        if note.state != "interrupted":
            raise UserError(f'The job "{job}" is still {note.state} (pid {note.pid}).')
        self.board.forget(job)
        errand = note.errand
        if errand.kind == "reindex":
            return self.reindex()
        return self.ingest(
            errand.paths, sync=errand.sync, confirmed=errand.confirmed, again=errand.again, on_outcome=on_outcome
        )

    def _job(self, errand: Errand, work: Work) -> IngestJob:
        """Runs `work` beside the caller, posted on the board for as long as it takes."""

        def posted(show: Callable[[Progress], None], is_cancelled: Callable[[], bool]) -> IngestReport:
            def show_everybody(progress: Progress) -> None:
                show(progress)
                entry.show(progress)

            with self.board.posted(errand) as entry:
                try:
                    report = work(show_everybody, lambda: is_cancelled() or entry.is_asked_to_stop())
                except UserError:
                    entry.is_done = True  # To be asked in another way; asking again would not help.
                    raise
                entry.is_done = not report.cancelled
                return report

        return Job(posted, Progress())

    def remove(self, sources: Sequence[str]) -> RemovalReport:
        """Removes files, everywhere; each is named by its source, its path or its name in the base.

        Returns when their text is purged. Raises UserError, removing nothing, when one is not in the base.
        """
        rows = self.documents()
        return self.remove_files([file for source in sources for file in files_meant(source, rows)])

    def remove_files(self, files: Sequence[str]) -> RemovalReport:
        """Removes the files of exactly these sources, and counts those of them that the base holds."""
        began = time.monotonic()
        files = self.catalogue.known(files)
        removed = self._store.commit(Change(removed_files=files), {})
        self.board.forget_interrupted(files)
        purged = self._store.settle(wait=PURGE_WAIT)
        on_disk = sum(os.path.lexists(file) for file in files)
        return RemovalReport(len(files), removed.documents, removed.chunks, time.monotonic() - began, purged, on_disk)

    def publish(self) -> None:
        """Brings the vector index up to date; until then, what it lacks is searched beside it."""
        self._store.publish()

    def search(
        self,
        query: str,
        k: int = 10,
        *,
        mode: str = "hybrid",
        filter: Filter | None = None,  # noqa: A002 - the word that people look for
    ) -> list[Hit]:
        """The k best passages for `query` of those that `filter` keeps, best first.

        The others are left out before anything is fused or ordered anew. Raises UserError for an empty query, an
        unknown mode, k < 1, and a filter that keeps nothing.
        """
        return self.retriever(mode, filter=filter).retrieve(_question(query), _number(k))

    def _holding(self, words: str) -> list[str]:
        """The documents in which the base finds `words`, or a part of them, as they stand."""
        found = self.search(words, _LOOKED_AT, mode="lexical")
        return list(dict.fromkeys(hit.chunk.source for hit in found if repeats(words, hit.chunk.text)))

    def explain(
        self,
        query: str,
        k: int = 10,
        *,
        mode: str = "hybrid",
        filter: Filter | None = None,  # noqa: A002
    ) -> Trace:
        """The same search, with what each stage of it found. Raises UserError as `search` does."""
        asked, wanted = _question(query), _number(k)
        self._composer.require(mode)
        with self._store.view(filter) as view:
            return traced(self._composer, mode, view, asked, wanted)

    def retriever(
        self,
        mode: str,
        *,
        filter: Filter | None = None,  # noqa: A002
        stage: Stage | None = None,
        embedding: Callable[[QueryEmbedder], QueryEmbedder] | None = None,
    ) -> Retriever:
        """The retriever of a search mode; it always answers from the base as it then is, and what `filter` keeps of it.

        Each retriever within it is replaced by what `stage` makes of its name and itself (to time it, say), the
        embedder by what `embedding` makes of it.
        """
        self._composer.require(mode)
        composer = replace(self._composer, stage=stage) if stage else self._composer
        if embedding:
            composer = replace(composer, embedder=lambda: embedding(self._checked_embedder()))
        return LiveRetriever(self._store, composer, mode, filter)

    def modes(self) -> list[str]:
        return self._composer.names()

    def ask(
        self,
        question: str,
        *,
        mode: str | None = None,
        threshold: float | None = None,
        filter: Filter | None = None,  # noqa: A002
        by: Literal["auto", "model", "extractive", "routed"] | None = None,
        strict: bool | None = None,
        conversation: str | None = None,
        owner: str = "",
        fresh: bool = False,
    ) -> Reply:
        """Searches what `filter` keeps, at once, and answers when the reply is iterated.

        `threshold` is the least confidence (0 to 1) of an answer that is no abstention, `by` who answers, `strict`
        whether only what the documents bear out may be said; None: as the settings say. Within the `conversation` of
        that id or title, one of `owner`'s, it is asked as a follow-up where it is one, and the answer is added. `fresh`
        has a language model answer anew what it has answered before, and remembers that instead. Raises UserError for
        an empty question, a filter that keeps nothing and a conversation that there is not, MissingModel where the
        language model is not on this machine.
        """
        given = {"threshold": threshold, "by": by, "strict": strict, "mode": mode}
        answer = self.settings.answer.model_copy(update={key: one for key, one in given.items() if one is not None})
        asked, turn = _question(question), None
        if conversation is not None:
            has_model = self._asking.has_model(answer)
            turn = self._dialogue.turn(asked, conversation, owner, answer=answer, has_model=has_model)
        return self._asking.ask(asked, filter, mode=answer.mode, answer=answer, turn=turn, fresh=fresh)

    def remembered(self) -> list[Answer]:
        """The answers that are given again where the same is asked, without their passages, the one used last first."""
        return self._store.answers.all()

    def forget_answers(self) -> int:
        """Forgets all of them, and says how many there were."""
        return self._store.answers.clear()

    def context(
        self,
        question: str,
        *,
        mode: str | None = None,
        tokens: int | None = None,
        filter: Filter | None = None,  # noqa: A002
    ) -> PassageContext:
        """What a language model is given to read for a question, and what became of every passage found.

        `tokens` is the budget, counted as the embedder's tokenizer cuts; None: as the settings say. Raises UserError
        for an empty question, and for a filter that keeps nothing.
        """
        chosen = self.settings.context.model_copy(update={} if tokens is None else {"tokens": tokens})
        return self._asking.context(
            _question(question), filter, mode=mode or self.settings.answer.mode, settings=chosen
        )

    def document(self, source: str) -> Document | None:
        """The document of `source` as it was read, or None."""
        with self._store.manifest.snapshot() as snapshot:
            return snapshot.document(source)

    def original(self, source: str) -> Path | None:
        """The file that holds the document, or part of one, `source`, there or gone; None if unknown."""
        with self._store.manifest.snapshot() as snapshot:
            file = snapshot.place(source)
        return Path(file) if file else None

    def page_image(self, citation: Citation) -> bytes | None:
        """A JPEG of the page that `citation` quotes from, the quoted lines marked; None where there is no such page."""
        from citewell.pages import page_image

        document = self.document(citation.source)
        return page_image(document, citation) if document else None

    def passages(self, source: str) -> list[Chunk]:
        """The passages of the document `source` in order, as they were cut."""
        with self._store.manifest.snapshot() as snapshot:
            document = snapshot.document(source)
            return snapshot.chunks(document.id) if document else []

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """How many tokens of the embedder each text has."""
        tokenizer = self.embedder.tokenizer
        return [len(tokenizer.offsets(text)) for text in texts]

    @property
    def folder(self) -> Path:
        """Where the base lies on the disk."""
        return self._store.home

    def documents(self) -> list[DocumentRow]:
        """One row per document, and per file or part of a file that became none, by source."""
        with self._store.manifest.snapshot() as snapshot:
            files = {record.source: record for record in snapshot.files()}
            rows, refused = snapshot.document_rows(), snapshot.refused_parts()
        found = [
            document_row(source, files[file], title=title, media_type=media_type, characters=characters, chunks=chunks)
            for source, file, title, media_type, characters, chunks in rows
        ]
        unread = [
            document_row(record.source, record, state=record.state, reason=record.reason)
            for record in files.values()
            if record.state in ("failed", "skipped")
        ]
        parts = [
            document_row(part.source, files[part.file], state=part.state, reason=part.reason)
            for part in refused
            if files[part.file].state not in ("failed", "skipped")
        ]
        return sorted([*found, *unread, *parts], key=lambda row: row.source)

    def counts(self) -> tuple[int, int]:
        """Documents and passages."""
        with self._store.manifest.snapshot() as snapshot:
            return snapshot.counts()[:2]

    def display_name(self, source: str) -> str:
        """How people see a source: relative to the folder that was ingested."""
        with self._store.manifest.snapshot() as snapshot:
            return relative_name(source, snapshot.root(source))

    @property
    def state(self) -> str:
        """A name of the documents as they are now: another one whenever any of them has changed."""
        with self._store.manifest.snapshot() as snapshot:
            return snapshot.state

    def status(self) -> Status:
        with self._store.manifest.snapshot() as snapshot:
            documents, chunks, embeddings = snapshot.counts()
            generation = snapshot.generation()
            return Status(
                name=self.name,
                folder=str(self.folder),
                documents=documents,
                chunks=chunks,
                embeddings=embeddings,
                failed=sum(state == "failed" for state in snapshot.states()),
                bytes=folder_bytes(self.folder),
                generation=generation.name if generation else "",
                fingerprint={part: snapshot.meta(part) for part in ("embedder", "splitter") if snapshot.meta(part)},
                threshold=threshold_of(snapshot, self.settings, self.settings.answer),
            )

    def keep_threshold(self, fitted: FittedThreshold) -> None:
        """Questions are answered from this confidence on, where the settings name none, while what decides it holds.

        Raises Locked when another process keeps writing.
        """
        self._store.note(KEPT, written(fitted))

    def fits_index(self) -> bool:
        """Whether the index is one that these settings make, or holds nothing; another process may have rebuilt it.

        Loads the embedder. Raises MissingModel where it is not on this machine.
        """
        try:
            self._store.require_fingerprint("embedder", self.embedder.fingerprint)
            self._store.require_fingerprint("splitter", self._splitter.fingerprint)
        except FingerprintMismatch:
            return False
        return True

    def verify(self, *, repair: bool = False) -> Verification:
        """Compares manifest, vectors and words by content.

        `repair` rebuilds the indexes that have problems, without the sources and without embedding again.
        """
        found = self._store.problems()
        repairable = any(problem.part != "manifest" for problem in found)
        if repair and repairable:
            self._store.repair(found)
            return Verification(tuple(problem.sentence for problem in self._store.problems()), repaired=True)
        return Verification(tuple(problem.sentence for problem in found), repairable=repairable)

    @property
    def embedder(self) -> Embedder:
        """The embedder that the settings name, loaded when it is first asked for."""
        return self._models.embedder()

    def _checked_embedder(self) -> Embedder:
        embedder = self.embedder
        self._store.require_fingerprint("embedder", embedder.fingerprint)
        return embedder

    @property
    def _splitter(self) -> Splitter:
        from ingest.splitter import SentenceSplitter

        embedder = self.embedder
        return SentenceSplitter(
            tokenizer=embedder.tokenizer, window=embedder.window, target=self.settings.chunking.target_tokens
        )


def _number(k: int) -> int:
    if k < 1:
        raise UserError(f"{k} passages cannot be asked for; ask for 1 or more.")
    return k


def _question(text: str) -> str:
    stripped = text.strip()
    if not stripped:
        raise UserError("The question is empty; ask something in words.")
    return stripped

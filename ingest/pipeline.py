"""The way of a file into the base: scan, read, split, embed, commit. Each batch is visible whole or not at all."""

from __future__ import annotations

import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from ingest.readers.source_file import digest
from ingest.report import FileReason, IngestReport, Progress
from ingest.scan import FoundFile, gone, looks_unchanged, require_plausible, scan
from kb.errors import UnreadableFile
from kb.protocols import Embedder, Reader, Splitter, Vectors
from kb.store.records import embedding_key
from kb.store.snapshot import FileRecord
from kb.store.store import Addition, Change, Store
from kb.text.passages import indexed_text
from kb.types import Document

logger = logging.getLogger(__name__)

BATCH_CHUNKS = 256
EMBED_CHUNKS = 128
NO_READER = "No reader for this kind of file: PDF, DOCX, HTML, Markdown, text and JSON Lines of texts are read."
PUBLISH_AFTER = 10_000
"""New embeddings after which a generation is published although the ingest goes on."""


@dataclass(slots=True)
class _Batch:
    """What the next commit will hold."""

    additions: list[Addition] = field(default_factory=list)
    removed_files: list[str] = field(default_factory=list)
    removed_documents: list[str] = field(default_factory=list)
    files: list[FileRecord] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    bytes: int = 0
    taken: int = 0

    @property
    def chunks(self) -> int:
        return sum(len(addition.chunks) for addition in self.additions)


class _Cancelled(Exception):
    pass


@dataclass(frozen=True, slots=True)
class Encoding:
    """What decides how text becomes passages with vectors; a base is built with one encoding."""

    embedder: Embedder
    splitter: Splitter

    @property
    def fingerprints(self) -> dict[str, str]:
        return {"embedder": self.embedder.fingerprint, "splitter": self.splitter.fingerprint}


class Ingestion:
    """One run over some files and folders. What is committed before it fails or is cancelled stays, and is whole.

    `load_encoding` is called when there is something to encode: a run that finds nothing new loads no model.
    """

    def __init__(
        self,
        store: Store,
        load_encoding: Callable[[], Encoding],
        reader_for: Callable[[Path], Reader | None],
        *,
        on_progress: Callable[[Progress], None],
        is_cancelled: Callable[[], bool],
    ) -> None:
        self._store = store
        self._load_encoding = load_encoding
        self._reader_for = reader_for
        self._on_progress = on_progress
        self._is_cancelled = is_cancelled
        self._began = time.monotonic()
        self._progress = Progress()
        self._counts: Counter[str] = Counter()
        self._skipped: list[FileReason] = []
        self._failed: list[FileReason] = []
        self._batch = _Batch()
        self._unpublished = 0

    def run(self, paths: Sequence[Path], *, sync: bool = False, confirmed: bool = False) -> IngestReport:
        """Adds what is new, replaces what has changed, keeps the rest; with `sync` also removes what is gone.

        Raises UserError where `sync` would empty a root or remove over half of it and is not `confirmed`.
        """
        with self._store.manifest.snapshot() as snapshot:
            records = {record.source: record for record in snapshot.files()}
        scanned = scan(paths)
        leaving = gone(records.values(), paths, scanned) if sync else []
        if not confirmed:
            require_plausible(leaving, records.values(), paths, scanned)
        self._failed.extend(scanned.unreadable)
        total = sum(file.size for file in scanned.files)
        self._show(Progress("reading", files_total=len(scanned.files), bytes_total=total))
        cancelled = False
        try:
            moved = self._add(scanned.files, records)
            self._remove(record.source for record in leaving if record.source not in moved)
            self._flush()
        except _Cancelled:
            cancelled = True
        self._show(replace(self._progress, stage="publishing", current=""))
        self._store.sweep()
        self._store.purge()
        self._store.publish()
        self._show(replace(self._progress, stage="done"))
        return self._report(cancelled)

    @cached_property
    def _encoding(self) -> Encoding:
        encoding = self._load_encoding()
        for part, value in encoding.fingerprints.items():
            self._store.require_fingerprint(part, value)
        return encoding

    def _add(self, found: Sequence[FoundFile], records: Mapping[str, FileRecord]) -> set[str]:
        """Takes the files in; returns the sources of those that had been elsewhere before."""
        movable = _Movable(records)
        for file in found:
            self._check_cancelled()
            self._show(replace(self._progress, current=str(file.path)))
            record = records.get(str(file.path))
            try:
                self._take(file, record, movable)
            except UnreadableFile as error:
                self._fail(file, record, str(error))
            self._batch.bytes += file.size
            self._batch.taken += 1
            if self._batch.chunks >= BATCH_CHUNKS:
                self._flush()
        return movable.moved

    def _take(self, file: FoundFile, record: FileRecord | None, movable: _Movable) -> None:
        root = _wider(file, record)
        if record and looks_unchanged(file, record):
            if record.root != root:
                self._batch.files.append(replace(record, root=root))
            self._batch.counts["unchanged"] += 1
            return
        with _parsing(file.path):
            sha256 = digest(file.path)
            reader = self._reader_for(file.path)
        now = FileRecord(str(file.path), root, file.size, file.mtime_ns, sha256, "ready", datetime.now(UTC))
        if record and record.state == "ready" and record.sha256 == sha256:
            self._batch.files.append(now)
            self._batch.counts["unchanged"] += 1
            return
        if reader is None:
            self._skipped.append(FileReason(now.source, NO_READER))
            self._batch.removed_files.append(now.source)
            self._batch.files.append(replace(now, state="skipped", reason=NO_READER))
            return
        self._read(reader, file, now)
        origin = movable.origin(sha256) if record is None else None
        if origin:
            self._batch.removed_files.append(origin)
        self._batch.counts["moved" if origin else "updated" if record and record.state == "ready" else "added"] += 1

    def _read(self, reader: Reader, file: FoundFile, record: FileRecord) -> None:
        with self._store.manifest.snapshot() as snapshot:
            known = snapshot.document_digests(record.source)
        seen: set[str] = set()
        for document in _documents(reader, file.path):
            seen.add(document.source)
            if known.get(document.source) == document.sha256:
                continue
            if len(seen) > 1 and self._batch.chunks >= BATCH_CHUNKS:
                # A container (a .jsonl of thousands of records) is committed in parts, and is done with the last one.
                self._batch.files.append(replace(record, state="partial"))
                self._flush()
            self._split(document, record)
        self._batch.removed_documents.extend(source for source in known if source not in seen)
        self._batch.files.append(record)

    def _split(self, document: Document, record: FileRecord) -> None:
        chunks = tuple(self._encoding.splitter.split(document))
        fingerprint = self._encoding.embedder.fingerprint
        keys = tuple(embedding_key(fingerprint, indexed_text(chunk.context, chunk.text)) for chunk in chunks)
        self._batch.additions.append(Addition(record.source, document, chunks, keys))

    def _flush(self) -> None:
        batch, self._batch = self._batch, _Batch()
        change = Change(
            additions=tuple(batch.additions),
            removed_files=tuple(batch.removed_files),
            removed_documents=tuple(batch.removed_documents),
            files=tuple(batch.files),
            vectors=self._vectors(_texts(batch.additions), batch.bytes),
        )
        if change != Change():
            self._store.commit(change, self._encoding.fingerprints if batch.additions else {})
        self._counts.update(batch.counts)
        self._show(replace(self._progress, files_done=self._progress.files_done + batch.taken))
        self._counts["documents"] += len(batch.additions)
        self._counts["chunks"] += batch.chunks
        if self._unpublished >= PUBLISH_AFTER:
            self._store.publish()
            self._unpublished = 0

    def _vectors(self, texts: Mapping[bytes, str], size: int) -> dict[bytes, Vectors]:
        """The vectors of `texts`, computed where they are not known; they are what `size` bytes of files became."""
        vectors = self._store.known_vectors(list(texts))
        missing = sorted((key for key in texts if key not in vectors), key=lambda key: len(texts[key]))
        self._unpublished += len(missing)
        before = self._progress.bytes_done
        for first in range(0, len(missing), EMBED_CHUNKS):
            self._check_cancelled()
            part = missing[first : first + EMBED_CHUNKS]
            vectors.update(zip(part, self._encoding.embedder.passages([texts[key] for key in part]), strict=True))
            chunks, done = self._progress.chunks + len(part), before + size * (first + len(part)) // len(missing)
            self._show(replace(self._progress, stage="embedding", chunks=chunks, bytes_done=done))
        self._show(replace(self._progress, stage="reading", bytes_done=before + size))
        return vectors

    def _remove(self, sources: Iterable[str]) -> None:
        for source in sources:
            self._batch.removed_files.append(source)
            self._batch.counts["removed"] += 1

    def _fail(self, file: FoundFile, record: FileRecord | None, reason: str) -> None:
        """A file that cannot be read any more is not answered from any more."""
        source = str(file.path)
        self._failed.append(FileReason(source, reason))
        for addition in [addition for addition in self._batch.additions if addition.file == source]:
            self._batch.additions.remove(addition)
        self._batch.removed_files.append(source)
        self._batch.files.append(
            FileRecord(source, _wider(file, record), file.size, file.mtime_ns, "", "failed", datetime.now(UTC), reason)
        )

    def _check_cancelled(self) -> None:
        if self._is_cancelled():
            raise _Cancelled

    def _show(self, progress: Progress) -> None:
        self._progress = replace(progress, seconds=time.monotonic() - self._began)
        self._on_progress(self._progress)

    def _report(self, cancelled: bool) -> IngestReport:
        return IngestReport(
            added=self._counts["added"],
            updated=self._counts["updated"],
            unchanged=self._counts["unchanged"],
            moved=self._counts["moved"],
            removed=self._counts["removed"],
            skipped=tuple(self._skipped),
            failed=tuple(self._failed),
            documents=self._counts["documents"],
            chunks=self._counts["chunks"],
            seconds=time.monotonic() - self._began,
            cancelled=cancelled,
        )


class _Movable:
    """The files of the base that are no longer where they were, by content; `moved` are those found elsewhere."""

    def __init__(self, records: Mapping[str, FileRecord]) -> None:
        self._records = records
        self._by_digest: dict[str, list[str]] | None = None
        self.moved: set[str] = set()

    def origin(self, sha256: str) -> str | None:
        """Where a file of this content was before it moved; each origin is given once."""
        if self._by_digest is None:
            self._by_digest = {}
            for record in self._records.values():
                if record.state == "ready" and not os.path.lexists(record.source):
                    self._by_digest.setdefault(record.sha256, []).append(record.source)
        origins = self._by_digest.get(sha256)
        if not origins:
            return None
        self.moved.add(origins[-1])
        return origins.pop()


def _wider(file: FoundFile, record: FileRecord | None) -> str:
    """The folder that people see a file relative to: the one ingested, or one around it that was ingested before."""
    if record and file.root.is_relative_to(record.root):
        return record.root
    return str(file.root)


def _texts(additions: Iterable[Addition]) -> dict[bytes, str]:
    """What is to be embedded, by key."""
    return {
        key: indexed_text(chunk.context, chunk.text)
        for addition in additions
        for key, chunk in zip(addition.keys, addition.chunks, strict=True)
    }


@contextmanager
def _parsing(path: Path) -> Iterator[None]:
    """Whatever goes wrong with a file while it is looked into fails that file and no other."""
    try:
        yield
    except UnreadableFile:
        raise
    except OSError as error:
        raise UnreadableFile(f"{path.name} cannot be read: {error.strerror or error}.") from error
    except Exception as error:
        logger.warning("the reader failed on %s", path, exc_info=True)
        raise UnreadableFile(f"{path.name} cannot be read: its reader stopped with {type(error).__name__}.") from error


def _documents(reader: Reader, path: Path) -> Iterator[Document]:
    with _parsing(path):
        yield from reader.read(path)

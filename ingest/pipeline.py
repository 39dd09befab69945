"""The way of a file into the base: scan, read, split, embed, commit. Each batch is visible whole or not at all."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from ingest.report import FileReason, IngestReport, Progress
from ingest.scan import FoundFile, digest, gone, looks_unchanged, scan
from kb.errors import UnreadableFile, UserError
from kb.protocols import Embedder, Reader, Splitter, Vectors
from kb.store.manifest import FileRecord
from kb.store.records import embedding_key
from kb.store.store import Addition, Change, Store
from kb.text.passages import indexed_text
from kb.types import Document

logger = logging.getLogger(__name__)

BATCH_CHUNKS = 512
EMBED_CHUNKS = 128
PUBLISH_AFTER = 10_000
"""New embeddings after which a generation is published although the ingest goes on."""


@dataclass(slots=True)
class _Batch:
    """What the next commit will hold."""

    additions: list[Addition] = field(default_factory=list)
    texts: dict[bytes, str] = field(default_factory=dict)
    removals: list[str] = field(default_factory=list)
    files: list[FileRecord] = field(default_factory=list)
    forgotten_files: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    bytes: int = 0

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

        Raises UserError where a path is missing, or where `sync` would empty a root or remove over half of the base
        and is not `confirmed`.
        """
        with self._store.manifest.snapshot() as snapshot:
            records = {record.source: record for record in snapshot.files()}
        found = scan(paths, may_be_missing=sync and confirmed)
        leaving = gone(records.values(), paths, found) if sync else []
        if leaving and not confirmed:
            _require_plausible(leaving, records, paths, found)
        self._show(Progress("reading", files_total=len(found), bytes_total=sum(file.size for file in found)))
        cancelled = False
        try:
            self._remove(leaving)
            self._add(found, records)
            self._flush()
        except _Cancelled:
            cancelled = True
        self._show(replace(self._progress, stage="publishing", current=""))
        self._store.sweep()
        self._store.publish()
        self._show(replace(self._progress, stage="done"))
        return self._report(cancelled)

    @cached_property
    def _encoding(self) -> Encoding:
        encoding = self._load_encoding()
        for part, value in encoding.fingerprints.items():
            self._store.require_fingerprint(part, value)
        return encoding

    def _add(self, found: Sequence[FoundFile], records: Mapping[str, FileRecord]) -> None:
        movable = _Movable(records)
        for file in found:
            self._check_cancelled()
            self._show(replace(self._progress, current=str(file.path)))
            self._take(file, records.get(str(file.path)), movable)
            self._batch.bytes += file.size
            self._show(replace(self._progress, files_done=self._progress.files_done + 1))
            if self._batch.chunks >= BATCH_CHUNKS:
                self._flush()

    def _take(self, file: FoundFile, record: FileRecord | None, movable: _Movable) -> None:
        if looks_unchanged(file, record):
            self._batch.counts["unchanged"] += 1
            return
        try:
            sha256 = digest(file.path)
            now = _record(file, sha256, "ready")
            if record and record.state == "ready" and record.sha256 == sha256:
                self._batch.files.append(now)
                self._batch.counts["unchanged"] += 1
                return
            reader = self._reader_for(file.path)
            if reader is None:
                self._skipped.append(FileReason(str(file.path), "There is no reader for this kind of file."))
                self._drop_documents(str(file.path))
                self._batch.forgotten_files.append(str(file.path))
                return
            self._read(reader, file, now)
        except (UnreadableFile, OSError) as error:
            self._fail(file, str(error))
            return
        origin = movable.origin(sha256) if record is None else None
        if origin:
            self._batch.removals.extend(self._documents_of(origin))
            self._batch.forgotten_files.append(origin)
        self._batch.counts["moved" if origin else "updated" if record and record.state == "ready" else "added"] += 1

    def _read(self, reader: Reader, file: FoundFile, record: FileRecord) -> None:
        known = self._documents_of(record.source)
        seen = set()
        for document in _documents(reader, file.path):
            seen.add(document.source)
            if known.get(document.source) == document.sha256:
                continue
            if len(seen) > 1 and self._batch.chunks >= BATCH_CHUNKS:
                # A container (a .jsonl of thousands of records) is committed in parts, and is done with the last one.
                self._batch.files.append(replace(record, state="partial"))
                self._flush()
            self._split(document, record)
        self._batch.removals.extend(source for source in known if source not in seen)
        self._batch.files.append(record)

    def _split(self, document: Document, record: FileRecord) -> None:
        chunks = tuple(self._encoding.splitter.split(document))
        texts = [indexed_text(chunk.context, chunk.text) for chunk in chunks]
        keys = tuple(embedding_key(self._encoding.embedder.fingerprint, text) for text in texts)
        self._batch.additions.append(Addition(record.source, document, chunks, keys))
        self._batch.texts.update(zip(keys, texts, strict=True))

    def _flush(self) -> None:
        batch, self._batch = self._batch, _Batch()
        change = Change(
            additions=tuple(batch.additions),
            removals=tuple(batch.removals),
            files=tuple(batch.files),
            forgotten_files=tuple(batch.forgotten_files),
            vectors=self._vectors(batch.texts, batch.bytes),
        )
        if change != Change():
            self._store.commit(change, self._encoding.fingerprints if batch.additions else {})
        self._counts.update(batch.counts)
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

    def _remove(self, leaving: Sequence[FileRecord]) -> None:
        for record in leaving:
            self._batch.removals.extend(self._documents_of(record.source))
            self._batch.forgotten_files.append(record.source)
        self._batch.counts["removed"] += len(leaving)
        self._flush()

    def _fail(self, file: FoundFile, reason: str) -> None:
        """A file that cannot be read any more is not answered from any more."""
        source = str(file.path)
        self._failed.append(FileReason(source, reason))
        self._drop_documents(source)
        self._batch.files.append(_record(file, "", "failed", reason))

    def _drop_documents(self, source: str) -> None:
        self._batch.additions = [addition for addition in self._batch.additions if addition.file != source]
        self._batch.removals.extend(self._documents_of(source))

    def _documents_of(self, source: str) -> dict[str, str]:
        with self._store.manifest.snapshot() as snapshot:
            return snapshot.document_digests(source)

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
    """The files of the base that are no longer where they were, by content."""

    def __init__(self, records: Mapping[str, FileRecord]) -> None:
        self._records = records
        self._by_digest: dict[str, list[str]] | None = None

    def origin(self, sha256: str) -> str | None:
        """Where a file of this content was before it moved; each origin is given once."""
        if self._by_digest is None:
            self._by_digest = {}
            for record in self._records.values():
                if record.state == "ready" and not Path(record.source).exists():
                    self._by_digest.setdefault(record.sha256, []).append(record.source)
        origins = self._by_digest.get(sha256)
        return origins.pop() if origins else None


def _record(file: FoundFile, sha256: str, state: str, reason: str = "") -> FileRecord:
    now = datetime.now(UTC)
    return FileRecord(str(file.path), str(file.root), file.size, file.mtime_ns, sha256, state, now, reason)


def _documents(reader: Reader, path: Path) -> Iterator[Document]:
    """The reader's documents; a parser that breaks on a file fails that file and no other."""
    try:
        yield from reader.read(path)
    except (UnreadableFile, OSError):
        raise
    except Exception as error:
        logger.warning("the reader failed on %s", path, exc_info=True)
        raise UnreadableFile(f"It could not be read: its reader stopped with {type(error).__name__}.") from error


def _require_plausible(
    leaving: Sequence[FileRecord],
    records: Mapping[str, FileRecord],
    paths: Sequence[Path],
    found: Sequence[FoundFile],
) -> None:
    empty = [path for path in paths if not any(file.path.is_relative_to(path.resolve()) for file in found)]
    if empty:
        raise UserError(f"{empty[0]} holds no files any more; add --yes to remove all its documents from the base.")
    if len(leaving) * 2 > len(records):
        raise UserError(
            f"{len(leaving)} of {len(records)} files would be removed from the base; add --yes if that is meant."
        )

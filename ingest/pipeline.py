"""The way of a file into the base: scan, plan, read and split, embed, commit. Each file is in whole or not at all.

Reading happens in parser processes, committing in a thread of its own, both beside the embedding that happens here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from threading import Lock
from time import monotonic

from ingest.formats import Formats
from ingest.indexing import BATCH_CHUNKS, LARGEST_BATCH_CHUNKS, Batch, Cancelled, Encoding, Indexer
from ingest.limits import Limits
from ingest.messages import Done, Parsed, Reply, Setup, Unchanged
from ingest.moving import moved
from ingest.parsers import ParserPool
from ingest.planning import Plan, Planner
from ingest.readers.source_file import Refusal
from ingest.report import IngestReport, Outcome, Progress
from ingest.scan import Scan, gone, require_plausible, scan
from ingest.tally import Tally
from kb.store.snapshot import FileRecord, RefusedPart
from kb.store.store import Store

# Seconds after which what has been read is committed though more would fit: others do not wait for a slow file.
LONGEST_WAIT = 3.0


@dataclass(frozen=True, slots=True)
class Parsing:
    """How files are read: by which readers, within which limits, in how many processes.

    `cache` is a folder in which those processes share what can be made again, None for none.
    """

    limits: Limits
    formats: Formats
    workers: int
    cache: Path | None = None

    @property
    def fingerprint(self) -> str:
        """Names all that decides which files can be read."""
        return f"{self.limits} {self.formats.fingerprint}"


@dataclass(slots=True)
class _Reading:
    """A file whose documents are coming in."""

    plan: Plan
    seen: set[str] = field(default_factory=set)
    refused: list[RefusedPart] = field(default_factory=list)


class Ingestion:
    """One run over some files and folders. What is committed before it fails or is cancelled stays, and is whole.

    `load_encoding` is called when there is something to encode: a run that finds nothing new loads no model.
    `on_progress` and `on_outcome` are called from several threads, one at a time. With `again`, files are read that are
    known and unchanged.
    """

    def __init__(
        self,
        store: Store,
        load_encoding: Callable[[], Encoding],
        parsing: Parsing,
        *,
        on_progress: Callable[[Progress], None],
        on_outcome: Callable[[Outcome], None],
        is_cancelled: Callable[[], bool],
        again: bool = False,
    ) -> None:
        self._again = again
        self._store = store
        self._load_encoding = load_encoding
        self._encoding_lock = Lock()
        self._parsing = parsing
        self._tally = Tally(on_progress, on_outcome)
        self._is_cancelled = is_cancelled
        self._batch = Batch()
        self._readings: dict[str, _Reading] = {}
        self._flushed = monotonic()

    def run(self, paths: Sequence[Path], *, sync: bool = False, confirmed: bool = False) -> IngestReport:
        """Adds what is new, replaces what has changed, keeps the rest; with `sync` also removes what is gone.

        Raises UserError where `sync` would empty a root or remove over half of it and is not `confirmed`.
        """
        with self._store.manifest.snapshot() as snapshot:
            records = {record.source: record for record in snapshot.files()}
            refused = snapshot.refused_parts()
        scanned = scan(paths)
        leaving = gone(records.values(), paths, scanned) if sync else []
        if not confirmed:
            require_plausible(leaving, records.values(), paths, scanned)
        self._tally.begin(len(scanned.files), sum(file.size for file in scanned.files))
        self._tally.settle(Outcome(entry.source, "failed", entry.reason) for entry in scanned.unreadable)
        indexer = Indexer(self._store, self._tally, self._is_cancelled)
        cancelled = False
        try:
            moved_away = self._add(scanned, records, refused, indexer)
            for record in leaving:
                if record.source not in moved_away:
                    self._batch.removed_files.append(record.source)
                    self._batch.outcomes.append(Outcome(record.source, "removed"))
            self._flush(indexer)
        except Cancelled:
            cancelled = True
        finally:
            indexer.close()
        self._tally.enter("publishing")
        self._store.settle()
        self._tally.enter("done")
        return self._tally.report(cancelled=cancelled)

    @cached_property
    def _loaded_encoding(self) -> Encoding:
        encoding = self._load_encoding()
        for part, value in encoding.fingerprints.items():
            self._store.require_fingerprint(part, value)
        self._store.prepare_publishing()
        return encoding

    @property
    def _encoding(self) -> Encoding:
        with self._encoding_lock:
            return self._loaded_encoding

    def _setup(self) -> Setup:
        parsing = self._parsing
        return Setup(parsing.limits, parsing.formats, self._encoding.splitter, parsing.cache)

    def _add(
        self, scanned: Scan, records: Mapping[str, FileRecord], refused: Iterable[RefusedPart], indexer: Indexer
    ) -> set[str]:
        """Takes the files in; returns the sources of those that had been elsewhere before."""
        parts: dict[str, list[RefusedPart]] = {}
        for part in refused:
            parts.setdefault(part.file, []).append(part)
        reading = self._parsing.fingerprint
        planner = Planner(records, reading=reading, digests=self._digests, refused=parts, again=self._again)
        origins: set[str] = set()
        pool = ParserPool[Plan](self._setup, workers=self._parsing.workers, is_cancelled=self._is_cancelled)
        with closing(pool.parse(planner.plans(scanned.files))) as results:
            for result in results:
                indexer.check_cancelled()
                if result is None:
                    if monotonic() - self._flushed > LONGEST_WAIT:
                        self._flush(indexer)
                    continue
                plan, reply = result
                if reply is None:
                    self._settle(plan)
                    origins.add(plan.origin)
                else:
                    self._take(plan, reply)
                # In the middle of a file only where it is a container of very many passages.
                is_whole = reply is None or isinstance(reply, Done)
                if self._batch.chunks >= (BATCH_CHUNKS if is_whole else LARGEST_BATCH_CHUNKS):
                    self._flush(indexer)
        indexer.check_cancelled()
        return origins

    def _digests(self, source: str) -> dict[str, str]:
        with self._store.manifest.snapshot() as snapshot:
            return snapshot.document_digests(source)

    def _settle(self, plan: Plan) -> None:
        """What can be done about a file without reading it."""
        record, refused = plan.record, plan.refused
        if plan.action == "move":
            with self._store.manifest.snapshot() as snapshot:
                for addition in moved(snapshot, plan.origin, record.source):
                    self._batch.add(addition)
            refused = [part.moved(record.source) for part in refused]
            self._batch.removed_files.append(plan.origin)
        if plan.action != "keep":
            self._batch.files.append(record)
            self._batch.refused.extend(refused)
        state = {"move": "moved"}.get(plan.action, "unchanged") if record.state == "ready" else record.state
        self._close(plan, "failed" if plan.problem else state, plan.problem or record.reason, refused)

    def _take(self, plan: Plan, reply: Reply) -> None:
        source = plan.record.source
        reading = self._readings.setdefault(source, _Reading(plan))
        if isinstance(reply, Parsed):
            reading.seen.add(reply.document.source)
            self._batch.add(self._encoding.addition(source, reply.document, reply.chunks()))
        elif isinstance(reply, Unchanged):
            reading.seen.add(reply.source)
        elif isinstance(reply, Refusal):
            reading.refused.append(
                RefusedPart(reply.source, source, "skipped" if reply.skipped else "failed", reply.reason)
            )
        elif isinstance(reply, Done):
            self._finish(self._readings.pop(source), reply.refusal)

    def _finish(self, reading: _Reading, refusal: Refusal | None) -> None:
        """All of a file is there, or it could not be read: then it is not answered from any more."""
        plan, record = reading.plan, reading.plan.record
        if refusal and refusal.is_passing:
            self._batch.drop(record.source)
            if plan.before is None:
                self._batch.files.append(replace(record, state="failed", reason=refusal.reason, reading=""))
            self._close(plan, "failed", refusal.reason, plan.refused)
            return
        if refusal:
            self._batch.drop(record.source)
            self._batch.removed_files.append(record.source)
            record = replace(record, state="skipped" if refusal.skipped else "failed", reason=refusal.reason)
            reading.refused.clear()
        else:
            known = plan.task.known if plan.task else ()
            self._batch.removed_documents.extend(source for source in known if source not in reading.seen)
            self._batch.refused.extend(reading.refused)
        if reading.refused and not reading.seen:
            record = replace(record, state=reading.refused[0].state, reason=reading.refused[0].reason)
        self._batch.files.append(record)
        was_ready = plan.before is not None and plan.before.state == "ready"
        state = ("updated" if was_ready else "added") if record.state == "ready" else record.state
        self._close(plan, state, record.reason, reading.refused)

    def _close(self, plan: Plan, state: str, reason: str, refused: Iterable[RefusedPart]) -> None:
        self._batch.outcomes.append(Outcome(plan.record.source, state, reason))
        self._batch.outcomes.extend(Outcome(part.source, part.state, part.reason) for part in refused)
        self._batch.size += plan.file.size
        self._batch.taken += 1
        self._tally.look_at(plan.record.source)

    def _flush(self, indexer: Indexer) -> None:
        """Embeds what has come together and hands it over to be committed."""
        for reading in self._readings.values():
            if any(addition.file == reading.plan.record.source for addition in self._batch.additions):
                # A container of many documents is committed in parts, and is done with the last one.
                self._batch.files.append(replace(reading.plan.record, state="partial"))
                self._batch.refused.extend((*reading.plan.refused, *reading.refused))
        batch, self._batch = self._batch, Batch()
        indexer.write(batch, lambda: self._encoding)
        self._flushed = monotonic()

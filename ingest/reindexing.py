"""Building a base anew with other settings, from its own documents, while it goes on answering with the old ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ingest.indexing import BATCH_CHUNKS, Batch, Cancelled, Encoding, Indexer
from ingest.report import IngestReport, Progress
from ingest.tally import Tally
from kb.protocols import Vectors
from kb.store.store import Change, Removed, Store


class Reindexing:
    """One run. What it has done when it is cancelled or killed is taken up by the next run with the same settings."""

    def __init__(
        self,
        store: Store,
        encoding: Encoding,
        *,
        on_progress: Callable[[Progress], None],
        is_cancelled: Callable[[], bool],
    ) -> None:
        self._store = store
        self._encoding = encoding
        self._tally = Tally(on_progress, lambda _: None)
        self._is_cancelled = is_cancelled

    def run(self) -> IngestReport:
        """Documents that change meanwhile are built again, until none is left when the base goes over to the new."""
        cancelled = False
        with self._store.turns.reindexing():
            staged = self._staging()
            try:
                while staged and not self._store.adopt(staged):
                    self._build(staged)
                    self._tally.enter("publishing")
            except Cancelled:
                cancelled = True
        self._tally.enter("done")
        return self._tally.report(cancelled=cancelled)

    def _staging(self) -> Store | None:
        """The store to build in, with what an earlier run has left there; None where there is nothing to do."""
        staged = self._store.staged()
        if staged and not _is_built_with(self._encoding, staged):
            self._store.discard_staged(staged)
            staged = None
        with self._store.manifest.snapshot() as snapshot:
            is_empty = snapshot.is_empty()
        if staged is None and (is_empty or _is_built_with(self._encoding, self._store)):
            return None
        if staged and (problems := staged.problems()):
            staged.repair(problems)
        return staged or self._store.staged(create=True)

    def _build(self, staged: Store) -> None:
        with self._store.manifest.snapshot() as ours, staged.manifest.snapshot() as theirs:
            wanted, there = ours.all_digests(), theirs.all_digests()
        missing = [source for source, sha256 in wanted.items() if there.get(source) != sha256]
        self._tally.begin(len(missing), len(missing))
        indexer = Indexer(_Staging(self._store, staged), self._tally, self._is_cancelled)
        try:
            batch = Batch(removed_documents=[source for source in there if source not in wanted])
            for source in missing:
                indexer.check_cancelled()
                self._add(source, batch)
                if batch.chunks >= BATCH_CHUNKS:
                    indexer.write(batch, lambda: self._encoding)
                    batch = Batch()
            indexer.write(batch, lambda: self._encoding)
        finally:
            indexer.close()
        staged.settle()

    def _add(self, source: str, batch: Batch) -> None:
        with self._store.manifest.snapshot() as snapshot:
            document, file = snapshot.document(source), snapshot.file_of(source)
        if document and file:
            chunks = tuple(self._encoding.splitter.split(document))
            batch.add(self._encoding.addition(file.source, document, chunks))
            batch.files.append(file)
            batch.size += 1
            batch.taken += 1
            self._tally.look_at(source)


def _is_built_with(encoding: Encoding, store: Store) -> bool:
    with store.manifest.snapshot() as snapshot:
        return all(snapshot.meta(part) in ("", value) for part, value in encoding.fingerprints.items())


@dataclass(frozen=True, slots=True)
class _Staging:
    """Where the indexer writes to: the staged store, as long as the base still holds what is written."""

    base: Store
    staged: Store

    def commit(self, change: Change, fingerprints: Mapping[str, str]) -> Removed:
        return self.base.commit_staged(self.staged, change, fingerprints)

    def known_vectors(self, keys: Sequence[bytes]) -> dict[bytes, Vectors]:
        return {**self.base.known_vectors(keys), **self.staged.known_vectors(keys)}

    def publish(self) -> None:
        self.staged.publish()

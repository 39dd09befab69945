"""What an ingest has come to so far; several threads may add to it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from threading import Lock

from ingest.report import FileReason, IngestReport, Outcome, Progress


class Tally:
    """Counts outcomes and tells of progress; the callbacks are called by one thread at a time."""

    def __init__(self, on_progress: Callable[[Progress], None], on_outcome: Callable[[Outcome], None]) -> None:
        self._on_progress = on_progress
        self._on_outcome = on_outcome
        self._began = time.monotonic()
        self._lock = Lock()
        self._progress = Progress()
        self._counts: Counter[str] = Counter()
        self._reasons: dict[str, list[FileReason]] = {"skipped": [], "failed": []}

    def begin(self, files: int, size: int) -> None:
        with self._lock:
            self._show(replace(self._progress, stage="reading", files_total=files, bytes_total=size))

    def enter(self, stage: str) -> None:
        with self._lock:
            self._show(replace(self._progress, stage=stage, current=""))

    def look_at(self, source: str) -> None:
        with self._lock:
            self._show(replace(self._progress, current=source))

    def embed(self, chunks: int, size: int) -> None:
        """`chunks` passages were embedded, the work that `size` bytes of files meant."""
        with self._lock:
            self._count(stage="embedding", chunks=chunks, size=size)

    def take(self, files: int, size: int) -> None:
        """`files` files are done, and with them `size` bytes that were not counted before."""
        with self._lock:
            self._count(files=files, size=size)

    def write(self, documents: int, chunks: int) -> None:
        with self._lock:
            self._counts["documents"] += documents
            self._counts["chunks"] += chunks

    def settle(self, outcomes: Iterable[Outcome]) -> None:
        """What became of files is certain now."""
        with self._lock:
            for outcome in outcomes:
                if outcome.state in self._reasons:
                    self._reasons[outcome.state].append(FileReason(outcome.source, outcome.reason))
                else:
                    self._counts[outcome.state] += 1
                self._on_outcome(outcome)

    def report(self, *, cancelled: bool) -> IngestReport:
        with self._lock:
            return IngestReport(
                added=self._counts["added"],
                updated=self._counts["updated"],
                unchanged=self._counts["unchanged"],
                moved=self._counts["moved"],
                removed=self._counts["removed"],
                skipped=_sorted(self._reasons["skipped"]),
                failed=_sorted(self._reasons["failed"]),
                documents=self._counts["documents"],
                chunks=self._counts["chunks"],
                seconds=time.monotonic() - self._began,
                cancelled=cancelled,
            )

    def _count(self, *, stage: str = "reading", files: int = 0, chunks: int = 0, size: int = 0) -> None:
        progress = self._progress
        self._show(
            replace(
                progress,
                stage=stage,
                files_done=progress.files_done + files,
                bytes_done=progress.bytes_done + size,
                chunks=progress.chunks + chunks,
            )
        )

    def _show(self, progress: Progress) -> None:
        self._progress = replace(progress, seconds=time.monotonic() - self._began)
        self._on_progress(self._progress)


def _sorted(reasons: Iterable[FileReason]) -> tuple[FileReason, ...]:
    return tuple(sorted(reasons, key=lambda entry: entry.source))

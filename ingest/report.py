"""What an ingest tells: while it runs, and when it is done."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of a running ingest.

    stage is "scanning", "reading", "embedding", "publishing" or "done"; `remaining` is an estimate in seconds, by
    bytes, None before there is anything to go by.
    """

    stage: str = "scanning"
    current: str = ""
    files_done: int = 0
    files_total: int = 0
    bytes_done: int = 0
    bytes_total: int = 0
    chunks: int = 0
    seconds: float = 0.0

    @property
    def chunks_per_second(self) -> float:
        return self.chunks / self.seconds if self.seconds else 0.0

    @property
    def remaining(self) -> float | None:
        if not self.bytes_done or not self.seconds:
            return None
        return self.seconds * (self.bytes_total - self.bytes_done) / self.bytes_done


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file, or of a part of one.

    state is "added", "updated", "unchanged", "moved" (to `source`), "removed", "skipped" or "failed"; `reason` says why
    for the last two.
    """

    source: str
    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FileReason:
    """A file, or a part of one, that did not become documents, and why."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of the files (counts), and what this run wrote: documents and passages, in seconds to searchable."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    moved: int = 0
    removed: int = 0
    skipped: tuple[FileReason, ...] = ()
    failed: tuple[FileReason, ...] = ()
    documents: int = 0
    chunks: int = 0
    seconds: float = 0.0
    cancelled: bool = False

    @property
    def chunks_per_second(self) -> float:
        return self.chunks / self.seconds if self.seconds else 0.0

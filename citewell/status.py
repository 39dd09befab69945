"""What a base says of itself: its size, its documents, its health."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from citewell.threshold import Threshold
from kb.store.snapshot import FileRecord


@dataclass(frozen=True, slots=True)
class Status:
    """Counts, sizes in bytes and what the base was built with.

    `fingerprint` maps a part ("embedder", "splitter") to what it was when the base was built; empty while it is empty.
    `threshold` is that of answers under the settings of now.
    """

    name: str
    folder: str
    documents: int
    chunks: int
    embeddings: int
    failed: int
    bytes: int
    generation: str
    fingerprint: dict[str, str]
    threshold: Threshold


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """One document, or a file or part of one that gave none. state is "ready", "failed" or "skipped".

    `name` is what people see; `file` is the source of the file that holds the document, its own unless it is a part.
    """

    source: str
    file: str
    name: str
    title: str
    state: str
    reason: str
    media_type: str
    characters: int
    chunks: int
    bytes: int
    ingested: datetime


def document_row(
    source: str,
    file: FileRecord,
    *,
    state: str = "ready",
    reason: str = "",
    title: str = "",
    media_type: str = "",
    characters: int = 0,
    chunks: int = 0,
) -> DocumentRow:
    """The row of what `file` holds under `source`."""
    return DocumentRow(
        source=source,
        file=file.source,
        name=relative_name(source, file.root),
        title=title,
        state=state,
        reason=reason,
        media_type=media_type,
        characters=characters,
        chunks=chunks,
        bytes=file.size,
        ingested=file.ingested,
    )


@dataclass(frozen=True, slots=True)
class RemovalReport:
    """What was removed: files, the documents they held, and the passages of those.

    `purged` is False when a reader of an older state kept removed text in the manifest's log for too long; the next
    ingest or removal clears it. `on_disk` counts the removed files that still lie where they were.
    """

    removed: int
    documents: int
    chunks: int
    seconds: float
    purged: bool
    on_disk: int


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether manifest, vectors and words agree; each problem is one sentence. `repaired` when they were rebuilt.

    `repairable` where a problem is one of vectors or words, which can be rebuilt from the manifest.
    """

    problems: tuple[str, ...]
    repaired: bool = False
    repairable: bool = False

    @property
    def consistent(self) -> bool:
        return not self.problems


def folder_bytes(folder: Path) -> int:
    # os.walk passes by what goes meanwhile.
    return sum(_size(Path(place, name)) for place, _, names in os.walk(folder) for name in names)


def relative_name(source: str, root: str) -> str:
    """`source` relative to the folder `root`; as it is where it is not in there."""
    return source.removeprefix(root.rstrip("/") + "/") if root else source


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:
        # A writer may replace index files while they are counted.
        return 0

"""Which files there are, and which of them are new, changed, moved, unchanged or gone."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG

from ingest.report import FileReason
from kb.errors import UserError
from kb.store.snapshot import FileRecord

_CLOCK_STEP_NS = 2_000_000_000
"""Some file systems tell time in steps of two seconds."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file on disk. `root` is the folder that was ingested: people see `path` relative to it."""

    path: Path
    root: Path
    size: int
    mtime_ns: int


@dataclass(slots=True)
class Scan:
    """The files found, each once, by path; and the files and folders that could not be looked at, with the reason."""

    files: list[FoundFile] = field(default_factory=list)
    unreadable: list[FileReason] = field(default_factory=list)


def scan(paths: Sequence[Path]) -> Scan:
    """What is at and below `paths`; hidden files and links to folders are left out."""
    found: dict[Path, FoundFile] = {}
    unreadable: dict[Path, FileReason] = {}
    for path in paths:
        _look(path.resolve(), found, unreadable)
    return Scan([found[path] for path in sorted(found)], [unreadable[path] for path in sorted(unreadable)])


def looks_unchanged(file: FoundFile, record: FileRecord) -> bool:
    """Whether size and time are those of the last reading, so that hashing is not needed.

    A file that changed shortly before it was read may have changed again without a later time.
    """
    same = (record.size, record.mtime_ns) == (file.size, file.mtime_ns)
    return same and file.mtime_ns < record.ingested.timestamp() * 1e9 - _CLOCK_STEP_NS


def gone(records: Iterable[FileRecord], roots: Sequence[Path], scanned: Scan) -> list[FileRecord]:
    """The files of the base at or below `roots` that are no longer there; what cannot be looked at is not gone."""
    present = {str(file.path) for file in scanned.files}
    hidden = [Path(entry.source) for entry in scanned.unreadable]
    tops = [root.resolve() for root in roots]
    return [
        record
        for record in records
        if record.source not in present and _is_below(record, tops) and not _is_below(record, hidden)
    ]


def require_plausible(
    leaving: Sequence[FileRecord], records: Iterable[FileRecord], roots: Sequence[Path], scanned: Scan
) -> None:
    """Raises UserError where a root holds nothing any more, or over half of its files would be removed."""
    known = list(records)
    for root in roots:
        top = [root.resolve()]
        going, there = ([record for record in some if _is_below(record, top)] for some in (leaving, known))
        if going and not any(file.path.is_relative_to(top[0]) for file in scanned.files):
            raise UserError(f"{root} holds no files any more; add --yes to remove all its documents from the base.")
        if len(going) * 2 > len(there):
            raise UserError(
                f"{len(going)} of {len(there)} files of {root} would be removed; add --yes if that is meant."
            )


def _is_below(record: FileRecord, folders: Iterable[Path]) -> bool:
    return any(Path(record.source).is_relative_to(folder) for folder in folders)


def _look(path: Path, found: dict[Path, FoundFile], unreadable: dict[Path, FileReason]) -> None:
    def refused(error: OSError) -> None:
        place = Path(error.filename)
        unreadable[place] = FileReason(str(place), f"It cannot be looked at: {error.strerror}.")

    def take(file: Path, root: Path) -> None:
        try:
            file = file.resolve() if file.is_symlink() else file
            status = file.stat()
        except FileNotFoundError:
            # It went while the folder was being scanned, or a link leads nowhere.
            return
        except OSError as error:
            refused(error)
            return
        if not S_ISREG(status.st_mode):
            return
        if not _is_text(file):
            unreadable[file] = FileReason(str(file), "Its name is no valid text; rename it.")
            return
        found.setdefault(file, FoundFile(file, root, status.st_size, status.st_mtime_ns))

    if not path.is_dir():
        take(path, path.parent)
        return
    for folder, folders, names in os.walk(path, onerror=refused):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                take(Path(folder, name), path)


def _is_text(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True

"""Which files there are, and which of them are new, changed, moved, unchanged or gone."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG

from ingest.report import FileReason
from kb.errors import MuchWouldGo
from kb.store.snapshot import FileRecord

_CLOCK_STEP_NS = 2_000_000_000
"""Some file systems tell time in steps of two seconds."""
_LATEST_NS = 2**63 - 1
"""What SQLite can keep: the year 2262."""
_HIDDEN = (".", "~$")
"""How names of hidden files begin, and of those that Office keeps beside a document that is open."""
_A_BASE = {"manifest.sqlite", "writer.lock"}
"""What stands in the folder of a knowledge base."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file on disk. `root` is the folder that was ingested: people see `path` relative to it."""

    path: Path
    root: Path
    size: int
    mtime_ns: int


@dataclass(slots=True)
class Scan:
    """The files found, each once, by path; and the files and folders that could not be looked at, with the reason.

    `bases` are folders of knowledge bases, which are left out.
    """

    files: list[FoundFile] = field(default_factory=list)
    unreadable: list[FileReason] = field(default_factory=list)
    bases: list[Path] = field(default_factory=list)


def scan(paths: Sequence[Path]) -> Scan:
    """What is at and below `paths`; hidden files, lock files of Office and links to folders are left out."""
    looked = _Look()
    for path in paths:
        looked.at(path.resolve())
    found, unreadable = looked.found, looked.unreadable
    return Scan(
        [found[path] for path in sorted(found)], [unreadable[path] for path in sorted(unreadable)], looked.bases
    )


def looks_unchanged(file: FoundFile, record: FileRecord) -> bool:
    """Whether size and time are those of the last reading, so that hashing is not needed.

    A file that changed shortly before it was read may have changed again without a later time.
    """
    same = (record.size, record.mtime_ns) == (file.size, file.mtime_ns)
    return same and file.mtime_ns < record.ingested.timestamp() * 1e9 - _CLOCK_STEP_NS


def gone(records: Iterable[FileRecord], roots: Sequence[Path], scanned: Scan) -> list[FileRecord]:
    """The files of the base at or below `roots` that are no longer there; what cannot be looked at is not gone."""
    present = {str(file.path) for file in scanned.files}
    hidden = [*(Path(entry.source) for entry in scanned.unreadable), *scanned.bases]
    tops = [root.resolve() for root in roots]
    return [
        record
        for record in records
        if record.source not in present
        and not _is_below(record.source, hidden)
        and (_is_below(record.source, tops) or (_is_link(record) and not hidden and _is_below(record.root, tops)))
    ]


def require_plausible(
    leaving: Sequence[FileRecord], records: Iterable[FileRecord], roots: Sequence[Path], scanned: Scan
) -> None:
    """Raises MuchWouldGo where a root holds nothing any more, or over half of its files would be removed."""
    known = list(records)
    sources = {record.source for record in known}
    # A file that was renamed or moved keeps its size and time; it does not go, whatever hashing says in the end.
    new = {(file.size, file.mtime_ns) for file in scanned.files if str(file.path) not in sources}
    leaving = [record for record in leaving if (record.size, record.mtime_ns) not in new]
    for root in roots:
        top = [root.resolve()]
        going, there = ([record for record in some if _is_below(record.source, top)] for some in (leaving, known))
        if going and not any(file.path.is_relative_to(top[0]) for file in scanned.files):
            raise MuchWouldGo(f"{root} holds no files any more; add --yes to remove all its documents from the base.")
        if len(going) * 2 > len(there):
            raise MuchWouldGo(
                f"{len(going)} of {len(there)} files of {root} would be removed; add --yes if that is meant."
            )


def is_folder(path: Path) -> bool:
    """False too where that may not be known: what is in a folder that is closed to us cannot be looked at."""
    try:
        return path.is_dir()
    except PermissionError:
        return False


def _is_below(path: str, folders: Iterable[Path]) -> bool:
    return any(Path(path).is_relative_to(folder) for folder in folders)


def _is_link(record: FileRecord) -> bool:
    """Whether a file was found by a link that leads out of the folder that was ingested."""
    return not _is_below(record.source, [Path(record.root)])


class _Look:
    """A look around, which goes on where something cannot be looked at."""

    def __init__(self) -> None:
        self.found: dict[Path, FoundFile] = {}
        self.unreadable: dict[Path, FileReason] = {}
        self.bases: list[Path] = []

    def at(self, path: Path) -> None:
        if not is_folder(path):
            self._take(path, path.parent)
            return
        for folder, folders, names in os.walk(path, onerror=self._refused):
            if {*names} >= _A_BASE and Path(folder) != path:
                folders.clear()
                self.bases.append(Path(folder))
                continue
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                if not name.startswith(_HIDDEN):
                    self._take(Path(folder, name), path)

    def _take(self, file: Path, root: Path) -> None:
        try:
            file = file.resolve() if file.is_symlink() else file
            status = file.stat()
        except FileNotFoundError:
            # It went while the folder was being scanned, or a link leads nowhere.
            return
        except RuntimeError:
            self._leave_out(file, "It is a link that leads back to itself.")
            return
        except OSError as error:
            self._refused(error)
            return
        if not S_ISREG(status.st_mode):
            return
        if not _is_text(file):
            self._leave_out(file, "Its name is no valid text; rename it.")
            return
        self.found.setdefault(file, FoundFile(file, root, status.st_size, min(status.st_mtime_ns, _LATEST_NS)))

    def _refused(self, error: OSError) -> None:
        self._leave_out(Path(error.filename), f"It cannot be looked at: {error.strerror}.")

    def _leave_out(self, place: Path, reason: str) -> None:
        shown = os.fsencode(place).decode(errors="replace")
        self.unreadable[place] = FileReason(shown, reason)


def _is_text(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True

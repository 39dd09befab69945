"""Which files there are, and which of them are new, changed, moved, unchanged or gone."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

from kb.errors import UserError
from kb.store.manifest import FileRecord


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file on disk. `root` is the folder that was ingested: people see `path` relative to it."""

    path: Path
    root: Path
    size: int
    mtime_ns: int


def scan(paths: Sequence[Path], *, may_be_missing: bool = False) -> list[FoundFile]:
    """The files at and below `paths`, each once, by path; hidden ones and links to folders are left out.

    Raises UserError where a path does not exist, unless it `may_be_missing`.
    """
    found: dict[Path, FoundFile] = {}
    for path in paths:
        if not path.exists():
            if may_be_missing:
                continue
            raise UserError(f"{path} does not exist; give a file or a folder that does.")
        resolved = path.resolve()
        for file, root in _files(resolved):
            status = file.stat()
            found.setdefault(file, FoundFile(file, root, status.st_size, status.st_mtime_ns))
    return [found[file] for file in sorted(found)]


def looks_unchanged(file: FoundFile, record: FileRecord | None) -> bool:
    """Whether size and time are those of the last successful reading, so that hashing is not needed."""
    return (
        record is not None and record.state == "ready" and (record.size, record.mtime_ns) == (file.size, file.mtime_ns)
    )


def digest(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def gone(records: Iterable[FileRecord], roots: Sequence[Path], found: Iterable[FoundFile]) -> list[FileRecord]:
    """The files of the base at or below `roots` that are no longer there."""
    present = {str(file.path) for file in found}
    tops = [root.resolve() for root in roots]
    return [
        record
        for record in records
        if record.source not in present and any(Path(record.source).is_relative_to(top) for top in tops)
    ]


def _files(path: Path) -> Iterator[tuple[Path, Path]]:
    if path.is_file():
        yield path, path.parent
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(folder, name)
            if not name.startswith(".") and file.is_file():
                yield file.resolve() if file.is_symlink() else file, path

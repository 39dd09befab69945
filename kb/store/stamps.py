"""How the files of an index looked when they were whole, so that damage is noticed.

Sizes and times are compared when an index is opened, contents when somebody asks.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

_LOCK = ".lock"


class Stamp(NamedTuple):
    """One file: bytes, time of its last change, and a hash of its content (hexadecimal)."""

    size: int
    mtime_ns: int
    digest: str


Stamps = dict[str, Stamp]
"""Stamps by the file's path within the index's folder."""
Digest = Callable[[Path, str], str]
"""Hashes a file; the second argument is what it was stamped with, "" when it is stamped."""


def digest_of_file(path: Path, stamped: str = "") -> str:  # noqa: ARG001 - a Digest
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def take_stamps(folder: Path, *, before: Mapping[str, Stamp], digest: Digest = digest_of_file) -> Stamps:
    """Stamps of all files of an index; those that look as `before` are not read again."""
    stamps: Stamps = {}
    for name, path in _files(folder):
        status = path.stat()
        known = before.get(name)
        if known and (known.size, known.mtime_ns) == (status.st_size, status.st_mtime_ns):
            stamps[name] = known
        else:
            stamps[name] = Stamp(status.st_size, status.st_mtime_ns, digest(path, ""))
    return stamps


def packed(stamps: Stamps) -> str:
    return json.dumps(stamps, separators=(",", ":"))


def unpacked(text: str) -> Stamps:
    return {name: Stamp(*values) for name, values in json.loads(text or "{}").items()}


def looking_other(folder: Path, stamps: Stamps) -> Stamps:
    """Those whose file is gone, or is not of the size and time stamped."""
    there = dict(_files(folder))
    return {name: stamp for name, stamp in stamps.items() if name not in there or not _looks_so(there[name], stamp)}


def altered(folder: Path, stamps: Stamps, *, digest: Digest = digest_of_file) -> list[str]:
    """The files that are gone, or whose content is not as stamped."""
    there = dict(_files(folder))
    return [
        name for name, stamp in stamps.items() if name not in there or digest(there[name], stamp.digest) != stamp.digest
    ]


def link_tree(source: Path, target: Path) -> None:
    """Puts the files of an index into another folder too, without copying them where the disk can do that."""
    shutil.copytree(source, target, copy_function=_link, ignore=shutil.ignore_patterns(f"*{_LOCK}"))


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _looks_so(path: Path, stamp: Stamp) -> bool:
    status = path.stat()
    return (status.st_size, status.st_mtime_ns) == (stamp.size, stamp.mtime_ns)


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file in and below the folder; locks hold nothing."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != _LOCK:
            yield str(path.relative_to(folder)), path

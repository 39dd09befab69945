"""Free space within the pages of an SQLite file, in which copies of rows stay behind that were moved or deleted.

`secure_delete` overwrites a row where it is deleted. Where a page is split or evened out, rows are moved to another
one, and what was there stays until new rows need the room (SQLite 3.40: of 40 small files from which names were
deleted, 3 still held one). VACUUM would write the whole file anew; this reads 362 MB in a fifth of a second.

Run as a process of its own (`python -m kb.store.gaps FILE`), because a process that closes any handle of a file loses
the locks that SQLite holds on it there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_HEADER = 100
"""Bytes before the first page's own header."""
_INNER, _LEAVES = (2, 5), (10, 13)
"""The kinds of pages that hold rows; all others are zeroed by secure_delete, or full."""


def blank_gaps(file: Path) -> None:
    """Overwrites what stands in the free space of the pages of `file`, of which SQLite reads nothing.

    Only while nobody else can write to it, and its log is empty; who has pages in memory must read them anew. Raises
    OSError where the file cannot be written.
    """
    done = subprocess.run(
        [sys.executable, "-P", "-m", "kb.store.gaps", str(file)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["it was killed"])[-1]
        raise OSError(f"{file} cannot be written over: {reason}")


def _gaps(file: int, page_bytes: int, reserved: int) -> Iterator[tuple[int, int]]:
    """Offset and size of the unallocated space of each page of rows that is not zero there."""
    number, zeros = 0, bytes(page_bytes)
    while len(page := os.pread(file, page_bytes, number * page_bytes)) == page_bytes:
        start = 0 if number else _HEADER
        kind = page[start]
        if kind in _INNER or kind in _LEAVES:
            cells = int.from_bytes(page[start + 3 : start + 5])
            first = start + (12 if kind in _INNER else 8) + 2 * cells
            content = int.from_bytes(page[start + 5 : start + 7]) or 65_536
            is_sound = first < content <= page_bytes - reserved
            if is_sound and page[first:content] != zeros[: content - first]:
                yield number * page_bytes + first, content - first
        number += 1


def _main(path: str) -> None:
    file = os.open(path, os.O_RDWR)
    header = os.pread(file, _HEADER, 0)
    page_bytes = int.from_bytes(header[16:18])
    for start, size in _gaps(file, 65_536 if page_bytes == 1 else page_bytes, header[20]):
        os.pwrite(file, bytes(size), start)
    os.fsync(file)


if __name__ == "__main__":
    _main(sys.argv[1])

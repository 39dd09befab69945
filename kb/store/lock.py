"""One writer at a time: a file lock that says who holds it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from kb.errors import Locked


@contextmanager
def exclusive(path: Path, *, wait: float) -> Iterator[None]:
    """Holds the lock file `path`; raises Locked with the holder's pid after `wait` seconds."""
    holder = path.with_suffix(".pid")
    try:
        with FileLock(path).acquire(timeout=wait):
            holder.write_text(str(os.getpid()))
            yield
    except Timeout:
        raise Locked(
            f"Another process (pid {_pid(holder)}) is writing to this knowledge base; wait for it or stop it."
        ) from None


def _pid(holder: Path) -> str:
    try:
        return holder.read_text().strip() or "unknown"
    except FileNotFoundError:
        return "unknown"

"""Taking turns: one writer of a base at a time, and one builder of its vector index."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from kb.errors import Locked
from kb.store.disk import disk_error

PUBLISH_WAIT = 3600.0
"""Seconds to wait for another process that builds a generation, where that must be waited for."""


class Turns:
    """The locks of the base in folder `home`; a writer waits `wait` seconds for another one."""

    def __init__(self, home: Path, *, wait: float) -> None:
        self._home = home
        self._wait = wait

    def writing(self) -> AbstractContextManager[None]:
        """Held for a batch at most. Raises Locked when another process keeps writing."""
        return self._alone("writer.lock", self._wait)

    def publishing(self, *, wait: float = PUBLISH_WAIT) -> AbstractContextManager[None]:
        """Held while an index is built, in which others may write."""
        return self._alone("publisher.lock", wait)

    def reindexing(self) -> AbstractContextManager[None]:
        """Held while the base is built anew beside itself, in which others may write."""
        return self._alone("reindex.lock", 0.0)

    @contextmanager
    def _alone(self, lock: str, wait: float) -> Iterator[None]:
        try:
            with exclusive(self._home / lock, wait=wait):
                yield
        except OSError as error:
            raise disk_error(self._home, error) from error


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

"""What is large and seldom used: it is made when somebody needs it, and let go when nobody has for a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, Timer
from time import monotonic
from typing import Generic, TypeVar
from weakref import ref

T = TypeVar("T")


class LetGoWhenIdle(Generic[T]):
    """What `make` makes, kept for `seconds` after its last use (0: for ever). Safe to share between threads.

    `freed` is called after it was let go. Who needs it while it is being made waits.
    """

    def __init__(self, make: Callable[[], T], *, seconds: float, freed: Callable[[], None]) -> None:
        self._make, self._freed, self._seconds = make, freed, seconds
        self._kept: list[T] = []
        self._users = 0
        self._last_used = 0.0
        self._timer: Timer | None = None
        self._lock = Lock()

    @property
    def is_kept(self) -> bool:
        return bool(self._kept)

    @contextmanager
    def use(self) -> Iterator[T]:
        """It is not let go before this ends. Raises what `make` raises."""
        with self._lock:
            if not self._kept:
                self._kept.append(self._make())
            self._users += 1
            kept = self._kept[0]
        try:
            yield kept
        finally:
            del kept
            with self._lock:
                self._users -= 1
                self._last_used = monotonic()
                self._watch()

    def _watch(self) -> None:
        """One thread waits at a time, however often it is used; a process may end meanwhile."""
        if self._seconds and not self._users and self._timer is None:
            self._start(self._seconds)

    def _start(self, seconds: float) -> None:
        self._timer = Timer(seconds, _let_go, [ref(self)])
        self._timer.daemon = True
        self._timer.name = "citewell-idle"
        self._timer.start()

    def let_go(self) -> None:
        """If it has been idle for long enough."""
        with self._lock:
            self._timer = None
            left = self._last_used + self._seconds - monotonic()
            if self._users:
                return  # Whoever ends its use last has it watched again.
            if left > 0:
                self._start(left)
                return
            self._kept.clear()
            self._freed()


def _let_go(idle: ref[LetGoWhenIdle[T]]) -> None:
    """One who waits must not be why it is kept."""
    if found := idle():
        found.let_go()

"""Who goes first where several want the processor: what somebody waits for, before what is done beside it.

Of one process: an ingest in another one is held back by nothing but the system's own sharing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic, sleep

HOLD = 1.0
"""Seconds for which what is done beside stands still once somebody waits: an answer is mostly there by then. Where
questions never end it goes on slowly, a piece a second."""
_is_beside: ContextVar[bool] = ContextVar("is_beside", default=False)
_held_until = 0.0


@contextmanager
def beside() -> Iterator[None]:
    """What this thread does meanwhile gives way to what others do."""
    token = _is_beside.set(True)
    try:
        yield
    finally:
        _is_beside.reset(token)


def is_beside() -> bool:
    """Whether this thread gives way."""
    return _is_beside.get()


def claim() -> None:
    """Somebody waits for what this thread does now; nothing for a thread that gives way itself."""
    global _held_until
    if not is_beside():
        _held_until = monotonic() + HOLD


def take_turn() -> None:
    """To be called before a piece of work that may be either."""
    claim()
    if is_beside():
        give_way()


def give_way() -> None:
    """To be called before each piece of what is done beside; returns when nobody has waited for a moment."""
    sleep(max(0.0, _held_until - monotonic()))

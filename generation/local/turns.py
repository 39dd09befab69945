"""Who may write when several ask: in the order in which they came."""

from __future__ import annotations

from collections import deque
from threading import Condition

from generation.local.work import Work

_LOOK = 0.1
"""Seconds after which one who waits looks whether its reader has gone."""


class Turns:
    """Lets `count` in at once. Safe to share between threads."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: deque[Work] = deque()
        self._changed = Condition()

    def enter(self, work: Work) -> bool:
        """Waits for its turn, and says whether it came before `work` was over. Who has entered must leave."""
        with self._changed:
            self._waiting.append(work)
            while not work.is_over and not (self._free and self._waiting[0] is work):
                self._changed.wait(_LOOK)
            has_come = self._free > 0 and self._waiting[0] is work
            self._waiting.remove(work)
            self._free -= has_come
            self._changed.notify_all()
            return has_come

    def enter_at_once(self) -> bool:
        """Whether it could be entered without waiting. Who has entered must leave."""
        with self._changed:
            if not self._free or self._waiting:
                return False
            self._free -= 1
            return True

    def leave(self) -> None:
        with self._changed:
            self._free += 1
            self._changed.notify_all()

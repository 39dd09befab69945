"""How often signing in may be tried: each try counts against the name, the address it comes from, and both together."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable

SECONDS = 300.0
MOST_OF_BOTH, MOST_OF_ADDRESS, MOST_OF_NAME = 5, 30, 100
"""Tries in SECONDS. Few for one name from one place; a name from everywhere has more, lest others can lock it out."""
REMEMBERED = 5_000

Key = tuple[str, str]


class Attempts:
    """Those of the last minutes, of at most REMEMBERED names and addresses; the oldest are forgotten first."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._times: OrderedDict[Key, deque[float]] = OrderedDict()

    def admit(self, name: str, address: str) -> float:
        """Counts a try and gives 0, or gives the seconds to wait and counts none.

        It counts before the password is looked at, so that many tries at once are not more than one after another.
        """
        now = self._now()
        limits = _limits(name, address)
        wait = max(self._wait(key, most, now) for key, most in limits.items())
        if wait > 0:
            return wait
        for key in limits:
            self._times.setdefault(key, deque()).append(now)
            self._times.move_to_end(key)
        while len(self._times) > REMEMBERED:
            self._times.popitem(last=False)
        return 0.0

    def succeeded(self, name: str, address: str) -> None:
        """What was tried for that name from there before counts no longer."""
        self._times.pop((name, address), None)

    def _wait(self, key: Key, most: int, now: float) -> float:
        times = self._times.get(key)
        while times and times[0] <= now - SECONDS:
            times.popleft()
        return times[-most] + SECONDS - now if times and len(times) >= most else 0.0


def _limits(name: str, address: str) -> dict[Key, int]:
    return {(name, address): MOST_OF_BOTH, ("", address): MOST_OF_ADDRESS, (name, ""): MOST_OF_NAME}

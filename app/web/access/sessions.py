"""Who is signed in: random tokens, known to this process alone.

They do not survive it: a restart is how a removed user or a changed password takes effect, so it signs everyone out.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

MOST = 10_000
"""Sessions at once; the oldest end first."""


@dataclass(frozen=True, slots=True)
class Session:
    """`visitor` is signed in until `expires`, on the clock of Sessions; `ended` is set when it ends before."""

    visitor: str
    name: str
    expires: float
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Sessions:
    """All that have begun and not ended. The tokens themselves are not kept, only their digests."""

    def __init__(self, hours: float, now: Callable[[], float] = time.monotonic) -> None:
        self.seconds = hours * 3600
        self._now = now
        self._by_digest: dict[bytes, Session] = {}

    def begin(self, visitor: str, name: str) -> str:
        """The token of a new session of `visitor`, whom people know as `name`."""
        for digest in [digest for digest, session in self._by_digest.items() if self.left(session) <= 0]:
            del self._by_digest[digest]
        while len(self._by_digest) >= MOST:
            self._by_digest.pop(next(iter(self._by_digest))).ended.set()
        token = secrets.token_urlsafe(32)
        self._by_digest[_digest(token)] = Session(visitor, name, self._now() + self.seconds)
        return token

    def of(self, token: str) -> Session | None:
        """The session of that token, if there is one that has not expired."""
        session = self._by_digest.get(_digest(token))
        return session if session and self.left(session) > 0 else None

    def left(self, session: Session) -> float:
        """The seconds until it expires."""
        return session.expires - self._now()

    def end(self, token: str) -> None:
        """Ends it, if there is one; whoever waits for `ended` hears of it."""
        session = self._by_digest.pop(_digest(token), None)
        if session:
            session.ended.set()


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()

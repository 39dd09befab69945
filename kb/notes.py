"""What a part of a search has to say of it, in a sentence, to whoever listens."""

from __future__ import annotations

from collections.abc import Callable

Note = Callable[[str], None]


def unheard(_: str) -> None:
    """For those who need not hear it."""

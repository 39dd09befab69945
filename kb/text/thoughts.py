"""What a language model thinks aloud before it replies, told from what it says: models that reason write both."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_OPEN, _CLOSE = "<think>", "</think>"
_TAG = re.compile(f"({_OPEN}|{_CLOSE})")


def spoken(pieces: Iterable[str]) -> Iterator[str | None]:
    """The pieces without what stands between <think> and </think>.

    None where a thought ends whose beginning was not marked: all that was given before was thought, not said. What
    begins like a thought in mid-answer, and has no end, was said.
    """
    thought: str | None = None  # None: it is not thinking
    held, has_spoken = "", False
    for piece in pieces:
        *before, last = _TAG.split(held + piece)
        for text, tag in zip(before[::2], before[1::2], strict=True):
            if text and thought is None:
                has_spoken = True
                yield text
            if tag == _CLOSE and thought is None:
                has_spoken = False
                yield None
            thought = "" if tag == _OPEN else None
        known = len(last) - _begun(last)
        if known and thought is None:
            has_spoken = True
            yield last[:known]
        elif thought is not None:
            thought += last[:known]
        held = last[known:]
    if thought is not None and has_spoken:
        yield thought + held
    elif held and thought is None:
        yield held


def said(text: str) -> str:
    """What of a reply, whole or not, is meant for others."""
    if _CLOSE in text:
        return text.rpartition(_CLOSE)[2].strip()
    return text.partition(_OPEN)[0].strip()


def _begun(text: str) -> int:
    """How many of the last characters of `text` may be the first ones of a tag."""
    sizes = range(min(len(text), len(_CLOSE) - 1), 0, -1)
    return next((size for size in sizes if _OPEN.startswith(text[-size:]) or _CLOSE.startswith(text[-size:])), 0)

"""What a language model thinks aloud before it replies, told from what it says: models that reason write both."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_OPEN, _CLOSE = "<think>", "</think>"
_TAG = re.compile(f"({_OPEN}|{_CLOSE})")


def spoken(pieces: Iterable[str]) -> Iterator[str | None]:
    """The pieces without what stands between <think> and </think>.

    None where a thought ends whose beginning was not marked: all that was given before was thought, not said.
    """
    held, is_thinking = "", False
    for piece in pieces:
        *before, last = _TAG.split(held + piece)
        for text, tag in zip(before[::2], before[1::2], strict=True):
            if text and not is_thinking:
                yield text
            if tag == _CLOSE and not is_thinking:
                yield None
            is_thinking = tag == _OPEN
        known = len(last) - _begun(last)
        if known and not is_thinking:
            yield last[:known]
        held = last[known:]
    if held and not is_thinking:
        yield held


def _begun(text: str) -> int:
    """How many of the last characters of `text` may be the first ones of a tag."""
    sizes = range(min(len(text), len(_CLOSE) - 1), 0, -1)
    return next((size for size in sizes if _OPEN.startswith(text[-size:]) or _CLOSE.startswith(text[-size:])), 0)

"""What a language model thinks aloud before it replies, told from what it says: models that reason write both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_OPEN, _CLOSE = "<think>", "</think>"


def spoken(pieces: Iterable[str]) -> Iterator[str | None]:
    """The pieces without what stands between <think> and </think>.

    None where a thought ends whose beginning was not marked: all that was given before was thought, not said.
    """
    held, is_thinking = "", False
    for piece in pieces:
        held += piece
        while True:
            if is_thinking:
                _, found, held = held.rpartition(_CLOSE) if _CLOSE in held else ("", "", held[-len(_CLOSE) :])
                if not found:
                    break
                is_thinking = False
            mark = min((at for tag in (_OPEN, _CLOSE) if (at := held.find(tag)) >= 0), default=-1)
            if mark < 0:
                safe = len(held) - _begun(held)
                if safe:
                    yield held[:safe]
                held = held[safe:]
                break
            if held.startswith(_OPEN, mark):
                if mark:
                    yield held[:mark]
                held, is_thinking = held[mark + len(_OPEN) :], True
            else:
                held = held[mark + len(_CLOSE) :]
                yield None
    if held and not is_thinking:
        yield held


def _begun(text: str) -> int:
    """How many of the last characters of `text` may be the first ones of a tag."""
    sizes = range(len(_CLOSE) - 1, 0, -1)
    return next((size for size in sizes if _OPEN.startswith(text[-size:]) or _CLOSE.startswith(text[-size:])), 0)

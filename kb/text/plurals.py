"""Numbers of things as people read them."""

from __future__ import annotations


def counted(number: int, thing: str) -> str:
    """ "1 file", "1,200 files": `thing` is a word whose plural ends in s alone."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"

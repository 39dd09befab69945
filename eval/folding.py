"""Text as it is compared: what readers of the same page differ in is taken away, and the way back is kept."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from kb.types import Span

_INVISIBLE = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff\ufffe")
_QUOTES = str.maketrans("‘’‚‛“”„‟‐‑‒–—−", "''''\"\"\"\"------")


@dataclass(frozen=True, slots=True)
class Folded:
    """A text in folded form; character i of it came from character `offsets[i]` of the original."""

    text: str
    offsets: tuple[int, ...]

    def occurrences(self, sought: str) -> Iterator[Span]:
        """Where in the original `sought` (folded the same way) stands, from left to right, overlaps included."""
        at = self.text.find(sought) if sought else -1
        while at >= 0:
            yield self.original(at, at + len(sought))
            at = self.text.find(sought, at + 1)

    def original(self, start: int, end: int) -> Span:
        """The span of the original that folded characters start..end came from; end > start."""
        return Span(self.offsets[start], self.offsets[end - 1] + 1)


@lru_cache(maxsize=64)
def verbatim(text: str) -> Folded:
    """Without case, ligatures, kinds of quotation marks and dashes, soft hyphens; white space as single spaces."""
    kept: list[str] = []
    offsets: list[int] = []
    for index, character in enumerate(text):
        for folded in _folded(character):
            if folded != " " or (kept and kept[-1] != " "):
                kept.append(folded)
                offsets.append(index)
    if kept and kept[-1] == " ":
        kept.pop()
        offsets.pop()
    return Folded("".join(kept), tuple(offsets))


@lru_cache(maxsize=64)
def letters(text: str) -> Folded:
    """Letters and digits alone, without case: blind to spacing, hyphenation, bullets and the rules of a table."""
    whole = verbatim(text)
    kept = [index for index, character in enumerate(whole.text) if character.isalnum()]
    return Folded("".join(whole.text[index] for index in kept), tuple(whole.offsets[index] for index in kept))


@lru_cache(maxsize=4096)
def _folded(character: str) -> str:
    if character in _INVISIBLE:
        return ""
    if character.isspace():
        return " "
    return unicodedata.normalize("NFKD", character).casefold().translate(_QUOTES)

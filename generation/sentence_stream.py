"""Sentences out of a stream of text, each with the citation markers that belong to it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from generation.markers import leading, may_begin_at
from kb.text.sentences import sentences

_KNOWN = 12
"""Characters of the next sentence that tell for certain that one has ended: "U.S." may go on with "Army"."""


@dataclass(frozen=True, slots=True)
class WrittenSentence:
    """`text` has the white space before it and its markers; its first `shown` characters were given as previews."""

    text: str
    shown: int


class SentenceStream:
    """Takes text piece by piece and gives back each sentence as soon as it is whole, nothing left out.

    Markers after a full stop belong to the sentence before it.
    """

    def __init__(self) -> None:
        self._held = ""
        self._shown = 0

    def take(self, piece: str) -> list[WrittenSentence]:
        """Adds `piece`; the sentences that are whole by now."""
        self._held += piece
        found = []
        while end := _end_of_first(self._held):
            found.append(self._cut(end))
        return found

    def preview(self) -> str:
        """What has come of the sentence under way since the last preview, up to where a marker may begin."""
        until = max(self._shown, may_begin_at(self._held))
        new, self._shown = self._held[self._shown : until], until
        return new

    @property
    def under_way(self) -> str:
        """The sentence that is not whole yet."""
        return self._held

    def rest(self) -> WrittenSentence:
        """What is left when nothing comes any more."""
        return self._cut(len(self._held))

    def _cut(self, end: int) -> WrittenSentence:
        sentence = WrittenSentence(self._held[:end], min(self._shown, end))
        self._held, self._shown = self._held[end:], max(0, self._shown - end)
        return sentence


def _end_of_first(text: str) -> int:
    """Where the first sentence of `text` ends, its markers included; 0 while that cannot be told."""
    for before, _ in pairwise(sentences(text)):
        start = before.end + leading(text[before.end :])
        following = text[start:].lstrip()
        if following:
            is_certain = len(following) >= _KNOWN or any(character.isspace() for character in following)
            return start if is_certain else 0
    return 0

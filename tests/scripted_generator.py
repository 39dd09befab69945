"""A language model for tests that says what it is told to say: what real ones would, none of which is at hand."""

from __future__ import annotations

from collections.abc import Sequence

from kb.errors import GeneratorError, OutOfMemory
from kb.protocols import Message, TextStream


class ScriptedGenerator:
    """Says `replies` one after the other, the last again and again, in pieces of `size` characters.

    A reply that ends with "(fails)" is an error from there on, one that is "(full)" a want of memory. `asked` are the
    messages so far, `samples` which reply to them was asked for, `closed` how many were stopped before their end.
    """

    name = "scripted"

    def __init__(self, *replies: str, size: int = 7) -> None:
        self._replies = replies
        self._size = size
        self.asked: list[Sequence[Message]] = []
        self.samples: list[int] = []
        self.closed = 0

    def stream(self, messages: Sequence[Message], *, sample: int = 0) -> TextStream:
        reply = self._replies[min(len(self.asked), len(self._replies) - 1)]
        self.asked.append(tuple(messages))
        self.samples.append(sample)
        if reply == "(full)":
            raise OutOfMemory("The language model scripted does not fit; use a smaller one.")
        text = reply.removesuffix("(fails)")
        try:
            for start in range(0, len(text), self._size):
                yield text[start : start + self._size]
        except GeneratorExit:
            self.closed += 1
            raise
        if text != reply:
            raise GeneratorError("The language model scripted is gone; start it again.")

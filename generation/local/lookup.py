"""What may come next, guessed from the text itself: an answer copies from the passages that it is given.

Prompt lookup decoding (Saxena 2023), which is speculative decoding (Leviathan et al. 2023) without a second model. That
of transformers searches the whole text anew for each token, on the device of the model, which must wait for it, and
falls back to what followed a single token. Here a table is kept, of three.
"""

from __future__ import annotations

from collections.abc import Sequence

_GRAM = 3
"""Tokens that must have stood before in the same order: fewer are met with by chance."""


class PromptLookup:
    """Remembers of every few tokens of a text what followed them the last time."""

    def __init__(self, tokens: Sequence[int]) -> None:
        self._tokens: list[int] = []
        self._behind: dict[tuple[int, ...], int] = {}
        self.extend(tokens)

    def extend(self, tokens: Sequence[int]) -> None:
        for token in tokens:
            if len(self._tokens) >= _GRAM:
                self._behind[tuple(self._tokens[-_GRAM:])] = len(self._tokens)
            self._tokens.append(token)

    def draft(self, count: int) -> list[int]:
        """At most `count` tokens that followed the last few of the text when these stood before; none where not."""
        start = self._behind.get(tuple(self._tokens[-_GRAM:]))
        return [] if start is None else self._tokens[start : start + max(0, count)]

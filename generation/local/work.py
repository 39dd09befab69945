"""A reply on its way, between the thread that writes it and the one that reads it, with the limits that it has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from queue import Empty
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING

from generation.sampling import stirred

if TYPE_CHECKING:
    import torch
    from transformers import TextIteratorStreamer


@dataclass(slots=True)
class Work:
    """`prompt` and `written` are token ids, `tokens` and `seconds` what the reply may take, `ends` what ends one.

    `sample` is which reply it is to be, 0 the likeliest. `text` makes words of tokens. The reading thread sets
    `stopped`; all else is for the writing one to change.
    """

    prompt: list[int]
    tokens: int
    seconds: float
    ends: frozenset[int]
    text: TextIteratorStreamer
    sample: int = 0
    written: list[int] = field(default_factory=list)
    stopped: Event = field(default_factory=Event)
    error: Exception | None = None
    _until: float | None = None
    _is_whole: bool = False

    @property
    def has_begun(self) -> bool:
        """Whether its time is counted."""
        return self._until is not None and self._until < inf

    @property
    def is_whole(self) -> bool:
        """Whether the model itself has ended it."""
        return self._is_whole

    @property
    def known(self) -> list[int]:
        """The prompt and what is written so far: all that the rest depends on."""
        return [*self.prompt, *self.written]

    @property
    def left(self) -> int:
        """Tokens that may still be written."""
        return self.tokens - len(self.written)

    @property
    def has_room(self) -> bool:
        return self.left > 0

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be written."""
        late = self._until is not None and monotonic() >= self._until
        return self._is_whole or self.stopped.is_set() or late or not self.has_room

    def begin(self) -> None:
        """From now on its time is counted; to be called when its turn comes, and without effect when called again."""
        self._until = self._until or monotonic() + self.seconds

    @contextmanager
    def clock_stopped(self) -> Iterator[None]:
        """Its time is not counted meanwhile."""
        left = inf if self._until is None else self._until - monotonic()
        self._until = inf
        try:
            yield
        finally:
            self._until = monotonic() + left

    def add(self, tokens: Sequence[int]) -> None:
        """What comes next; all behind a token that ends the reply, or behind its last one, is left out."""
        import torch

        new = list(tokens)[: self.left]
        end = next((place for place, token in enumerate(new) if token in self.ends), None)
        self._is_whole = self._is_whole or end is not None
        self.written += new[:end]
        if new[:end]:
            self.text.put(torch.tensor(new[:end]))  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Lets the reader go on to the end."""
        self.text.end()  # type: ignore[no-untyped-call]

    def pieces(self) -> Iterator[str]:
        """The text as it comes. Raises TimeoutError where there is none for long, not counting its wait for a turn."""
        while True:
            try:
                yield from (piece for piece in self.text if piece)
            except Empty:
                if self.has_begun:
                    raise TimeoutError from None
            else:
                return


@dataclass(slots=True)
class Sink:
    """Takes what transformers' `generate` writes: its streamer, which is told the prompt first, its criterion, and
    what has it write a sample.
    """

    work: Work
    _has_prompt: bool = False

    def put(self, value: torch.Tensor) -> None:
        if self._has_prompt:
            self.work.add(value.flatten().tolist())
        self._has_prompt = True

    def end(self) -> None:
        """The work is closed by whoever began it."""

    def stirred(self, ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        return stirred(scores, sample=self.work.sample, place=ids.shape[1])

    def is_over(self, ids: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        import torch

        return torch.full((ids.shape[0],), self.work.is_over, device=ids.device)

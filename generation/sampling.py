"""How other replies than the likeliest are had: each a sample, the same whenever it is asked for.

The likeliest of all tokens, once noise of Gumbel's distribution is added to each, is a sample of what the model gives
them (Gumbel 1954). So whatever writes the likeliest tokens writes samples too, those it has guessed included, and
guesses change the speed alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

TEMPERATURE = 0.7
"""Of samples: enough for other words and other facts, and too little for words that come out of nowhere."""
_LEAST = 3e-8
"""Half of the smallest draw that float32 has but 0, in whose place it stands: of 0 the noise would be infinite."""
_PLACES = 24
"""Bits of a seed that are the place; a generator on the CPU takes 32 in all."""


def stirred(logits: torch.Tensor, *, sample: int, place: int) -> torch.Tensor:
    """`logits`, shape (tokens, vocabulary), changed so that the largest of a row is the token of `sample` there.

    The first row is of the token at `place` in the text. Those of sample 0 are as they were.
    """
    if not sample:
        return logits
    import torch

    draws = torch.empty(logits.shape, device=logits.device)
    for row, draw in enumerate(draws):
        generator = torch.Generator(logits.device).manual_seed((sample << _PLACES) + place + row)
        draw.exponential_(generator=generator)
    return logits.float() - TEMPERATURE * draws.clamp_min(_LEAST).log()

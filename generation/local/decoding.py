"""Decoding step by step: a prompt is read in parts, of which those known are not, and drafts are tried at once.

transformers' own `generate` cannot be stopped while it reads a prompt, and its prompt lookup writes something else when
it is given a cache that holds some of it (5.23: its first step reads all the prompt once more).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from generation.local.lookup import PromptLookup
from generation.sampling import stirred

if TYPE_CHECKING:
    from transformers import Cache, DynamicCache, PreTrainedModel

_PART = {"cpu": 256, "cuda": 4_096}
"""Tokens of a prompt that are read at once, after which it can be stopped."""
DRAFT = 10
"""Tokens guessed at once, at most. On a GPU they come nearly free, but on a CPU ten cost what two written ones do
(12 layers of 768, one core), so that there are fewer when the last ones did not hold."""


_FEW = 2
"""Tokens guessed at first, and beyond twice as many as held of the last draft."""


def can_go_back(model: PreTrainedModel) -> bool:
    """Whether nothing but keys and values passes from step to step, so that a draft can be taken back.

    Not so of state-space models and linear attention.
    """
    from transformers import DynamicCache
    from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

    layers = DynamicCache(config=model.config).layers
    return all(type(layer) in (DynamicLayer, DynamicSlidingWindowLayer) for layer in layers)


def can_step(model: PreTrainedModel) -> bool:
    """Whether `decode` may be used: not with models that prepare their steps themselves (Phi-3 does, for one)."""
    from transformers import GenerationMixin

    prepares = getattr(type(model), "prepare_inputs_for_generation", None)
    return prepares is GenerationMixin.prepare_inputs_for_generation and can_go_back(model)


def empty_cache(model: PreTrainedModel) -> DynamicCache:
    """Keys and values of no tokens yet, for a model that can step."""
    from transformers import DynamicCache

    cache = DynamicCache(config=model.config)
    for layer in cache.layers:
        if hasattr(layer, "activate_past_recording"):  # Sliding windows then keep what a step may have to give back.
            layer.activate_past_recording()
    return cache


def decode(
    model: PreTrainedModel,
    prompt: Sequence[int],
    *,
    cache: Cache,
    tokens: int,
    draft: int = DRAFT,
    sample: int = 0,
    within: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> Generator[list[int], None, None]:
    """What comes behind `prompt`, `tokens` of them: one or more at a time, and none for a part that is read.

    They are the likeliest ones, or those of a `sample`.

    `cache`, of which `prompt` is longer, holds its beginning, and at the end all but the last token. Guessing `draft`
    tokens (0: none) changes the speed alone, up to the rounding of the numbers that the model calculates in. The model
    is used `within` a context, one for each step.
    """
    step = _Step(model, cache, within, sample)
    *parts, last = _parts(prompt[cache.get_seq_length() :], size=_PART.get(model.device.type, 256))
    for part in parts:
        step.chosen(part, count=1)
        cache.crop(0)  # Sliding windows forget only now what they no longer reach.
        yield []
    lookup = PromptLookup(prompt if draft else [])
    found = step.chosen(last, count=1)
    cache.crop(0)
    size = _FEW
    while tokens > 0:
        tokens -= len(found)
        yield found
        lookup.extend(found)
        if tokens > 0:
            guessed = lookup.draft(min(draft, size, tokens - 1))
            found = step.chosen([found[-1], *guessed], count=len(guessed) + 1)
            held = _agreeing(guessed, found)
            cache.crop(held - len(guessed))
            found = found[: held + 1]
            size = 2 * held + _FEW if guessed else size


class _Step:
    """Has `model` read tokens into `cache`."""

    def __init__(
        self, model: PreTrainedModel, cache: Cache, within: Callable[[], AbstractContextManager[object]], sample: int
    ) -> None:
        self._model, self._cache, self._within, self._sample = model, cache, within, sample
        self._takes = frozenset(inspect.signature(model.forward).parameters)

    def chosen(self, tokens: Sequence[int], *, count: int) -> list[int]:
        """What the model would write behind each of the last `count` of `tokens`, which the cache holds then."""
        import torch

        device, known = self._model.device, self._cache.get_seq_length()
        given: dict[str, object] = {"use_cache": True, "return_dict": True}
        if "logits_to_keep" in self._takes:
            given["logits_to_keep"] = count
        with self._within(), torch.inference_mode():
            if "position_ids" in self._takes:
                given["position_ids"] = torch.arange(known, known + len(tokens), device=device)[None]
            ids = torch.tensor([tokens], device=device)
            logits = self._model(input_ids=ids, past_key_values=self._cache, **given).logits
            place = known + len(tokens) - count + 1
            chosen: list[int] = stirred(logits[0, -count:], sample=self._sample, place=place).argmax(-1).tolist()
        return chosen


def _parts(tokens: Sequence[int], *, size: int) -> list[Sequence[int]]:
    return [tokens[start : start + size] for start in range(0, len(tokens), size)]


def _agreeing(guessed: Sequence[int], found: Sequence[int]) -> int:
    """How many of the first tokens are the same."""
    pairs = zip(guessed, found, strict=False)
    return next((place for place, (guess, token) in enumerate(pairs) if guess != token), len(guessed))

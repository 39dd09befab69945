"""What a model has computed of earlier prompts, for those that begin alike: with the same instructions, or passages."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import DynamicCache

Tokens = tuple[int, ...]


class Prefixes:
    """Keeps keys and values of the last prompts and replies in at most `limit` bytes, on the model's device.

    Who begins with one gets a copy of the tokens that it shares. Not safe to share between threads.
    """

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._kept: OrderedDict[Tokens, DynamicCache] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def size(self) -> int:
        """Bytes that are kept."""
        return sum(size_of(cache) for cache in self._kept.values())

    def fill(self, cache: DynamicCache, prompt: Sequence[int]) -> None:
        """Into an empty `cache`, what is known of the beginning of `prompt`: the longest one, but not all of it.

        The last token is always left to be read, since what comes behind it must be computed.
        """
        shared = {tokens: _shared(tokens, prompt[:-1]) for tokens in self._kept}
        best = max(shared, key=lambda tokens: shared[tokens], default=())
        if best and shared[best]:
            self._kept.move_to_end(best)
            _copy(self._kept[best], cache, tokens=shared[best])

    def keep(self, tokens: Sequence[int], cache: DynamicCache, empty: DynamicCache) -> None:
        """Keeps `cache`, which holds `tokens` and is used no more; too large, as much of its beginning as may be kept.

        Only full attention is kept: a sliding window holds no beginning. `empty` is a cache that can be filled.
        """
        from transformers.cache_utils import DynamicLayer

        if not tokens or any(type(layer) is not DynamicLayer for layer in cache.layers):
            return
        if any(_shared(known, tokens) == len(tokens) for known in self._kept):
            return
        fitting = self._limit // max(1, size_of(cache) // len(tokens))
        if fitting < len(tokens):
            _copy(cache, empty, tokens=fitting)
            tokens, cache = tokens[:fitting], empty
        for known in [known for known in self._kept if _shared(known, tokens) == len(known)]:
            del self._kept[known]  # It is the beginning of what is kept from now on.
        if tokens:
            self._kept[tuple(tokens)] = cache
        while self.size > self._limit:
            self._kept.popitem(last=False)

    def clear(self) -> None:
        self._kept.clear()


def _shared(first: Sequence[int], second: Sequence[int]) -> int:
    """How many of the first tokens are the same."""
    pairs = zip(first, second, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _copy(source: DynamicCache, target: DynamicCache, *, tokens: int) -> None:
    for index, (keys, values, _) in enumerate(source):
        if tokens and keys is not None and values is not None:
            target.update(keys[..., :tokens, :], values[..., :tokens, :], index)


def size_of(cache: DynamicCache) -> int:
    return sum(int(part.nbytes) for layer in cache for part in layer[:2] if part is not None)

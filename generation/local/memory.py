"""The memory of the device that a language model runs on: whether it was too small, and how it is given back."""

from __future__ import annotations

import gc

_SAID = ("out of memory", "can't allocate memory", "not enough memory", "failed to allocate")
"""What torch says where the memory of a CPU, or of a library on a GPU, does not do: it has no error of its own then."""


_SHARE = 4
"""Of a GPU's memory that is free when the weights are there, one in so many parts is for what is remembered."""
_ON_CPU = 1 << 30


def cache_share(device: str) -> int:
    """Bytes for keys and values beside the weights, where nobody says how many."""
    import torch

    return int(torch.cuda.mem_get_info()[0]) // _SHARE if device == "cuda" else _ON_CPU


def is_out_of_memory(error: BaseException) -> bool:
    import torch

    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _SAID)


def give_back() -> None:
    """What nobody holds any more, to the device: torch keeps it for itself otherwise."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()

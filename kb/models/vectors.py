"""Vectors as the ports promise them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kb.models.tokens import TextTokenizer
from kb.protocols import Vectors


def unit_rows(rows: NDArray[np.float32], dimensions: int) -> Vectors:
    """The first `dimensions` of each row, brought to unit length (a row of zeros stays)."""
    kept = np.ascontiguousarray(rows[:, :dimensions], dtype=np.float32)
    lengths = np.linalg.norm(kept, axis=1, keepdims=True)
    unit: Vectors = kept / np.maximum(lengths, np.finfo(np.float32).tiny)
    return unit


def token_rows(states: NDArray[np.float32], ids: Sequence[int], tokenizer: TextTokenizer, *, skipped: int) -> Vectors:
    """Of an encoder's last `states`, one for each of `ids`, those of words, at unit length; zeros of unknown ones.

    The first `skipped` words, a prefix, are left out.
    """
    numbers = np.asarray(ids)
    words = np.flatnonzero(~np.isin(numbers, list(tokenizer.special_ids - {tokenizer.unknown_id})))[skipped:]
    rows = unit_rows(states[words], states.shape[1])
    rows[numbers[words] == tokenizer.unknown_id] = 0.0
    return rows

"""Vectors as the ports promise them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kb.protocols import Vectors


def unit_rows(rows: NDArray[np.float32], dimensions: int) -> Vectors:
    """The first `dimensions` of each row, brought to unit length (a row of zeros stays)."""
    kept = np.ascontiguousarray(rows[:, :dimensions], dtype=np.float32)
    lengths = np.linalg.norm(kept, axis=1, keepdims=True)
    unit: Vectors = kept / np.maximum(lengths, np.finfo(np.float32).tiny)
    return unit

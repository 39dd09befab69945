"""Codes: the vectors of a generation as whole numbers of 8 bits, few enough bytes to compare a query with all of them.

A graph search gets stuck among near duplicates: Chroma's found 0.978 of the true 100 for queries unlike 24,000 real
passages, and 0.85 (once none) among 74,000 synthetic ones. A scan of the codes overlooks nothing; how far the code of
a vector may lie from it is known, and candidates are compared by their true vectors elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from simsimd import cdist

from kb.errors import StoreError
from kb.protocols import Vectors

NUMBERS, SCALES, CODES = FILES = ("numbers.npy", "scales.npy", "codes.npy")
_HIGHEST = 127
_LEAST = 1e-30
_DEVIATIONS = 5.0
"""Rounding errors of so many standard deviations occur once in 3 million vectors."""
_TOLERANCE = 1e-5
_SHARED = 20_000
"""From so many on, two threads share them: of 74,000, one takes 2.8 ms and two 1.6, some 0.1 of it to come together."""


@dataclass(frozen=True, slots=True)
class Codes:
    """Of each vector its number (ascending, shape (n,)), its scale (n,), and its code, shape (n, dimensions).

    A vector is about its scale times its code, with an error of at most half the scale in each dimension.
    """

    numbers: NDArray[np.int64]
    scales: NDArray[np.float32]
    codes: NDArray[np.int8]

    def nearest(self, vector: Vectors, count: int) -> tuple[list[int], float | None]:
        """The `count` (1 at least) numbers whose vectors may have the highest cosines with `vector`; all of length 1.

        With them, what is the highest cosine that others may have; None where there are no others. Equal ones stand
        by number. The errors of n dimensions are taken as independent and evenly spread, with the variance scale² / 12.
        """
        if not len(self.numbers):
            return [], None
        codes, [scale] = _quantised(vector[None])
        highest = _dots(codes, self.codes) * (self.scales * scale)
        highest += _DEVIATIONS * np.sqrt((np.square(self.scales) + np.square(scale)) / 12)
        if count >= len(highest):
            return self.numbers[np.argsort(-highest, kind="stable")].tolist(), None
        least = np.partition(highest, -count)[-count]
        rows = np.flatnonzero(highest >= least)
        rows = rows[np.argsort(-highest[rows], kind="stable")][:count]
        return self.numbers[rows].tolist(), float(least)

    def without(self, numbers: Sequence[int]) -> Codes:
        """Those of other numbers."""
        rows = np.flatnonzero(~np.isin(self.numbers, np.array(numbers, np.int64)))
        return Codes(self.numbers[rows], self.scales[rows], self.codes[rows])

    def unlike(self, numbers: Sequence[int], vectors: Vectors) -> int:
        """How many of these vectors, shape (n, dimensions), have no code here or not one of theirs."""
        wanted = np.array(numbers, np.int64)
        rows = np.searchsorted(self.numbers, wanted)
        known = np.isin(wanted, self.numbers)
        rows, vectors = rows[known], vectors[known]
        if self.codes.shape[1:] != vectors.shape[1:]:
            return len(wanted)
        scales = self.scales[rows, None]
        errors = np.abs(self.codes[rows] * scales - vectors)
        return int((~known).sum() + (errors > scales / 2 + _TOLERANCE).any(axis=1).sum())

    def write(self, folder: Path) -> None:
        """Into a folder where nobody reads yet."""
        np.save(folder / NUMBERS, self.numbers, allow_pickle=False)
        np.save(folder / SCALES, self.scales, allow_pickle=False)
        np.save(folder / CODES, self.codes, allow_pickle=False)


def coded(numbers: Sequence[int], vectors: Vectors) -> Codes:
    """The codes of vectors, shape (n, dimensions), in any order."""
    order = np.argsort(np.array(numbers, np.int64), kind="stable")
    codes, scales = _quantised(vectors[order])
    return Codes(np.array(numbers, np.int64)[order], scales, codes)


def united(parts: Sequence[Codes]) -> Codes:
    """The codes of all parts, one at least; no number stands in two."""
    parts = [part for part in parts if len(part.numbers)] or list(parts[:1])
    numbers = np.concatenate([part.numbers for part in parts])
    order = np.argsort(numbers, kind="stable")
    scales = np.concatenate([part.scales for part in parts])
    codes = np.concatenate([part.codes for part in parts])
    return Codes(numbers[order], scales[order], codes[order])


def read_codes(folder: Path) -> Codes | None:
    """Those in the folder of a generation, mapped into memory; None where it has none.

    Raises StoreError where they are not laid out as they were written.
    """
    if not (folder / CODES).is_file():
        return None
    try:
        found = [np.asarray(np.load(folder / name, mmap_mode="r", allow_pickle=False)) for name in FILES]
    except (OSError, ValueError, EOFError) as error:
        raise StoreError(f"The vector index is damaged ({error}); run `citewell verify --repair`.") from error
    numbers, scales, codes = found
    kinds = [(array.dtype.str, array.ndim, array.shape[:1]) for array in found]
    if kinds != [(kind, rank, numbers.shape[:1]) for kind, rank in (("<i8", 1), ("<f4", 1), ("|i1", 2))]:
        raise StoreError("The vector index is damaged (codes.npy); run `citewell verify --repair`.")
    return Codes(numbers, scales, codes)


def _dots(code: NDArray[np.int8], codes: NDArray[np.int8]) -> NDArray[np.float32]:
    """Of `code`, shape (1, dimensions), with each of `codes`, shape (n,).

    They are exact up to 1,040 dimensions, beyond that rounded by far less than the codes are.
    """

    def dots(part: NDArray[np.int8]) -> NDArray[np.float32]:
        return np.asarray(cdist(code, part, "dot", threads=1, out_dtype="float32")).reshape(-1)

    if len(codes) < _SHARED:
        return dots(codes)
    # Not by simsimd's own threads, which spin while they wait: on a busy machine that takes ten times as long.
    middle = len(codes) // 2
    with ThreadPoolExecutor(1) as beside:
        second = beside.submit(dots, codes[middle:])
        return np.concatenate([dots(codes[:middle]), second.result()])


def _quantised(vectors: Vectors) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Codes and scales of vectors, shape (n, dimensions)."""
    scales = np.maximum(np.abs(vectors).max(axis=1, initial=0), _LEAST).astype(np.float32) / np.float32(_HIGHEST)
    return np.rint(vectors / scales[:, None]).astype(np.int8), scales

"""How near a sentence is to a question in meaning, on scales that are the same for every embedder and language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from kb.protocols import Embedder, Vectors

# Of fewer passages, all perhaps of one matter, the cosines do not tell what is usual: it is taken from English texts.
_ENOUGH = 50
_USUAL_SPREAD = 0.1
# Passages that hardly differ (copies of a form, say) do not make every cosine unusual; collections have 0.08 or more.
_LEAST_SPREAD = 0.02
NONE_AT_LARGE: Vectors = np.empty((0, 0), np.float32)
# Whatever they are about, as long as no two are about the same.
_UNRELATED = (
    "The bakery on the corner sells fresh bread every morning.",
    "Volcanic eruptions release gases into the upper atmosphere.",
    "The court dismissed the appeal for lack of jurisdiction.",
    "Replace the battery when the indicator light turns red.",
    "The orchestra rehearsed the second movement twice.",
    "Quarterly earnings rose on strong demand for software.",
)


@dataclass(frozen=True, slots=True)
class Similarities:
    """Of sentences to a question, in the order given.

    `similarities` are 0 for unrelated text and 1 for the same. `deviations` are standard deviations above the cosine
    that the base's passages at large have to this question: in a language that an embedder was not made for, whatever
    is in that language looks alike to it, and a high cosine says little.
    """

    similarities: NDArray[np.float64]
    deviations: NDArray[np.float64]


def similarities_of(question: str, sentences: Sequence[str], embedder: Embedder, at_large: Vectors) -> Similarities:
    """`at_large` are embeddings of some of the base's passages, shape (n, dimensions), none where n is 0."""
    floor = _unrelated(embedder)  # type: ignore[arg-type]  # mypy: a protocol is not known to be hashable
    asked = embedder.queries([question])[0]
    cosines = (embedder.passages(sentences) @ asked).astype(np.float64)
    if len(at_large) < _ENOUGH:
        return Similarities((cosines - floor) / (1.0 - floor), (cosines - floor) / _USUAL_SPREAD)
    usual = (at_large @ asked).astype(np.float64)
    spread = max(float(usual.std()), _LEAST_SPREAD)
    return Similarities((cosines - floor) / (1.0 - floor), (cosines - usual.mean()) / spread)


@lru_cache(maxsize=4)
def _unrelated(embedder: Embedder) -> float:
    """The cosine an embedder gives to sentences that have nothing in common: some hardly go below 0.6.

    Kept per embedder, as answerers are made by the question.
    """
    cosines = embedder.queries(_UNRELATED) @ embedder.passages(_UNRELATED).T
    return float(cosines[~np.eye(len(_UNRELATED), dtype=bool)].mean())

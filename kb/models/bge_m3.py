"""BGE-M3's three views of a text, and their scores together: one vector, weights of its words, a vector for each token.

After "BGE M3-Embedding" (Chen et al. 2024) and FlagEmbedding's BGEM3FlagModel, whose folders are taken as they are: an
encoder, and beside it two linear layers.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from kb.models.bge_m3_network import ViewsNetwork, heads_digest
from kb.models.checkpoint import Checkpoint
from kb.models.tokens import RowTokenizer, encodable, in_batches
from kb.models.vectors import unit_rows
from kb.protocols import Vectors

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Views:
    """What BGE-M3 makes of a text.

    `dense` is a unit vector, `lexical` the weight of each token by its id, `tokens` a unit vector for each token but
    the first special one, shape (tokens, width).
    """

    dense: Array
    lexical: Mapping[int, float]
    tokens: Vectors


@dataclass(frozen=True, slots=True)
class ViewWeights:
    """How much each view counts; as in the paper's experiments on MIRACL, and FlagEmbedding's default in training."""

    dense: float = 1.0
    lexical: float = 0.3
    tokens: float = 1.0


def score_together(query: Views, passage: Views, weights: ViewWeights) -> float:
    """The weighted mean of the three scores of a passage for a query.

    dense: the cosine; lexical: the sum over common tokens of the products of their weights; tokens: the mean over the
    query's tokens of the highest cosine to a token of the passage (late interaction, Khattab and Zaharia 2020).
    """
    dense = float(query.dense @ passage.dense)
    lexical = sum(weight * passage.lexical.get(token, 0.0) for token, weight in query.lexical.items())
    tokens = float((query.tokens @ passage.tokens.T).max(axis=1).mean())
    total = weights.dense + weights.lexical + weights.tokens
    return (weights.dense * dense + weights.lexical * lexical + weights.tokens * tokens) / total


class BgeM3Encoder:
    """Texts as BGE-M3 views them. Safe to share between threads."""

    def __init__(self, checkpoint: Checkpoint, network: ViewsNetwork) -> None:
        self._checkpoint = checkpoint
        self._network = network
        self._rows = RowTokenizer(network.tokenizer, limit=checkpoint.tokens)
        self._weightless = self._rows.special_ids

    @property
    def fingerprint(self) -> str:
        """The embedder's, and 12 hexadecimal digits over the two layers."""
        return f"{self._checkpoint.fingerprint}+{heads_digest(self._checkpoint.folder)}"

    def queries(self, texts: Sequence[str]) -> list[Views]:
        """The views of queries in the order given."""
        return self._views([self._checkpoint.query_prefix + text for text in texts])

    def passages(self, texts: Sequence[str]) -> list[Views]:
        """The views of passages in the order given."""
        return self._views([self._checkpoint.passage_prefix + text for text in texts])

    def _views(self, texts: Sequence[str]) -> list[Views]:
        rows = self._rows.rows(texts)
        batches = in_batches(rows, tokens=self._network.batch_tokens)
        views: dict[int, Views] = {}

        def look(batch: list[int]) -> None:
            views.update(zip(batch, self._seen([rows[index] for index in batch]), strict=True))

        with ThreadPoolExecutor(self._network.workers) as workers:
            list(workers.map(look, batches))
        return [views[index] for index in range(len(rows))]

    def _seen(self, rows: Sequence[Sequence[int]]) -> Iterator[Views]:
        dense, weights, tokens = self._network.run(*self._rows.padded(rows))
        dense = unit_rows(dense, dense.shape[1])
        for index, row in enumerate(rows):
            # Copies, which do not keep the whole batch in memory.
            vectors = unit_rows(tokens[index, : len(row) - 1].copy(), tokens.shape[2])
            yield Views(dense[index].copy(), self._lexical(row, weights[index]), vectors)

    def _lexical(self, row: Sequence[int], weights: Array) -> dict[int, float]:
        """The highest weight of each token, those that are not above zero and of special tokens left out."""
        heaviest: dict[int, float] = {}
        for token, weight in zip(row, weights.tolist(), strict=False):
            if token not in self._weightless and weight > heaviest.get(token, 0.0):
                heaviest[token] = weight
        return heaviest


class BgeM3Scorer:
    """A Scorer of all three views together; keeps those of the texts that it met last, in `kept_bytes` of memory.

    Kept are a hash of each text, its vectors, and the ids of its tokens with their weights: never the text itself, and
    in memory alone, where those of a text that is removed from a base stay until others take their room.
    """

    def __init__(
        self, encoder: BgeM3Encoder, *, weights: ViewWeights = ViewWeights(), kept_bytes: int = 256_000_000
    ) -> None:
        self._encoder = encoder
        self._weights = weights
        self._room = kept_bytes
        self._kept: OrderedDict[bytes, Views] = OrderedDict()
        self._lock = Lock()

    def scores(self, query: str, passages: Sequence[str]) -> list[float]:
        if not passages:
            return []
        question = self._seen([query], self._encoder.queries, "query")[0]
        seen = self._seen(passages, self._encoder.passages, "passage")
        return [score_together(question, passage, self._weights) for passage in seen]

    def _seen(self, texts: Sequence[str], encode: Callable[[Sequence[str]], list[Views]], kind: str) -> list[Views]:
        keys = [hashlib.sha256(f"{kind} {encodable(text)}".encode()).digest() for text in texts]
        with self._lock:
            found = {key: self._kept[key] for key in keys if key in self._kept}
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        found.update(zip(new, encode(list(new.values())), strict=True))
        self._keep({key: found[key] for key in keys})
        return [found[key] for key in keys]

    def _keep(self, seen: Mapping[bytes, Views]) -> None:
        with self._lock:
            for key, views in seen.items():
                if self._kept.pop(key, None) is None:
                    self._room -= _size(views)
                self._kept[key] = views
            while self._room < 0 and self._kept:
                self._room += _size(self._kept.popitem(last=False)[1])


def _size(views: Views) -> int:
    return views.dense.nbytes + views.tokens.nbytes + 100 * len(views.lexical)  # of a dictionary's entry, about

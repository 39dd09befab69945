"""Reranking on a CPU by OpenVINO."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kb.models.conversion import GRAPH, TOKENIZER, converted
from kb.models.openvino_runtime import network_of
from kb.models.reranker_checkpoint import RerankerCheckpoint
from kb.models.tokens import PairTokenizer


class OpenVinoScorer:
    """Scores pairs by a cross-encoder converted to OpenVINO. Safe to share between threads.

    A score is the logit of the network's head.
    """

    runtime = "OpenVINO"

    def __init__(self, checkpoint: RerankerCheckpoint, *, cache: Path) -> None:
        place = converted(checkpoint, cache)
        definition = (place / TOKENIZER).read_text(encoding="utf-8")
        self.checkpoint = checkpoint
        self._pairs = PairTokenizer(definition, limit=checkpoint.tokens)
        self._network = network_of(place / GRAPH)

    @property
    def precision(self) -> str:
        return self._network.precision

    def scores(self, query: str, passages: Sequence[str]) -> list[float]:
        rows = self._pairs.rows(query, passages)
        logits = np.zeros(len(rows), dtype=np.float32)

        def score(batch: list[int]) -> None:
            inputs = self._pairs.padded([rows[index] for index in batch])
            [found] = self._network.infer({name: inputs[name] for name in self._network.inputs})
            logits[batch] = found[:, 0]

        self._network.for_each_batch(rows, score)
        return [float(logit) for logit in logits]

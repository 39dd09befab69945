"""Embedding on a CPU by OpenVINO."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from kb import precedence
from kb.models.checkpoint import Checkpoint
from kb.models.conversion import GRAPH, TOKENIZER, converted
from kb.models.openvino_runtime import network_of
from kb.models.recent import RecentQueries
from kb.models.tokens import RowTokenizer, TextTokenizer
from kb.models.vectors import token_rows, unit_rows
from kb.protocols import Vectors


class OpenVinoEmbedder:
    """Embeds by an encoder converted to OpenVINO. Safe to share between threads, whose batches run side by side."""

    def __init__(self, checkpoint: Checkpoint, *, cache: Path) -> None:
        place = converted(checkpoint, cache)
        definition = (place / TOKENIZER).read_text(encoding="utf-8")
        self._checkpoint = checkpoint
        self._rows = RowTokenizer(definition, limit=checkpoint.tokens)
        self._tokenizer = TextTokenizer(definition)
        self._network = network_of(place / GRAPH)
        self._recent = RecentQueries(self._started)
        prefix = len(self._tokenizer.offsets(checkpoint.passage_prefix))
        self._window = checkpoint.tokens - self._tokenizer.special_tokens() - prefix

    @property
    def fingerprint(self) -> str:
        return self._checkpoint.fingerprint

    @property
    def dimensions(self) -> int:
        return self._checkpoint.dimensions

    @property
    def window(self) -> int:
        return self._window

    @property
    def precision(self) -> str:
        return self._network.precision

    @property
    def tokenizer(self) -> TextTokenizer:
        return self._tokenizer

    def passages(self, texts: Sequence[str]) -> Vectors:
        return self._vectors([self._checkpoint.passage_prefix + text for text in texts])

    def queries(self, texts: Sequence[str]) -> Vectors:
        if len(texts) == 1:
            return self.start(texts[0])()
        return self._vectors([self._checkpoint.query_prefix + text for text in texts])

    def start(self, query: str) -> Callable[[], Vectors]:
        precedence.take_turn()
        return self._recent.start(query)

    def _started(self, query: str) -> Callable[[], Vectors]:
        ids, mask = self._rows.padded(self._rows.rows([self._checkpoint.query_prefix + query]))
        wait = self._network.start({"input_ids": ids, "attention_mask": mask}, outputs=1)
        return lambda: unit_rows(wait()[0], self.dimensions)

    def query_tokens(self, text: str) -> Vectors:
        return self._tokens([text], self._checkpoint.query_prefix)[0]

    def passage_tokens(self, texts: Sequence[str]) -> list[Vectors]:
        return self._tokens(texts, self._checkpoint.passage_prefix)

    def _vectors(self, texts: list[str]) -> Vectors:
        rows = self._rows.rows(texts)
        pooled = np.zeros((len(texts), self._network.width), dtype=np.float32)

        def embed(batch: list[int]) -> None:
            ids, mask = self._rows.padded([rows[index] for index in batch])
            [pooled[batch]] = self._network.infer({"input_ids": ids, "attention_mask": mask}, outputs=1)

        self._network.for_each_batch(rows, embed)
        return unit_rows(pooled, self.dimensions)

    def _tokens(self, texts: Sequence[str], prefix: str) -> list[Vectors]:
        rows = self._rows.rows([prefix + text for text in texts])
        skipped = len(self._tokenizer.offsets(prefix))
        found: dict[int, Vectors] = {}

        def embed(batch: list[int]) -> None:
            ids, mask = self._rows.padded([rows[index] for index in batch])
            _, states = self._network.infer({"input_ids": ids, "attention_mask": mask})
            for index, of_text in zip(batch, states, strict=True):
                row = rows[index]
                found[index] = token_rows(of_text[: len(row)], row, self._tokenizer, skipped=skipped)

        self._network.for_each_batch(rows, embed)
        return [found[index] for index in range(len(texts))]

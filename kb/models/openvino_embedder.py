"""Embedding on a CPU by OpenVINO."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Sized
from functools import cached_property
from pathlib import Path

import numpy as np

from kb import precedence
from kb.models.checkpoint import Checkpoint
from kb.models.conversion import GRAPH, TOKENIZER, converted
from kb.models.openvino_runtime import OpenVinoNetwork, network_of
from kb.models.recent import RecentQueries
from kb.models.tokens import RowTokenizer, TextTokenizer
from kb.models.vectors import token_rows, unit_rows
from kb.protocols import Vectors

SMALL = 200_000_000
"""Bytes of weights of which a process may hold two copies: one that embeds many texts, and one for a few at once."""
FEW_TOKENS = 2_048
"""What somebody waits for is hardly ever more: a question, the sentences that might answer it."""


class OpenVinoEmbedder:
    """Embeds by an encoder converted to OpenVINO. Safe to share between threads, whose batches run side by side."""

    def __init__(self, checkpoint: Checkpoint, *, cache: Path) -> None:
        place = converted(checkpoint, cache)
        definition = (place / TOKENIZER).read_text(encoding="utf-8")
        self._checkpoint = checkpoint
        self._rows = RowTokenizer(definition, limit=checkpoint.tokens)
        self._tokenizer = TextTokenizer(definition)
        self._graph = place / GRAPH
        self._recent = RecentQueries(self._started)
        prefix = len(self._tokenizer.offsets(checkpoint.passage_prefix))
        self._window = checkpoint.tokens - self._tokenizer.special_tokens() - prefix

    @cached_property
    def _many(self) -> OpenVinoNetwork:
        """For many texts at once."""
        return network_of(self._graph)

    @cached_property
    def _few(self) -> OpenVinoNetwork:
        """For what somebody waits for: not behind the batches of an ingest, and all cores at once."""
        is_small = self._graph.with_suffix(".bin").stat().st_size <= SMALL
        return network_of(self._graph, "LATENCY") if is_small else self._many

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
        return self._few.precision

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
        wait = self._few.start({"input_ids": ids, "attention_mask": mask}, outputs=1)
        return lambda: unit_rows(wait()[0], self.dimensions)

    def query_tokens(self, text: str) -> Vectors:
        return self._tokens([text], self._checkpoint.query_prefix)[0]

    def passage_tokens(self, texts: Sequence[str]) -> list[Vectors]:
        return self._tokens(texts, self._checkpoint.passage_prefix)

    def _vectors(self, texts: list[str]) -> Vectors:
        rows = self._rows.rows(texts)
        network = self._network(rows)
        pooled = np.zeros((len(texts), network.width), dtype=np.float32)

        def embed(batch: list[int]) -> None:
            ids, mask = self._rows.padded([rows[index] for index in batch])
            [pooled[batch]] = network.infer({"input_ids": ids, "attention_mask": mask}, outputs=1)

        network.for_each_batch(rows, embed)
        return unit_rows(pooled, self.dimensions)

    def _tokens(self, texts: Sequence[str], prefix: str) -> list[Vectors]:
        rows = self._rows.rows([prefix + text for text in texts])
        skipped = len(self._tokenizer.offsets(prefix))
        network = self._network(rows)
        found: dict[int, Vectors] = {}

        def embed(batch: list[int]) -> None:
            ids, mask = self._rows.padded([rows[index] for index in batch])
            _, states = network.infer({"input_ids": ids, "attention_mask": mask})
            for index, of_text in zip(batch, states, strict=True):
                row = rows[index]
                found[index] = token_rows(of_text[: len(row)], row, self._tokenizer, skipped=skipped)

        network.for_each_batch(rows, embed)
        return [found[index] for index in range(len(texts))]

    def _network(self, rows: Sequence[Sized]) -> OpenVinoNetwork:
        is_much = precedence.is_beside() or sum(map(len, rows)) > FEW_TOKENS
        return self._many if is_much else self._few

"""Embedding on a CPU by OpenVINO: bfloat16 where the processor has it, text of like length together."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kb.models.checkpoint import Checkpoint
from kb.models.conversion import GRAPH, TOKENIZER, converted
from kb.models.tokens import RowTokenizer, TextTokenizer, in_batches
from kb.models.vectors import unit_rows
from kb.protocols import Vectors

if TYPE_CHECKING:
    import openvino as ov

# 768 tokens take a core about 0.2 s, and a query may wait for two batches; batches of 16 rows, whatever their length,
# were no faster and took 70 MB more.
_BATCH_TOKENS = 768
# OpenVINO sets up parts of its Python side at the first inference, under a lock that it holds while it waits for the
# GIL: two threads whose first inferences meet deadlock (openvino 2026.4.1). So the first one is made here, alone.
_FIRST_USE = Lock()


def silence_openvino() -> None:
    """Keep `import openvino` from reporting to an analytics host.

    It does so from a child process, and writes a file into the home folder, whenever openvino_telemetry can be
    imported; where it cannot, OpenVINO takes a stub that does nothing. To be called before any import of openvino.
    """
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]


class OpenVinoEmbedder:
    """Embeds by an encoder converted to OpenVINO.

    Safe to share between threads: every batch has a request of its own, so that a query waits for two batches at most,
    never for a whole call of passages.
    """

    def __init__(self, checkpoint: Checkpoint, *, cache: Path) -> None:
        place = converted(checkpoint, cache)
        definition = (place / TOKENIZER).read_text(encoding="utf-8")
        self._checkpoint = checkpoint
        self._rows = RowTokenizer(definition, limit=checkpoint.tokens)
        self._tokenizer = TextTokenizer(definition)
        self._network = compiled_graph(place / GRAPH)
        self._streams = int(self._network.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        self._width = self._network.output(0).partial_shape[1].get_length()
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
        return str(self._network.get_property("INFERENCE_PRECISION_HINT").get_type_name())

    @property
    def tokenizer(self) -> TextTokenizer:
        return self._tokenizer

    def passages(self, texts: Sequence[str]) -> Vectors:
        return self._vectors([self._checkpoint.passage_prefix + text for text in texts])

    def queries(self, texts: Sequence[str]) -> Vectors:
        return self._vectors([self._checkpoint.query_prefix + text for text in texts])

    def _vectors(self, texts: list[str]) -> Vectors:
        rows = self._rows.rows(texts)
        batches = in_batches(rows, tokens=_BATCH_TOKENS)
        pooled = np.zeros((len(texts), self._width), dtype=np.float32)

        def embed(batch: list[int]) -> None:
            pooled[batch] = self._infer([rows[index] for index in batch])

        if len(batches) == 1:
            embed(batches[0])
        else:
            # Not ov.AsyncInferQueue: its callbacks take the GIL on OpenVINO's threads, which now and then deadlocks
            # or aborts the process when the network is freed (openvino 2026.4.1).
            # Twice as many requests as streams: the next waits when one is done, which is worth 17% of the time.
            with ThreadPoolExecutor(2 * self._streams) as workers:
                list(workers.map(embed, batches))
        return unit_rows(pooled, self.dimensions)

    def _infer(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        ids, mask = self._rows.padded(rows)
        request = self._network.create_infer_request()
        # Never share_inputs=True: arrays freed after the call then corrupt the heap (openvino 2026.4.1).
        result = request.infer({"input_ids": ids, "attention_mask": mask})
        return np.array(result[0])


def compiled_graph(graph: Path) -> ov.CompiledModel:
    """A graph of ids and mask, compiled for the processor, its first inference made."""
    example = np.ones((1, 2), dtype=np.int64)
    with _FIRST_USE:
        network = _compiled(graph)
        network.create_infer_request().infer({"input_ids": example, "attention_mask": example})
    return network


def _compiled(graph: Path) -> ov.CompiledModel:
    # Several streams of few threads each: a query need not wait for the passages of another thread, and two cores
    # embed 8% more a CPU second than with one stream. The precision is OpenVINO's choice, bfloat16 where the processor
    # multiplies in it: asked for by name it is simulated on those with AVX-512 alone, at a twentieth of the speed.
    return _core().compile_model(graph, "CPU", {"PERFORMANCE_HINT": "THROUGHPUT"})


@lru_cache
def _core() -> ov.Core:
    """The one `ov.Core` of this process, never freed.

    The CPU plugin of a Core gives the thread that first uses it a stack for signal handlers (sigaltstack), and unmaps
    it when it is freed. Of two Cores, or on another thread, what stays set is the unmapped one: the next Ctrl-C then
    writes into whatever is mapped there now (openvino 2026.4.1).
    """
    silence_openvino()
    import openvino as ov

    return ov.Core()

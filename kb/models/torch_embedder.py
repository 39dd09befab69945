"""Embedding by sentence-transformers: on a GPU in half precision, and for models that are more than a plain encoder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from kb.errors import MissingModel
from kb.models.checkpoint import Checkpoint
from kb.models.tokens import TextTokenizer, encodable
from kb.models.vectors import unit_rows
from kb.protocols import Vectors

if TYPE_CHECKING:
    import torch

_BATCH = {"cpu": 16, "cuda": 128}


class TorchEmbedder:
    """Embeds on `device` ("cpu" or "cuda"). Safe to share between threads, which take turns batch by batch."""

    def __init__(self, checkpoint: Checkpoint, *, device: str) -> None:
        # The folder is local; this keeps the hub's client from asking for updates and from reporting use.
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
        from sentence_transformers import SentenceTransformer
        from transformers import CONFIG_MAPPING
        from transformers.utils.logging import disable_progress_bar

        if checkpoint.architecture not in CONFIG_MAPPING:
            raise MissingModel(
                f"The model in {checkpoint.folder} is of a kind that the installed transformers does not know "
                f"({checkpoint.architecture}), and program code of its own is never run: choose another."
            )
        # That of loading weights: standard error is the command line's.
        disable_progress_bar()  # type: ignore[no-untyped-call]
        self._checkpoint = checkpoint
        self._batch = _BATCH[device]
        self._model = SentenceTransformer(
            str(checkpoint.folder),
            device=device,
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"dtype": precision_on(device), "use_safetensors": True},
        )
        self._model.max_seq_length = checkpoint.tokens
        self._width = self._model.get_embedding_dimension() or checkpoint.dimensions
        self._turn = Lock()  # its tokenizer keeps state between calls
        self._tokenizer = TextTokenizer(self._model.tokenizer.backend_tokenizer.to_str())
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
        return {"float32": "f32", "bfloat16": "bf16", "float16": "f16"}[str(self._model.dtype).removeprefix("torch.")]

    @property
    def tokenizer(self) -> TextTokenizer:
        return self._tokenizer

    def passages(self, texts: Sequence[str]) -> Vectors:
        return self._vectors(texts, self._checkpoint.passage_prefix)

    def queries(self, texts: Sequence[str]) -> Vectors:
        return self._vectors(texts, self._checkpoint.query_prefix)

    def _vectors(self, texts: Sequence[str], prefix: str) -> Vectors:
        pooled = np.zeros((len(texts), self._width), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]), reverse=True)
        for start in range(0, len(order), self._batch):
            batch = order[start : start + self._batch]
            with self._turn:
                pooled[batch] = self._model.encode(
                    [encodable(texts[index]) for index in batch],
                    prompt=prefix,
                    batch_size=len(batch),
                    show_progress_bar=False,
                )
        return unit_rows(pooled, self.dimensions)


def precision_on(device: str) -> torch.dtype:
    """Half of it on a GPU: bfloat16 where that has it, whose range is that of float32."""
    import torch

    if device == "cpu":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16

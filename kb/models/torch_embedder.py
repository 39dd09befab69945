"""Embedding by sentence-transformers: on a GPU in half precision, and for models that are more than a plain encoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from kb.models.checkpoint import Checkpoint
from kb.models.precision import precision_name, precision_on
from kb.models.tokens import TextTokenizer, encodable
from kb.models.transformers_models import loading_told, prepare_transformers, require_networks
from kb.models.vectors import token_rows, unit_rows
from kb.protocols import Vectors

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

_BATCH = {"cpu": 16, "cuda": 128}


class TorchEmbedder:
    """Embeds on `device` ("cpu" or "cuda"). Safe to share between threads, which take turns batch by batch."""

    def __init__(self, checkpoint: Checkpoint, *, device: str) -> None:
        prepare_transformers(checkpoint)
        from sentence_transformers import SentenceTransformer

        self._checkpoint = checkpoint
        self._batch = _BATCH[device]
        with loading_told(checkpoint.folder):
            self._model = SentenceTransformer(
                str(checkpoint.folder),
                device=device,
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"dtype": precision_on(device), "use_safetensors": True},
            )
            require_networks(self._model, checkpoint.folder)
            self._tokenizer = TextTokenizer(self._model.tokenizer.backend_tokenizer.to_str())
        self._model.max_seq_length = checkpoint.tokens
        _pool_as(checkpoint, self._model)
        self._width = self._model.get_embedding_dimension() or checkpoint.dimensions
        self._turn = Lock()  # its tokenizer keeps state between calls
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
        return precision_name(self._model.dtype)

    @property
    def tokenizer(self) -> TextTokenizer:
        return self._tokenizer

    def passages(self, texts: Sequence[str]) -> Vectors:
        return self._vectors(texts, self._checkpoint.passage_prefix)

    def queries(self, texts: Sequence[str]) -> Vectors:
        return self._vectors(texts, self._checkpoint.query_prefix)

    def query_tokens(self, text: str) -> Vectors:
        return self._tokens([text], self._checkpoint.query_prefix)[0]

    def passage_tokens(self, texts: Sequence[str]) -> list[Vectors]:
        return self._tokens(texts, self._checkpoint.passage_prefix)

    def _tokens(self, texts: Sequence[str], prefix: str) -> list[Vectors]:
        with self._turn:
            features: Any = self._model.encode(
                [encodable(text) for text in texts],
                prompt=prefix,
                output_value=None,
                batch_size=self._batch,
                show_progress_bar=False,
            )
        skipped = len(self._tokenizer.offsets(prefix))
        return [self._words_of(one, skipped) for one in features]

    def _words_of(self, features: Mapping[str, torch.Tensor], skipped: int) -> Vectors:
        is_text = features["attention_mask"].bool()
        states = features["token_embeddings"][is_text].float().cpu().numpy()
        return token_rows(states, features["input_ids"][is_text].tolist(), self._tokenizer, skipped=skipped)

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


def _pool_as(checkpoint: Checkpoint, model: SentenceTransformer) -> None:
    """Sets the pooling that the checkpoint's files do not name (sentence-transformers then takes the mean)."""
    from sentence_transformers.sentence_transformer.modules import Pooling

    mode, _, prompted = checkpoint.pooling.partition(" ")
    for place, module in enumerate(model):
        if isinstance(module, Pooling) and "+" not in mode:
            model[place] = Pooling(module.embedding_dimension, mode, include_prompt=not prompted)

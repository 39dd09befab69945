"""Reranking by sentence-transformers: on a GPU in half precision, and for models that are more than a cross-encoder."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

from kb.models.precision import precision_name, score_precision_on
from kb.models.reranker_checkpoint import RerankerCheckpoint
from kb.models.tokens import TextTokenizer, cut, encodable, query_share
from kb.models.transformers_models import loading_told, prepare_transformers, require_networks

_BATCH = {"cpu": 8, "cuda": 64}


class TorchScorer:
    """Scores pairs on `device` ("cpu" or "cuda"). Safe to share between threads, which take turns batch by batch.

    A score is the logit of the network's head, or what sentence-transformers' last step makes of a language model's.
    """

    runtime = "PyTorch"

    def __init__(self, checkpoint: RerankerCheckpoint, *, device: str) -> None:
        prepare_transformers(checkpoint)
        import torch
        from sentence_transformers import CrossEncoder

        self.checkpoint = checkpoint
        self._batch = _BATCH[device]
        self._dtype = score_precision_on(device, architecture=checkpoint.architecture)
        with loading_told(checkpoint.folder):
            self._model = CrossEncoder(
                str(checkpoint.folder),
                device=device,
                max_length=checkpoint.tokens,
                activation_fn=torch.nn.Identity(),
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"dtype": self._dtype, "use_safetensors": True},
            )
            require_networks(self._model, checkpoint.folder)
            self._tokenizer = TextTokenizer(self._model.tokenizer.backend_tokenizer.to_str())
        self._turn = Lock()  # its tokenizer keeps state between calls

    @property
    def precision(self) -> str:
        return precision_name(self._dtype)

    def scores(self, query: str, passages: Sequence[str]) -> list[float]:
        first = cut(encodable(query), self._tokenizer, tokens=query_share(self.checkpoint.tokens))
        logits = [0.0] * len(passages)
        order = sorted(range(len(passages)), key=lambda index: len(passages[index]), reverse=True)
        for start in range(0, len(order), self._batch):
            batch = order[start : start + self._batch]
            for index, logit in zip(batch, self._logits(first, [passages[each] for each in batch]), strict=True):
                logits[index] = logit
        return logits

    def _logits(self, query: str, passages: list[str]) -> list[float]:
        # The passage alone is cut, not the query. A language model's pair is one text by then, of which that holds not.
        cutting = {"text": {"truncation": "only_second"}} if self.checkpoint.kind == "cross-encoder" else {}
        with self._turn:
            scores = self._model.predict(
                [(query, encodable(passage)) for passage in passages],
                batch_size=len(passages),
                show_progress_bar=False,
                processing_kwargs=cutting,
            )
        return [float(score) for score in scores]

"""Reranking by a language model of FlagEmbedding's: does the passage answer the query, Yes or No?

What its FlagLLMReranker computes on the same folder, in half the time for 16 passages: that runs the first batch twice,
takes logits of the whole vocabulary at every token, draws progress bars, and meets any RuntimeError by trying fewer at
once.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING

from kb.models.precision import precision_name, precision_on
from kb.models.reranker_checkpoint import RerankerCheckpoint
from kb.models.tokens import encodable, in_batches, query_share
from kb.models.transformers_models import load_network, load_tokenizer, loading_told, prepare_transformers

if TYPE_CHECKING:
    import torch

TASK = (
    "Given a query A and a passage B, determine whether the passage contains an answer to the query by providing "
    "a prediction of either 'Yes' or 'No'."
)
"""What FlagEmbedding trained its rerankers to be asked."""
_BATCH_TOKENS = {"cpu": 1024, "cuda": 16_384}


class LlmScorer:
    """Scores pairs on `device` ("cpu" or "cuda"). Safe to share between threads, which take turns batch by batch.

    A score is the logit of "Yes" after query, passage and task, where the model still tells it without rounding and
    bounds. What is longer than the checkpoint's tokens loses the end of the passage, and of a query all that is beyond
    three quarters of them.
    """

    runtime = "PyTorch"

    def __init__(self, checkpoint: RerankerCheckpoint, *, device: str) -> None:
        prepare_transformers(checkpoint)
        from transformers import AutoModelForCausalLM

        self.checkpoint = checkpoint
        self._device = device
        self._turn = Lock()  # the tokenizer keeps state between calls
        with loading_told(checkpoint.folder):
            self._tokenizer = load_tokenizer(checkpoint.folder)
            model = load_network(AutoModelForCausalLM, checkpoint.folder, precision_on(device))
            self._decoder = model.base_model.to(device)
            # In single precision: half as precise ones of about 10 are multiples of 0.06, and passages would tie.
            head = model.get_output_embeddings()  # type: ignore[no-untyped-call]
            self._yes = head.weight[self._ids("Yes")[0]].detach().float().to(device)
        bos, padding = self._tokenizer.bos_token_id, self._tokenizer.pad_token_id
        self._start = [] if bos is None or bos == padding else [bos]
        self._break = self._ids("\n")
        self._task = [*self._break, *self._ids(TASK)]

    @property
    def precision(self) -> str:
        return precision_name(precision_on(self._device))

    def scores(self, query: str, passages: Sequence[str]) -> list[float]:
        with self._turn:
            rows = self._rows(query, passages)
        logits = [0.0] * len(rows)
        for batch in in_batches(rows, tokens=_BATCH_TOKENS[self._device]):
            with self._turn:
                for index, logit in zip(batch, self._logits([rows[index] for index in batch]), strict=True):
                    logits[index] = logit
        return logits

    def _rows(self, query: str, passages: Sequence[str]) -> list[list[int]]:
        room = self.checkpoint.tokens - len(self._start) - len(self._break) - len(self._task)
        asked = self._ids(f"A: {query}")[: query_share(room)]
        before = [*self._start, *asked, *self._break]
        return [[*before, *self._ids(f"B: {text}")[: room - len(asked)], *self._task] for text in passages]

    def _ids(self, text: str) -> list[int]:
        return [int(token) for token in self._tokenizer(encodable(text), add_special_tokens=False)["input_ids"]]

    def _logits(self, rows: Sequence[Sequence[int]]) -> list[float]:
        import torch

        ids, mask = _padded(rows)
        with torch.inference_mode():
            states = self._decoder(
                input_ids=ids.to(self._device),
                attention_mask=mask.to(self._device),
                position_ids=(mask.cumsum(1) - 1).clamp(min=0).to(self._device),
                use_cache=False,
            ).last_hidden_state
            return [float(logit) for logit in states[:, -1].float() @ self._yes]


def _padded(rows: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and mask, padded on the left, so that all rows end together."""
    import torch

    ids, mask = torch.zeros((2, len(rows), max(map(len, rows))), dtype=torch.long)
    for index, row in enumerate(rows):
        ids[index, -len(row) :] = torch.tensor(row)
        mask[index, -len(row) :] = 1
    return ids, mask

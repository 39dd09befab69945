"""How a loaded model writes replies one after the other: step by step where it can, else by transformers' own way."""

from __future__ import annotations

from contextlib import closing
from threading import Lock
from typing import TYPE_CHECKING

from generation.local.decoding import DRAFT, can_go_back, can_step, empty_cache, greedy
from generation.local.loading import ends_of, window_of
from generation.local.prefixes import Prefixes
from generation.local.work import Sink, Work

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class Writer:
    """Safe to share between threads, which take turns. What it has read it remembers in at most `prefix_bytes`."""

    def __init__(self, model: PreTrainedModel, *, prefix_bytes: int) -> None:
        self._model = model
        self._can_step = can_step(model)
        self._draft = DRAFT if can_go_back(model) else None
        self._prefixes = Prefixes(limit=prefix_bytes)
        self._turn = Lock()

    @property
    def window(self) -> int | None:
        return window_of(self._model)

    @property
    def ends(self) -> frozenset[int]:
        return ends_of(self._model)

    def write(self, work: Work) -> None:
        """Returns when the reply is over: written, stopped, or at one of its limits."""
        with self._turn:
            work.begin()
            if work.is_over:
                return
            if self._can_step:
                self._step(work)
            else:
                self._generate(work)

    def _step(self, work: Work) -> None:
        cache = empty_cache(self._model)
        self._prefixes.fill(cache, work.prompt)
        with closing(greedy(self._model, work.prompt, cache=cache, tokens=work.tokens)) as steps:
            for tokens in steps:
                work.add(tokens)
                if work.is_over:
                    break
        read = [*work.prompt, *work.written][: cache.get_seq_length()]
        self._prefixes.keep(read, cache, empty_cache(self._model))

    def _generate(self, work: Work) -> None:
        import torch
        from transformers import StoppingCriteriaList

        sink = Sink(work)
        ids = torch.tensor([work.prompt], device=self._model.device)
        self._model.generate(  # type: ignore[operator]
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=work.tokens,
            prompt_lookup_num_tokens=self._draft,
            streamer=sink,
            stopping_criteria=StoppingCriteriaList([sink.is_over]),
        )

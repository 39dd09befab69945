"""How a loaded model writes replies one after the other: step by step where it can, else by transformers' own way."""

from __future__ import annotations

from contextlib import closing
from threading import Lock
from typing import TYPE_CHECKING

from generation.local.decoding import DRAFT, can_go_back, can_step, empty_cache, greedy
from generation.local.loading import ends_of, window_of
from generation.local.memory import give_back, is_out_of_memory
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
        """Returns when the reply is over: written, stopped, or at one of its limits.

        Where memory does not do, what is remembered is given up for it; then this raises what torch does.
        """
        with self._turn:
            work.begin()
            failure = self._failure(work)
            if failure and len(self._prefixes):
                self._prefixes.clear()
                give_back()
                failure = self._failure(work)
        if failure:
            give_back()
            raise failure

    def _failure(self, work: Work) -> BaseException | None:
        """Goes on with the reply, until its end or until memory does not do: then the error, which holds none of it."""
        try:
            if not work.is_over:
                (self._step if self._can_step else self._generate)(work)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            return error.with_traceback(None)
        return None

    def _step(self, work: Work) -> None:
        cache = empty_cache(self._model)
        self._prefixes.fill(cache, work.known)
        with closing(greedy(self._model, work.known, cache=cache, tokens=work.left)) as steps:
            for tokens in steps:
                work.add(tokens)
                if work.is_over:
                    break
        read = work.known[: cache.get_seq_length()]
        self._prefixes.keep(read, cache, empty_cache(self._model))

    def _generate(self, work: Work) -> None:
        import torch
        from transformers import StoppingCriteriaList

        sink = Sink(work)
        ids = torch.tensor([work.known], device=self._model.device)
        self._model.generate(  # type: ignore[operator]
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=work.left,
            prompt_lookup_num_tokens=self._draft,
            streamer=sink,
            stopping_criteria=StoppingCriteriaList([sink.is_over]),
        )

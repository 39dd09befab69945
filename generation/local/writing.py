"""How a loaded model writes replies: one by itself, several at once, and each by what the model can do."""

from __future__ import annotations

from contextlib import AbstractContextManager, closing, nullcontext
from typing import TYPE_CHECKING

from generation.local.batching import Batch, BatchFailed, can_batch
from generation.local.decoding import DRAFT, can_go_back, can_step, decode, empty_cache
from generation.local.loading import ends_of, window_of
from generation.local.memory import give_back, is_out_of_memory
from generation.local.prefixes import Prefixes
from generation.local.turns import Turns
from generation.local.work import Sink, Work

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class Writer:
    """Writes for up to `askers` at once, in the order in which they came; safe to share between threads.

    One who asks alone is served step by step, with up to `draft` tokens guessed at once (0: none), and with what is
    remembered of earlier prompts. Others who come meanwhile form a batch, in turns with the first, who joins them where
    prompts are read so fast that it may read its own again (`joins`). Models that cannot step serve all in a batch;
    those that cannot batch, one after the other. So are samples, since a batch writes the likeliest tokens.
    What is remembered, and what the batch works with, takes at most `cache_bytes`, half of it each.
    """

    def __init__(
        self, model: PreTrainedModel, *, cache_bytes: int, askers: int, joins: bool, draft: int = DRAFT
    ) -> None:
        self._model, self._joins = model, joins
        self._can_step = can_step(model)
        self._draft = draft if can_go_back(model) else 0
        self._prefixes = Prefixes(limit=cache_bytes // 2)
        self._batch: Batch | None = None
        if askers > 1 and can_batch(model):
            self._batch = Batch(model, askers=askers, limit=cache_bytes // 2, ends=self.ends)
        self._askers = Turns(askers if self._batch else 1)
        self._alone = Turns(1)

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
        if not self._askers.enter(work):
            return
        try:
            work.begin()
            steps = self._can_step or not self._batch
            if steps and not work.is_over and not self._is_batch_busy and self._alone.enter_at_once():
                self._write_alone(work, joins=self._joins and not work.sample)
            if not work.is_over:
                self._write_with_others(work)
        finally:
            self._askers.leave()

    @property
    def _is_batch_busy(self) -> bool:
        return self._batch is not None and self._batch.is_busy

    def _model_is_free(self) -> AbstractContextManager[None]:
        return self._batch.resting() if self._batch else nullcontext()

    def _write_with_others(self, work: Work) -> None:
        """What the batch cannot go on with is written by itself when its turn comes: one reply in it fails them all."""
        try:
            if self._batch is None or work.sample:
                raise BatchFailed
            self._batch.write(work)
        except BatchFailed:
            with work.clock_stopped():
                has_come = self._alone.enter(work)
            if has_come:
                self._write_alone(work, joins=False)

    def _write_alone(self, work: Work, *, joins: bool) -> None:
        try:
            failure = self._failure(work, joins=joins)
            if failure and len(self._prefixes):
                self._prefixes.clear()
                give_back()
                failure = self._failure(work, joins=joins)
        finally:
            self._alone.leave()
        if failure:
            give_back()
            raise failure

    def _failure(self, work: Work, *, joins: bool) -> BaseException | None:
        """Goes on with the reply, until its end or until memory does not do: then the error, which holds none of it."""
        try:
            if self._can_step:
                self._step(work, joins=joins)
            else:
                with self._model_is_free():
                    self._generate(work)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            return error.with_traceback(None)
        return None

    def _step(self, work: Work, *, joins: bool) -> None:
        cache = empty_cache(self._model)
        self._prefixes.fill(cache, work.known)
        steps = decode(
            self._model,
            work.known,
            cache=cache,
            tokens=work.left,
            draft=self._draft,
            sample=work.sample,
            within=self._model_is_free,
        )
        with closing(steps):
            for tokens in steps:
                work.add(tokens)
                if work.is_over or (joins and self._is_batch_busy):
                    break
        read = work.known[: cache.get_seq_length()]
        self._prefixes.keep(read, cache, empty_cache(self._model))

    def _generate(self, work: Work) -> None:
        import torch
        from transformers import LogitsProcessorList, StoppingCriteriaList

        sink = Sink(work)
        ids = torch.tensor([work.known], device=self._model.device)
        self._model.generate(  # type: ignore[operator]
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=work.left,
            prompt_lookup_num_tokens=self._draft or None,
            streamer=sink,
            logits_processor=LogitsProcessorList([sink.stirred]),
            stopping_criteria=StoppingCriteriaList([sink.is_over]),
        )

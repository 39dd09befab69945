"""Several replies written at once, a token of each in a step of the model: continuous batching (Yu et al. 2022, Orca).

transformers' manager does it, in pages of keys and values that prompts which begin alike share (Kwon et al. 2023).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING

from generation.local.decoding import can_go_back, decode, empty_cache
from generation.local.prefixes import size_of
from generation.local.work import Work

if TYPE_CHECKING:
    from transformers import ContinuousBatchingManager, PreTrainedModel
    from transformers.generation.continuous_batching.requests import GenerationOutput

_log = logging.getLogger(__name__)

_PAGE = 256
"""Tokens of a page, the library's own choice: prompts share whole ones."""
_STEP = {"cpu": 256, "cuda": 1_024}
"""Tokens that a step computes at most, of prompts for the most part."""
_EACH = 8_192
"""Tokens for which there is room for each who is let in, prompt and reply together, where memory does."""
_LINGER = 2.0
"""Seconds without a reply to write after which the pages are given back. A process that ends waits as long."""
_LOOK = 0.05


class BatchFailed(Exception):
    """The replies may go on by themselves: what was written holds."""


@dataclass(slots=True)
class _Asked:
    manager: ContinuousBatchingManager
    outputs: SimpleQueue[GenerationOutput | None] = field(default_factory=SimpleQueue)
    is_finished: bool = False


def can_batch(model: PreTrainedModel) -> bool:
    """Whether the library's batches are right for the model: of those that see to attention themselves they are not."""
    attention = getattr(model.config, "_attn_implementation", "")
    return bool(getattr(model, "_supports_attention_backend", False)) and attention != "eager" and can_go_back(model)


class Batch:
    """Writes up to `askers` replies at once, of which it keeps the keys and values in at most `limit` bytes.

    Safe to share between threads, which each wait for their own reply. It runs in threads of its own, which end some
    seconds after the last reply.
    """

    def __init__(self, model: PreTrainedModel, *, askers: int, limit: int, ends: frozenset[int]) -> None:
        self._model, self._askers, self._ends = model, askers, ends
        self._pages = min(limit // (_bytes_of_a_token(model) * _PAGE), askers * _EACH // _PAGE)
        self._names = count()
        self._asked: dict[str, _Asked] = {}
        self._manager: ContinuousBatchingManager | None = None
        self._last_asked = 0.0
        self._lock = Lock()
        self._running: list[ContinuousBatchingManager] = []
        self._starting = Lock()
        self._is_told = False

    @property
    def is_busy(self) -> bool:
        return bool(self._asked)

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Meanwhile the model is free for whoever calls this.

        Two must not use it at once: the library's batches tell it through its configuration that they see to the order
        of tokens, and whoever reads a prompt at that moment reads it without any (transformers 5.23).
        """
        with self._starting, ExitStack() as pauses:
            for manager in [manager for manager in self._running if manager.is_running()]:
                with suppress(RuntimeError):  # It has come to its end meanwhile.
                    pauses.enter_context(manager.pause())
            yield

    def write(self, work: Work) -> None:
        """Returns when the reply is over. Raises BatchFailed where the batch cannot go on with it."""
        if len(work.known) + work.left > self._pages * _PAGE:
            raise BatchFailed
        with self._joined(work) as asked:
            taken = 0
            while not work.is_over:
                try:
                    output = asked.outputs.get(timeout=_LOOK)
                except Empty:
                    continue
                if output is None or output.error is not None:
                    raise BatchFailed
                work.add(output.generated_tokens[taken:])
                taken = len(output.generated_tokens)
                asked.is_finished = output.is_finished()

    @contextmanager
    def _joined(self, work: Work) -> Iterator[_Asked]:
        name = str(next(self._names))
        with self._lock:
            asked = self._asked[name] = _Asked(self._manager or self._started())
        try:
            accepted = asked.manager.add_request(work.known, name, max_new_tokens=work.left, streaming=True)
            if accepted is None:
                raise BatchFailed
            yield asked
        finally:
            if not asked.is_finished:
                asked.manager.cancel_request(name)
            with self._lock:
                self._last_asked = monotonic()
                del self._asked[name]

    def _started(self) -> ContinuousBatchingManager:
        from transformers import ContinuousBatchingConfig, GenerationConfig

        # It would tell of failures with a traceback on standard error; whoever asked is told.
        logging.getLogger("ContinuousBatchingLogger").setLevel(logging.CRITICAL)
        greedily = GenerationConfig(do_sample=False, eos_token_id=sorted(self._ends) or -1)  # type: ignore[no-untyped-call]
        pages = ContinuousBatchingConfig(
            page_size=_PAGE,
            num_blocks=self._pages,
            max_batch_tokens=_STEP.get(self._model.device.type, 256),
            max_requests_per_batch=self._askers,
            auto_switch_to_flash=False,  # Others use the model at the same time.
        )
        manager: ContinuousBatchingManager = self._model.init_continuous_batching(greedily, pages)  # type: ignore[operator]
        self._manager = manager
        with self._starting:
            self._running.append(manager)
            manager.start()
        Thread(target=self._deliver, args=(manager,), name="citewell-batch", daemon=False).start()
        return manager

    def _deliver(self, manager: ContinuousBatchingManager) -> None:
        """Hands each what was written for it, until nobody has asked for a while or the batch has failed."""
        while self._is_needed(manager):
            output = manager.get_result(timeout=_LOOK)
            if output is not None and (asked := self._asked.get(output.request_id)):
                asked.outputs.put(output)
            if output is None and (not manager.is_running() or manager.background_thread_status.fatal_error):
                break
        self._tell(manager)
        self._forget(manager)
        manager.stop(block=True, hard_stop=True)  # Who goes on by itself needs the memory.
        self._running.remove(manager)
        with self._lock:
            for asked in self._asked_of(manager):
                asked.outputs.put(None)

    def _is_needed(self, manager: ContinuousBatchingManager) -> bool:
        """False once, after which nobody asks it any more."""
        with self._lock:
            if self._asked_of(manager) or monotonic() < self._last_asked + _LINGER:
                return True
            self._manager = None
            return False

    def _tell(self, manager: ContinuousBatchingManager) -> None:
        """Once: those who asked only see that they wait for one another."""
        failure = manager.background_thread_status.fatal_error
        if failure and not self._is_told:
            self._is_told = True
            _log.warning("Replies are written one after the other, as several at once failed: %s", failure)

    def _forget(self, manager: ContinuousBatchingManager) -> None:
        with self._lock:
            if self._manager is manager:
                self._manager = None

    def _asked_of(self, manager: ContinuousBatchingManager) -> list[_Asked]:
        return [asked for asked in self._asked.values() if asked.manager is manager]


def _bytes_of_a_token(model: PreTrainedModel) -> int:
    cache = empty_cache(model)
    next(decode(model, [0], cache=cache, tokens=1))
    return max(1, size_of(cache))

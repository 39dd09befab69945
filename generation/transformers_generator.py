"""A language model of the transformers library, run in this process from a folder on this machine."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

from generation.chat_prompt import ChatPrompt, before, chat_prompt
from kb.errors import GeneratorError, MissingModel
from kb.models.precision import precision_on
from kb.models.transformers_models import load_network, load_tokenizer, loading_told, quiet_transformers
from kb.models.weights import weight_files
from kb.protocols import Message, TextStream

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from transformers import (
        BatchEncoding,
        GenerationConfig,
        PreTrainedModel,
        PreTrainedTokenizerBase,
        TextIteratorStreamer,
    )

_PATIENCE = 300.0
"""Seconds without a word, waiting for one's turn included, after which a model counts as stuck."""
_FAREWELL = 5.0
"""Seconds that closing a reply waits for the model to have stopped: a token's time, but for a long prompt."""
_UNBOUNDED = 10**9
"""Tokenizers that know of no limit name a huge one."""


class TransformersGenerator:
    """Writes on `device` ("cpu" or "cuda"), always the likeliest next token, so that it replies alike to what is alike.

    Safe to share between threads, which take turns, a reply at a time.
    """

    def __init__(self, folder: Path, *, name: str, device: str, max_tokens: int) -> None:
        quiet_transformers()
        self._name = name
        self._max_tokens = max_tokens
        self._model, self._tokenizer = _loaded(folder, device)
        self._model.generation_config = _greedy(self._model, self._tokenizer, max_tokens)
        # A tokenizer that encodes must not be asked to decode meanwhile, as it keeps state between calls.
        self._encoder = deepcopy(self._tokenizer)
        self._encoding, self._turn = Lock(), Lock()

    @property
    def name(self) -> str:
        return self._name

    @property
    def window(self) -> int | None:
        """Tokens of prompt and reply together; None where there is no limit."""
        positions = getattr(self._model.config.get_text_config(), "max_position_embeddings", None)
        if isinstance(positions, int):
            return positions
        return self._tokenizer.model_max_length if self._tokenizer.model_max_length < _UNBOUNDED else None

    @property
    def room(self) -> int | None:
        """Tokens that a prompt may have beside the longest reply; negative where the window holds not even that."""
        return None if self.window is None else self.window - self._max_tokens

    def tokens(self, messages: Sequence[Message]) -> int:
        """Of the prompt made of `messages`, special ones and those of the chat template included."""
        return int(self._encoded(chat_prompt(self._encoder, messages))["input_ids"].shape[1])

    def stream(self, messages: Sequence[Message]) -> TextStream:
        """The reply, word by word; closing it stops the model within a token, and waits for that.

        Raises GeneratorError for a prompt that leaves no room for a reply in the window: nothing is ever cut.
        """
        prompt = chat_prompt(self._encoder, messages)
        encoded = self._encoded(prompt)
        self._check_room(int(encoded["input_ids"].shape[1]))
        pieces = self._written(encoded, prompt.begins_with)
        return before(prompt.ends_with, pieces) if prompt.ends_with else pieces

    def _encoded(self, prompt: ChatPrompt) -> BatchEncoding:
        with self._encoding:
            encoded: BatchEncoding = self._encoder(
                prompt.text, add_special_tokens=not prompt.is_whole, return_tensors="pt"
            )
        return encoded

    def _check_room(self, tokens: int) -> None:
        window, room = self.window, self.room
        if room is not None and tokens > room:
            raise GeneratorError(
                f"A prompt of {tokens:,} tokens is too long for the language model {self._name}, which takes in "
                f"{window:,}, {self._max_tokens:,} of them for the reply: ask with less, or lower generator.max_tokens."
            )

    def _written(self, prompt: BatchEncoding, begun: str) -> TextStream:
        from transformers import TextIteratorStreamer

        streamer = TextIteratorStreamer(self._tokenizer, skip_prompt=True, timeout=_PATIENCE, skip_special_tokens=True)
        work = _Work(prompt, streamer)
        # No daemon, whoever starts it: a process that ends while torch computes in a daemon is aborted.
        writer = Thread(target=self._write, args=(work,), name="citewell-generator", daemon=False)
        writer.start()
        try:
            if begun:
                yield begun
            yield from (piece for piece in streamer if piece)
        except Empty:
            raise GeneratorError(
                f"The language model {self._name} has written nothing for {_PATIENCE:.0f} seconds; use a smaller one."
            ) from None
        finally:
            work.stopped.set()
            writer.join(_FAREWELL)
        if work.error:
            raise self._told(work.error)

    def _write(self, work: _Work) -> None:
        """In a thread of its own, which ends by itself, whoever does or does not read on."""
        from transformers import StoppingCriteriaList

        try:
            inputs = {name: work.prompt[name].to(self._model.device) for name in ("input_ids", "attention_mask")}
            with self._turn:
                if not work.stopped.is_set():
                    self._model.generate(  # type: ignore[operator]
                        **inputs, streamer=work.streamer, stopping_criteria=StoppingCriteriaList([work.is_over])
                    )
        except Exception as error:  # noqa: BLE001 - it rises in whoever reads
            work.error = error
        finally:
            work.streamer.end()  # type: ignore[no-untyped-call]

    def _told(self, error: Exception) -> Exception:
        """What torch raises is the machine's failure (its memory is full, say), anything else a bug."""
        if not isinstance(error, RuntimeError):
            return error
        reason = (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
        told = GeneratorError(f"The language model {self._name} fails: {reason}; use a smaller one or another device.")
        told.__cause__ = error
        return told


@dataclass(slots=True)
class _Work:
    """A prompt on its way to a reply, between the thread that writes and the one that reads."""

    prompt: BatchEncoding
    streamer: TextIteratorStreamer
    stopped: Event = field(default_factory=Event)
    error: Exception | None = None

    def is_over(self, ids: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        """The library's stopping criterion, asked after each token."""
        import torch

        return torch.full((ids.shape[0],), self.stopped.is_set(), device=ids.device)


def _loaded(folder: Path, device: str) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Raises MissingModel where the folder holds no language model that loads without running foreign code."""
    from transformers import AutoModelForCausalLM

    if not (folder / "config.json").is_file():
        raise MissingModel(f"{folder} holds no language model (no config.json): name the folder of a checkpoint.")
    weight_files([folder])
    with loading_told(folder):
        tokenizer = load_tokenizer(folder)
        model = load_network(AutoModelForCausalLM, folder, precision_on(device))
        return model.to(device), tokenizer  # type: ignore[arg-type]


def _greedy(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, max_tokens: int) -> GenerationConfig:
    """Of what the checkpoint says about writing, only what its special tokens are."""
    from transformers import GenerationConfig

    given = model.generation_config
    end = tokenizer.eos_token_id if given.eos_token_id is None else given.eos_token_id
    padding = given.pad_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id
    if padding is None:
        padding = (end[0] if isinstance(end, list) else end) or 0
    return GenerationConfig(  # type: ignore[no-untyped-call]
        do_sample=False,
        max_new_tokens=max_tokens,
        bos_token_id=given.bos_token_id,
        eos_token_id=end,
        pad_token_id=padding,
    )

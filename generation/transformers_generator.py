"""A language model of the transformers library, run in this process from a folder on this machine."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING

from generation.chat_prompt import ChatPrompt, before, chat_prompt
from generation.local.work import Sink, Work
from kb.errors import GeneratorError, MissingModel, ReplyCutShort
from kb.models.precision import precision_on
from kb.models.transformers_models import load_network, load_tokenizer, loading_told, quiet_transformers
from kb.models.weights import weight_files
from kb.protocols import Message, TextStream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

_PATIENCE = 60.0
"""Seconds beyond a reply's own, without a word, after which a model counts as stuck."""
_FAREWELL = 5.0
"""Seconds that closing a reply waits for the model to have stopped: a token's time, but for a long prompt."""
_UNBOUNDED = 10**9
"""Tokenizers that know of no limit name a huge one."""


class TransformersGenerator:
    """Writes on `device` ("cpu" or "cuda"), always the likeliest next token, so that it replies alike to what is alike.

    Safe to share between threads, which take turns, a reply at a time.
    """

    def __init__(self, folder: Path, *, name: str, device: str, max_tokens: int, seconds: float) -> None:
        quiet_transformers()
        self._name = name
        self._max_tokens, self._seconds = max_tokens, seconds
        self._model, self._tokenizer = _loaded(folder, device)
        self._model.generation_config = _greedy(self._model, self._tokenizer, max_tokens)
        self._ends = _ends(self._model.generation_config)
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
        return len(self._encoded(chat_prompt(self._encoder, messages)))

    def stream(self, messages: Sequence[Message]) -> TextStream:
        """The reply, word by word; closing it stops the model within a token, and waits for that.

        Raises GeneratorError for a prompt that leaves no room for a reply in the window: nothing is ever cut. Raises
        ReplyCutShort behind a reply that met a limit, and GeneratorError where its time was over before its first word.
        """
        prompt = chat_prompt(self._encoder, messages)
        encoded = self._encoded(prompt)
        self._check_room(len(encoded))
        pieces = self._written(encoded, prompt.begins_with)
        return before(prompt.ends_with, pieces) if prompt.ends_with else pieces

    def _encoded(self, prompt: ChatPrompt) -> list[int]:
        with self._encoding:
            encoded = self._encoder(prompt.text, add_special_tokens=not prompt.is_whole)
        return [int(token) for token in encoded["input_ids"]]

    def _check_room(self, tokens: int) -> None:
        window, room = self.window, self.room
        if room is not None and tokens > room:
            raise GeneratorError(
                f"A prompt of {tokens:,} tokens is too long for the language model {self._name}, which takes in "
                f"{window:,}, {self._max_tokens:,} of them for the reply: ask with less, or lower generator.max_tokens."
            )

    def _written(self, prompt: list[int], begun: str) -> TextStream:
        from transformers import TextIteratorStreamer

        text = TextIteratorStreamer(self._tokenizer, timeout=self._seconds + _PATIENCE, skip_special_tokens=True)
        work = Work(prompt, tokens=self._max_tokens, seconds=self._seconds, ends=self._ends, text=text)
        # No daemon, whoever starts it: a process that ends while torch computes in a daemon is aborted.
        writer = Thread(target=self._write, args=(work,), name="citewell-generator", daemon=False)
        writer.start()
        try:
            if begun:
                yield begun
            yield from work.pieces()
        except TimeoutError:
            raise GeneratorError(
                f"The language model {self._name} is stuck: it has written nothing for "
                f"{self._seconds + _PATIENCE:.0f} seconds; use a smaller one."
            ) from None
        finally:
            work.stopped.set()
            writer.join(_FAREWELL)
        if work.error:
            raise self._told(work.error)
        if not work.is_whole:
            raise self._cut_short(work)

    def _write(self, work: Work) -> None:
        """In a thread of its own, which ends by itself, whoever does or does not read on."""
        try:
            with self._turn:
                if not work.is_over:
                    work.begin()
                    self._generate(work)
        except Exception as error:  # noqa: BLE001 - it rises in whoever reads
            work.error = error
        finally:
            work.close()

    def _generate(self, work: Work) -> None:
        import torch
        from transformers import StoppingCriteriaList

        sink = Sink(work)
        ids = torch.tensor([work.prompt], device=self._model.device)
        self._model.generate(  # type: ignore[operator]
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            streamer=sink,
            stopping_criteria=StoppingCriteriaList([sink.is_over]),
        )

    def _cut_short(self, work: Work) -> GeneratorError:
        if not work.has_room:
            return ReplyCutShort(
                f"The reply of the language model {self._name} is not whole: it is longer than {self._max_tokens:,} "
                "tokens; raise generator.max_tokens."
            )
        if work.written:
            return ReplyCutShort(
                f"The reply of the language model {self._name} is not whole: it took longer than "
                f"{self._seconds:g} seconds; raise generator.seconds, or use a smaller model."
            )
        return GeneratorError(
            f"The language model {self._name} wrote nothing in {self._seconds:g} seconds: raise generator.seconds, ask "
            "with less, or use a smaller model."
        )

    def _told(self, error: Exception) -> Exception:
        """What torch raises is the machine's failure (its memory is full, say), anything else a bug."""
        if not isinstance(error, RuntimeError):
            return error
        reason = (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
        told = GeneratorError(f"The language model {self._name} fails: {reason}; use a smaller one or another device.")
        told.__cause__ = error
        return told


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


def _ends(config: GenerationConfig) -> frozenset[int]:
    """The tokens that end a reply."""
    end = config.eos_token_id
    return frozenset(end if isinstance(end, list) else [] if end is None else [end])


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

"""A language model of the transformers library, run in this process from a folder on this machine."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING

from generation.chat_prompt import ChatPrompt, before, chat_prompt
from generation.local.idle import LetGoWhenIdle
from generation.local.loading import load_language_model, load_writing_tokenizer
from generation.local.memory import cache_share, give_back, is_out_of_memory
from generation.local.work import Work
from generation.local.writing import Writer
from kb.errors import GeneratorError, OutOfMemory, ReplyCutShort
from kb.models.transformers_models import quiet_transformers
from kb.protocols import Message, TextStream

if TYPE_CHECKING:
    from collections.abc import Sequence

_PATIENCE = 60.0
"""Seconds beyond a reply's own, without a word, after which a model counts as stuck."""
_FAREWELL = 5.0
"""Seconds that closing a reply waits for the model to have stopped: a step's time."""
_UNBOUNDED = 10**9
"""Tokenizers that know of no limit name a huge one."""
_MEGABYTE = 1_048_576


class TransformersGenerator:
    """Writes on `device` ("cpu" or "cuda"), by default the likeliest next token, and replies alike to what is alike.

    A reply is of at most `max_tokens` and takes at most `seconds`. Up to `askers` are served at once, the others in
    their turn. What was read of earlier prompts is remembered; that, and what several at once need, takes at most
    `cache_megabytes` (None: a share of what the device has). The weights are given back after `idle_seconds` without a
    question (0: never), and loaded again for the next; `quantisation` ("none", "8bit", "4bit") makes them smaller.

    Safe to share between threads.
    """

    def __init__(
        self,
        folder: Path,
        *,
        name: str,
        device: str,
        max_tokens: int,
        seconds: float,
        askers: int,
        cache_megabytes: int | None,
        idle_seconds: float,
        quantisation: str,
    ) -> None:
        quiet_transformers()
        self._folder, self._name, self._device = folder, name, device
        self._max_tokens, self._seconds = max_tokens, seconds
        self._quantisation = quantisation
        self._askers, self._cache_megabytes = askers, cache_megabytes
        self._tokenizer = load_writing_tokenizer(folder)
        # A tokenizer that encodes must not be asked to decode meanwhile, as it keeps state between calls.
        self._encoder = deepcopy(self._tokenizer)
        self._encoding = Lock()
        self._loaded = LetGoWhenIdle(self._load, seconds=idle_seconds, freed=give_back)
        with self._loaded.use() as writer:
            self._positions, self._ends = writer.window, writer.ends

    @property
    def name(self) -> str:
        return self._name

    @property
    def window(self) -> int | None:
        """Tokens of prompt and reply together; None where there is no limit."""
        if self._positions is not None:
            return self._positions
        return self._tokenizer.model_max_length if self._tokenizer.model_max_length < _UNBOUNDED else None

    @property
    def room(self) -> int | None:
        """Tokens that a prompt may have beside the longest reply; negative where the window holds not even that."""
        return None if self.window is None else self.window - self._max_tokens

    def tokens(self, messages: Sequence[Message]) -> int:
        """Of the prompt made of `messages`, special ones and those of the chat template included."""
        return len(self._encoded(chat_prompt(self._encoder, messages)))

    def stream(self, messages: Sequence[Message], *, sample: int = 0) -> TextStream:
        """The reply, word by word; closing it stops the model within a token, and waits for that.

        Raises GeneratorError for a prompt that leaves no room for a reply in the window, for nothing is ever cut, and
        where its time was over before its first word; behind a reply that met a limit ReplyCutShort; and OutOfMemory
        where that is still so after all that is remembered of earlier prompts was given up.
        """
        prompt = chat_prompt(self._encoder, messages)
        encoded = self._encoded(prompt)
        self._check_room(len(encoded))
        pieces = self._written(encoded, prompt.begins_with, sample)
        return before(prompt.ends_with, pieces) if prompt.ends_with else pieces

    def _load(self) -> Writer:
        model = load_language_model(self._folder, self._tokenizer, device=self._device, quantisation=self._quantisation)
        given = self._cache_megabytes
        cache = cache_share(self._device) if given is None else given * _MEGABYTE
        return Writer(model, cache_bytes=cache, askers=self._askers, joins=self._device == "cuda")

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

    def _written(self, prompt: list[int], begun: str, sample: int) -> TextStream:
        from transformers import TextIteratorStreamer

        text = TextIteratorStreamer(self._tokenizer, timeout=self._seconds + _PATIENCE, skip_special_tokens=True)
        work = Work(prompt, tokens=self._max_tokens, seconds=self._seconds, ends=self._ends, text=text, sample=sample)
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
            raise self._told(work.error, work)
        if not work.is_whole:
            raise self._cut_short(work)

    def _write(self, work: Work) -> None:
        """In a thread of its own, which ends by itself, whoever does or does not read on."""
        try:
            with self._loaded.use() as writer:
                writer.write(work)
        except Exception as error:  # noqa: BLE001 - it rises in whoever reads
            work.error = error
        finally:
            work.close()

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

    def _told(self, error: Exception, work: Work) -> Exception:
        """What torch raises is the machine's failure, anything else a bug."""
        if is_out_of_memory(error):
            told: GeneratorError = self._too_large(work)
        elif isinstance(error, RuntimeError):
            reason = (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
            told = GeneratorError(
                f"The language model {self._name} fails: {reason}; use a smaller one or another device."
            )
        else:
            return error
        told.__cause__ = error
        return told

    def _too_large(self, work: Work) -> OutOfMemory:
        device = "The GPU's memory" if self._device == "cuda" else "The memory of this machine"
        return OutOfMemory(
            f"{device} does not do for the language model {self._name} and a prompt of {len(work.prompt):,} tokens: "
            "lower context.tokens or generator.max_tokens, or use a smaller model."
        )

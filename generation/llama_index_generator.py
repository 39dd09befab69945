"""A language model of LlamaIndex's as a generator of ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generation.sampling import TEMPERATURE
from kb.models.llama_index_llm import asking, name_of
from kb.protocols import Message, TextStream

if TYPE_CHECKING:
    from llama_index.core.base.llms.types import ChatMessage, ChatResponse, ChatResponseGen
    from llama_index.core.llms import LLM


@dataclass(frozen=True, slots=True)
class LlamaIndexGenerator:
    """Streams where the model can; how long a reply may be, and how hot, its own arguments say.

    For a sample a model that these leave cooler is warmed, where it knows a temperature; others reply as always.
    """

    llm: LLM

    @property
    def name(self) -> str:
        return name_of(self.llm)

    def stream(self, messages: Sequence[Message], *, sample: int = 0) -> TextStream:
        """The reply as the model sends it; closing it closes the model's own stream."""
        with asking(self.llm):
            llm, told = _warm(self.llm) if sample else self.llm, _chat(messages)
            try:
                responses = llm.stream_chat(told)
                with closing(responses):
                    yield from _pieces(responses)
            except NotImplementedError:
                yield str(llm.chat(told).message.content or "")


def _warm(llm: LLM) -> LLM:
    """The same model at the temperature of samples, unless it is as warm already, or knows of no such thing."""
    if "temperature" not in type(llm).model_fields:
        return llm
    own = getattr(llm, "temperature", None) or 0.0
    return llm.model_copy(update={"temperature": max(float(own), TEMPERATURE)})


def _chat(messages: Sequence[Message]) -> list[ChatMessage]:
    from llama_index.core.base.llms.types import ChatMessage, MessageRole

    return [ChatMessage(role=MessageRole(message.role), content=message.content) for message in messages]


def _pieces(responses: ChatResponseGen) -> Iterator[str]:
    """What each response adds: its delta, or in adapters without, what its text has more than the last one's."""
    said = ""
    for response in responses:
        piece = response.delta if response.delta is not None else _text(response)[len(said) :]
        said += piece
        if piece:
            yield piece


def _text(response: ChatResponse) -> str:
    return str(response.message.content or "")

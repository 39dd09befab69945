"""A language model of LlamaIndex's as a generator of ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kb.models.llama_index_llm import asking, name_of
from kb.protocols import Message, TextStream

if TYPE_CHECKING:
    from llama_index.core.base.llms.types import ChatMessage, ChatResponse, ChatResponseGen
    from llama_index.core.llms import LLM


@dataclass(frozen=True, slots=True)
class LlamaIndexGenerator:
    """Streams where the model can; how long a reply may be, and how hot, its own arguments say."""

    llm: LLM

    @property
    def name(self) -> str:
        return name_of(self.llm)

    def stream(self, messages: Sequence[Message]) -> TextStream:
        """The reply as the model sends it; closing it closes the model's own stream."""
        with asking(self.llm):
            told = _chat(messages)
            try:
                responses = self.llm.stream_chat(told)
                with closing(responses):
                    yield from _pieces(responses)
            except NotImplementedError:
                yield str(self.llm.chat(told).message.content or "")


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

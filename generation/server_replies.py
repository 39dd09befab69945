"""What a server of OpenAI's protocol streams back, as text: events, thoughts, and whether it came to an end."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Iterator

import httpx
from httpx_sse import EventSource
from pydantic import BaseModel

from kb.errors import GeneratorError, ReplyCutShort
from kb.foreign import reason

_END, _FULL, _FILTERED = "[DONE]", "length", "content_filter"
_JSON = "application/json"


class _Words(BaseModel):
    """What is said, and what is thought; servers have two names for the latter.

    It is no `str` for pydantic, which refuses half of a character.
    """

    content: object = None
    reasoning_content: object = None
    reasoning: object = None

    @property
    def said(self) -> str:
        return self.content if isinstance(self.content, str) else ""

    @property
    def thought(self) -> str:
        return next((part for part in (self.reasoning_content, self.reasoning) if isinstance(part, str)), "")


class _Choice(BaseModel):
    delta: _Words | None = None
    message: _Words | None = None
    finish_reason: str | None = None


class _Chunk(BaseModel):
    choices: list[_Choice] | None = None
    error: object = None


def reply_in(response: httpx.Response, *, name: str) -> Iterator[str]:
    """The text of a reply as it comes, what was thought before it between tags: <think>...</think>.

    `name` is the model's. The end is a chunk that says why, or a last event (`transformers serve` sends none). Raises
    GeneratorError where the reply cannot be read, or breaks off before that, and ReplyCutShort where there was no room
    for all of it.
    """
    return _whole_characters(_with_thoughts(_words(_events(response), name)))


def _events(response: httpx.Response) -> Iterator[str]:
    """The data of each event; a server that does not stream sends all at once."""
    if response.headers.get("content-type", "").startswith(_JSON):
        yield response.read().decode(errors="replace")
        return
    yield from (event.data for event in EventSource(response).iter_sse() if event.data.strip())


def _words(events: Iterable[str], name: str) -> Iterator[_Words]:
    for event in events:
        if event.strip() == _END:
            return
        chunk = _chunk(event, name)
        for choice in (chunk.choices or [])[:1]:
            if words := choice.delta or choice.message:
                yield words
            if choice.finish_reason == _FULL:
                raise ReplyCutShort(
                    f"The reply of the language model {name} is not whole: it is longer than generator.max_tokens, or "
                    "what its server takes in, allows; raise that, or ask with less."
                )
            if choice.finish_reason == _FILTERED:
                raise ReplyCutShort(f"The reply of the language model {name} was cut short by its server's filter.")
            if choice.finish_reason:
                return
    raise GeneratorError(f"The language model {name} broke off before the end of its reply: see to its server.")


def _chunk(event: str, name: str) -> _Chunk:
    try:
        chunk = _Chunk.model_validate(json.loads(event))
    except ValueError as error:  # pydantic's is one too
        raise GeneratorError(
            f"The language model {name} sends what is no part of a reply ({reason(ValueError(event))}): see to its "
            "server."
        ) from error
    if chunk.error:
        told = chunk.error.get("message") if isinstance(chunk.error, dict) else chunk.error
        raise GeneratorError(f"The language model {name} fails ({reason(ValueError(told))}): see to its server.")
    return chunk


def _with_thoughts(words: Iterable[_Words]) -> Iterator[str]:
    """What is thought once the reply has begun is left out: it would pass for the reply's end."""
    thinks, speaks = False, False
    for heard in words:
        if heard.thought and not speaks:
            yield heard.thought if thinks else f"<think>{heard.thought}"
            thinks = True
        if heard.said:
            yield f"</think>{heard.said}" if thinks and not speaks else heard.said
            speaks = True
    if thinks and not speaks:
        yield "</think>"


def _whole_characters(pieces: Iterable[str]) -> Iterator[str]:
    """Halves of a character that came in two pieces are put together; a half alone is no text, and is replaced."""
    decoder = codecs.getincrementaldecoder("utf-16-le")("replace")
    for piece in pieces:
        if text := decoder.decode(piece.encode("utf-16-le", "surrogatepass")):
            yield text
    if rest := decoder.decode(b"", final=True):
        yield rest

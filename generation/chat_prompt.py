"""How messages become the one text that a language model goes on writing: by its chat template, or plainly."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jinja2 import TemplateError

from kb.errors import GeneratorError
from kb.models.tokens import encodable
from kb.protocols import Message, TextStream

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_ASKING, _REPLYING = "User:", "Assistant:"
_THOUGHT = "<think>"


@dataclass(frozen=True, slots=True)
class ChatPrompt:
    """`begins_with` is what the reply begins with that the text already holds: a tag that opens a thought, of models
    that always think aloud. `ends_with` is what it must be cut at; empty where the model itself knows how to end one.

    `is_whole` says that the text holds the special tokens (of the beginning, say) that the model expects.
    """

    text: str
    begins_with: str = ""
    ends_with: str = ""
    is_whole: bool = True


def chat_prompt(tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message]) -> ChatPrompt:
    """By the chat template, else as a dialogue in plain words, which models without a template go on with.

    Where the template refuses the role of the system, or drops it, what it says stands before the first user's words.
    Raises GeneratorError where the template refuses the messages all the same.
    """
    bare = [replace(message, content=_bare(tokenizer, message.content)) for message in messages]
    if not tokenizer.chat_template:
        return ChatPrompt(_dialogue(bare), ends_with=f"\n{_ASKING}", is_whole=False)
    try:
        text = _templated(tokenizer, bare)
        if all(message.content.strip() in text for message in bare):
            return _opened(text)
    except TemplateError:
        pass  # Most probably of the system's role, which some templates know only to refuse.
    try:
        return _opened(_templated(tokenizer, without_system(bare)))
    except TemplateError as error:
        raise GeneratorError(
            f"The chat template of the language model refuses the messages ({error}); use another model."
        ) from error


def before(end: str, pieces: TextStream) -> TextStream:
    """The text of `pieces` up to the first `end`, held back only as far as that may have begun."""
    held = ""
    with closing(pieces):
        for piece in pieces:
            held += piece
            safe = held.find(end) if end in held else len(held) - _begun(end, held)
            if safe:
                yield held[:safe]
            if end in held:
                return
            held = held[safe:]
    if held:
        yield held


def _opened(text: str) -> ChatPrompt:
    return ChatPrompt(text, begins_with=_THOUGHT if text.rstrip().endswith(_THOUGHT) else "")


def _begun(end: str, text: str) -> int:
    """How many of the last characters of `text` are the first ones of `end`."""
    return next((size for size in range(len(end) - 1, 0, -1) if text.endswith(end[:size])), 0)


def _templated(tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message]) -> str:
    """Models that think aloud before they reply are told not to, where their template knows how: it takes too long."""
    conversation = [{"role": message.role, "content": message.content} for message in messages]
    return str(
        tokenizer.apply_chat_template(conversation, tokenize=False, add_generation_prompt=True, enable_thinking=False)
    )


def without_system(messages: Sequence[Message]) -> list[Message]:
    """What the system says stands before the first user's words."""
    told = [message.content for message in messages if message.role == "system"]
    first, *others = (message for message in messages if message.role != "system")
    return [replace(first, content="\n\n".join([*told, first.content])), *others]


def _dialogue(messages: Sequence[Message]) -> str:
    openings = {"system": "", "user": f"{_ASKING} ", "assistant": f"{_REPLYING} "}
    return "\n\n".join([*(openings[message.role] + message.content for message in messages), _REPLYING])


def _bare(tokenizer: PreTrainedTokenizerBase, text: str) -> str:
    """`text` without special tokens: what a message quotes must not end its turn and begin another's."""
    special = [re.escape(token.content) for token in tokenizer.added_tokens_decoder.values() if token.special]
    return re.sub("|".join(special), " ", encodable(text)) if special else encodable(text)

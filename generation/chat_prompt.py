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
_TAG = re.compile(r"<<?/?[^\s<>]{1,60}>{1,2}|\[/?[A-Za-z]\w{1,30}\]")
"""What tokens of turns look like: "<|im_end|>", "</think>", "<<SYS>>", "[/INST]"."""
_ADDED = re.compile(r"<[^<>\s]*(?:[|｜_▁]|think|thought|tool|function)[^<>\s]*>|\[/?[A-Z_]+\]")
"""Those among the tokens that are no special ones: a tokenizer may have tags of HTML as tokens, which mean no turn."""
_LONGEST_LABEL = 40


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
    signs = _signs(tokenizer)
    bare = [_bare(message, signs) for message in messages]
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


@dataclass(frozen=True, slots=True)
class _Signs:
    """What ends a turn and begins another: `tags` wherever they stand, `labels`, patterns of words with a colon."""

    tags: Sequence[str]
    labels: Sequence[str]


def _bare(message: Message, signs: _Signs) -> Message:
    """A message without signs: what it quotes must not end its turn. Labels stay in what the system says, our own."""
    text = encodable(message.content)
    if signs.tags:
        text = re.sub("|".join(map(re.escape, signs.tags)), " ", text)
    if signs.labels and message.role != "system":
        text = re.sub(rf"(?m)({'|'.join(signs.labels)}):", r"\1 :", text)
    return replace(message, content=text)


def _signs(tokenizer: PreTrainedTokenizerBase) -> _Signs:
    """The tokens of turns, special or (a thought's, a tool's) merely added, and what the template writes between turns.

    Templates write tags that their tokenizer never heard of (Mistral's first), and some only words ("USER: ").
    """
    if not tokenizer.chat_template:
        return _Signs(_tokens(tokenizer), [rf"^[ \t]*{label[:-1]}" for label in (_ASKING, _REPLYING)])
    pieces = _between_turns(tokenizer)
    written = {tag for piece in pieces for tag in _TAG.findall(piece)}
    labels = {label for piece in pieces if (label := _label(piece))}
    # The longest first: one may begin with another.
    return _Signs(sorted({*_tokens(tokenizer), *written}, key=lambda tag: (-len(tag), tag)), sorted(labels))


def _tokens(tokenizer: PreTrainedTokenizerBase) -> list[str]:
    added = tokenizer.added_tokens_decoder.values()
    return [token.content for token in added if token.content and (token.special or _ADDED.fullmatch(token.content))]


def _between_turns(tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """What the chat template writes before, between and after the contents of messages; nothing where it refuses."""
    marks = "\ue000\ue001\ue002\ue003"
    roles = ("system", "user", "assistant", "user")
    talk = [Message(role, mark) for role, mark in zip(roles, marks, strict=True)]  # type: ignore[arg-type]
    for messages in (talk, talk[1:]):
        try:
            return re.split(f"[{marks}]", _templated(tokenizer, messages))
        except TemplateError:
            continue
    return []


def _label(piece: str) -> str:
    """A pattern of the words with which a template begins a turn, without their colon; "" where it needs no words."""
    before, _, line = piece.rstrip().rpartition("\n")
    label = line.strip()
    if not label.endswith(":") or _TAG.search(label) or len(label) > _LONGEST_LABEL:
        return ""
    begins_line = bool(before) or line == piece.rstrip()
    return (r"^[ \t]*" if begins_line and not line.startswith(" ") else r"(?<!\w)") + re.escape(label[:-1])

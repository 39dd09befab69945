"""A follow-up as a question on its own, in a language model's words: what it is shown, and what its reply must keep."""

from __future__ import annotations

import re
from collections.abc import Sequence

from generation.followups.signs import is_name, words
from generation.followups.speech import GERMAN, speech_of
from generation.markers import without_markers
from kb.conversation import Turn

_ANSWER = 400
"""Characters of an answer that are shown: what it is about stands at its beginning."""
_LONGEST = 500
_LABEL = re.compile(r"^(?:(?:standalone |rewritten )?question|frage|pregunta|问题)\s*[:：]\s*", re.IGNORECASE)
_QUOTES = "\"'“”„«»`* "
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_BORDER = re.compile(r"</?conversation>", re.IGNORECASE)


def dialogue(turns: Sequence[Turn]) -> str:
    """The turns as a language model reads them: a line for each question and each answer's beginning, oldest first.

    The border that they are shown between is left out of them, so that nothing of them can end it.
    """
    lines = [line for turn in turns for line in (f"User: {turn.question}", f"Answer: {_shortened(turn.answer.text)}")]
    return "\n".join(_BORDER.sub(" ", line) for line in lines)


def condensed(reply: str, question: str, turns: Sequence[Turn]) -> str | None:
    """The question that a model's reply is; None where it may not stand for `question`.

    It must be one line, hold every name and number of `question`, and no number that was not said before.
    """
    lines = [line for line in reply.splitlines() if line.strip()]
    text = _LABEL.sub("", lines[0].strip(_QUOTES)).strip(_QUOTES) if len(lines) == 1 else ""
    if not text or len(text) > _LONGEST:
        return None
    numbers, asked = set(_NUMBER.findall(text)), set(_NUMBER.findall(question))
    held = {word.casefold() for word in words(text)}
    if not (asked <= numbers and all(name.casefold() in held for name in _names(question))):
        return None
    known = " ".join(part for turn in turns for part in (turn.question, turn.searched, turn.answer.text))
    return text if numbers <= asked.union(_NUMBER.findall(known)) else None


def _shortened(text: str) -> str:
    line = " ".join(without_markers(text).split())
    return line if len(line) <= _ANSWER else f"{line[:_ANSWER].rpartition(' ')[0]} …"


def _names(text: str) -> list[str]:
    capitals_tell = speech_of(text) is not GERMAN
    return [word for index, word in enumerate(words(text)) if is_name(word, begins=index == 0 or not capitals_tell)]

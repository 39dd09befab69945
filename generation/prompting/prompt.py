"""What a language model is told when it answers: instructions from files that people can read and replace."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from generation.context.passage import ContextPassage
from generation.prompting.rendering import rendered
from kb.errors import SettingsError
from kb.protocols import Message

REFUSAL = "The documents do not say."
"""What a model is to reply where the passages answer nothing."""

_BLANK = re.compile(r"\{(\w+)\}")
_NEEDED = {
    "answer": set[str](),
    "question": {"passages", "question"},
    "revise": {"problems"},
    "condense": {"conversation", "question"},
}
"""The files, and the blanks that each must have."""


@dataclass(frozen=True, slots=True)
class Prompts:
    """The texts of the prompt files: `answer` is what the system says, the others are what the user does."""

    answer: str
    question: str
    revise: str
    condense: str

    def ask(self, question: str, passages: Sequence[ContextPassage]) -> tuple[Message, ...]:
        """The messages that ask for an answer to `question` from `passages`, which are numbered from 1 on."""
        values = {"passages": rendered(passages), "question": " ".join(question.split()), "refusal": REFUSAL}
        return Message("system", _filled(self.answer, values)), Message("user", _filled(self.question, values))

    def ask_again(self, messages: Sequence[Message], draft: str, problems: Sequence[str]) -> tuple[Message, ...]:
        """`messages`, the draft that they led to, and what is wrong with it, a line each."""
        listed = "\n".join(f"- {problem}" for problem in problems)
        revise = _filled(self.revise, {"problems": listed, "refusal": REFUSAL})
        return *messages, Message("assistant", draft), Message("user", revise)

    def ask_alone(self, question: str, dialogue: str) -> tuple[Message, ...]:
        """The message that asks for a follow-up of `dialogue` as a question on its own."""
        return (Message("user", _filled(self.condense, {"conversation": dialogue, "question": question})),)


def load_prompts(folder: str = "") -> Prompts:
    """The prompts of this package, each replaced by the file of its name (answer.txt, say) in `folder`, if it is there.

    Raises SettingsError where there is no such folder, and for a file that lacks a blank which it must have.
    """
    own = Path(folder).expanduser() if folder else None
    if own and not own.is_dir():
        raise SettingsError(f"There is no folder {own} to read prompts from (answer.prompts).")
    return Prompts(**{name: _text_of(name, own) for name in _NEEDED})


def _text_of(name: str, own: Path | None) -> str:
    file = own / f"{name}.txt" if own else None
    if file is None or not file.is_file():
        return files("generation.prompting").joinpath("prompts", f"{name}.txt").read_text(encoding="utf-8").strip()
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The prompt {file} cannot be read as UTF-8 ({error}).") from error
    missing = sorted(_NEEDED[name] - set(_BLANK.findall(text)))
    if missing:
        blanks = " and ".join(f"{{{blank}}}" for blank in missing)
        raise SettingsError(f"The prompt {file} must have {blanks}, where that is to be filled in.")
    return text


def _filled(text: str, values: Mapping[str, str]) -> str:
    """`text` with its blanks filled in, those of other names left as they are; what is filled in is not looked into."""
    return _BLANK.sub(lambda match: values.get(match[1], match[0]), text)

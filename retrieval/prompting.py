"""What a language model is asked about a question: instructions from the files in prompts/, the question as data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

from kb.protocols import Message

Prompt = tuple[Message, ...]

_BORDER = re.compile(r"</?question>", re.IGNORECASE)


def prompt(name: str, question: str, values: Mapping[str, object]) -> Prompt:
    """The instructions in prompts/NAME.txt, filled in with `values`, and the question between its borders.

    Whatever looks like such a border within the question is left out, so that all of it stays between them.
    """
    instructions = _text_of(name).format(**values)
    asked = _BORDER.sub(" ", question).strip()
    return Message("system", instructions), Message("user", f"<question>\n{asked}\n</question>")


def forms() -> list[str]:
    """The kinds of writing that hypothetical passages are asked for in, the most general first."""
    return _text_of("hyde_forms").splitlines()


@lru_cache
def _text_of(name: str) -> str:
    """The text of prompts/NAME.txt."""
    return files("retrieval").joinpath("prompts", f"{name}.txt").read_text(encoding="utf-8").strip()

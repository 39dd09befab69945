"""What a language model is asked about a question: instructions from the files in prompts/, the question as data."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files

from kb.protocols import Message

Prompt = tuple[Message, ...]

_BORDER = re.compile(r"</?\s*(?:question|passage|searched)\s*>", re.IGNORECASE)


def prompt(name: str, question: str, values: Mapping[str, object], *, beside: Sequence[tuple[str, str]] = ()) -> Prompt:
    """The instructions in prompts/NAME.txt, filled in with `values`, and the question between its borders.

    `beside` it stand further texts, each between borders of its own ("passage" or "searched"). Whatever looks like a
    border within a text is left out, so that all of it stays between them.
    """
    instructions = _text_of(name).format(**values)
    parts = [_bordered("question", question), *(_bordered(border, text) for border, text in beside)]
    return Message("system", instructions), Message("user", "\n".join(parts))


def forms() -> list[str]:
    """The kinds of writing that hypothetical passages are asked for in, the most general first."""
    return _text_of("hyde_forms").splitlines()


def _bordered(name: str, text: str) -> str:
    return f"<{name}>\n{_BORDER.sub(' ', text).strip()}\n</{name}>"


@lru_cache
def _text_of(name: str) -> str:
    """The text of prompts/NAME.txt."""
    return files("retrieval").joinpath("prompts", f"{name}.txt").read_text(encoding="utf-8").strip()

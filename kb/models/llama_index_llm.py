"""Any language model of LlamaIndex's, made by the name of its class.

Knows nothing of what it is asked. It is anybody's code, or a service: whatever it raises is told as its failure.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from kb.errors import GeneratorError, SettingsError
from kb.foreign import failures_told, made

if TYPE_CHECKING:
    from llama_index.core.llms import LLM


def make_llm(name: str, options: Mapping[str, object], *, section: str) -> LLM:
    """The language model that `name` ("package.module:Class") makes, made with `options` but not yet asked.

    `section` is that of the settings which name it. Raises SettingsError where it cannot be imported or made, or is
    none of LlamaIndex's.
    """
    from llama_index.core.llms import LLM

    what = f'The language model "{name}" ({section}.llm)'
    llm = made(name, options, what=what)
    if not isinstance(llm, LLM):
        raise SettingsError(f"{what} is none of LlamaIndex's; name a class or a function that makes one.")
    return llm


def name_of(llm: LLM) -> str:
    """What the model calls itself, else its class."""
    return str(llm.metadata.model_name or llm.class_name())


def asking(llm: LLM) -> AbstractContextManager[None]:
    """Raises GeneratorError, with the reason, for whatever is raised while `llm` is asked."""
    with failures_told(f'The language model "{llm.class_name()}"', kind=GeneratorError):
        name = name_of(llm)
    return failures_told(f'The language model "{name}"', kind=GeneratorError)

"""Any language model of LlamaIndex's, made by the name of its class.

Knows nothing of what it is asked. It is anybody's code, or a service: whatever it raises is told as its failure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from kb.errors import GeneratorError, SettingsError

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

_REASON = 300
"""Characters of what a language model says of its failure."""


def make_llm(name: str, options: Mapping[str, object], *, section: str) -> LLM:
    """The language model of the class `name` ("package.module:Class"), made with `options` but not yet asked.

    `section` is that of the settings which name it. Raises SettingsError where it cannot be imported or made, or is
    none of LlamaIndex's.
    """
    from llama_index.core.llms import LLM

    where = f'The language model "{name}" ({section}.llm)'
    kind = _imported(name, where)
    if not (isinstance(kind, type) and issubclass(kind, LLM)):
        raise SettingsError(f"{where} is no class of LlamaIndex's LLMs; name one that is.")
    make: Callable[..., LLM] = kind
    try:
        return make(**options)
    except Exception as error:
        raise SettingsError(
            f"{where} cannot be made: {_reason(error)}; see to its arguments ({section}.llm_options)."
        ) from error


def name_of(llm: LLM) -> str:
    """What the model calls itself, else its class."""
    return str(llm.metadata.model_name or llm.class_name())


@contextmanager
def failures_told(llm: LLM) -> Iterator[None]:
    """Raises GeneratorError, with the reason, for whatever is raised while `llm` is asked."""
    try:
        yield
    except Exception as error:
        raise GeneratorError(
            f'The language model "{name_of(llm)}" does not answer: {_reason(error)}; see to it, then run this again.'
        ) from error


def _imported(name: str, where: str) -> object:
    module, _, attribute = name.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError, SyntaxError) as error:
        reason = f"cannot be imported: {_reason(error)}"
        raise SettingsError(f"{where} {reason}; install its package, or name it as package.module:Class.") from error


def _reason(error: Exception) -> str:
    """One line of what went wrong."""
    words = " ".join(str(error).split())
    short = words if len(words) <= _REASON else f"{words[:_REASON]}…"
    return short.rstrip(".") or type(error).__name__

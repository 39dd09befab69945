"""The language model that evaluation may use: any of LlamaIndex's, as the settings name it.

Knows nothing of what it is asked. It is anybody's code, or a service: whatever it raises is told as its failure.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from citewell import Settings
from kb.errors import SettingsError, UserError

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

_REASON = 300
"""Characters of what a language model says of its failure."""


def load_llm(settings: Settings) -> LLM:
    """The language model of the settings, made but not yet asked.

    Raises SettingsError where none is configured, or it cannot be imported or made, or it is none.
    """
    from llama_index.core.llms import LLM

    name = settings.evaluation.llm
    if not name:
        raise SettingsError(
            "No language model is configured for evaluation; name one in the settings, under [evaluation], as in "
            'llm = "llama_index.llms.ollama:Ollama" with its arguments in llm_options.'
        )
    where = f'The language model "{name}" (evaluation.llm)'
    kind = _imported(name, where)
    if not (isinstance(kind, type) and issubclass(kind, LLM)):
        raise SettingsError(f"{where} is no class of LlamaIndex's LLMs; name one that is.")
    try:
        return kind(**settings.evaluation.llm_options)
    except Exception as error:
        raise SettingsError(
            f"{where} cannot be made: {_reason(error)}; see to its arguments (evaluation.llm_options)."
        ) from error


@contextmanager
def failures_told(llm: LLM) -> Iterator[None]:
    """Raises UserError, with the reason, for whatever is raised while `llm` is asked."""
    try:
        yield
    except Exception as error:
        name = llm.metadata.model_name or llm.class_name()
        raise UserError(
            f'The language model "{name}" does not answer: {_reason(error)}; see to it, then run this again.'
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

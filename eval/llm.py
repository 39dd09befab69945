"""The language model that evaluation may use: any of LlamaIndex's, as the settings name it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citewell import Settings
from kb.errors import SettingsError
from kb.models.llama_index_llm import make_llm

if TYPE_CHECKING:
    from llama_index.core.llms import LLM


def load_llm(settings: Settings) -> LLM:
    """The language model of the settings, made but not yet asked.

    Raises SettingsError where none is configured, or it cannot be imported or made, or it is none.
    """
    chosen = settings.evaluation
    if not chosen.llm:
        raise SettingsError(
            "No language model is configured for evaluation; name one in the settings, under [evaluation], as in "
            'llm = "llama_index.llms.ollama:Ollama" with its arguments in llm_options.'
        )
    return make_llm(chosen.llm, chosen.llm_options, section="evaluation")

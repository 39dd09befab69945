"""The one place that chooses a language model: a folder's, or one of LlamaIndex's by its class."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kb.errors import SettingsError
from kb.models.embedders import chosen_device, local_folder
from kb.models.llama_index_llm import make_llm
from kb.protocols import Generator


def load_generator(
    *,
    model: str,
    device: str,
    max_tokens: int,
    seconds: float = 120.0,
    askers: int = 16,
    cache_megabytes: int | None = None,
    idle_seconds: float = 600.0,
    quantisation: str = "none",
    llm: str = "",
    llm_options: Mapping[str, object] | None = None,
) -> Generator:
    """The generator for `model`, a folder or a name in the local Hugging Face cache, or for the class `llm`.

    Nothing is downloaded. `device` is "cpu", "cuda" or "auto" (CUDA where there is some) and, like all up to `llm`, is
    for `model`: see TransformersGenerator. Raises MissingModel, and SettingsError where it is none of the two or both.
    """
    if model and llm:
        raise SettingsError(
            f"The settings name two language models, {model} (generator.model) and {llm} (generator.llm); keep one."
        )
    if llm:
        from generation.llama_index_generator import LlamaIndexGenerator

        return LlamaIndexGenerator(make_llm(llm, llm_options or {}, section="generator"))
    if not model:
        raise SettingsError(
            "No language model is configured; name one in the settings, under [generator]: the folder of one in model, "
            "or a class of LlamaIndex's in llm."
        )
    from generation.transformers_generator import TransformersGenerator

    folder = local_folder(model, kind="language model")
    return TransformersGenerator(
        folder,
        name=Path(model).resolve().name,
        device=chosen_device(device),
        max_tokens=max_tokens,
        seconds=seconds,
        askers=askers,
        cache_megabytes=cache_megabytes,
        idle_seconds=idle_seconds,
        quantisation=quantisation,
    )

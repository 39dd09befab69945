"""The one place that chooses a language model: a folder's, a server's, or one of LlamaIndex's by its class."""

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
    server: str = "",
    key: str = "",
    seconds: float = 120.0,
    llm: str = "",
    llm_options: Mapping[str, object] | None = None,
) -> Generator:
    """The generator for `model`, a folder or a name in the local Hugging Face cache, or for the class `llm`.

    With the address of a `server`, `model` is a name that it knows, or empty for its first; it is asked nothing yet.
    Nothing is downloaded. `device` is "cpu", "cuda" or "auto" (CUDA where there is some). A reply has `max_tokens` and
    `seconds`; `key` is for a server. Raises MissingModel, and SettingsError where the settings name no language model,
    or two.
    """
    named = f"{server} (generator.server)" if server else f"{model} (generator.model)"
    if (server or model) and llm:
        raise SettingsError(f"The settings name two language models, {named} and {llm} (generator.llm); keep one.")
    if llm:
        from generation.llama_index_generator import LlamaIndexGenerator

        return LlamaIndexGenerator(make_llm(llm, llm_options or {}, section="generator"))
    if server:
        from generation.server import Server
        from generation.server_generator import ServerGenerator

        return ServerGenerator(Server(server, key), model=model, max_tokens=max_tokens, seconds=seconds)
    if not model:
        raise SettingsError(
            "No language model is configured; name one in the settings, under [generator]: the folder of one in model, "
            "the address of a server in server, or a class of LlamaIndex's in llm."
        )
    from generation.transformers_generator import TransformersGenerator

    folder = local_folder(model, kind="language model")
    return TransformersGenerator(
        folder,
        name=Path(model).resolve().name,
        device=chosen_device(device),
        max_tokens=max_tokens,
        seconds=seconds,
    )

"""The one place that chooses a language model: a folder's, a server's, one of LlamaIndex's, or the recording of one."""

from __future__ import annotations

from pathlib import Path

from kb.errors import SettingsError
from kb.models.embedders import chosen_device, local_folder
from kb.models.llama_index_llm import make_llm
from kb.protocols import Generator
from kb.settings import GeneratorSettings


def load_generator(settings: GeneratorSettings) -> Generator:
    """The generator that the settings name; what it says is recorded where they say so.

    Nothing is downloaded, and a server is asked nothing yet. Raises MissingModel, and SettingsError where they name no
    language model, or two.
    """
    from generation.recording import RecordedGenerator, RecordingGenerator

    if settings.replay:
        return RecordedGenerator(Path(settings.replay).expanduser())
    generator = _named(settings)
    return RecordingGenerator(generator, Path(settings.record).expanduser()) if settings.record else generator


def _named(settings: GeneratorSettings) -> Generator:
    server, model, llm = settings.server, settings.model, settings.llm
    if llm and (server or model):
        named = f"{server} (generator.server)" if server else f"{model} (generator.model)"
        raise SettingsError(f"The settings name two language models, {named} and {llm} (generator.llm); keep one.")
    if llm:
        from generation.llama_index_generator import LlamaIndexGenerator

        return LlamaIndexGenerator(make_llm(llm, settings.llm_options, section="generator"))
    if server:
        from generation.server import Server
        from generation.server_generator import ServerGenerator

        address = Server(server, settings.key)
        return ServerGenerator(address, model=model, max_tokens=settings.max_tokens, seconds=settings.seconds)
    if not model:
        raise SettingsError(
            "No language model is configured; name one in the settings, under [generator]: the folder of one in model, "
            "the address of a server in server, or a class of LlamaIndex's in llm."
        )
    from generation.transformers_generator import TransformersGenerator

    return TransformersGenerator(
        local_folder(model, kind="language model"),
        name=Path(model).resolve().name,
        device=chosen_device(settings.device),
        max_tokens=settings.max_tokens,
        seconds=settings.seconds,
        askers=settings.askers,
        cache_megabytes=settings.cache_megabytes,
        idle_seconds=settings.idle_seconds,
        quantisation=settings.quantisation,
    )

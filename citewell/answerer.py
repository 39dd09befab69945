"""What would answer a question, and why: the part of a diagnosis on language models."""

from __future__ import annotations

from time import monotonic

from citewell.inventory import memory_here
from kb.settings import GeneratorSettings

Record = dict[str, object]


def answerer_record(settings: GeneratorSettings) -> Record:
    """By which of its kinds the settings name a language model; what is wrong with it is part of the finding.

    A server is asked which models it has. No model is loaded, and none is asked to write.
    """
    if settings.llm:
        return _llama_index(settings)
    if settings.server:
        return _server(settings)
    if settings.model:
        return _folder(settings)
    why = "the settings name no language model under [generator], and it needs none: it quotes word for word"
    return {"name": "extractive", "kind": "extractive", "why": why}


def _llama_index(settings: GeneratorSettings) -> Record:
    from citewell.models import configured_generator
    from kb.errors import CitewellError

    found: Record = {"name": settings.llm, "kind": "llama_index", "why": "generator.llm names it"}
    try:
        name = configured_generator(settings).name
    except CitewellError as error:
        return {**found, "error": str(error)}
    return {**found, "name": name, "passages": f"go wherever {settings.llm} sends them"}


def _server(settings: GeneratorSettings) -> Record:
    from citewell.inventory import served_models

    began = monotonic()
    served = served_models(settings)
    waited = monotonic() - began
    how = "" if served.is_encrypted else ", unencrypted"
    where = f"are sent to {served.host} over the network{how}" if served.leaves_machine else "stay on this machine"
    return {
        "name": served.chosen or served.url,
        "kind": "server",
        "why": "generator.server names it",
        "server": served.url,
        "reachable": served.is_reachable,
        "waited_seconds": round(waited, 3),
        "models": list(served.names),
        "passages": where,
        **({"error": served.problem} if served.problem else {}),
        **({"note": served.note} if served.note else {}),
    }


def _folder(settings: GeneratorSettings) -> Record:
    from kb.errors import CitewellError
    from kb.models.embedders import chosen_device, local_folder
    from kb.models.local_model import read_model

    found: Record = {"name": settings.model, "kind": "model", "why": "generator.model names it"}
    try:
        folder = local_folder(settings.model, kind="language model")
        memory = memory_here(chosen_device(settings.device))
    except CitewellError as error:
        return {**found, "error": str(error)}
    model = read_model(folder, name=settings.model)
    problem = model.problem
    if not problem and model.kind != "generator":
        problem = f"The model in {folder} is no language model: name one that is in generator.model."
    return {
        **found,
        "folder": str(folder),
        "device": memory.device,
        "precision": memory.precision,
        "parameters": model.parameters,
        "memory_bytes": model.memory(memory.precision),
        "fits": memory.fits(model),
        "passages": "stay on this machine",
        **({"error": problem} if problem else {}),
    }

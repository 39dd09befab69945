"""The models that a base can use: those on this machine, and those of the server that the settings name."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Literal

from citewell.machine import Gpu, gpus, processor
from kb.errors import GeneratorError, MissingModel
from kb.models.embedders import DEFAULT_MODEL, find_model, local_folder
from kb.models.hub_cache import cached_models
from kb.models.local_model import LocalModel, Precision, read_model
from kb.settings import GeneratorSettings, Settings

if TYPE_CHECKING:
    from generation.server import Server

Place = Literal["package", "cache", "folder"]
Role = Literal["embedding", "rerank", "generator"]
"""A section of the settings."""
PATIENCE = 2.0
"""Seconds that a server has to say which models it has."""


@dataclass(frozen=True, slots=True)
class FoundModel:
    """`roles` are the sections of the settings that name it."""

    model: LocalModel
    place: Place
    roles: tuple[Role, ...] = ()


@dataclass(frozen=True, slots=True)
class ServedModels:
    """What the server of the settings says. `problem` is a sentence, empty where it answers, `note` one on what is odd.

    It is not `is_reachable` either where it asks for a key, say. `chosen` is the model that would be asked, empty where
    the server is to choose. `leaves_machine` says that passages are sent over a network, and `is_encrypted` how.
    """

    url: str
    host: str
    is_reachable: bool
    names: tuple[str, ...]
    chosen: str
    leaves_machine: bool
    is_encrypted: bool
    problem: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Memory:
    """What models are run in here: `precision` is that of their numbers there, `bytes` 0 where nobody knows."""

    device: str
    precision: Precision
    bytes: int

    def fits(self, model: LocalModel) -> bool | None:
        need = model.memory(self.precision)
        return need <= self.bytes if need is not None and self.bytes else None


def memory_here(device: str = "auto") -> Memory:
    """That of the largest GPU, else the machine's, or of a `device` of that name."""
    devices: Sequence[Gpu] = gpus() if device != "cpu" else []
    if devices:
        return Memory("cuda", "bf16", max(gpu.memory_bytes for gpu in devices))
    return Memory("cpu", "fp32", processor().memory_bytes)


def models_here(settings: Settings) -> tuple[list[FoundModel], list[str]]:
    """Every model on this machine, the packaged one first, then by name; and of those that the settings name and that
    are not here, a sentence each.
    """
    places: dict[Path, tuple[str, Place]] = {}
    with suppress(MissingModel):  # It comes with a package, and without that there may be others.
        places[find_model(DEFAULT_MODEL).resolve()] = (DEFAULT_MODEL, "package")
    for name, folder in cached_models():
        places.setdefault(folder.resolve(), (name, "cache"))
    named, problems = _named(settings)
    for folder, (name, _) in named.items():
        places.setdefault(folder, (name, "folder"))
    found = [
        FoundModel(read_model(folder, name=name), place, tuple(named.get(folder, ("", []))[1]))
        for folder, (name, place) in places.items()
    ]
    return found, problems


def _named(settings: Settings) -> tuple[dict[Path, tuple[str, list[Role]]], list[str]]:
    """The folders that the settings name, with the name there and its sections; and what is wrong with others."""
    named: dict[Path, tuple[str, list[Role]]] = {}
    problems = []
    for role, name in _names(settings):
        try:
            folder = find_model(name) if role == "embedding" else local_folder(name, kind=_KINDS[role])
        except MissingModel as error:
            problems.append(str(error))
        else:
            named.setdefault(folder.resolve(), (name, []))[1].append(role)
    return named, problems


_KINDS = {"rerank": "reranker", "generator": "language model"}


def _names(settings: Settings) -> list[tuple[Role, str]]:
    roles: list[tuple[Role, str]] = [("embedding", settings.embedding.model), ("rerank", settings.rerank.model)]
    if not settings.generator.server:  # What is named there is a name that the server knows.
        roles.append(("generator", settings.generator.model))
    return [(role, name) for role, name in roles if name]


def served_models(settings: GeneratorSettings) -> ServedModels:
    """Asks the server that the settings name, for no longer than PATIENCE."""
    from generation.server import Server

    server = Server(settings.server, settings.key)
    names, problem = _heard(server)
    is_reachable = not problem
    note = _note(settings, names) if is_reachable else ""
    return ServedModels(
        url=server.url,
        host=server.host,
        is_reachable=is_reachable,
        names=tuple(names),
        chosen=settings.model or next(iter(names), ""),
        leaves_machine=not server.is_here,
        is_encrypted=server.is_encrypted,
        problem=problem,
        note=note,
    )


def _heard(server: Server) -> tuple[list[str], str]:
    """The names of its models, and why there are none.

    In a thread, since the look-up of a host's name knows no limit of time.
    """
    heard: SimpleQueue[tuple[list[str], str]] = SimpleQueue()

    def ask() -> None:
        try:
            heard.put((server.models(), ""))
        except GeneratorError as error:
            heard.put(([], str(error)))

    Thread(target=ask, name="citewell-server-models", daemon=True).start()
    try:
        return heard.get(timeout=PATIENCE)
    except Empty:
        late = f"The server at {server.url} has not said within {PATIENCE:g} seconds which models it has"
        return [], f"{late}: see whether it is busy, or the network is slow."


def _note(settings: GeneratorSettings, names: list[str]) -> str:
    """Servers may know models that they do not list: llama.cpp's takes any name, Ollama's one without its tag."""
    if names and settings.model and settings.model not in names:
        return (
            f"The server at {settings.server} does not list {settings.model}: where it does not know it all the same, "
            "name one of its list in generator.model."
        )
    if not names and not settings.model:
        return (
            f"The server at {settings.server} lists no models: where it does not answer all the same, see that "
            "generator.server ends as it should, for most servers in /v1, and name a model in generator.model."
        )
    return ""

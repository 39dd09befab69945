"""`citewell doctor`: what is here, and what will be used and why."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from app.cli.invocation import Invocation

if TYPE_CHECKING:
    from rich.console import RenderableType

    from app.cli.machine import Gpu, Processor
    from kb.settings import Settings

Record = dict[str, object]


def doctor(context: typer.Context) -> None:
    """Show versions, processor, GPU, models, settings, and what would be used and why."""
    from app.cli.machine import gpus, processor, versions
    from app.cli.output import print_json, waiting
    from citewell import __version__
    from citewell.home import base_names, home_folder

    invocation: Invocation = context.obj
    settings = invocation.settings()
    home = home_folder(invocation.home)
    with waiting("Looking around", shown=invocation.talks):
        cpu, found = processor(), gpus()
        record: Record = {
            "citewell": __version__,
            "versions": versions(),
            "cpu": asdict(cpu),
            "gpus": [asdict(gpu) for gpu in found],
            "embedder": _embedder(settings, home, cpu, found),
            "answerer": {"name": "extractive", "why": "it needs no language model and quotes word for word"},
            "home": str(home),
            "bases": base_names(home),
            "settings_file": str(invocation.settings_file.resolve()) if invocation.settings_file else None,
            "settings": settings.model_dump(mode="json"),
        }
    print_json(record) if invocation.json else _print(record, cpu, found)


def _embedder(settings: Settings, home: Path, cpu: Processor, found: list[Gpu]) -> Record:
    """The embedder, tried out; what is wrong with it is part of the finding."""
    from citewell.home import CACHE
    from kb.errors import CitewellError
    from kb.models.embedders import find_model, load_embedder

    chosen = settings.embedding
    try:
        folder = find_model(chosen.model)
        embedder = load_embedder(
            model=chosen.model,
            device=chosen.device,
            cache=home / CACHE,
            query_prefix=chosen.query_prefix,
            passage_prefix=chosen.passage_prefix,
            dimensions=chosen.dimensions,
        )
        embedder.queries(["warm"])
        began = time.perf_counter()
        embedder.queries(["How long does one question take?"])
    except CitewellError as error:
        return {"model": chosen.model, "error": str(error)}
    return {
        "model": chosen.model,
        "folder": str(folder),
        "fingerprint": embedder.fingerprint,
        "dimensions": embedder.dimensions,
        "window_tokens": embedder.window,
        "query_ms": round(1000 * (time.perf_counter() - began), 1),
        "runtime": (runtime := type(embedder).__name__.removesuffix("Embedder")),
        "why": _why(runtime, settings, cpu, found),
    }

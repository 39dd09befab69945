"""`citewell doctor`: what is here, and what will be used and why."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from app.cli.answerer import answerer_record
from app.cli.invocation import Invocation
from app.cli.machine import Gpu, Processor, gpus, processor, versions
from app.cli.output import facts, print_json, show, size, waiting

if TYPE_CHECKING:
    from kb.settings import Settings

Record = dict[str, object]
_PASSAGE = "The time from a question to its passages is mostly that of the model, and grows with their length. " * 8
_PASSAGES = 8
"""How many the reranker is timed on, of about 170 tokens each: a large model on a CPU takes seconds for these."""


def doctor(context: typer.Context) -> None:
    """Show what is here, and what would be used and why."""
    from citewell import __version__
    from citewell.home import base_names, home_folder

    invocation: Invocation = context.obj
    settings = invocation.settings()
    home = home_folder(invocation.home)
    with waiting("Looking around", shown=invocation.talks):
        cpu, devices = processor(), gpus()
        record: Record = {
            "citewell": __version__,
            "versions": versions(),
            "cpu": asdict(cpu),
            "gpus": [asdict(gpu) for gpu in devices],
            "embedder": _embedder(settings, home, has_gpu=bool(devices)),
            "reranker": _reranker(settings, home, has_gpu=bool(devices)),
            "answerer": answerer_record(settings.generator),
            "home": str(home),
            "bases": base_names(home),
            "models": _models(),
            "settings_file": str(invocation.settings_file.resolve()) if invocation.settings_file else None,
            "settings": settings.model_dump(mode="json"),
        }
    if invocation.json:
        print_json(record)
    else:
        _print(record, cpu, devices)


def _embedder(settings: Settings, home: Path, *, has_gpu: bool) -> Record:
    """The embedder, tried out; what is wrong with it is part of the finding."""
    from citewell.models import configured_checkpoint, configured_embedder
    from kb.errors import CitewellError
    from kb.models.openvino_embedder import OpenVinoEmbedder

    chosen = settings.embedding
    try:
        checkpoint = configured_checkpoint(chosen)
        embedder = configured_embedder(chosen, home)
        embedder.queries(["The first question is slower."])
        began = time.perf_counter()
        embedder.queries(["How long does one question take?"])
        elapsed = time.perf_counter() - began
    except CitewellError as error:
        return {"model": chosen.model, "error": str(error)}
    runtime = "OpenVINO" if isinstance(embedder, OpenVinoEmbedder) else "PyTorch"
    return {
        "model": chosen.model,
        "folder": str(checkpoint.folder),
        "fingerprint": embedder.fingerprint,
        "dimensions": embedder.dimensions,
        "window_tokens": embedder.window,
        "query_prefix": checkpoint.query_prefix,
        "query_prefix_from": checkpoint.before_query.source,
        "passage_prefix": checkpoint.passage_prefix,
        "passage_prefix_from": checkpoint.before_passage.source,
        "pooling": checkpoint.pooling,
        "pooling_from": checkpoint.pooled.source,
        "query_ms": round(1000 * elapsed, 1),
        "runtime": runtime,
        "precision": embedder.precision,
        "why": _why(runtime, chosen.device, has_gpu=has_gpu),
    }


def _reranker(settings: Settings, home: Path, *, has_gpu: bool) -> Record | None:
    """The reranker that the settings name, tried out; else what judges in its place; None where nothing can."""
    from citewell.models import configured_scorer
    from kb.errors import CitewellError

    chosen = settings.rerank
    if not chosen.model:
        return _late_interaction(settings)
    try:
        scorer = configured_scorer(chosen, home)
        scorer.scores("How long does it take?", [_PASSAGE])
        began = time.perf_counter()
        scorer.scores("How long does it take?", [_PASSAGE] * _PASSAGES)
        elapsed = time.perf_counter() - began
    except CitewellError as error:
        return {"model": chosen.model, "error": str(error)}
    return {
        "model": chosen.model,
        "folder": str(scorer.checkpoint.folder),
        "fingerprint": scorer.checkpoint.fingerprint,
        "kind": scorer.checkpoint.kind,
        "pair_tokens": scorer.checkpoint.tokens,
        "passages_per_second": round(_PASSAGES / elapsed, 1),
        "runtime": scorer.runtime,
        "precision": scorer.precision,
        "why": _why(scorer.runtime, chosen.device, has_gpu=has_gpu),
    }


def _late_interaction(settings: Settings) -> Record | None:
    from citewell.models import configured_checkpoint
    from kb.errors import CitewellError

    try:
        can_judge = configured_checkpoint(settings.embedding).has_comparable_tokens
    except CitewellError:
        return None  # What is wrong with the embedder is told there.
    return {"model": "", "kind": "late interaction", "why": "rerank.model names none"} if can_judge else None


def _why(runtime: str, device: str, *, has_gpu: bool) -> str:
    if runtime == "OpenVINO":
        return "there is no GPU that torch can use" if not has_gpu else f'the settings say device = "{device}"'
    if has_gpu and device != "cpu":
        return "there is a GPU"
    return "OpenVINO takes over plain encoders of kinds that were compared on it, which this model is not"


def _models() -> dict[str, str]:
    """The folders of the models that come with the packages, by name."""
    from kb.errors import MissingModel
    from kb.models.embedders import DEFAULT_MODEL, find_model

    try:
        return {DEFAULT_MODEL: str(find_model(DEFAULT_MODEL))}
    except MissingModel:
        return {}


def _print(record: Record, cpu: Processor, devices: Sequence[Gpu]) -> None:
    for number, (heading, pairs) in enumerate(_sections(record, cpu, devices)):
        show("\n" * bool(number) + heading, style="bold")
        show(facts(pairs))


def _sections(record: Record, cpu: Processor, devices: Sequence[Gpu]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    yield (
        "Machine",
        [
            ("processor", f"{cpu.name}, {cpu.cores} cores"),
            ("instructions", " ".join(cpu.features) or "unknown"),
            ("memory", size(cpu.memory_bytes) if cpu.memory_bytes else "unknown"),
            *[("GPU", f"{gpu.name}, {size(gpu.free_bytes)} of {size(gpu.memory_bytes)} free") for gpu in devices],
            *([] if devices else [("GPU", "none that torch can use")]),
        ],
    )
    used = [name for name in ("embedder", "reranker", "answerer") if record[name]]
    yield "Used", [pair for name in used for pair in _flat(record[name], name)]
    yield "Models", _flat(record["models"]) or [("none", "name a folder with `embedding.model` in the settings")]
    yield "Knowledge bases", [("home", str(record["home"])), ("here", ", ".join(_names(record["bases"])) or "none yet")]
    yield f"Settings ({record['settings_file'] or 'defaults and environment'})", _flat(record["settings"])
    yield f"Versions (Citewell {record['citewell']})", _flat(record["versions"])


def _names(value: object) -> list[str]:
    return [str(name) for name in value] if isinstance(value, list) else []


def _flat(value: object, prefix: str = "") -> list[tuple[str, str]]:
    """Nested settings as dotted keys, the way they are set; one that is not set is shown as "-"."""
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    if not isinstance(value, Mapping):
        return [(prefix, "-" if value in (None, "") else str(value))]
    return [pair for key, inner in value.items() for pair in _flat(inner, f"{prefix}.{key}" if prefix else str(key))]

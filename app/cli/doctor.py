"""`citewell doctor`: what is here, and what will be used and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from app.cli.invocation import Invocation
from app.cli.output import facts, print_json, show, size, waiting

if TYPE_CHECKING:
    from citewell.diagnosis import Diagnosis

Record = dict[str, object]


def doctor(context: typer.Context) -> None:
    """Show what is here, and what would be used and why."""
    from citewell.diagnosis import diagnosis
    from citewell.home import home_folder

    invocation: Invocation = context.obj
    settings = invocation.settings()
    with waiting("Looking around", shown=invocation.talks):
        found = diagnosis(settings, home_folder(invocation.home))
    file = invocation.settings_in_force
    record = _record(found, str(file.resolve()) if file else None, settings.model_dump(mode="json"))
    if invocation.json:
        print_json(record)
    else:
        _print(record, found)


def _record(found: Diagnosis, settings_file: str | None, settings: Record) -> Record:
    return {
        "citewell": found.citewell,
        "versions": found.versions,
        "cpu": asdict(found.processor),
        "gpus": [asdict(gpu) for gpu in found.gpus],
        "embedder": found.embedder,
        "reranker": found.reranker,
        "answerer": found.answerer,
        "home": str(found.home),
        "bases": found.bases,
        "models": found.models,
        "settings_file": settings_file,
        "settings": settings,
    }


def _print(record: Record, found: Diagnosis) -> None:
    for number, (heading, pairs) in enumerate(_sections(record, found)):
        show("\n" * bool(number) + heading, style="bold")
        show(facts(pairs))


def _sections(record: Record, found: Diagnosis) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    cpu, devices = found.processor, found.gpus
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

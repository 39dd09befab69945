"""`citewell models`: which models are on this machine and what they need; `citewell models pull` fetches another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.invocation import Invocation
from app.cli.output import one_line, print_json, say, show, size, table, waiting
from app.cli.progress import kept_for_later, stages
from kb.text.plurals import counted

if TYPE_CHECKING:
    from rich.table import Table

    from citewell.inventory import FoundModel, Memory, ServedModels
    from kb.models.local_model import LocalModel

models = typer.Typer(rich_markup_mode=None)

_UNITS = ((1e9, "B"), (1e6, "M"), (1e3, "k"))


@models.callback(invoke_without_command=True)
def list_models(context: typer.Context) -> None:
    """Show the models on this machine, what they need, and whether that fits.

    A generator is a language model. What a model needs is for its weights and a fifth more, in bf16 on a GPU and in
    fp32 on a CPU.
    """
    if context.invoked_subcommand:
        return
    from citewell.inventory import memory_here, models_here, served_models

    invocation: Invocation = context.obj
    settings = invocation.settings()
    with waiting("Looking around", shown=invocation.talks):
        found, problems = models_here(settings)
        served = served_models(settings.generator) if settings.generator.server else None
        memory = memory_here()
    if served:
        problems += [served.problem, served.note]
    for problem in filter(None, problems):
        say(problem)
    if invocation.json:
        print_json([*(record(model, memory) for model in found), *_served_records(served)])
    elif found or (served and served.names):
        _print(found, served, memory)
    else:
        say("There are no models on this machine; fetch one with `citewell models pull NAME`.")


@models.command()
def pull(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False, help="As on the hub, OWNER/NAME.")],
) -> None:
    """Fetch a model from the Hugging Face hub.

    Nothing else that Citewell does downloads anything. Fetched are weights as safetensors, configuration, tokenizer and
    card; never what is a program, or could hold one. What is there already is not fetched again.
    """
    from kb.models import hub_cache
    from kb.models.local_model import read_model

    invocation: Invocation = context.obj
    with kept_for_later(), stages(shown=not invocation.quiet) as tell:
        pulled = hub_cache.pull(name, on_progress=lambda done, total: tell("Fetching", done, total))
    model = read_model(pulled.folder, name=name)
    if invocation.json:
        from citewell.inventory import FoundModel, memory_here

        fetched = {"fetched_files": pulled.files, "fetched_bytes": pulled.bytes}
        print_json([{**record(FoundModel(model, "cache"), memory_here()), **fetched}])
    elif not invocation.quiet:
        what = f"{counted(pulled.files, 'file')}, {size(pulled.bytes)}" if pulled.files else "Nothing new"
        show(f"{name}: {what} fetched; it is a {model.kind}, licence {model.licence}, in {pulled.folder}.")
    if model.problem:
        say(model.problem)


def record(found: FoundModel, memory: Memory) -> dict[str, object]:
    model = found.model
    return {
        **asdict(model),
        "folder": str(model.folder),
        "place": found.place,
        "used_for": list(found.roles),
        "memory_bytes": {"bf16": model.memory("bf16"), "fp32": model.memory("fp32")},
        "device": memory.device,
        "fits": memory.fits(model),
        "loadable": not model.problem,
    }


def _served_records(served: ServedModels | None) -> list[dict[str, object]]:
    if not served:
        return []
    return [
        {"name": name, "kind": "generator", "place": "server", "server": served.url, "used_for": _roles(name, served)}
        for name in served.names
    ]


def _roles(name: str, served: ServedModels) -> list[str]:
    return ["generator"] if name == served.chosen else []


def _print(found: Sequence[FoundModel], served: ServedModels | None, memory: Memory) -> None:
    if found:
        where = "on the GPU" if memory.device == "cuda" else "of memory"
        show(_table(found, memory))
        show(f"\nNeeded and fitting: in {memory.precision}, {size(memory.bytes)} {where}.", style="dim")
    if served and served.names:
        show(f"\nOn the server {served.url}", style="bold")
        show(*(f"  {one_line(name)}" for name in served.names))
    if used := _used(found, served):
        show(f"\nIn use: {used}.")
    for model in (each.model for each in found if each.model.problem):
        say(f"{model.name} cannot be used. {model.problem}")


def _used(found: Sequence[FoundModel], served: ServedModels | None) -> str:
    """Which model the settings name for what."""
    uses = [(role, each.model.name) for each in found for role in each.roles]
    if served and served.chosen in served.names:
        uses.append(("generator", f"{served.chosen} on {served.host}"))
    return ", ".join(f"{one_line(name)} for {role}" for role, name in uses)


def _table(found: Sequence[FoundModel], memory: Memory) -> Table:
    header = ("model", "kind", "disk", "weights", "needs", "fits", "licence")
    return table(header, [_row(each.model, memory) for each in found], numbers=("disk", "weights", "needs"))


def _row(model: LocalModel, memory: Memory) -> tuple[str, ...]:
    need, fits = model.memory(memory.precision), memory.fits(model)
    return (
        model.name,
        model.kind,
        size(model.bytes),
        _count(model.parameters),
        size(need) if need else "-",
        "-" if fits is None or model.problem else "yes" if fits else "no",
        model.licence,
    )


def _count(parameters: int | None) -> str:
    """As models are named by it: 22.7M, 8.0B."""
    if not parameters:
        return "-"
    unit, letter = next(((unit, letter) for unit, letter in _UNITS if parameters >= unit), (1, ""))
    return f"{parameters / unit:.1f}{letter}"

"""`citewell bench`: how fast this machine ingests and searches, and how much memory that takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.invocation import Invocation
from app.cli.output import facts, print_json, show, waiting
from citewell.machine import processor
from kb.text.plurals import counted

if TYPE_CHECKING:
    from eval.speed import SpeedReport, Spent


def bench(
    context: typer.Context,
    documents: Annotated[Path | None, typer.Argument(metavar="[PATH]", exists=True, show_default=False)] = None,
    chunks: Annotated[int, typer.Option(min=10, metavar="N", help="Passages of made-up text, without PATH.")] = 1_000,
) -> None:
    """Measure speed and memory on this machine, with the documents of PATH or made-up text.

    They go into a base of their own, which is deleted afterwards.
    """
    from eval.speed import measure_speed

    invocation: Invocation = context.obj
    with waiting("Measuring", shown=invocation.talks):
        report = measure_speed(documents, settings=invocation.settings(), count=chunks)
    cpu = processor()
    if invocation.json:
        print_json({"machine": {"processor": cpu.name, "cores": cpu.cores}, **report.as_json()})
    else:
        show(facts([("processor", f"{cpu.name}, {cpu.cores} cores"), *_facts(report)]))


def _facts(report: SpeedReport) -> list[tuple[str, str]]:
    rate = f"its matrix rate in {report.precision}"
    share = f", {report.gflops / report.matrix_gflops:.0%} of {rate}" if report.gflops else ""
    passages, documents = counted(report.chunks, "passage"), counted(report.documents, "document")
    return [
        ("ingested", f"{passages} of {documents} in {report.ingest.wall:.1f} s"),
        ("ingest", _rate(report.ingest, report.chunks)),
        ("embedding alone", _rate(report.embedding, report.chunks) + share),
        ("share of embedding", f"{report.share_of_embedding:.0%} of an ingest's processor time"),
        *(
            (f"{mode} query", f"{each.p50:.1f} ms, 95% within {each.p95:.1f} ms")
            for mode, each in report.queries.items()
        ),
        ("base on disk", f"{report.base_mb:.1f} MB"),
        ("memory at most", f"{report.peak_memory_mb:,.0f} MB"),
    ]


def _rate(spent: Spent, chunks: int) -> str:
    return f"{chunks / spent.wall:.1f} passages/s, {chunks / spent.cpu:.1f} per second of processor"

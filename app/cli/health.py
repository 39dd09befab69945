"""`citewell status`, `verify` and `reindex`: how large a base is, whether its parts agree, and building it anew."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.invocation import Invocation
from app.cli.output import facts, print_json, show, size, waiting
from app.cli.progress import INTERRUPTED, finish
from kb.text.plurals import counted

if TYPE_CHECKING:
    from citewell import IngestReport
    from citewell.status import Status
    from citewell.threshold import Threshold

PROBLEMS_REMAIN = 1


def status(context: typer.Context) -> None:
    """Show counts, sizes and what the base was built with."""
    invocation: Invocation = context.obj
    with invocation.open() as base:
        found = base.status()
    if invocation.json:
        print_json(asdict(found))
    else:
        show(found.name, style="bold")
        show(facts(_facts(found)))


def _facts(found: Status) -> list[tuple[str, str]]:
    return [
        ("documents", f"{found.documents:,}"),
        ("passages", f"{found.chunks:,}"),
        ("unreadable files", f"{found.failed:,}"),
        ("on disk", f"{size(found.bytes)} in {found.folder}"),
        *found.fingerprint.items(),
        ("threshold", threshold_said(found.threshold)),
    ]


def threshold_said(found: Threshold) -> str:
    """From which confidence on a question is answered, and why so."""
    return f"{found.value:.3f}: {found.why}" + (f". {found.void}" if found.void else "")


def reindex(context: typer.Context) -> None:
    """Build the base anew after a change of settings, from its own documents.

    It goes on answering with the old settings until that is done.
    """
    invocation: Invocation = context.obj
    with invocation.open() as base:
        report = finish(base.reindex(), shown=not invocation.quiet)
        void = base.status().threshold.void
    conclude_reindex(invocation, report)
    if void and invocation.talks:
        show(void)


def conclude_reindex(invocation: Invocation, report: IngestReport) -> None:
    if invocation.json:
        print_json({"documents": report.documents, "chunks": report.chunks, "seconds": round(report.seconds, 3)})
    elif not invocation.quiet and not report.cancelled:
        show(_rebuilt(report))
    if report.cancelled:
        raise typer.Exit(INTERRUPTED)


def _rebuilt(report: IngestReport) -> str:
    if not report.documents:
        return "The base is built with these settings already."
    written = f"{counted(report.chunks, 'passage')} from {counted(report.documents, 'document')}"
    return f"Built anew: {written} in {report.seconds:.1f} s ({report.chunks_per_second:.0f} passages/s)."


def verify(
    context: typer.Context,
    repair: Annotated[
        bool, typer.Option("--repair", help="Rebuild the indexes if they disagree; reads and embeds nothing again.")
    ] = False,
) -> None:
    """Check that documents, vectors and words agree.

    The exit code is 1 when they do not.
    """
    invocation: Invocation = context.obj
    with invocation.open() as base, waiting("Comparing", shown=invocation.talks):
        found = base.verify(repair=repair)
    if invocation.json:
        print_json({"consistent": found.consistent, "problems": list(found.problems)})
    else:
        for problem in found.problems:
            show(problem)
        if found.consistent and not invocation.quiet:
            show("The indexes were rebuilt, and now agree." if found.repaired else "Everything agrees.")
        elif found.repairable and not invocation.quiet:
            show("`citewell verify --repair` rebuilds the indexes.", style="dim")
    if not found.consistent:
        raise typer.Exit(PROBLEMS_REMAIN)

"""`citewell status` and `citewell verify`: how large a base is, and whether its parts agree."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.invocation import Invocation
from app.cli.output import facts, print_json, show, size, waiting

if TYPE_CHECKING:
    from citewell.status import Status

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
    ]


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
        elif not repair and not invocation.quiet:
            show("`citewell verify --repair` rebuilds the indexes.", style="dim")
    if not found.consistent:
        raise typer.Exit(PROBLEMS_REMAIN)

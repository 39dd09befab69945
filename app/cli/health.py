"""`citewell status` and `citewell verify`: how large a base is, and whether its parts agree."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from app.cli.invocation import Invocation

PROBLEMS_REMAIN = 1


def status(context: typer.Context) -> None:
    """Show counts, sizes and what the base was built with."""
    from app.cli.output import facts, print_json, size, stdout

    invocation: Invocation = context.obj
    with invocation.open() as base:
        found = base.status()
    if invocation.json:
        return print_json(asdict(found))
    pairs = [
        ("documents", f"{found.documents:,}"),
        ("passages", f"{found.chunks:,}"),
        ("unreadable files", f"{found.failed:,}"),
        ("on disk", f"{size(found.bytes)} in {found.folder}"),
        *found.fingerprint.items(),
    ]
    console = stdout()
    console.print(found.name, style="bold")
    console.print(facts(pairs))


def verify(
    context: typer.Context,
    repair: Annotated[
        bool, typer.Option("--repair", help="Rebuild the indexes if they disagree; reads and embeds nothing again.")
    ] = False,
) -> None:
    """Check that documents, vectors and words agree; exit code 1 when they do not."""
    from app.cli.output import print_json, stdout, waiting

    invocation: Invocation = context.obj
    with invocation.open() as base, waiting("Comparing", shown=invocation.talks):
        found = base.verify(repair=repair)
    if invocation.json:
        print_json({"consistent": found.consistent, "problems": list(found.problems)})
    else:
        console = stdout()
        for problem in found.problems:
            console.print(problem)
        if found.consistent and not invocation.quiet:
            console.print("The indexes were rebuilt, and now agree." if found.repaired else "Everything agrees.")
        elif not repair and not invocation.quiet:
            console.print("`citewell verify --repair` rebuilds the indexes.", style="dim")
    if not found.consistent:
        raise typer.Exit(PROBLEMS_REMAIN)

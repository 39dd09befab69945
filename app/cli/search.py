"""`citewell search`: the passages that are nearest to a query."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.invocation import Invocation

if TYPE_CHECKING:
    from kb.types import Hit


def search(
    context: typer.Context,
    query: Annotated[str, typer.Argument(metavar="QUERY", show_default=False)],
    k: Annotated[int, typer.Option("-k", min=1, metavar="N", help="How many passages.")] = 10,
    mode: Annotated[
        str, typer.Option(metavar="NAME", help="hybrid, dense, lexical, or a mode of your settings.")
    ] = "hybrid",
) -> None:
    """Find passages."""
    invocation: Invocation = context.obj
    with invocation.open() as base:
        hits = base.search(query, k, mode=mode)
        if invocation.json:
            from app.cli.output import print_json
            from app.cli.records import hit_records

            return print_json(hit_records(hits))
        if not hits:
            from app.cli.output import say

            return say("Nothing was found.")
        _print(hits, query, base.display_name)


def _print(hits: Sequence[Hit], query: str, name: Callable[[str], str]) -> None:
    from rich.text import Text

    from app.cli.output import paragraph, stdout
    from app.cli.passages import heading, place, snippet

    console = stdout()
    indent = len(str(len(hits))) + 2
    for rank, hit in enumerate(hits, start=1):
        line = Text.assemble(
            f"{rank:>{indent - 2}}  ",
            (place(name(hit.chunk.source), hit.chunk.anchor), "bold"),
            (f"  {hit.score:.3f}", "dim"),
        )
        console.print(line)
        if above := heading(hit.chunk):
            console.print(paragraph(above, indent=indent, style="dim"))
        console.print(paragraph(snippet(hit.chunk.text, query), indent=indent))
        if rank < len(hits):
            console.print()

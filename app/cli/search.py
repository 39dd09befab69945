"""`citewell search`: the passages that are nearest to a query."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.explanation import show_search
from app.cli.filtering import Heading, In, Since, Tag, Type, Until, filter_of
from app.cli.invocation import Invocation
from app.cli.output import paragraph, print_json, say, show, waiting
from app.cli.passages import heading as heading_of
from app.cli.passages import place, snippet
from app.cli.records import explained_hit_records, hit_records

if TYPE_CHECKING:
    from kb.types import Hit


def search(
    context: typer.Context,
    query: Annotated[str, typer.Argument(metavar="QUERY", show_default=False)],
    k: Annotated[int, typer.Option("-k", min=1, metavar="N", help="How many passages.")] = 10,
    mode: Annotated[
        str, typer.Option(metavar="NAME", help="hybrid, dense, lexical, or a mode of your settings.")
    ] = "hybrid",
    explain: Annotated[
        bool, typer.Option("--explain", help="Say which stage of the search found each at which rank and score.")
    ] = False,
    inside: In = None,
    kinds: Type = None,
    since: Since = None,
    until: Until = None,
    heading: Heading = None,
    tag: Tag = None,
) -> None:
    """Find passages."""
    invocation: Invocation = context.obj
    chosen = filter_of(sources=inside, types=kinds, since=since, until=until, headings=heading, tags=tag)
    with invocation.open() as base:
        with waiting("Searching", shown=invocation.talks):
            trace = base.explain(query, k, mode=mode, filter=chosen)
        if invocation.json:
            print_json(explained_hit_records(trace) if explain else hit_records(trace.hits))
            return
        if trace.hits:
            _print(trace.hits, query, base.display_name)
        else:
            say("Nothing was found.")
        if explain:
            show_search(trace)


def _print(hits: Sequence[Hit], query: str, name: Callable[[str], str]) -> None:
    from rich.text import Text

    indent = len(str(len(hits))) + 2
    for rank, hit in enumerate(hits, start=1):
        line = Text.assemble(
            f"{rank:>{indent - 2}}  ",
            (place(name(hit.chunk.source), hit.chunk.anchor), "bold"),
            (f"  {hit.score:.3f}", "dim"),
        )
        show(line)
        if above := heading_of(hit.chunk):
            show(paragraph(above, indent=indent, style="dim"))
        show(paragraph(snippet(hit.chunk.text, query, language=hit.chunk.language), indent=indent))
        if rank < len(hits):
            show("")

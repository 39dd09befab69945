"""`citewell ask`: an answer with the words it stands on, or an honest "the documents do not say"."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.invocation import Invocation

if TYPE_CHECKING:
    from rich.console import Console

    from citewell import KnowledgeBase
    from citewell.reply import Reply
    from kb.types import Citation

NEAREST = 3
"""Places shown under an abstention."""


def ask(
    context: typer.Context,
    question: Annotated[str, typer.Argument(metavar="QUESTION", show_default=False)],
    strict: Annotated[  # noqa: ARG001 - accepted for all answerers; the extractive one is never anything else
        bool,
        typer.Option("--strict", help="Answer in the documents' own words only; the extractive answerer always does."),
    ] = False,
) -> None:
    """Ask a question and get a cited answer."""
    invocation: Invocation = context.obj
    with invocation.open() as base:
        if not invocation.json:
            return _answer_to_people(base, question, invocation)
        from app.cli.output import print_json
        from app.cli.records import answer_record

        reply = base.ask(question)
        print_json(answer_record(reply.answer(), reply.hits))


def _answer_to_people(base: KnowledgeBase, question: str, invocation: Invocation) -> None:
    from app.cli.output import stdout, waiting

    with waiting("Searching", shown=invocation.talks):
        reply = base.ask(question)
        pieces = iter(reply)
        first = next(pieces, "")
    console = stdout()
    _stream(chain([first], pieces), console)
    answer = reply.answer()
    if answer.abstained:
        _print_nearest(base, reply, console)
    for citation in answer.citations:
        _print_citation(citation, base.display_name(citation.source), console)
    if invocation.talks and not answer.abstained:
        console.print()
        console.print(f"{answer.generator}, {sum(answer.timings.values()):.1f} s", style="dim")


def _stream(pieces: Iterator[str], console: Console) -> None:
    from rich.live import Live

    from app.cli.output import paragraph

    text = ""
    with Live(console=console, auto_refresh=False) as live:
        for piece in pieces:
            text += piece
            live.update(paragraph(text), refresh=console.is_terminal)


def _print_citation(citation: Citation, name: str, console: Console) -> None:
    from rich.text import Text

    from app.cli.output import one_line, paragraph
    from app.cli.passages import place

    marker = f"[{citation.marker}] "
    doubt = "" if citation.verified else "  (not found there any more)"
    console.print()
    console.print(Text.assemble((marker, "cyan"), (place(name, citation.anchor), "bold"), (doubt, "yellow")))
    console.print(paragraph(f"“{one_line(citation.quote)}”", indent=len(marker)))


def _print_nearest(base: KnowledgeBase, reply: Reply, console: Console) -> None:
    from app.cli.output import paragraph
    from app.cli.passages import place

    nearest = [place(base.display_name(hit.chunk.source), hit.chunk.anchor) for hit in reply.hits]
    if nearest:
        console.print()
        console.print("The nearest passages:", style="dim")
    for line in list(dict.fromkeys(nearest))[:NEAREST]:
        console.print(paragraph(line, indent=2))

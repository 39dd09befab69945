"""`citewell ask`: an answer with the words it stands on, or an honest "the documents do not say"."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.filtering import Heading, In, Since, Tag, Type, Until, filter_of
from app.cli.invocation import Invocation
from app.cli.output import one_line, paragraph, print_json, reflowed, show, stdout, waiting
from app.cli.passages import place
from app.cli.records import answer_record

if TYPE_CHECKING:
    from citewell import KnowledgeBase
    from citewell.reply import Reply
    from kb.filters import Filter
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
    inside: In = None,
    kinds: Type = None,
    since: Since = None,
    until: Until = None,
    heading: Heading = None,
    tag: Tag = None,
) -> None:
    """Ask a question and get a cited answer."""
    invocation: Invocation = context.obj
    chosen = filter_of(sources=inside, types=kinds, since=since, until=until, headings=heading, tags=tag)
    with invocation.open() as base:
        if invocation.json:
            reply = base.ask(question, filter=chosen)
            print_json(answer_record(reply.answer(), reply.hits))
        else:
            _answer_to_people(base, question, chosen, invocation)


def _answer_to_people(base: KnowledgeBase, question: str, chosen: Filter, invocation: Invocation) -> None:
    with waiting("Searching", shown=invocation.talks):
        reply = base.ask(question, filter=chosen)
        pieces = iter(reply)
        first = next(pieces, "")
    _show_text(chain([first], pieces), reply)
    answer = reply.answer()
    if answer.abstained:
        _show_nearest(base, reply)
    for citation in answer.citations:
        _show_citation(citation, base.display_name(citation.source))
    if invocation.talks and not answer.abstained:
        show(f"\n{answer.generator}, {sum(answer.timings.values()):.1f} s", style="dim")


def _show_text(pieces: Iterator[str], reply: Reply) -> None:
    """The answer's text; on a terminal as it comes, and then the finished one in its place (it may differ)."""
    console = stdout()
    if not console.is_terminal:
        return show(paragraph(reflowed(reply.answer().text)))
    from rich.live import Live

    text = ""
    with Live(console=console, auto_refresh=False) as live:
        for piece in pieces:
            text += piece
            live.update(paragraph(reflowed(text)), refresh=True)
        live.update(paragraph(reflowed(reply.answer().text)), refresh=True)
    return None


def _show_citation(citation: Citation, name: str) -> None:
    from rich.text import Text

    marker = f"[{citation.marker}] "
    doubt = "" if citation.verified else "  (not verified)"
    show("", Text.assemble((marker, "cyan"), (place(name, citation.anchor), "bold"), (doubt, "yellow")))
    show(paragraph(f"“{one_line(citation.quote)}”", indent=len(marker), style="dim"))


def _show_nearest(base: KnowledgeBase, reply: Reply) -> None:
    places = [place(base.display_name(hit.chunk.source), hit.chunk.anchor) for hit in reply.hits]
    if places:
        show("\nThe nearest passages:", style="dim")
    for line in list(dict.fromkeys(places))[:NEAREST]:
        show(paragraph(line, indent=2))

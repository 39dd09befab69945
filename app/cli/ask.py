"""`citewell ask`: an answer with the words it stands on, or an honest "the documents do not say"."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.answering import By, Mode, Strict
from app.cli.explanation import show_answer
from app.cli.filtering import Heading, In, Since, Tag, Type, Until, filter_of
from app.cli.invocation import Invocation
from app.cli.output import one_line, paragraph, print_json, reflowed, say, show, stdout, waiting
from app.cli.passages import place
from app.cli.records import answer_record, trace_record, turn_record
from app.cli.wording import quoted, said
from kb.errors import StoreError

if TYPE_CHECKING:
    from citewell import KnowledgeBase
    from citewell.reply import Reply
    from kb.conversation import Conversation
    from kb.types import Answer, Citation

DOUBTS = 5
"""Sentences in doubt that are repeated under an answer, by their first words."""
_WORDS = 20
NEAREST = 3
"""Places shown under an abstention."""


def ask(
    context: typer.Context,
    question: Annotated[str, typer.Argument(metavar="QUESTION", show_default=False)],
    strict: Strict = False,
    by: By = None,
    mode: Mode = None,
    conversation: Annotated[
        str | None, typer.Option(metavar="NAME", help="Ask within the conversation of that name, new or begun before.")
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Have the language model answer anew what it has answered before.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say how each passage was found, and what became of it in the answer.")
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
        resumed = None if conversation is None else resume(base, conversation)

        def asked() -> Reply:
            named = resumed.id if resumed else None
            return base.ask(
                question,
                mode=mode,
                filter=chosen,
                by=by,
                strict=strict or None,
                fresh=fresh,
                conversation=named,
            )

        if invocation.json:
            with closing(asked()) as reply:
                explained = {"trace": trace_record(reply.trace())} if explain else {}
                within = turn_record(resumed, reply.searched) if resumed else {}
                print_json({**answer_record(reply.answer(), reply.hits), **within, **explained})
        else:
            reply = answer_to_people(asked, base, invocation)
            if explain:
                show_answer(reply.trace(), base.display_name)


def resume(base: KnowledgeBase, name: str | None) -> Conversation | None:
    """The conversation of that name, made if need be; without a name a new one.

    None where they cannot be read, which is told and stops no answer.
    """
    try:
        return base.conversations.start() if name is None else base.conversations.resume(name)
    except StoreError as error:
        say(f"This answer is not kept: {error}")
        return None


def answer_to_people(ask: Callable[[], Reply], base: KnowledgeBase, invocation: Invocation) -> Reply:
    """Shows the answer that `ask` gives as it comes; at Ctrl-C it is stopped, and kept as far as it came."""
    with waiting("Searching", shown=invocation.talks):
        reply = ask()
    with closing(reply):
        _show_reply(reply, base, invocation)
    return reply


def _show_reply(reply: Reply, base: KnowledgeBase, invocation: Invocation) -> None:
    if reply.searched != reply.question and invocation.talks:
        show(paragraph(f"Searched as: {one_line(reply.searched)}", style="dim"), "")
    with waiting("Searching", shown=invocation.talks):
        pieces = filter(None, reply)
        first = next(pieces, "")
    _show_text(chain([first], pieces), reply)
    answer = reply.answer()
    show_doubts(answer)
    if answer.abstained:
        _show_nearest(base, reply)
    for citation in answer.citations:
        show_citation(citation, base.display_name)
    if invocation.talks and not answer.abstained:
        show(f"\n{_how_answered(answer)}", style="dim")


def _how_answered(answer: Answer) -> str:
    if answer.remembered:
        return (
            f"{answer.generator}, remembered from {answer.remembered.astimezone():%Y-%m-%d %H:%M} (--fresh asks anew)"
        )
    return f"{answer.generator}, {sum(answer.timings.values()):.1f} s"


def _begun(sentence: str) -> str:
    """The first words of a sentence."""
    words = one_line(sentence).split()
    return " ".join(words[:_WORDS]) + (" …" if len(words) > _WORDS else "")


def _show_text(pieces: Iterator[str], reply: Reply) -> None:
    """The answer's text; on a terminal as it comes, and then the finished one in its place (it may differ)."""
    console = stdout()
    if not console.is_terminal:
        return show(paragraph(said(reply.answer())))
    from rich.live import Live

    text = ""
    with Live(console=console, auto_refresh=False) as live:
        for piece in pieces:
            text += piece
            live.update(paragraph(reflowed(text)), refresh=True)
        live.update(paragraph(said(reply.answer())), refresh=True)
    return None


def show_doubts(answer: Answer) -> None:
    """What the cited passages do not bear out, and what went otherwise than asked."""
    doubted = [statement for statement in answer.statements if statement.problems]
    if len(doubted) > DOUBTS:
        told = f"{len(doubted)} of {len(answer.statements)} sentences are not borne out; the first of them:"
        show("", paragraph(told, style="yellow"))
    for statement in doubted[:DOUBTS]:
        show("", paragraph(f"Not borne out: “{_begun(answer.words_of(statement))}”", style="yellow"))
        for problem in statement.problems:
            show(paragraph(one_line(problem), indent=2, style="yellow"))
    for note in answer.notes:
        show("", paragraph(one_line(note), style="yellow"))


def show_citation(citation: Citation, name: Callable[[str], str]) -> None:
    from rich.text import Text

    marker = f"[{citation.marker}] "
    doubt = "" if citation.verified else "  (not verified)"
    where = place(name(citation.source), citation.anchor)
    show("", Text.assemble((marker, "cyan"), (where, "bold"), (doubt, "yellow")))
    show(paragraph(f"“{one_line(quoted(citation))}”", indent=len(marker), style="dim"))
    for other in citation.also:
        show(paragraph(f"also in {place(name(other.source), other.anchor)}", indent=len(marker)))


def _show_nearest(base: KnowledgeBase, reply: Reply) -> None:
    places = [place(base.display_name(hit.chunk.source), hit.chunk.anchor) for hit in reply.hits]
    if places:
        show("\nThe nearest passages:", style="dim")
    for line in list(dict.fromkeys(places))[:NEAREST]:
        show(paragraph(line, indent=2))

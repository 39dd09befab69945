"""`citewell conversations`: what was asked and answered before, to look at, to take along, to delete."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.ask import show_citation, show_doubts
from app.cli.invocation import Invocation
from app.cli.output import one_line, paragraph, print_json, say, show, table
from app.cli.records import conversation_record, turn_records
from app.cli.wording import said

if TYPE_CHECKING:
    from citewell import KnowledgeBase
    from kb.conversation import Conversation, Turn

conversations = typer.Typer(rich_markup_mode=None, help="Show all conversations; show, export, rename or delete one.")

Name = Annotated[str, typer.Argument(metavar="NAME", show_default=False, help="Its title or its id.")]


@conversations.callback(invoke_without_command=True)
def list_all(context: typer.Context) -> None:
    """Show all conversations, the latest first; ask within one by `citewell ask --conversation NAME`."""
    if context.invoked_subcommand:
        return
    invocation: Invocation = context.obj
    with invocation.open() as base:
        found = base.conversations.list()
    if invocation.json:
        print_json([conversation_record(one) for one in found])
    elif found:
        show(table(["conversation", "questions", "last asked", "id"], map(_row, found), numbers=["questions"]))
    else:
        say("There are no conversations yet; begin one with `citewell ask QUESTION --conversation NAME`.")


@conversations.command("show")
def show_one(context: typer.Context, name: Name) -> None:
    """Show the questions and answers of a conversation."""
    invocation: Invocation = context.obj
    with invocation.open() as base:
        found = base.conversations.open(name)
        if invocation.json:
            print_json({**conversation_record(found), "turns": turn_records(found)})
            return
        for number, turn in enumerate(found.turns):
            if number:
                show("")
            _show_turn(turn, base)


@conversations.command()
def export(context: typer.Context, name: Name) -> None:
    """Write a conversation as Markdown, with the sources of every answer."""
    invocation: Invocation = context.obj
    with invocation.open() as base:
        text = base.conversations.export(name)
        if invocation.json:
            print_json({**conversation_record(base.conversations.open(name)), "markdown": text})
        else:
            sys.stdout.write(text)


@conversations.command()
def rename(
    context: typer.Context, name: Name, title: Annotated[str, typer.Argument(metavar="TITLE", show_default=False)]
) -> None:
    """Give a conversation another title."""
    invocation: Invocation = context.obj
    with invocation.open() as base:
        found = base.conversations.open(name)
        base.conversations.rename(found.id, title)
        if invocation.json:
            print_json(conversation_record(base.conversations.open(found.id)))
    if invocation.talks:
        say(f"“{found.title}” is called “{title}” now.")


@conversations.command()
def delete(context: typer.Context, name: Name) -> None:
    """Delete a conversation; no word of it is left."""
    invocation: Invocation = context.obj
    with invocation.open() as base:
        found = base.conversations.open(name)
        base.conversations.delete(found.id)
    if invocation.json:
        print_json(conversation_record(found))
    elif invocation.talks:
        say(f"“{found.title}” is deleted.")


def _row(conversation: Conversation) -> list[str]:
    changed = f"{conversation.changed.astimezone():%Y-%m-%d %H:%M}"
    return [conversation.title, f"{conversation.size:,}", changed, conversation.id]


def _show_turn(turn: Turn, base: KnowledgeBase) -> None:
    show(paragraph(one_line(turn.question), style="bold"))
    if turn.searched != turn.question:
        show(paragraph(f"Searched as: {one_line(turn.searched)}", style="dim"))
    if turn.answer.text:
        show("", paragraph(said(turn.answer)))
    show_doubts(turn.answer)
    for citation in turn.answer.citations:
        show_citation(citation, base.display_name)

"""`citewell chat`: one question after the other, each answered after what was said before it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.answering import By, Mode, Strict
from app.cli.ask import answer_to_people, resume
from app.cli.filtering import Heading, In, Since, Tag, Type, Until, filter_of
from app.cli.invocation import Invocation
from app.cli.output import say
from app.cli.records import answer_record, turn_record
from kb.errors import UserError

if TYPE_CHECKING:
    from citewell import KnowledgeBase
    from citewell.reply import Reply
    from kb.conversation import Conversation

PROMPT = "> "


def chat(
    context: typer.Context,
    conversation: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Go on with the conversation of that name; else a new one begins."),
    ] = None,
    strict: Strict = False,
    by: By = None,
    mode: Mode = None,
    inside: In = None,
    kinds: Type = None,
    since: Since = None,
    until: Until = None,
    heading: Heading = None,
    tag: Tag = None,
) -> None:
    """Ask one question after the other; Ctrl-C stops an answer, Ctrl-D ends.

    Questions are read from standard input, one a line. With --json each answer is one line.
    """
    invocation: Invocation = context.obj
    chosen = filter_of(sources=inside, types=kinds, since=since, until=until, headings=heading, tags=tag)
    if sys.stdin.isatty() and invocation.talks:
        say("Ask your documents, one question after the other; Ctrl-D ends.")
    with invocation.open() as base:
        begun: Conversation | None = None

        def asked(question: str) -> Reply:
            named = begun.id if begun else None
            return base.ask(question, mode=mode, filter=chosen, by=by, strict=strict or None, conversation=named)

        try:
            for question in _questions(invocation):
                begun = begun or resume(base, conversation)
                try:
                    _answer(partial(asked, question), base, begun, invocation)
                except UserError as error:
                    say(str(error))
                except KeyboardInterrupt:
                    say("Stopped.")
        finally:
            if begun and conversation is None and not base.conversations.open(begun.id).size:
                base.conversations.delete(begun.id)  # Nobody could find it again: it has neither questions nor a name.


def _answer(
    asked: Callable[[], Reply], base: KnowledgeBase, begun: Conversation | None, invocation: Invocation
) -> None:
    if not invocation.json:
        answer_to_people(asked, base, invocation)
        return
    with closing(asked()) as reply:
        within = turn_record(begun, reply.searched) if begun else {}
        record = {**answer_record(reply.answer(), reply.hits), **within}
    sys.stdout.write(json.dumps(record) + "\n")
    sys.stdout.flush()


def _questions(invocation: Invocation) -> Iterator[str]:
    """The lines of standard input that are not blank, asked for by a prompt where a person types them."""
    is_typed = sys.stdin.isatty() and sys.stderr.isatty()
    while True:
        if is_typed and not invocation.json:
            sys.stderr.write(f"\n{PROMPT}")
            sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            return
        if line.strip():
            yield line.strip()

"""`citewell cache`: the answers of language models that are given again where the same is asked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from app.cli.invocation import Invocation
from app.cli.output import print_json, say, show, table
from kb.text.plurals import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from kb.types import Answer


def cache(
    context: typer.Context,
    action: Annotated[Literal["clear"] | None, typer.Argument(help="Forget all of them.", show_default=False)] = None,
) -> None:
    """Show the answers that are remembered, or forget them."""
    invocation: Invocation = context.obj
    with invocation.open() as base:
        if action == "clear":
            _tell_cleared(invocation, base.forget_answers())
            return
        answers = base.remembered()
        name = base.display_name
        if invocation.json:
            print_json([_record(answer) for answer in answers])
        elif answers:
            show(table(["question", "age", "sources"], [_row(answer, name) for answer in answers], numbers=["age"]))
        elif not invocation.quiet:
            say("No answers are remembered; those of a language model are, until a document changes.")


def _tell_cleared(invocation: Invocation, forgotten: int) -> None:
    if invocation.json:
        print_json({"forgotten": forgotten})
    elif not invocation.quiet:
        show(f"Forgot {counted(forgotten, 'answer')}.")


def _sources(answer: Answer) -> list[str]:
    return list(dict.fromkeys(citation.source for citation in answer.citations))


def _age(answer: Answer) -> float:
    """In seconds."""
    return (datetime.now(UTC) - answer.remembered).total_seconds() if answer.remembered else 0.0


def _record(answer: Answer) -> dict[str, object]:
    return {
        "question": answer.question,
        "answer": answer.text,
        "generator": answer.generator,
        "remembered": answer.remembered.isoformat() if answer.remembered else None,
        "age_seconds": round(_age(answer)),
        "sources": _sources(answer),
    }


def _row(answer: Answer, name: Callable[[str], str]) -> list[str]:
    return [answer.question, _in_words(_age(answer)), ", ".join(name(source) for source in _sources(answer))]


def _in_words(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"

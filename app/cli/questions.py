"""`citewell eval questions`: questions on one's own documents, drafted for a person to go through."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.invocation import Invocation
from app.cli.output import print_json, printable, say, show
from kb.errors import UserError
from kb.text.plurals import counted

if TYPE_CHECKING:
    from eval.drafting.question_set import DraftingReport


def questions(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", show_default=False)],
    count: Annotated[int, typer.Option("--count", "-n", min=1, metavar="N", help="How many to draft at most.")] = 100,
    llm: Annotated[
        bool, typer.Option("--llm/--no-llm", help="Let the language model of the settings ask, if one is configured.")
    ] = True,
    review: Annotated[bool, typer.Option("--review", help="Go through the drafts in FOLDER, and draft none.")] = False,
) -> None:
    """Draft questions on the documents of the base.

    They go to FOLDER, a dataset for the other commands. A language model asks them (evaluation.llm in the settings);
    without one they are made from definitions, figures, tables and headings. Accept, edit or reject them with
    --review, or in questions.jsonl; run it again for more. Links to the documents, or copies, go to FOLDER too.
    """
    invocation: Invocation = context.obj
    if review:
        from app.cli.review import go_through

        if invocation.json:
            raise UserError("--review is a conversation, of which there is no JSON: leave out --json.")
        return go_through(folder)
    from app.cli.progress import kept_for_later, stages
    from eval.drafting.question_set import draft_questions
    from eval.llm import load_llm

    settings = invocation.settings()
    model = load_llm(settings) if llm and settings.evaluation.llm else None
    with invocation.open() as base, stages(shown=not invocation.quiet) as told, kept_for_later():
        report = draft_questions(base, folder, count=count, llm=model, progress=told)
    if invocation.json:
        return print_json(report.as_json())
    kinds = ", ".join(f"{number:,} by {kind}" for kind, number in report.kinds.items())
    show(printable(f"{counted(report.drafted, 'question')} drafted{f' ({kinds})' if kinds else ''}: {report.folder}"))
    if invocation.talks:
        _say_more(report, folder)
    return None


def _say_more(report: DraftingReport, folder: Path) -> None:
    if report.left_out:
        say("Left out: " + ", ".join(f"{number:,} {reason}" for reason, number in report.left_out.items()) + ".")
    if report.missing:
        changed = "gone, changed since they were ingested, or other than those in the folder"
        say(f"Left out, since they are {changed}: {counted(report.missing, 'file')}.")
    say(f"Go through them: citewell eval questions {quote(str(folder))} --review")

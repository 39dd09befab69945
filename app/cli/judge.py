"""`citewell eval judge`: a language model's verdict on the answers of a run, its cost told first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.invocation import Invocation
from app.cli.output import print_json, printable, say, show, show_table
from kb.text.plurals import counted

if TYPE_CHECKING:
    from eval.runs import Run


def judge(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(metavar="RUN", show_default=False)],
    yes: Annotated[bool, typer.Option("--yes", help="Ask the language model; else only the cost is told.")] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Judge only N of the answers, spread evenly.")
    ] = None,
    again: Annotated[
        int, typer.Option(min=0, metavar="N", help="Ask N judgements of each measure twice, to see how they hold.")
    ] = 50,
    labels: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What people say of the answers, to hold the judge against.")
    ] = None,
    draft: Annotated[
        Path | None,
        typer.Option("--draft-labels", metavar="FILE", help="Only write answers there for people to label."),
    ] = None,
    count: Annotated[int, typer.Option("-n", min=1, metavar="N", help="How many answers --draft-labels writes.")] = 30,
) -> None:
    """Have a language model of yours judge the answers of RUN.

    RUN is a file that `eval answers` names. The model is asked whether an answer is supported by its quotes
    (faithfulness), meets its question (relevance) and agrees with an accepted answer (correctness). The settings name
    it (evaluation.llm). What it replies is kept beside RUN and never asked again, so that an interrupted judging goes
    on where it stopped. The result is a run that `eval report`, `compare` and `gate` take like any other.
    """
    from eval.runs import load_run

    invocation: Invocation = context.obj
    loaded = load_run(run)
    if draft:
        return _draft(invocation, loaded, draft, count)
    from app.cli.progress import kept_for_later, stages
    from eval.judging.cases import given_answers
    from eval.judging.labels import read_labels
    from eval.judging.plan import judging
    from eval.judging.table import cost_text, judge_table

    people = read_labels(labels, given_answers(loaded)) if labels else None
    with judging(loaded, settings=invocation.settings(), limit=limit, again=again) as session:
        cost = session.cost()
        if cost.calls and not yes:
            print_json({**cost.as_json(), "asked": False}) if invocation.json else show(printable(cost_text(cost)))
            return say("Nothing was asked; --yes does.")
        if cost.calls and invocation.talks:
            say(cost_text(cost))
        with stages(shown=not invocation.quiet) as told, kept_for_later():
            report = session.finish(labels=people, progress=told)
    if invocation.json:
        print_json(report.as_json())
    else:
        show_table(judge_table(report))
    return None


def _draft(invocation: Invocation, run: Run, file: Path, count: int) -> None:
    from eval.judging.cases import given_answers
    from eval.judging.labels import draft_labels

    written = draft_labels(file, given_answers(run), count=count)
    if invocation.json:
        print_json({"labels": str(file), "answers": written})
    elif invocation.talks:
        say(f"{counted(written, 'answer')} to label in {file}: put true or false for null, then give it to --labels.")

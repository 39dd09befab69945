"""`citewell eval`: how good a base is on a dataset, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from app.cli.convert import convert
from app.cli.invocation import Invocation
from app.cli.output import counted, print_json, printable, say, show, stderr
from app.cli.runs import compare, gate, report
from kb.errors import UserError

evaluate = typer.Typer(rich_markup_mode=None, help="Measure quality on a dataset.")

HOME = ".eval"
"""Within a home that was chosen: the bases of datasets, apart from the user's own."""


@evaluate.command()
def retrieval(
    context: typer.Context,
    dataset: Annotated[Path, typer.Argument(metavar="DATASET", show_default=False)],
    configs: Annotated[
        str, typer.Option(metavar="NAME,...", help="The search modes to compare.")
    ] = "dense,lexical,hybrid",
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Ask only N of the questions, spread evenly.")
    ] = None,
    trec: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Write each mode's ranking there, as NAME.trec for TREC's tools; a blank in an id becomes %20.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Search for every question of DATASET, a folder in the BEIR or the knowledge-base layout."""
    invocation: Invocation = context.obj
    settings = invocation.settings()
    names = list(dict.fromkeys(name.strip() for name in configs.split(",") if name.strip()))
    if not names:
        raise UserError("No search mode is named; give some, as in --configs dense,hybrid.")
    from rich.text import Text

    from eval.report import retrieval_table
    from eval.retrieval import evaluate_retrieval

    with _progress(shown=not invocation.quiet) as told:
        report = evaluate_retrieval(
            dataset,
            configs=names,
            settings=settings,
            home=_home(invocation),
            limit=limit,
            trec=trec,
            progress=told,
        )
    if invocation.json:
        print_json(report.as_json())
    else:
        show(Text(printable(retrieval_table(report)), no_wrap=True, overflow="ignore"))
    if report.failed:
        say(f"{counted(len(report.failed), 'file')} of the dataset could not be ingested; the report names them.")


@evaluate.command()
def answers(
    context: typer.Context,
    dataset: Annotated[Path, typer.Argument(metavar="DATASET", show_default=False)],
    mode: Annotated[
        str | None, typer.Option(metavar="NAME", help="The search mode, else that of the settings.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Ask only N of the questions, spread evenly.")
    ] = None,
) -> None:
    """Ask every question of DATASET, a folder in the knowledge-base layout, and judge answers and abstentions."""
    invocation: Invocation = context.obj
    settings = invocation.settings()
    from rich.text import Text

    from eval.answers import evaluate_answers
    from eval.report import answers_table

    with _progress(shown=not invocation.quiet) as told:
        report = evaluate_answers(
            dataset, mode=mode, settings=settings, home=_home(invocation), limit=limit, progress=told
        )
    if invocation.json:
        print_json(report.as_json())
    else:
        show(Text(printable(answers_table(report)), no_wrap=True, overflow="ignore"))
    if report.failed:
        say(f"{counted(len(report.failed), 'file')} of the dataset could not be ingested; the report names them.")


def _home(invocation: Invocation) -> Path | None:
    return invocation.home.expanduser().resolve() / HOME if invocation.home else None


@contextmanager
def _progress(*, shown: bool) -> Iterator[Callable[[str, int, int], None]]:
    """What is told the stage and how far it is, and shows it where there is a terminal."""
    console = stderr()
    if not (shown and console.is_terminal):
        yield lambda *_: None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description:<10}"), BarColumn(30), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)

        def show(stage: str, done: int, total: int) -> None:
            if bar.tasks[0].description != stage:
                bar.reset(task, description=stage)
            bar.update(task, completed=done, total=total or None)

        yield show


for command in (compare, gate, report, convert):
    evaluate.command()(command)

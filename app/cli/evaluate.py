"""`citewell eval`: how good a base is on a dataset, with intervals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.convert import convert
from app.cli.ingest import conclude_evaluation
from app.cli.invocation import Invocation
from app.cli.judge import judge
from app.cli.output import print_json, show, show_table
from app.cli.progress import kept_for_later, stages
from app.cli.questions import questions
from app.cli.runs import compare, gate, report
from app.cli.tune import tune
from kb.errors import UserError

if TYPE_CHECKING:
    from eval.answer_results import AnswerReport
    from kb.settings import Settings

evaluate = typer.Typer(rich_markup_mode=None, help="Measure quality on a dataset.")


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
    """Measure what search finds on the questions of DATASET.

    DATASET is a folder in the layout of BEIR (corpus.jsonl, queries.jsonl, qrels/test.tsv) or of a knowledge base
    (questions.jsonl and a folder documents).
    """
    invocation: Invocation = context.obj
    settings = invocation.settings()
    names = list(dict.fromkeys(name.strip() for name in configs.split(",") if name.strip()))
    if not names:
        raise UserError("No search mode is named; give some, as in --configs dense,hybrid.")
    from eval.report import retrieval_table
    from eval.retrieval import evaluate_retrieval

    with stages(shown=not invocation.quiet) as told:
        report = evaluate_retrieval(
            dataset,
            configs=names,
            settings=settings,
            home=invocation.evaluation_home,
            limit=limit,
            trec=trec,
            progress=told,
        )
    if invocation.json:
        print_json(report.as_json())
    else:
        show_table(retrieval_table(report))
    conclude_evaluation(report.failed)


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
    keep: Annotated[
        bool,
        typer.Option(
            "--keep-threshold",
            help="Answer from the base that --kb names from the confidence on that parts these questions best.",
        ),
    ] = False,
) -> None:
    """Measure answers and abstentions on the questions of DATASET.

    DATASET is a folder in the layout of a knowledge base (questions.jsonl and a folder documents). Interrupted, it goes
    on the next time with the questions not yet asked.

    With --keep-threshold, which needs questions that the documents answer and others, the threshold with the fewest
    errors of both kinds is kept with the base, and holds until the settings name one or what decides it changes.
    """
    invocation: Invocation = context.obj
    settings = invocation.settings()
    from eval.answers import evaluate_answers
    from eval.report import answers_table

    if keep:
        _require_place_for_threshold(invocation, dataset)
    with stages(shown=not invocation.quiet) as told, kept_for_later():
        report = evaluate_answers(
            dataset, mode=mode, settings=settings, home=invocation.evaluation_home, limit=limit, progress=told
        )
    if invocation.json:
        print_json(report.as_json())
    else:
        show_table(answers_table(report))
    if keep:
        _keep_threshold(invocation, report, settings, mode)
    conclude_evaluation(report.failed)


def _require_place_for_threshold(invocation: Invocation, dataset: Path) -> None:
    """Asks nothing for minutes only to find that the base is not there, or that no threshold can be fitted."""
    from eval.kept_threshold import require_both_kinds

    invocation.open().close()
    require_both_kinds(dataset)


def _keep_threshold(invocation: Invocation, report: AnswerReport, settings: Settings, mode: str | None) -> None:
    from eval.kept_threshold import kept_threshold

    fitted = kept_threshold(report, settings, mode)
    with invocation.open() as base:
        base.keep_threshold(fitted)
    if invocation.talks:
        show(f'"{invocation.kb}" is answered from now on from a confidence of {fitted.value:.3f} on.')


@evaluate.command("context")
def context_recall(
    context: typer.Context,
    dataset: Annotated[Path, typer.Argument(metavar="DATASET", show_default=False)],
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Ask only N of the questions, spread evenly.")
    ] = None,
) -> None:
    """Measure whether what a language model is given to read holds the evidence.

    At several budgets of tokens, for passages as they were found and for what the settings make of them. DATASET is a
    folder in the layout of a knowledge base (questions.jsonl and a folder documents).
    """
    invocation: Invocation = context.obj
    settings = invocation.settings()
    from eval.context import context_table, evaluate_context

    with stages(shown=not invocation.quiet) as told:
        report = evaluate_context(
            dataset, settings=settings, home=invocation.evaluation_home, limit=limit, progress=told
        )
    if invocation.json:
        print_json(report.as_json())
    else:
        show_table(context_table(report))
    conclude_evaluation(report.failed)


for command in (judge, compare, gate, report, questions, tune, convert):
    evaluate.command()(command)

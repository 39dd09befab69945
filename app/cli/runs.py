"""`citewell eval compare`, `gate` and `report`: what is made of the runs that other commands wrote down."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.invocation import Invocation
from app.cli.output import one_line, paragraph, print_json, printable, say, show, show_table
from kb.errors import UserError
from kb.text.plurals import counted

if TYPE_CHECKING:
    from eval.pages.page import Page

CHECK_FAILED = 1


def compare(
    context: typer.Context,
    run_a: Annotated[str, typer.Argument(metavar="RUN_A", show_default=False)],
    run_b: Annotated[str, typer.Argument(metavar="RUN_B", show_default=False)],
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write a report there instead, in the form of its name: .html, .md or .json."
        ),
    ] = None,
) -> None:
    """Compare RUN_B with RUN_A, query by query.

    A run is the file that `eval retrieval` names, or FILE:NAME for one of its configurations; without a name, each
    configuration that both have is compared. "better" and "worse" are said of RUN_B, where chance is ruled out at the
    5% level: for all comparisons in the main metric together, and for all in other metrics together.
    """
    from eval.comparison import compare_runs
    from eval.comparison_table import comparison_table
    from eval.pages.comparison import comparison_page
    from eval.runs import load_named

    invocation: Invocation = context.obj
    (a, config_a), (b, config_b) = load_named(run_a), load_named(run_b)
    report = compare_runs(a, b, config_a=config_a, config_b=config_b)
    page = comparison_page(report)
    if output:
        _write(page, output, runs=(a.path, b.path), json=invocation.json)
    elif invocation.json:
        print_json({**report.as_json(), "differing": page.differing()})
    else:
        show_table(comparison_table(report))
        _show_differing(page)


def gate(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(metavar="RUN", show_default=False)],
    minima: Annotated[
        list[str] | None,
        typer.Option("--min", metavar="NAME.METRIC=N", help="The least mean, as in hybrid.ndcg@10=0.70; repeatable."),
    ] = None,
    maxima: Annotated[
        list[str] | None,
        typer.Option("--max", metavar="NAME.METRIC=N", help="The greatest mean, where less is better; repeatable."),
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option(metavar="RUN", help="An earlier run that this one must not be worse than.")
    ] = None,
) -> None:
    """Check that RUN is good enough.

    RUN is a file that `eval retrieval`, `answers` or `judge` names. A minimum fails when the mean is below it,
    wherever its interval lies, and a maximum when it is above. The baseline fails when a metric of a configuration
    that both runs have is worse beyond chance, at the 5% level for the main metric in all of them together, and for
    all other metrics together; metrics that have no value a query (areas, say) are left to minima and maxima. The
    exit code is 1 when anything failed.
    """
    from eval.gate import bound, check
    from eval.runs import load_run

    invocation: Invocation = context.obj
    bounds = [bound(words, is_least=True) for words in minima or ()]
    bounds += [bound(words, is_least=False) for words in maxima or ()]
    checks = check(load_run(run), bounds=bounds, baseline=load_run(baseline) if baseline else None)
    failed = sum(not each.passed for each in checks)
    if invocation.json:
        print_json({"passed": not failed, "checks": [each.as_json() for each in checks]})
    else:
        for each in checks:
            show(printable(f"{'held  ' if each.passed else 'FAILED'} {each}"))
    if failed:
        if invocation.talks:
            say(f"{failed:,} of {counted(len(checks), 'check')} failed.")
        raise typer.Exit(CHECK_FAILED)


def report(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(metavar="RUN", show_default=False)],
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Where to write it, in the form of its name: .html, .md or .json; else RUN.html."
        ),
    ] = None,
) -> None:
    """Write what RUN has to say, for people or programs.

    RUN is a file that `eval retrieval`, `answers` or `judge` names. HTML is one page that opens offline, with charts;
    Markdown has the numbers behind them, JSON all as one object.
    """
    from eval.pages.run import run_page
    from eval.runs import load_run

    invocation: Invocation = context.obj
    _write(run_page(load_run(run)), output or run.with_suffix(".html"), runs=(run,), json=invocation.json)


def _show_differing(page: Page) -> None:
    """What else is different about the two runs, so that nobody takes it for the cause without knowing of the rest."""
    differing = page.differing()
    show("", "Different between A and B:" if differing else "Nothing else is different between A and B.")
    for name, values in differing.items():
        show(paragraph(f"{name}: {' -> '.join(map(one_line, values))}", indent=2))


def _write(page: Page, output: Path, *, runs: Sequence[Path], json: bool) -> None:
    """Writes the page to `output`, which must be none of the `runs` that it was made from, and names it."""
    from eval.pages.formats import format_of

    file = output.expanduser().resolve()
    text = format_of(file)(page)
    for run in runs:
        if file == run.resolve():
            raise UserError(f"The report would replace the run {run}; name another file.")
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"The report {file} cannot be written: {error.strerror}.") from error
    if json:
        print_json({"page": str(file), "bytes": len(text.encode())})
    else:
        show(printable(str(file)))

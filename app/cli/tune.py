"""`citewell eval tune`: settings that win on a dataset, written down only when they win beyond chance."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.ingest import conclude_evaluation
from app.cli.invocation import Invocation
from app.cli.output import print_json, say, show_table
from kb.errors import UserError


def tune(
    context: typer.Context,
    dataset: Annotated[Path, typer.Argument(metavar="DATASET", show_default=False)],
    metric: Annotated[str | None, typer.Option(metavar="NAME", help="What to win in, as in quote_recall@5.")] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=[V,...]", help="Values of any setting to try, as in answer.passages=[5,10]; repeatable."
        ),
    ] = None,
    passages: Annotated[
        str, typer.Option(metavar="N,...", help="Lengths of passages to try too, in tokens; each is ingested.")
    ] = "",
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Ask only N of the questions, spread evenly.")
    ] = None,
    write: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A settings file to write, if the gain is beyond chance.")
    ] = None,
) -> None:
    """Try other settings on DATASET, and say whether any is better.

    Without --vary these are weights, depths and the fusion of ranks. --metric names one of `eval retrieval` or, to tune
    answers, of `eval answers`.

    The gain is measured on questions that had no say in the choice (nested cross-validation over documents).
    """
    if write and write.exists():
        raise UserError(f"{write} exists already; name a file that does not, and copy what is to stay.")
    if write and not write.resolve().parent.is_dir():
        raise UserError(f"There is no folder {write.resolve().parent} to write the settings to; make it first.")
    invocation: Invocation = context.obj
    from app.cli.progress import stages
    from eval.tuning.candidates import varied
    from eval.tuning.table import tuning_table
    from eval.tuning.tune import tune as tuned

    with stages(shown=not invocation.quiet) as told:
        found = tuned(
            dataset,
            metric=metric,
            vary=varied(vary or ()),
            targets=_lengths(passages),
            settings=invocation.settings(),
            home=invocation.evaluation_home,
            limit=limit,
            progress=told,
        )
    if invocation.json:
        print_json(found.as_json())
    else:
        show_table(tuning_table(found))
    if write and found.helps:
        try:
            write.write_text(found.written, encoding="utf-8")
        except OSError as error:
            raise UserError(f"The settings {write} cannot be written: {error.strerror}.") from error
        say(f"Written: {write}")
    elif write:
        say("Nothing was written: no other settings are better beyond chance.")
    conclude_evaluation(found.failed)


def _lengths(text: str) -> list[int]:
    try:
        lengths = [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise UserError(
            f'The lengths of passages "{text}" are not numbers; give some, as in --passages 128,192.'
        ) from None
    if any(length < 16 for length in lengths):
        raise UserError("A passage has 16 tokens at least; give greater lengths.")
    return lengths

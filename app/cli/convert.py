"""`citewell eval convert`: datasets in another form, for `citewell eval` to measure on."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from app.cli.invocation import Invocation
from app.cli.output import print_json, printable, say, show
from kb.text.plurals import counted


def convert(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="SQUAD.json", show_default=False)],
    target: Annotated[Path, typer.Argument(metavar="TARGET", show_default=False)],
) -> None:
    """Turn a file in the form of SQuAD into a dataset.

    TARGET is a new folder, in the layout of a knowledge base (questions.jsonl and a folder documents).
    """
    invocation: Invocation = context.obj
    from eval.conversion import convert_squad

    done = convert_squad(file, target)
    if invocation.json:
        print_json({"target": str(target.expanduser().resolve()), **asdict(done)})
    elif not invocation.quiet:
        what = f"{counted(done.documents, 'document')} and {counted(done.questions, 'question')}"
        show(printable(f"{what}, {done.answerable:,} of them answerable, in {target}"))
    if done.misplaced:
        of = counted(done.answers, "answer")
        say(f"Not in their paragraph at answer_start, and kept: {done.misplaced:,} of {of}.")

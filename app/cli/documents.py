"""`citewell list` and `citewell remove`: the documents of a base, one by one."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.invocation import Invocation
from app.cli.output import print_json, say, show, size, table
from kb.text.plurals import counted

if TYPE_CHECKING:
    from rich.table import Table

    from citewell.status import DocumentRow


def list_documents(context: typer.Context) -> None:
    """Show the documents, and the files that could not be read."""
    invocation: Invocation = context.obj
    with invocation.open() as base:
        rows = base.documents()
    if invocation.json:
        print_json([_record(row) for row in rows])
    elif rows:
        show(_table(rows))
    else:
        say("There are no documents in this knowledge base; add some with `citewell ingest PATH`.")


def remove(
    context: typer.Context,
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE...", show_default=False)],
) -> None:
    """Remove documents, by path, folder or name.

    SOURCE is a name as `citewell list` shows it, a path, or a folder, which stands for all that is in it.
    """
    invocation: Invocation = context.obj
    with invocation.open() as base:
        report = base.remove(sources)
    if invocation.json:
        print_json(asdict(report))
    elif not invocation.quiet:
        what = f"{counted(report.removed, 'file')} with {counted(report.chunks, 'passage')}"
        purged = "is purged from this knowledge base" if report.purged else "is purged once nobody reads it any more"
        show(f"Removed {what}; their text {purged}.")
        if report.on_disk:
            say("What still lies in its folder is added again when that folder is ingested.")


def _record(row: DocumentRow) -> dict[str, object]:
    return {**asdict(row), "ingested": row.ingested.isoformat()}


def _table(rows: list[DocumentRow]) -> Table:
    header = ["document", "state", "passages", "size", "ingested"]
    cells = [
        [row.name, row.state, f"{row.chunks:,}", size(row.bytes), f"{row.ingested.astimezone():%Y-%m-%d %H:%M}"]
        for row in rows
    ]
    if any(row.reason for row in rows):
        header.append("reason")
        cells = [[*line, row.reason] for line, row in zip(cells, rows, strict=True)]
    return table(header, cells, numbers=("passages", "size"))

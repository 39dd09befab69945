"""`citewell ingest`: brings a base in step with files and folders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.invocation import Invocation
from app.cli.output import print_json, printable, say, show
from app.cli.progress import INTERRUPTED, finish
from kb.text.plurals import counted

if TYPE_CHECKING:
    from citewell import FileReason, IngestReport

SOME_FAILED = 3
LISTED = 10
"""Files named one by one; --json names them all."""


def ingest(
    context: typer.Context,
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", show_default=False)],
    sync: Annotated[bool, typer.Option("--sync", help="Also remove from the base what is gone from PATH.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="With --sync: remove even where that looks like a mistake.")
    ] = False,
) -> None:
    """Add files and folders, update what has changed, keep the rest."""
    from citewell.naming import existing_paths

    invocation: Invocation = context.obj
    # Asked before a base is created, so that a slip of the pen leaves no empty one behind.
    existing_paths(paths, sync=sync, confirmed=yes)
    with invocation.open(create=True) as base:
        report = finish(base.ingest(paths, sync=sync, confirmed=yes), shown=not invocation.quiet)
        conclude(invocation, report, base.display_name)


def conclude(invocation: Invocation, report: IngestReport, name: Callable[[str], str]) -> None:
    """Says what became of the files, each under the `name` that people know it by; ends with the exit code for that."""
    if invocation.json:
        print_json(_record(report))
    else:
        _print(report, name, quiet=invocation.quiet)
    if report.cancelled:
        raise typer.Exit(INTERRUPTED)
    if report.failed:
        raise typer.Exit(SOME_FAILED)


def conclude_evaluation(failed: Mapping[str, str]) -> None:
    """Ends an evaluation with the exit code for files of its dataset that `failed`, if any did."""
    if failed:
        say(f"{counted(len(failed), 'file')} of the dataset could not be ingested; the report names them.")
        raise typer.Exit(SOME_FAILED)


def _record(report: IngestReport) -> dict[str, object]:
    return {
        "added": report.added,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "moved": report.moved,
        "removed": report.removed,
        "skipped": [{"source": entry.source, "reason": entry.reason} for entry in report.skipped],
        "failed": [{"source": entry.source, "reason": entry.reason} for entry in report.failed],
        "documents": report.documents,
        "chunks": report.chunks,
        "seconds": round(report.seconds, 3),
        "chunks_per_second": round(report.chunks_per_second, 1),
    }


def _print(report: IngestReport, name: Callable[[str], str], *, quiet: bool) -> None:
    if not quiet:
        show(_summary(report))
        for line in _reasons("Skipped", report.skipped, name):
            show(line, style="dim")
    for line in _reasons("Failed", report.failed, name):
        say(line)


def _summary(report: IngestReport) -> str:
    counts = {what: getattr(report, what) for what in ("added", "updated", "moved", "removed", "unchanged")}
    files = ", ".join(f"{number:,} {what}" for what, number in counts.items() if number)
    if report.cancelled:
        files = f"Stopped; kept so far: {files or 'nothing new'}"
    elif not files:
        return "Nothing was added: no file there can be read."
    if not report.chunks:
        return f"{files}."
    written = f"{counted(report.chunks, 'passage')} from {counted(report.documents, 'document')}"
    return f"{files}: {written} in {report.seconds:.1f} s ({report.chunks_per_second:.0f} passages/s)."


def _reasons(what: str, entries: Sequence[FileReason], name: Callable[[str], str]) -> list[str]:
    """One line a file; of many, the first few and how many more there are for each reason."""
    lines = [printable(f"{what}: {_line(name(entry.source), entry.reason)}") for entry in entries[:LISTED]]
    more = Counter(entry.reason.rstrip(".") for entry in entries[LISTED:])
    return lines + [f"{what}: {counted(number, 'more file')} ({reason})" for reason, number in more.most_common(LISTED)]


def _line(name: str, reason: str) -> str:
    """Reasons begin with the file's own name; where people see a longer one, that stands in its place."""
    own = name.rsplit("/", 1)[-1]
    return f"{name.removesuffix(own)}{reason}" if reason.startswith(own) else f"{name}: {reason}"

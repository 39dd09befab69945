"""`citewell jobs`: the ingests that run on a base or wait, in whichever process, and those that were cut short."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.health import conclude_reindex
from app.cli.ingest import conclude
from app.cli.invocation import Invocation
from app.cli.output import print_json, say, show, table
from app.cli.progress import finish
from kb.text.plurals import counted

if TYPE_CHECKING:
    from citewell.board import JobNote


def jobs(
    context: typer.Context,
    cancel: Annotated[str, typer.Option(metavar="JOB", help="Ask a job to stop; what it has done stays.")] = "",
    resume: Annotated[str, typer.Option(metavar="JOB", help="Go on with a job that was interrupted.")] = "",
) -> None:
    """Show the jobs that run, wherever they were started, and those that were interrupted."""
    invocation: Invocation = context.obj
    with invocation.open() as base:
        if resume:
            is_reindex = base.job(resume).errand.kind == "reindex"
            report = finish(base.resume(resume), shown=not invocation.quiet)
            conclude_reindex(invocation, report) if is_reindex else conclude(invocation, report, base.display_name)
        if cancel:
            base.cancel(cancel)
        notes = base.jobs()
    if resume:
        return
    if invocation.json:
        print_json([_record(note) for note in notes])
    elif cancel:
        say(f"The job {cancel} was asked to stop.")
    elif notes:
        show(table(["job", "state", "process", "since", "what", "progress"], [_row(note) for note in notes]))
    elif not invocation.quiet:
        say("No job is running, and none was interrupted.")


def _record(note: JobNote) -> dict[str, object]:
    progress = {**asdict(note.progress), "chunks_per_second": round(note.progress.chunks_per_second, 1)}
    del progress["current"]
    return {
        "id": note.id,
        "state": note.state,
        "kind": note.errand.kind,
        "paths": list(note.errand.paths),
        "pid": note.pid,
        "started": note.started.isoformat(),
        "progress": progress,
    }


def _row(note: JobNote) -> list[str]:
    progress = note.progress
    what = " ".join((note.errand.kind, *note.errand.paths, *(["--sync"] if note.errand.sync else [])))
    files = f"{progress.files_done:,} of {counted(progress.files_total, 'file')}"
    how_far = f"{files}, {counted(progress.chunks, 'passage')}"
    since = f"{note.started.astimezone():%Y-%m-%d %H:%M}"
    return [note.id, note.state, str(note.pid), since, what, how_far]

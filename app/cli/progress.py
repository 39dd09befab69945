"""Work in progress, watched: bars on stderr, and Ctrl-C that stops an ingest and not the base."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from app.cli.output import say, stderr
from kb.text.plurals import counted

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from citewell import IngestReport, Progress
    from citewell.knowledge_base import IngestJob

INTERRUPTED = 130
LOOK_EVERY = 0.1


def finish(job: IngestJob, *, shown: bool) -> IngestReport:
    """The report of `job` once it is done, with a bar meanwhile if it is `shown` and there is a terminal.

    Ctrl-C cancels the job: its report then says so. A second Ctrl-C does not wait for it.
    """
    try:
        if shown and stderr().is_terminal:
            _watch(job)
        return job.wait()
    except KeyboardInterrupt:
        job.cancel()
        say("Stopping: what is finished so far is kept.")
        return job.wait()


def _watch(job: IngestJob) -> None:
    with _bar() as bar:
        task = bar.add_task("", total=None, files="", rate="", left="")
        while not job.is_done:
            _show(job.progress, bar)
            time.sleep(LOOK_EVERY)
        bar.remove_task(task)


def _show(progress: Progress, bar: Bar) -> None:
    for task in bar.tasks:
        bar.update(
            task.id,
            description=progress.stage.capitalize(),
            completed=progress.bytes_done,
            total=progress.bytes_total or None,
            files=f"{progress.files_done:,}/{counted(progress.files_total, 'file')}" if progress.files_total else "",
            rate=f"{progress.chunks_per_second:.0f} passages/s" if progress.chunks else "",
            left=_left(progress),
        )


def _left(progress: Progress) -> str:
    if progress.remaining is None or progress.stage not in ("reading", "embedding"):
        return ""
    minutes, seconds = divmod(round(progress.remaining), 60)
    return f"{minutes}:{seconds:02} left"


def _bar() -> Bar:
    from rich.progress import BarColumn, Progress, TextColumn

    texts = [TextColumn(f"{{task.fields[{name}]}}", style="dim") for name in ("files", "rate", "left")]
    return Progress(TextColumn("{task.description:<10}"), BarColumn(30), *texts, console=stderr(), transient=True)


@contextmanager
def kept_for_later() -> Iterator[None]:
    """Says, at Ctrl-C, that the next run goes on from here."""
    try:
        yield
    except KeyboardInterrupt:
        say("Stopped: what is done so far is kept, and the next run goes on from there.")
        raise


@contextmanager
def stages(*, shown: bool) -> Iterator[Callable[[str, int, int], None]]:
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

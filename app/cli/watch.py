"""`citewell watch`: keeps a base in step with folders until it is stopped."""

from __future__ import annotations

import json
import signal
import sys
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.invocation import Invocation
from app.cli.output import one_line, say, show

if TYPE_CHECKING:
    from citewell import Outcome


def watch(
    context: typer.Context,
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", show_default=False)],
) -> None:
    """Keep folders in step: add, update and remove as they change, until Ctrl-C.

    With --json each change is one line.
    """
    from citewell.naming import existing_paths
    from citewell.watching import Watcher

    invocation: Invocation = context.obj
    roots = existing_paths(paths, sync=False, confirmed=False)
    stop = Event()
    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, lambda *_: stop.set())
    with invocation.open(create=True) as base:

        def tell(outcome: Outcome) -> None:
            name = base.display_name(outcome.source)
            if invocation.json:
                write_line({"source": outcome.source, "state": outcome.state, "reason": outcome.reason})
            else:
                because = f" ({outcome.reason})" if outcome.reason else ""
                show(one_line(f"{datetime.now().astimezone():%H:%M:%S}  {outcome.state:<8} {name}{because}"))
                sys.stdout.flush()

        if invocation.talks:
            say(f"Watching {', '.join(map(str, map(Path.absolute, roots)))}; Ctrl-C ends it.")
        Watcher(base, roots, on_outcome=tell, on_problem=say, stop=stop).run()


def write_line(value: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()

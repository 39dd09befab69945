"""Keeping a base in step with folders that change."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from citewell.knowledge_base import IngestJob, KnowledgeBase
from ingest.report import Outcome
from ingest.scan import is_folder
from kb.errors import Locked, MuchWouldGo, UserError

if TYPE_CHECKING:
    from watchfiles import Change

QUIET_MS = 500
"""A burst of changes is over when nothing has changed for so long; one save of an editor is several changes."""
BURST_MS = 5_000
"""A burst that does not end is looked into after so long all the same."""
LOOK_MS = 1_000
"""How often the folders themselves are looked at: one that is moved away or unmounted sends no word."""
LOOK_AGAIN = 600.0
"""Seconds after which all files are looked at although nothing was heard: network drives do not tell everything."""
IDLE = 30.0
"""Seconds without a change after which the vector index is brought up to date."""


class Watcher:
    """Watches files and folders until `stop` is set, or until they are not wanted any more when something changes.

    Hears of a change, it looks at all files by size and time, as an ingest with `sync` does, so nothing depends on
    which changes were told, or how. `on_outcome` is told what became of a file when that is news, `on_problem` a
    sentence on what stands in the way of all.
    """

    def __init__(
        self,
        base: KnowledgeBase,
        paths: Sequence[Path],
        *,
        on_outcome: Callable[[Outcome], None],
        on_problem: Callable[[str], None],
        stop: Event,
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        self._base = base
        self._roots = [path.resolve() for path in paths]
        self._on_outcome = on_outcome
        self._on_problem = on_problem
        self._stop = stop
        self._is_wanted = is_wanted
        self._told: dict[str, Outcome] = {}
        self._problem = ""
        self._would_remove = False

    @property
    def problem(self) -> str:
        """What stands in the way just now, a sentence; empty while nothing does."""
        return self._problem

    @property
    def would_remove(self) -> bool:
        """Whether that is so much being gone that nothing is removed until somebody says so."""
        return self._would_remove

    def run(self) -> None:
        for _ in self._moments():
            if not self._is_wanted():
                return
            try:
                self._bring_in_step()
            except Locked as error:
                self._tell_problem(str(error))

    def _bring_in_step(self) -> None:
        """Takes in what changed and removes what is gone; where that looks like a mistake, nothing is removed."""
        try:
            self._finish(self._base.ingest(self._roots, sync=True, on_outcome=self._tell))
            self._problem, self._would_remove = "", False
        except UserError as error:
            self._would_remove = isinstance(error, MuchWouldGo)
            self._tell_problem(f"{error} Nothing is removed until then.")
            present = [root for root in self._roots if _identity(root)]
            if present:
                self._finish(self._base.ingest(present, on_outcome=self._tell))

    def _finish(self, job: IngestJob) -> None:
        while not job.is_done:
            if self._stop.wait(LOOK_MS / 10_000):
                job.cancel()
                break
        job.wait()

    def _tell(self, outcome: Outcome) -> None:
        is_news = outcome.state != "unchanged" and self._told.get(outcome.source) != outcome
        if outcome.state in ("failed", "skipped"):
            self._told[outcome.source] = outcome
        else:
            self._told.pop(outcome.source, None)
        if is_news:
            self._on_outcome(outcome)

    def _tell_problem(self, sentence: str) -> None:
        if sentence != self._problem:
            self._problem = sentence
            self._on_problem(sentence)

    def _moments(self) -> Iterator[None]:
        """When to look: at once, after each burst of changes, when a folder has come or gone, and now and then."""
        while not self._stop.is_set():
            yield
            yield from self._bursts()

    def _bursts(self) -> Iterator[None]:
        """Bursts of changes in the folders that are there now; ends when these are no longer the same ones."""
        folders = {root if is_folder(root) else root.parent for root in self._roots}
        identities = [_identity(folder) for folder in folders]
        if None in identities:
            self._stop.wait(LOOK_MS / 1_000)
            return
        try:
            yield from self._heard(folders, identities)
        except OSError as error:
            # A folder in there is closed to us: all files are looked at now and then instead.
            self._tell_problem(f"Not every change is heard of ({error.strerror or error}).")
            self._stop.wait(IDLE)

    def _heard(self, folders: Set[Path], identities: Sequence[tuple[int, int] | None]) -> Iterator[None]:
        from watchfiles import watch

        looked, is_first, is_tidy = time.monotonic(), True, False
        for changes in watch(
            *folders,
            watch_filter=self._concerns,
            step=QUIET_MS,
            debounce=BURST_MS,
            rust_timeout=LOOK_MS,
            yield_on_timeout=True,
            stop_event=self._stop,
            raise_interrupt=False,
        ):
            if [_identity(folder) for folder in folders] != identities:
                return
            quiet = time.monotonic() - looked
            # The first time: something may have changed before the watching began.
            if changes or is_first or quiet >= LOOK_AGAIN:
                yield
                looked, is_first, is_tidy = time.monotonic(), False, False
            elif quiet >= IDLE and not is_tidy:
                with suppress(Locked):
                    self._base.publish()
                is_tidy = True

    def _concerns(self, _: Change, path: str) -> bool:
        """Whether a change is one of a file that an ingest would look at."""
        changed = Path(path)
        for root in self._roots:
            if changed.is_relative_to(self._base.folder) and not root.is_relative_to(self._base.folder):
                continue
            if changed.is_relative_to(root):
                return not any(part.startswith(".") for part in changed.relative_to(root).parts)
        return False


def _identity(folder: Path) -> tuple[int, int] | None:
    """What tells a folder from another one of the same name; None where there is none."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino

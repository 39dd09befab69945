"""Ingests asked for on the page: one after the other, beside all sessions, whichever of them ask."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Condition, Thread
from uuid import uuid4

from citewell import IngestReport, Outcome, Progress
from citewell.board import Entry, Errand, JobNote
from citewell.knowledge_base import IngestJob, KnowledgeBase
from kb.errors import CitewellError, UserError

KEPT_OUTCOMES = 200
"""Outcomes of files that are kept of an ingest, the latest ones."""
KEPT_DONE = 20
"""Ingests that are done and kept, the latest ones."""
UNFORESEEN = "This ended for a reason that was not foreseen; the log of the server says more."
CLOSING = 10.0
"""Seconds for which a queue that is closed waits for the ingest that runs to stop."""


@dataclass(slots=True, eq=False)
class Ingest:
    """An ingest that was asked for: it waits until it has a `job`, and is done when it has a `report` or a `problem`.

    `waiting` is its entry on the board, by which it can be begun although the server ended before its turn came.
    `outcomes` are the latest ones of single files; `counts` are of all of them, by state.
    """

    id: str
    errand: Errand
    start: Callable[[Callable[[Outcome], None]], IngestJob]
    waiting: Entry | None = None
    asked: datetime = field(default_factory=lambda: datetime.now(UTC))
    job: IngestJob | None = None
    report: IngestReport | None = None
    problem: str = ""
    is_cancelled: bool = False
    outcomes: deque[Outcome] = field(default_factory=lambda: deque(maxlen=KEPT_OUTCOMES))
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def is_done(self) -> bool:
        return self.report is not None or bool(self.problem)

    @property
    def progress(self) -> Progress:
        return self.job.progress if self.job else Progress()

    def cancel(self) -> None:
        """Asks it to stop at its next step, or not to begin; what it has finished stays."""
        self.is_cancelled = True
        if self.job:
            self.job.cancel()

    def hear(self, outcome: Outcome) -> None:
        self.counts[outcome.state] += 1
        if outcome.state != "unchanged":
            self.outcomes.append(outcome)

    def forget(self, files: Collection[str]) -> None:
        """Takes `files`, and what lies in them, out of what is told of it."""

        def is_left(source: str) -> bool:
            return source not in files and source.split("#", 1)[0] not in files

        self.outcomes = deque((one for one in self.outcomes if is_left(one.source)), maxlen=KEPT_OUTCOMES)
        if self.report:
            failed = tuple(one for one in self.report.failed if is_left(one.source))
            skipped = tuple(one for one in self.report.skipped if is_left(one.source))
            self.report = replace(self.report, failed=failed, skipped=skipped)


class IngestQueue:
    """The ingests of one base: `running` or waiting, and the latest that are done."""

    def __init__(self, base: KnowledgeBase) -> None:
        self._base = base
        self._changed = Condition()
        self._asked: deque[Ingest] = deque()
        self._done: deque[Ingest] = deque(maxlen=KEPT_DONE)
        self._is_closed = False

    def go_on_with(self, base: KnowledgeBase) -> None:
        """Has what has not begun yet done by `base`, the same one by other settings."""
        self._base = base

    def forget(self, files: Collection[str]) -> None:
        """Takes what became of `files`, which have been deleted, out of what is told of earlier ingests."""
        with self._changed:
            for ingest in self._done:
                ingest.forget(files)

    @property
    def is_busy(self) -> bool:
        return bool(self._asked)

    def unfinished(self) -> list[Ingest]:
        """The one that runs first, then those that wait, in order."""
        with self._changed:
            return list(self._asked)

    def done(self) -> list[Ingest]:
        """The latest first."""
        with self._changed:
            return list(reversed(self._done))

    def ask(self, paths: Sequence[Path], *, again: bool = False, sync: bool = False, confirmed: bool = False) -> Ingest:
        """Has `paths` ingested as KnowledgeBase.ingest does, when those that were asked for before are done."""
        names = tuple(str(path.resolve()) for path in paths)
        errand = Errand("ingest", names, sync, confirmed, again)
        return self._put(
            errand,
            lambda hear: self._base.ingest(paths, sync=sync, confirmed=confirmed, again=again, on_outcome=hear),
            is_noted=False,
        )

    def resume(self, note: JobNote) -> Ingest:
        """Has an interrupted job gone on with."""
        return self._put(note.errand, lambda hear: self._base.resume(note.id, on_outcome=hear), is_noted=True)

    def drop(self, ingest: Ingest) -> bool:
        """Takes one that waits out of the queue, without a trace; false where it has begun."""
        with self._changed:
            if ingest not in list(self._asked)[1:]:
                return False
            self._asked.remove(ingest)
            self._take_down(ingest)
            ingest.report = IngestReport(cancelled=True)
            return True

    def close(self) -> None:
        """Stops the one that runs and takes no more; it and those that wait can be gone on with later."""
        with self._changed:
            self._is_closed = True
            for ingest in self._asked:
                ingest.cancel()
            self._changed.wait_for(lambda: not self._asked, CLOSING)

    def _put(
        self, errand: Errand, start: Callable[[Callable[[Outcome], None]], IngestJob], *, is_noted: bool
    ) -> Ingest:
        with self._changed:
            if self._is_closed:
                raise UserError("This knowledge base has been closed; load the page again.")
            ingest = Ingest(uuid4().hex[:8], errand, start)
            if self._asked and not is_noted:
                ingest.waiting = self._base.board.announced(errand)
            self._asked.append(ingest)
            if len(self._asked) == 1:
                self._begin(ingest)
            return ingest

    def _begin(self, ingest: Ingest) -> None:
        Thread(target=self._run, args=(ingest,), name="citewell-ingest", daemon=True).start()

    def _run(self, ingest: Ingest) -> None:
        """In a thread of its own, so that what was not foreseen ends this one alone."""
        try:
            self._carry_out(ingest)
        except CitewellError as error:
            ingest.problem = str(error)
        finally:
            if not ingest.is_done:
                ingest.problem = UNFORESEEN
            with self._changed:
                self._asked.popleft()
                self._done.append(ingest)
                if self._asked:
                    self._begin(self._asked[0])
                self._changed.notify_all()

    def _carry_out(self, ingest: Ingest) -> None:
        if ingest.is_cancelled or (ingest.waiting and ingest.waiting.is_asked_to_stop()):
            ingest.report = IngestReport(cancelled=True)
            if ingest.waiting:
                ingest.waiting.leave()
            return
        try:
            ingest.job = ingest.start(ingest.hear)
        finally:
            self._take_down(ingest)
        if ingest.is_cancelled:
            ingest.job.cancel()
        ingest.report = ingest.job.wait()

    def _take_down(self, ingest: Ingest) -> None:
        if ingest.waiting:
            self._base.board.take_down(ingest.waiting)

"""Jobs: work that runs beside its caller, can be watched from any thread, and can be cancelled."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Event, Thread
from typing import Generic, TypeVar

P = TypeVar("P")
R = TypeVar("R")


class Job(Generic[P, R]):
    """Runs `work(show, is_cancelled)` in a thread of its own, starting at once.

    The work calls `show` with each new progress, and asks `is_cancelled` between its steps.
    """

    def __init__(self, work: Callable[[Callable[[P], None], Callable[[], bool]], R], progress: P) -> None:
        self._work = work
        self._progress = progress
        self._cancelled = Event()
        self._result: Future[R] = Future()
        Thread(target=self._run, name="citewell-job", daemon=True).start()

    @property
    def progress(self) -> P:
        """The latest progress."""
        return self._progress

    @property
    def is_done(self) -> bool:
        return self._result.done()

    def cancel(self) -> None:
        """Asks the work to stop at its next step; what it has finished stays."""
        self._cancelled.set()

    def wait(self) -> R:
        """The result, once the work is done. Raises what the work raised."""
        return self._result.result()

    def _run(self) -> None:
        try:
            self._result.set_result(self._work(self._show, self._cancelled.is_set))
        except BaseException as error:  # noqa: BLE001 - it rises in whoever waits
            self._result.set_exception(error)

    def _show(self, progress: P) -> None:
        self._progress = progress

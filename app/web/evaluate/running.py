"""Evaluations that the server runs for its sessions, one at a time, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from threading import Lock, Timer
from typing import TYPE_CHECKING

import streamlit as st

from app.web.evaluate.errand import Errand, Outcome, Step
from app.web.evaluate.process import ERRAND, OUTCOME, STEP
from citewell.jobs import Job
from kb.errors import Locked

if TYPE_CHECKING:
    EvaluationJob = Job[Step, Outcome]

STOPPED = "The evaluation was stopped; started again, it goes on with what is not done yet."
BROKEN = "The evaluation ended unexpectedly; the server's output says why."
_PATIENCE = 30.0
"""Seconds."""


class Evaluation:
    """An errand under way, or done; whichever session began it."""

    def __init__(self, errand: Errand) -> None:
        self.errand = errand
        self._child: subprocess.Popen[bytes] | None = None
        self._is_stopped = False
        self._stopping = Lock()
        self.job: EvaluationJob = Job(self._work, Step())

    def stop(self) -> None:
        """Asks the process to stop at its next step, and ends it where it does not."""
        with self._stopping:
            self._is_stopped = True
            if self._child and self._child.stdin and not self._child.stdin.closed:
                self._child.stdin.close()
                Timer(_PATIENCE, self._child.kill).start()

    def _work(self, show: Callable[[Step], None], _is_cancelled: Callable[[], bool]) -> Outcome:
        line = [sys.executable, "-P", "-m", "app.web.evaluate.process", ERRAND.dump_json(self.errand).decode()]
        with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
            with self._stopping:
                self._child = child
            if self._is_stopped:
                self.stop()
            outcome = None
            for said in child.stdout or ():
                what, _, value = said.partition(b" ")
                if what == b"step":
                    show(STEP.validate_json(value))
                elif what == b"outcome":
                    outcome = OUTCOME.validate_json(value)
        return outcome or Outcome(error=STOPPED if self._is_stopped else BROKEN)


class Evaluations:
    """The latest one; the next begins only when it is done."""

    def __init__(self) -> None:
        self.latest: Evaluation | None = None
        self._starting = Lock()

    @property
    def is_running(self) -> bool:
        return self.latest is not None and not self.latest.job.is_done

    def start(self, errand: Errand) -> Evaluation:
        """Raises Locked while another one runs."""
        with self._starting:
            if self.is_running:
                raise Locked("Another evaluation runs on this server; wait until it is done, or stop it.")
            self.latest = Evaluation(errand)
            return self.latest

    def dismiss(self) -> None:
        """Says nothing more of one that is done."""
        with self._starting:
            if not self.is_running:
                self.latest = None


@st.cache_resource(show_spinner=False)
def evaluations() -> Evaluations:
    """Those of the server."""
    return Evaluations()

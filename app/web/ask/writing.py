"""An answer that the server writes, in a thread of its own: to look at from any tab, whatever becomes of the first."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from threading import Event

from citewell.dialogue import STOPPED
from citewell.reply import Reply
from citewell.trace import Trace
from kb.errors import CitewellError
from kb.types import Answer, Hit

FAULT = "The answer was not finished because of a fault in Citewell, which its log describes; ask again."
MOMENT = 0.1
"""Seconds after the first words within which an answer of quotes is there, and one of a model has only begun."""
NOTHING_WRITTEN = "The answer was stopped before anything of it was written; ask again when you like."


@dataclass(frozen=True, slots=True)
class Place:
    """Where an answer belongs: a conversation of an owner in a base. At most one is written there at a time."""

    base: str
    owner: str
    conversation: str


class Writing:
    """A question, and what of its answer there is so far; `trouble` says in a sentence why there is none.

    `state` is that of the base when it was asked, `asked` the moment by which its turn in the conversation is known;
    `how` says how and where it is searched, `kinds` what its time is told for; `is_shown` once somebody saw its answer.
    """

    def __init__(
        self, place: Place, question: str, ask: Callable[[], Reply], *, state: str, kinds: tuple[str, ...], how: str
    ) -> None:
        self.place = place
        self.question = question
        self.state = state
        self.kinds = kinds
        self.how = how
        self.text = ""
        self.searched = question
        self.asked: datetime | None = None
        self.answer: Answer | None = None
        self.trouble = ""
        self.is_shown = False
        self._ask = ask
        self._explain: Callable[[], Trace] | None = None
        self._trace: Trace | None = None
        self._begun = Event()
        self._done = Event()
        self._stopping = Event()

    @property
    def is_done(self) -> bool:
        return self._done.is_set()

    @property
    def is_stopping(self) -> bool:
        return self._stopping.is_set()

    def wait(self, seconds: float) -> bool:
        """Whether it is done within that time."""
        return self._done.wait(seconds)

    def wait_for_words(self, seconds: float) -> bool:
        """Waits that long for its first words, then a moment for all of them; whether it is done."""
        self._begun.wait(seconds)
        return self._done.wait(MOMENT)

    def stop(self) -> None:
        """Has it end at the next word; what is written stays."""
        self._stopping.set()

    def trace(self) -> Trace | None:
        """How the passages were found and what became of them, made when it is first asked for; None without answer."""
        if self._trace is None and self._explain:
            self._trace = self._explain()
        return self._trace

    @property
    def hits(self) -> tuple[Hit, ...]:
        """Those that the answer is made from, and once the trace has been asked for, all that were found."""
        return (*(self.answer.hits if self.answer else ()), *(self._trace.hits if self._trace else ()))

    def run(self) -> None:
        """Writes the answer; returns when it is finished, stopped or impossible."""
        try:
            if not self._stopping.is_set():
                self._write()
        except CitewellError as error:
            self.trouble = str(error)
        finally:
            if not self.answer and not self.trouble:
                self.trouble = NOTHING_WRITTEN if self._stopping.is_set() else FAULT
            self._done.set()
            self._begun.set()

    def _write(self) -> None:
        with closing(self._ask()) as reply:
            self.searched, self.asked = reply.searched, reply.asked
            for piece in reply:
                if self._stopping.is_set():
                    break
                self.text += piece
                self._begun.set()
            if not self._stopping.is_set():
                self.answer, self._explain = reply.answer(), reply.trace
        if self._stopping.is_set() and not self.answer and self.text.strip():
            self.answer = Answer(self.question, self.text, abstained=False, hits=reply.hits, notes=(STOPPED,))

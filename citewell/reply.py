"""A reply: hits at once, then the answer's text as it comes, then the finished answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from citewell.dialogue import Material, OpenTurn
from citewell.trace import Trace
from generation.answerer import Draft
from kb.types import Answer, Hit


class Reply:
    """Iterate it for streamed text, or ask for the whole `answer()`; the work is done once either way.

    `question` is as it was asked, `searched` as it was put to the documents, `asked` is when. Within a conversation,
    `turn`, the answer is added to it once it is finished, and at `close` as far as it came.
    """

    def __init__(
        self,
        question: str,
        hits: tuple[Hit, ...],
        draft: Draft,
        ground: Callable[[Answer], Answer],
        explain: Callable[[Answer], Trace],
        *,
        retrieval_seconds: float,
        turn: OpenTurn | None = None,
        material: Material | None = None,
    ) -> None:
        self.question = question
        self.searched = turn.searched if turn else question
        self.asked = turn.asked if turn else datetime.now(UTC)
        self.hits = hits
        self._draft = draft
        self._ground = ground
        self._explain = explain
        self._retrieval_seconds = retrieval_seconds
        self._writing_seconds = 0.0
        self._grounded: Answer | None = None
        self._turn = turn
        self._material = material or Material(hits, {}, is_written=False)
        self._text = ""
        self._is_closed = False

    def __iter__(self) -> Iterator[str]:
        began = time.monotonic()
        for piece in self._draft:
            self._writing_seconds += time.monotonic() - began
            self._text += piece
            yield piece
            began = time.monotonic()
        self._writing_seconds += time.monotonic() - began
        if self._turn and not self._is_closed:
            self._checked()

    def answer(self) -> Answer:
        """The finished answer, its citations looked up in the documents; writes what was not yet iterated."""
        for _ in self:
            pass
        timings = {"retrieval": self._retrieval_seconds, "answer": self._writing_seconds}
        return replace(self._checked(), timings=timings)

    def trace(self) -> Trace:
        """How the passages were found and what became of each in the answer; writes what was not yet iterated."""
        return self._explain(self._checked())

    def _checked(self) -> Answer:
        """The finished answer, looked up once: what is written meanwhile does not change what was shown."""
        if self._grounded is None:
            answer = self._ground(self._draft.answer())
            self._grounded = self._turn.keep(answer, self._material) if self._turn else answer
        return self._grounded

    def close(self) -> None:
        """Stops the writing of an answer that nobody waits for any more; one that is finished stays as it is."""
        self._draft.close()
        if self._turn and self._grounded is None and not self._is_closed and self._text.strip():
            self._grounded = self._turn.keep_stopped(self._text, self._material)
        self._is_closed = True

"""A reply: hits at once, then the answer's text as it comes, then the finished answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from citewell.trace import Trace
from generation.answerer import Draft
from kb.types import Answer, Hit


class Reply:
    """Iterate it for streamed text, or ask for the whole `answer()`; the work is done once either way."""

    def __init__(
        self,
        question: str,
        hits: tuple[Hit, ...],
        draft: Draft,
        ground: Callable[[Answer], Answer],
        explain: Callable[[Answer], Trace],
        *,
        retrieval_seconds: float,
    ) -> None:
        self.question = question
        self.hits = hits
        self._draft = draft
        self._ground = ground
        self._explain = explain
        self._retrieval_seconds = retrieval_seconds
        self._writing_seconds = 0.0
        self._grounded: Answer | None = None

    def __iter__(self) -> Iterator[str]:
        began = time.monotonic()
        for piece in self._draft:
            self._writing_seconds += time.monotonic() - began
            yield piece
            began = time.monotonic()
        self._writing_seconds += time.monotonic() - began

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
            self._grounded = self._ground(self._draft.answer())
        return self._grounded

    def close(self) -> None:
        """Stops the writing of an answer that nobody waits for any more."""
        self._draft.close()

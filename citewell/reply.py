"""A reply: hits at once, then the answer's text as it comes, then the finished answer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

from typing import TYPE_CHECKING

from kb.types import Answer, Hit

if TYPE_CHECKING:
    from generation.answerer import Answerer

from kb.types import Answer, Hit


class Reply:
    """Iterate it for streamed text, or ask for the whole `answer()`; either does the work once."""

    def __init__(self, question: str, hits: tuple[Hit, ...], answerer: Answerer, *, retrieval_seconds: float) -> None:
        self.question = question
        self.hits = hits
        self._answerer = answerer
        self._retrieval_seconds = retrieval_seconds

    def __iter__(self) -> Iterator[str]:
        yield self.answer().text

    def answer(self) -> Answer:
        return self._answer

    @cached_property
    def _answer(self) -> Answer:
        began = time.monotonic()
        answer = self._answerer.answer(self.question, self.hits)
        timings = {"retrieval": self._retrieval_seconds, "answer": time.monotonic() - began, **answer.timings}
        return replace(answer, timings=timings)

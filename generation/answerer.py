"""What turns a question and the passages found for it into a cited answer, at once or while it is being written."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Protocol

from kb.types import Answer, Hit


class Draft:
    """An answer in the making: iterate for its text, piece by piece, and ask `answer()` for the whole of it.

    `writing` yields pieces of text and returns the answer, whose text may differ from the pieces joined (a citation
    that did not hold is taken back). An empty piece is a moment at which it can be stopped, while nothing is shown yet.
    Whatever was not yet iterated is written when the answer is asked for.
    """

    def __init__(self, writing: Generator[str, None, Answer]) -> None:
        self._writing = writing
        self._answer: Answer | None = None

    def __iter__(self) -> Iterator[str]:
        while True:
            try:
                piece = next(self._writing)
            except StopIteration as end:
                self._answer = self._answer or end.value
                return
            yield piece

    def answer(self) -> Answer:
        """The finished answer; raises ValueError when the draft was closed before its end."""
        for _ in self:
            pass
        if self._answer is None:
            raise ValueError("A draft that was closed has no answer.")
        return self._answer

    def close(self) -> None:
        """Stop writing: what stands behind the draft (a language model, say) is told to end."""
        self._writing.close()


def finished(answer: Answer) -> Draft:
    """A draft of an answer that is there already."""

    def writing() -> Generator[str, None, Answer]:
        yield answer.text
        return answer

    return Draft(writing())


class Answerer(Protocol):
    """Answers from passages, or abstains. Its answer cites nothing but the hits it was given."""

    @property
    def name(self) -> str:
        """What `Answer.generator` says."""
        ...

    def answer(self, question: str, hits: Sequence[Hit]) -> Answer:
        """The finished answer to `question` from `hits`, best first."""
        ...

    def draft(self, question: str, hits: Sequence[Hit]) -> Draft:
        """The same answer while it is being written."""
        ...

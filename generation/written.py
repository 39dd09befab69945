"""Answering in a language model's words: each sentence cites, and is held against what it cites."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from generation.answerer import Draft
from generation.checking.support import SupportChecker
from generation.context.passage import ContextPassage
from generation.extractive import ABSTENTION
from generation.manuscript import Manuscript
from generation.prompting.prompt import Prompts
from generation.thoughts import spoken
from kb.errors import GeneratorError
from kb.protocols import Generator as LanguageModel
from kb.protocols import Message
from kb.types import Answer, Hit

REVISIONS = 2
"""How often a model is asked to mend what the passages do not bear out, where only what they do may be said."""


@dataclass(frozen=True, slots=True)
class WrittenAnswerer:
    """Has `model` answer from `passages`; its answer falls back on `quoted`, an answer in the documents' own words.

    That is given where the model fails before it has said anything, and where `is_strict` and what the model says is
    not borne out even after it was told so. A strict answer is shown once it is finished.
    """

    model: LanguageModel
    prompts: Prompts
    checker: SupportChecker
    passages: tuple[ContextPassage, ...]
    quoted: Answer
    is_strict: bool = False

    @property
    def name(self) -> str:
        return self.model.name

    def answer(self, question: str, hits: Sequence[Hit]) -> Answer:
        return self.draft(question, hits).answer()

    def draft(self, question: str, hits: Sequence[Hit]) -> Draft:
        write = self._write_strictly if self.is_strict else self._write
        return Draft(write(question, tuple(hits)))

    def _write(self, question: str, hits: tuple[Hit, ...]) -> Generator[str, None, Answer]:
        manuscript, failure = yield from self._drafted(question, self.prompts.ask(question, self.passages))
        if not manuscript.text.strip():
            return self._in_their_own_words(failure or f"The language model {self.name} wrote nothing")
        return self._answer(question, hits, manuscript, (failure,) if failure else ())

    def _write_strictly(self, question: str, hits: tuple[Hit, ...]) -> Generator[str, None, Answer]:
        messages = self.prompts.ask(question, self.passages)
        reason = ""
        for _ in range(1 + REVISIONS):
            manuscript, reason = _silently(self._drafted(question, messages))
            problems = manuscript.problems()
            if manuscript.is_refusal or (manuscript.statements and not problems and not reason):
                yield manuscript.text
                return self._answer(question, hits, manuscript)
            if reason or not problems:
                break
            messages = self.prompts.ask_again(messages, manuscript.text, problems)
        found = reason or f"The documents do not bear out what the language model {self.name} says"
        return self._in_their_own_words(found)

    def _drafted(self, question: str, messages: Sequence[Message]) -> Generator[str, None, tuple[Manuscript, str]]:
        """What the model writes, and in a sentence why it stopped before its end, if it did."""
        manuscript = self._manuscript(question)
        try:
            with closing(self.model.stream(messages)) as pieces:
                for piece in spoken(pieces):
                    if piece is None:
                        manuscript = self._manuscript(question)
                        continue
                    yield from filter(None, manuscript.take(piece))
                    if manuscript.repeats:
                        break
        except GeneratorError as error:
            yield from filter(None, manuscript.finish())
            return manuscript, str(error).rstrip(".")
        yield from filter(None, manuscript.finish())
        return manuscript, ""

    def _manuscript(self, question: str) -> Manuscript:
        return Manuscript(question, self.passages, self.checker)

    def _answer(
        self, question: str, hits: tuple[Hit, ...], manuscript: Manuscript, failures: tuple[str, ...] = ()
    ) -> Answer:
        """Its confidence is that of retrieval, by the share of what is said that the passages bear out."""
        belief = self.quoted.confidence or 0.0
        if manuscript.is_refusal:
            return Answer(question, ABSTENTION, abstained=True, hits=hits, generator=self.name, confidence=0.0)
        borne_out = sum(manuscript.support) / len(manuscript.support) if manuscript.support else 0.0
        return Answer(
            question,
            manuscript.text.rstrip(),
            abstained=False,
            citations=tuple(manuscript.citations),
            hits=hits,
            generator=self.name,
            confidence=belief * borne_out,
            statements=tuple(manuscript.statements),
            notes=tuple(f"The answer breaks off: {failure}." for failure in failures),
        )

    def _in_their_own_words(self, reason: str) -> Answer:
        note = f"{reason.rstrip('.')}; so the documents' own words are shown."
        return replace(self.quoted, notes=(*self.quoted.notes, note))


def _silently(writing: Generator[str, None, tuple[Manuscript, str]]) -> tuple[Manuscript, str]:
    while True:
        try:
            next(writing)
        except StopIteration as end:
            drafted: tuple[Manuscript, str] = end.value
            return drafted

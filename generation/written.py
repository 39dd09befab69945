"""Answering in a language model's words: each sentence cites, and is held against what it cites."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from math import inf
from time import monotonic

from generation.answerer import Draft
from generation.best_draft import Written, best_of, choice_note
from generation.checking.support import SupportChecker
from generation.context.passage import ContextPassage
from generation.extractive import ABSTENTION
from generation.manuscript import Manuscript
from generation.prompting.prompt import Prompts
from kb.errors import GeneratorError, OutOfMemory
from kb.protocols import Generator as LanguageModel
from kb.protocols import Message
from kb.text.thoughts import spoken
from kb.types import Answer, Hit

REVISIONS = 2
"""How often a model is asked to mend what the passages do not bear out, where only what they do may be said."""
Drafting = Generator[str, None, Written]
"""Gives what is written, and returns the whole of it."""


@dataclass(frozen=True, slots=True)
class WrittenAnswerer:
    """Has `model` answer from `passages`.

    Its answer falls back on `quoted`, one in the documents' own words: where the model fails before it has said
    anything, and where `is_strict` and what the model says is not borne out even after it was told so. A strict answer
    is shown once it is finished. Where memory does not do, the model reads half of the passages.

    Where the passages do not bear out all of what it says, the model writes up to `drafts` in all, as long as another
    is likely to be done within `seconds` from the beginning, and the best one is taken. With more than one, the answer
    is shown once that is chosen. A strict one is chosen first and mended then: other drafts cost no reading, since the
    prompt is the same, and the best one leaves least to mend.
    """

    model: LanguageModel
    prompts: Prompts
    checker: SupportChecker
    passages: tuple[ContextPassage, ...]
    quoted: Answer
    is_strict: bool = False
    drafts: int = 1
    seconds: float = inf

    @property
    def name(self) -> str:
        return self.model.name

    def answer(self, question: str, hits: Sequence[Hit]) -> Answer:
        return self.draft(question, hits).answer()

    def draft(self, question: str, hits: Sequence[Hit]) -> Draft:
        write = self._write_strictly if self.is_strict else self._write
        return Draft(write(question, tuple(hits)))

    def _write(self, question: str, hits: tuple[Hit, ...]) -> Generator[str, None, Answer]:
        messages = self.prompts.ask(question, self.passages)
        is_chosen = self.drafts > 1
        written = yield from self._best(question, messages) if is_chosen else self._drafted(question, messages)
        if written.manuscript.text.strip():
            if is_chosen:
                yield _shown(written)
            return self._answer(question, hits, written)
        if isinstance(written.failure, OutOfMemory) and len(self.passages) > 1:
            return (yield from self._with_fewer_passages()._write(question, hits))
        return self._in_their_own_words(_sentence(written.failure) or f"The language model {self.name} wrote nothing")

    def _write_strictly(self, question: str, hits: tuple[Hit, ...]) -> Generator[str, None, Answer]:
        messages = self.prompts.ask(question, self.passages)
        written = yield from self._best(question, messages)
        for _ in range(REVISIONS):
            if written.failure or not (problems := written.manuscript.problems()):
                break
            messages = self.prompts.ask_again(messages, written.manuscript.raw, problems)
            written = yield from _silently(self._drafted(question, messages))
        if written.can_stand:
            yield _shown(written)
            return self._answer(question, hits, written)
        if isinstance(written.failure, OutOfMemory) and len(self.passages) > 1:
            return (yield from self._with_fewer_passages()._write_strictly(question, hits))
        unborne = f"The documents do not bear out what the language model {self.name} says"
        nothing = f"The language model {self.name} wrote nothing that could be checked"
        reason = unborne if written.manuscript.problems() else nothing
        return self._in_their_own_words(_sentence(written.failure) or reason)

    def _best(self, question: str, messages: Sequence[Message]) -> Drafting:
        """The best of the drafts that there is need of and time for, shown to nobody."""
        began, longest = monotonic(), 0.0
        drafts: list[Written] = []
        for sample in range(self.drafts):
            begun = monotonic()
            drafts.append((yield from _silently(self._drafted(question, messages, sample))))
            longest = max(longest, monotonic() - begun)
            is_needless = not best_of(drafts).manuscript.problems()
            if is_needless or not drafts[-1].says_something or monotonic() - began + longest > self.seconds:
                break
        return replace(best_of(drafts), among=sum(draft.says_something for draft in drafts))

    def _drafted(self, question: str, messages: Sequence[Message], sample: int = 0) -> Drafting:
        manuscript = Manuscript(question, self.passages, self.checker)
        failure = None
        try:
            with closing(self.model.stream(messages, sample=sample)) as pieces:
                for piece in spoken(pieces):
                    if piece is None:
                        manuscript = Manuscript(question, self.passages, self.checker)
                        continue
                    yield from filter(None, manuscript.take(piece))
                    if manuscript.repeats:
                        failure = GeneratorError(f"The language model {self.name} only repeats itself.")
                        break
        except GeneratorError as error:
            failure = error
        if not manuscript.repeats:
            yield from filter(None, manuscript.finish())
        return Written(manuscript, failure)

    def _with_fewer_passages(self) -> WrittenAnswerer:
        """With the better half of them, and a word of that."""
        ranked = sorted(self.passages, key=lambda passage: -passage.hits[0].score)
        kept = tuple(passage for passage in self.passages if passage in ranked[: len(ranked) // 2])
        note = f"Memory did for {len(kept)} of the {len(self.passages)} passages that the model was to read."
        return replace(self, passages=kept, quoted=replace(self.quoted, notes=(*self.quoted.notes, note)))

    def _answer(self, question: str, hits: tuple[Hit, ...], written: Written) -> Answer:
        """Its confidence is that of retrieval, by the share of what is said that the passages bear out."""
        manuscript, failure = written.manuscript, written.failure
        broken = [f"The answer breaks off: {_sentence(failure)}."] if failure else []
        chosen = [choice_note(written.among)] if written.among > 1 else []
        notes = (*self.quoted.notes, *broken, *chosen)
        if manuscript.is_refusal:
            return Answer(question, ABSTENTION, True, hits=hits, generator=self.name, confidence=0.0, notes=notes)
        borne_out = sum(manuscript.support) / len(manuscript.support) if manuscript.support else 0.0
        return Answer(
            question,
            manuscript.text.rstrip(),
            abstained=False,
            citations=tuple(manuscript.citations),
            hits=hits,
            generator=self.name,
            confidence=(self.quoted.confidence or 0.0) * borne_out,
            statements=tuple(manuscript.statements),
            notes=notes,
        )

    def _in_their_own_words(self, reason: str) -> Answer:
        note = f"{reason}; so the documents' own words are shown."
        return replace(self.quoted, notes=(*self.quoted.notes, note))


def _sentence(failure: GeneratorError | None) -> str:
    """Without its full stop."""
    return str(failure).rstrip(".") if failure else ""


def _shown(written: Written) -> str:
    return ABSTENTION if written.manuscript.is_refusal else written.manuscript.text


def _silently(drafting: Drafting) -> Drafting:
    """All of it, shown to nobody: the pieces are empty, each a moment at which it can be stopped."""
    with closing(drafting):
        while True:
            try:
                next(drafting)
            except StopIteration as end:
                written: Written = end.value
                return written
            yield ""

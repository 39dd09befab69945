"""A question within a conversation: what it means after the turns before it, and how its answer is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from citewell.models import Models
from generation.followups.condensing import condensed, dialogue
from generation.followups.signs import leans
from generation.followups.standalone import standalone
from generation.markers import without_markers
from generation.prompting.prompt import load_prompts
from kb.conversation import Origin, Turn
from kb.errors import StoreError, UserError
from kb.settings import AnswerSettings, ConversationSettings
from kb.store.conversations import ConversationStore
from kb.types import Answer, Hit
from retrieval.replies import Reply

STOPPED = "The answer was stopped before its end, so what it cites is not known."
_FALLBACK = "The follow-up is completed by words of the question before it"


@dataclass(frozen=True, slots=True)
class Material:
    """What an answer is made of: the passages, the sha256 of their documents by source, and whether a model writes."""

    hits: tuple[Hit, ...]
    digests: Mapping[str, str]
    is_written: bool


@dataclass(frozen=True, slots=True)
class OpenTurn:
    """A question that waits for its answer. `searched` is what it means on its own, made of words of `origins`."""

    question: str
    searched: str
    origins: tuple[Origin, ...]
    notes: tuple[str, ...]
    asked: datetime
    conversation: str
    owner: str
    store: ConversationStore
    limit: int

    def keep(self, answer: Answer, material: Material) -> Answer:
        """Adds the finished `answer` to the conversation; gives it as it is to be shown."""
        return self._kept(answer, material, is_stopped=False)

    def keep_stopped(self, text: str, material: Material) -> Answer:
        """Adds as much of an answer as was written when it was stopped."""
        answer = Answer(self.question, without_markers(text), abstained=False, hits=material.hits, notes=(STOPPED,))
        return self._kept(answer, material, is_stopped=True)

    def _kept(self, answer: Answer, material: Material, *, is_stopped: bool) -> Answer:
        shown = replace(answer, question=self.question, notes=(*self.notes, *answer.notes))
        found = [*_origins(answer, material, is_stopped=is_stopped), *self._carried(material)]
        origins = tuple(dict.fromkeys(found))
        turn = Turn(self.question, self.searched, shown, self.asked, origins, is_stopped=is_stopped)
        try:
            self.store.add(self.conversation, self.owner, turn, limit=self.limit)
        except (StoreError, UserError) as error:
            return replace(shown, notes=(*shown.notes, f"This answer is not kept: {error}"))
        return shown

    def _carried(self, material: Material) -> list[Origin]:
        """Where words of the question come from; a model that answers it may repeat them."""
        return [replace(origin, of="answer" if material.is_written else "question") for origin in self.origins]


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Puts questions into the conversations of `store`."""

    store: ConversationStore
    models: Models
    settings: ConversationSettings

    def turn(
        self, question: str, conversation: str, owner: str, *, answer: AnswerSettings, has_model: bool
    ) -> OpenTurn:
        """A turn of a conversation; a follow-up is put by the language model, where `has_model`, as it is meant.

        Raises UserError where there is no such conversation. One that cannot be read stops no question: a note says so.
        """
        notes: list[str] = []
        turns: tuple[Turn, ...] = ()
        try:
            turns = self.store.open(conversation, owner, latest=self.settings.keep).turns
        except StoreError as error:
            notes.append(str(error))
        searched, used = question, turns[:0]
        if turns and leans(question):
            written = self._written(question, turns, answer.prompts, notes) if has_model else ""
            searched, used = (written, turns) if written else (standalone(question, turns[-1]), turns[-1:])
        return OpenTurn(
            question=question,
            searched=searched,
            origins=tuple(origin for turn in used for origin in turn.origins),
            notes=tuple(notes),
            asked=datetime.now(UTC),
            conversation=conversation,
            owner=owner,
            store=self.store,
            limit=self.settings.turns,
        )

    def _written(self, question: str, turns: Sequence[Turn], prompts: str, notes: list[str]) -> str:
        """The question as a language model puts it; empty where that cannot stand for it, of which a note tells."""

        def read(reply: Reply) -> list[str] | None:
            found = condensed(reply.text, question, turns) if reply.is_whole else None
            return None if found is None else [found]

        messages = load_prompts(prompts).ask_alone(question, dialogue(turns))
        found = self.models.asker().ask([messages], read=read, on_fallback=notes.append, instead=_FALLBACK)
        return found[0] if found else ""


def _origins(answer: Answer, material: Material, *, is_stopped: bool) -> list[Origin]:
    """The documents whose words an answer may hold: those it cites, or all that was read where more may be in it."""
    sources = {citation.source for citation in answer.citations}
    if is_stopped or (material.is_written and not answer.abstained and not _is_borne_out(answer)):
        sources.update(hit.chunk.source for hit in material.hits)
    return [Origin(source, material.digests.get(source, "")) for source in sorted(sources)]


def _is_borne_out(answer: Answer) -> bool:
    """Whether all that an answer says is in statements which the passages they cite bear out."""
    left = answer.text
    for statement in answer.statements:
        left = left.replace(answer.text[statement.span.start : statement.span.end], "")
    is_all = not any(character.isalnum() for character in left)
    return is_all and all(statement.is_supported for statement in answer.statements)

"""Asking a base: from a question to the passages found, what is read of them, and the answer made from that."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from citewell.composition import Composer
from citewell.context import context_of, token_counter
from citewell.copies import with_copies
from citewell.dialogue import Material, OpenTurn
from citewell.grounding import grounded
from citewell.models import Models
from citewell.remembering import Place, answer_key, remembering, served_writer
from citewell.reply import Reply
from citewell.threshold import threshold_of
from citewell.trace import Trace, passage_uses, traced
from generation.answerer import Draft, finished
from generation.context.passage import PassageContext
from generation.followups.signs import points
from generation.question import read_question
from kb import precedence
from kb.errors import UserError
from kb.filters import Filter
from kb.protocols import Embedder, Generator, Measured
from kb.settings import AnswerSettings, ContextSettings, Settings
from kb.store.store import Store
from kb.store.view import View
from kb.text.terms import terms
from kb.types import Answer, Hit

if TYPE_CHECKING:
    from generation.prompting.prompt import Prompts

BEYOND = 10
"""Passages found for an answer beyond those that it is made from: a trace says what it would have had next."""
_SHRUNK = 0.95
"""What a context that does not fit is made smaller by at least: the model counts tokens otherwise than the embedder."""
_LEAST = 32
"""Tokens of a context that are worth reading."""
OFF_TOPIC = 0.02
"""Confidence below which no language model is asked: the documents do not speak of the question."""


def has_model(settings: Settings, by: str | None = None) -> bool:
    """Whether a language model may answer, and not the documents' own words alone; `by` None: as the settings say."""
    chosen = by or settings.answer.by
    return chosen in ("model", "routed") or (chosen == "auto" and settings.generator.names_one)


@dataclass(frozen=True, slots=True)
class Begun:
    """A draft, the passages it is made from, and where a language model writes it what that is given to read."""

    draft: Draft
    hits: tuple[Hit, ...]
    context: PassageContext | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """All that answers from a base are made with; `embedder` is the one that it was built with."""

    store: Store
    composer: Composer
    models: Models
    settings: Settings
    embedder: Callable[[], Embedder]

    def ask(
        self,
        question: str,
        chosen: Filter | None,
        *,
        mode: str,
        answer: AnswerSettings,
        turn: OpenTurn | None = None,
        fresh: bool = False,
    ) -> Reply:
        """Searches what `chosen` keeps by `mode`, at once, and answers when the reply is iterated.

        `turn` is the question within its conversation, which is then searched and answered as it is meant there.
        Of a question that stands alone, an answer of a language model that is remembered is given again, unless it is
        to be `fresh`.
        """
        precedence.claim()
        began = time.monotonic()
        is_alone = turn is None or turn.searched == question
        place = self._place(question, chosen, mode, answer) if is_alone else None
        known, trouble = place.recall() if place and not fresh else (None, "")
        if known:
            return self._again(replace(known, question=question), chosen, began, turn)
        wanted = answer.passages + BEYOND
        if self.has_model(answer):
            wanted = max(wanted, self.settings.context.passages)
            self.models.generator()  # Loaded before the view is opened, which keeps removed text from being purged.
        with self.store.view(chosen) as view:
            found, begun = self._searched(turn.searched if turn else question, view, mode, answer, wanted)
            if turn and turn.searched != question and _misses(question, begun, view):
                # Words that were carried over may be too many: the follow-up as it was asked may say enough.
                bare = self._searched(question, view, mode, answer, wanted)
                if bare[1].context or not _misses(question, bare[1], view):
                    (found, begun), turn = bare, replace(turn, searched=question, origins=())
            digests = view.snapshot.digests(hit.chunk.source for hit in found.hits) if turn else {}
            state = view.snapshot.state
        return Reply(
            question,
            begun.hits,
            remembering(begun.draft, place, state, trouble) if place else begun.draft,
            lambda answer: self._grounded(answer, chosen),
            lambda answer: replace(
                found,
                hits=begun.hits,
                passages=passage_uses(found.hits, answer, self.embedder().tokenizer),
                context=begun.context,
            ),
            retrieval_seconds=time.monotonic() - began,
            turn=turn,
            material=Material(begun.hits, digests, is_written=begun.context is not None),
        )

    def _searched(
        self, question: str, view: View, mode: str, answer: AnswerSettings, wanted: int
    ) -> tuple[Trace, Begun]:
        found = traced(self.composer, mode, view, question, wanted)
        return found, self._begun(question, found.hits, view, answer)

    def context(self, question: str, chosen: Filter | None, *, mode: str, settings: ContextSettings) -> PassageContext:
        """What a language model is given to read of what `chosen` keeps."""
        with self.store.view(chosen) as view:
            hits = self.composer.compose(mode, view).retrieve(question, settings.passages)
            return self._context(question, hits, view, settings)

    def has_model(self, answer: AnswerSettings) -> bool:
        return has_model(self.settings, answer.by)

    def _place(self, question: str, chosen: Filter | None, mode: str, answer: AnswerSettings) -> Place | None:
        """Where the answer is remembered, None where it is not to be."""
        if not answer.remembered or not self.has_model(answer):
            return None
        settings = self.settings.model_copy(update={"answer": answer.model_copy(update={"remembered": 0})})
        key = answer_key(question, chosen, mode, settings)
        return Place(self.store.answers, key, answer.remembered, partial(served_writer, settings.generator))

    def _again(self, answer: Answer, chosen: Filter | None, began: float, turn: OpenTurn | None) -> Reply:
        """The reply with an answer that is remembered, for which nothing is searched."""
        question, hits = answer.question, answer.hits
        with self.store.manifest.snapshot() as snapshot:
            digests = snapshot.digests(citation.source for citation in answer.citations) if turn else {}
        return Reply(
            question,
            hits,
            finished(answer),
            lambda answer: self._grounded(answer, chosen),
            lambda answer: Trace(
                question,
                hits,
                stages=(),
                notes=(f"Nothing was searched: the answer is one of {answer.remembered:%Y-%m-%d %H:%M} UTC.",),
                passages=passage_uses(hits, answer, self.embedder().tokenizer),
            ),
            retrieval_seconds=time.monotonic() - began,
            turn=turn,
            material=Material(hits, digests, is_written=True),
        )

    def _begun(self, question: str, hits: Sequence[Hit], view: View, answer: AnswerSettings) -> Begun:
        from generation.extractive import ExtractiveAnswerer
        from generation.routing import is_plain

        threshold = threshold_of(view.snapshot, self.settings, answer).value
        quoting = ExtractiveAnswerer(
            self.embedder(), view.lexical, at_large=view.sample(), quotes=answer.quotes, threshold=threshold
        )
        best = tuple(hits[: answer.passages])
        if not self.has_model(answer):
            return Begun(quoting.draft(question, best), best)
        quoted = quoting.answer(question, best)
        # Where only one quote may be given, nothing shows whether another one comes near.
        if answer.by == "routed" and answer.quotes > 1 and is_plain(quoted):
            return Begun(finished(quoted), best)
        if not best or (quoted.confidence or 0.0) < (OFF_TOPIC if answer.threshold is None else threshold):
            return Begun(finished(quoted), best)
        return self._written(question, hits, view, quoted, answer)

    def _written(self, question: str, hits: Sequence[Hit], view: View, quoted: Answer, answer: AnswerSettings) -> Begun:
        from generation.checking.support import SupportChecker
        from generation.prompting.prompt import load_prompts
        from generation.written import WrittenAnswerer

        model, prompts = self.models.generator(), load_prompts(answer.prompts)
        context = self._context_for(model, prompts, question, hits[: self.settings.context.passages], view)
        answerer = WrittenAnswerer(
            model,
            prompts,
            SupportChecker(self.embedder()),
            context.passages,
            quoted,
            is_strict=answer.strict,
            drafts=answer.drafts,
            seconds=self.settings.generator.seconds,
        )
        read = tuple(entry.hit for entry in context.ledger if entry.fate != "left out")
        return Begun(answerer.draft(question, read), read, context)

    def _context_for(
        self, model: Generator, prompts: Prompts, question: str, hits: Sequence[Hit], view: View
    ) -> PassageContext:
        """As the settings say, or less, where the model's window has no room for that."""
        settings = self.settings.context
        context = self._context(question, hits, view, settings)
        if not isinstance(model, Measured) or (room := model.room) is None:
            return context
        budget = context.tokens
        while (tokens := model.tokens(prompts.ask(question, context.passages))) > room:
            budget = int(_SHRUNK * budget - (tokens - room) * budget / tokens)
            if budget < _LEAST:
                break  # The model says so itself.
            context = self._context(question, hits, view, settings.model_copy(update={"tokens": budget}))
        return context

    def _context(self, question: str, hits: Sequence[Hit], view: View, settings: ContextSettings) -> PassageContext:
        return context_of(question, hits, view, count=token_counter(self.embedder().tokenizer), settings=settings)

    def _grounded(self, answer: Answer, chosen: Filter | None) -> Answer:
        """`answer` with its citations looked up, and with the further places of their words."""
        with self.store.manifest.snapshot() as snapshot:
            checked = grounded(answer, snapshot)
        if not checked.citations:
            return checked
        try:
            with self.store.view(chosen) as view:
                return with_copies(checked, view)
        except UserError:  # The base has changed, and the filter keeps nothing of it any more.
            return checked


def _misses(question: str, begun: Begun, view: View) -> bool:
    """Whether nothing is quoted for a follow-up, or only what was carried over: no word of its own, such as "deposit".

    One that points ("How much does it cost?") is about what was carried over, in whichever words that is said.
    """
    if begun.context:
        return False
    answer = begun.draft.answer()
    if answer.abstained or points(question):
        return answer.abstained
    own = read_question(question, view.lexical).weights
    return all(own.keys().isdisjoint(terms(citation.quote)) for citation in answer.citations)

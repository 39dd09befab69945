"""Remembered answers of language models: what decides one, which are worth it, and how they are kept and recalled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import astuple, dataclass, replace
from pathlib import Path

from citewell import __version__
from generation.answerer import Draft
from generation.best_draft import is_choice_note
from generation.prompting.prompt import load_prompts
from generation.same_question import plain_wording
from kb.errors import MissingModel, StoreError
from kb.filters import Filter
from kb.settings import GeneratorSettings, Settings, plain
from kb.store.answers import AnswerStore, Key
from kb.types import Answer

_NO_MATTER = ("ingest", "store", "evaluation")
"""Sections of the settings that decide no answer (what decides the base does so through it)."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the answer to a question is remembered, one of `limit`. What goes wrong there is told in a sentence, "" if
    nothing does: an answer can be had without.

    `writer` says which model would answer now, "" where that is decided already or nobody knows. It may have to ask, so
    that it is asked only where an answer is there to be given again: another model's is not.
    """

    store: AnswerStore
    key: Key
    limit: int
    writer: Callable[[], str]

    def recall(self) -> tuple[Answer | None, str]:
        try:
            known = self.store.recall(self.key)
        except StoreError as error:
            return None, str(error)
        if known and (writer := self.writer()) and known.generator != writer:
            return None, ""
        return known, ""

    def keep(self, answer: Answer, state: str) -> str:
        try:
            self.store.keep(self.key, answer, state=state, limit=self.limit)
        except StoreError as error:
            return str(error)
        return ""


def answer_key(question: str, chosen: Filter | None, mode: str, settings: Settings) -> Key:
    """Of what decides an answer besides the base: the program, its settings, prompts, model, mode and filter.

    The settings go in as a digest, since they may hold keys of services.
    """
    values = plain(settings)
    decisive = {name: value for name, value in values.items() if name not in _NO_MATTER}
    prompts = astuple(load_prompts(settings.answer.prompts))
    places = [str(Path(source).resolve()) for source in chosen.sources] if chosen else []
    parts = (__version__, mode, repr(chosen), places, prompts, _weights(settings.generator.model), decisive)
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True, default=repr).encode()).hexdigest()
    return Key(plain_wording(question), digest)


def served_writer(settings: GeneratorSettings) -> str:
    """The model that a server answers with where the settings leave that to it: another one may be served by now.

    "" of other settings, and of a server that is not reached or lists no models: what it last wrote is good then.
    """
    if not settings.server or settings.model or settings.replay:
        return ""
    from citewell.inventory import served_models

    return served_models(settings).chosen


def is_worth_remembering(answer: Answer) -> bool:
    """Whether asking again would not do better: the documents bear out all of it, and nothing went wrong.

    An abstention, or an answer of which something is not borne out, may be a model's whim; who asks again gives it
    another chance. The documents' own words are found as fast as anything is remembered. That it was the best of
    several drafts is nothing that went wrong.
    """
    went_well = all(is_choice_note(note) for note in answer.notes)
    is_borne_out = all(statement.is_supported for statement in answer.statements)
    return bool(answer.statements) and is_borne_out and not answer.abstained and went_well


def remembering(draft: Draft, place: Place, state: str, trouble: str = "") -> Draft:
    """`draft`, the answer of which is kept in `place` once it is finished, as one made in that state of the base.

    The finished answer tells of `trouble` with what is remembered.
    """

    def writing() -> Generator[str, None, Answer]:
        with closing(draft):
            yield from draft
            answer = draft.answer()
        met = (trouble, place.keep(answer, state) if is_worth_remembering(answer) else "")
        return replace(answer, notes=(*answer.notes, *dict.fromkeys(filter(None, met))))

    return Draft(writing())


def _weights(model: str) -> list[tuple[str, int, int]]:
    """How the files of a model look: another one may come to lie in the same folder. Empty where it is not there."""
    from kb.models.embedders import local_folder

    try:
        folder = local_folder(model, kind="language model") if model else None
    except MissingModel:
        folder = None
    files = sorted(path for path in folder.iterdir() if path.is_file()) if folder else []
    return [(str(path), (stat := path.stat()).st_size, stat.st_mtime_ns) for path in files]

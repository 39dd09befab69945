"""Asking a language model before a search: in limited time, once for the same, and never in the way of the search.

Replies are kept in memory alone: what people ask is theirs, and what they remove must not live on in a file elsewhere.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import closing
from math import inf
from threading import Lock
from time import monotonic

from kb.errors import GeneratorError, ReplyCutShort
from kb.notes import Note, unheard
from kb.protocols import Generator
from kb.text.ignorance import admits_ignorance
from kb.text.thoughts import said
from retrieval.listening import Listener
from retrieval.prompting import Prompt
from retrieval.replies import Reply

_log = logging.getLogger(__name__)

_ENOUGH = 2_000
"""Characters of a reply after which the model is stopped: embedders hardly see more."""
_REMEMBERED = 1_000
"""Replies; they are some hundred bytes each."""
_FORGIVEN = 60.0
"""Seconds for which a model that failed is not asked the same again: a search may ask more than once, and should find
the same each time."""
_CAUSES = 100
"""Different causes that are logged."""


class Asker:
    """Asks `generator`, which has `seconds` for all that is asked at once. Safe to share between threads."""

    def __init__(self, generator: Generator, *, seconds: float = 10.0) -> None:
        self._name = f"The language model {generator.name}"
        self._listener = Listener(generator)
        self._seconds = seconds
        self._known: OrderedDict[Prompt, tuple[float, Reply]] = OrderedDict()
        self._told: set[str] = set()
        self._lock = Lock()

    def ask(
        self,
        prompts: Sequence[Prompt],
        *,
        read: Callable[[Reply], list[str] | None],
        on_fallback: Note = unheard,
        instead: str = "The question is searched as it stands",
    ) -> list[str]:
        """What `read` makes of the replies, one after the other; it gives None for a reply that it cannot read.

        Where no reply is of use, there is nothing, and `on_fallback` hears in a sentence what is done `instead`, and
        why. Every cause is logged once.
        """
        deadline = monotonic() + self._seconds
        found: list[str] = []
        problems: list[str] = []
        is_useful = False
        for prompt in prompts:
            reply = self._reply(prompt, deadline)
            items = read(reply) if reply.text else None
            if items is None or reply.problem:
                problems.append(reply.problem or f"{self._name} does not keep to the form that it was asked for")
            is_useful = is_useful or items is not None
            found += items or []
        for problem in problems:
            self._log_once(problem)
        if problems and not is_useful:
            on_fallback(f"{instead}: {problems[0].rstrip('.')}.")
        return found

    def close(self) -> None:
        """To be called before the process ends: a model that is being stopped gets the time for it."""
        self._listener.close()

    def _reply(self, prompt: Prompt, deadline: float) -> Reply:
        if (known := self._recalled(prompt)) is not None:
            return known
        reply = self._heard(prompt, deadline)
        with self._lock:
            self._known[prompt] = (monotonic() + _FORGIVEN if reply.problem else inf), reply
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return reply

    def _recalled(self, prompt: Prompt) -> Reply | None:
        with self._lock:
            until, reply = self._known.get(prompt, (0.0, None))
            if monotonic() >= until:
                return None
            self._known.move_to_end(prompt)
            return reply

    def _heard(self, prompt: Prompt, deadline: float) -> Reply:
        text, is_whole, problem = "", True, ""
        try:
            with closing(self._listener.hear(prompt, deadline=deadline)) as pieces:
                for piece in pieces:
                    text += piece
                    if len(said(text)) >= _ENOUGH:
                        is_whole = False
                        break
        except ReplyCutShort:
            is_whole = False
        except GeneratorError as error:
            return Reply("", problem=str(error))
        except TimeoutError:
            is_whole, problem = False, f"{self._name} takes longer than {self._seconds:g} seconds (expansion.seconds)"
        useful = said(text)
        if admits_ignorance(useful):
            return Reply("", problem=f"{self._name} says that it does not know")
        return Reply(useful, is_whole, problem if useful or problem else f"{self._name} says nothing")

    def _log_once(self, problem: str) -> None:
        with self._lock:
            if problem in self._told or len(self._told) >= _CAUSES:
                return
            self._told.add(problem)
        _log.warning("The question is searched without a language model's help: %s.", problem.rstrip("."))

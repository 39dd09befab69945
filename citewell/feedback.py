"""Feedback on the answers in a base's conversations: to give, to change, to go through."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from kb.errors import UserError
from kb.feedback import Correction, Feedback, State, Verdict
from kb.store.feedback import FeedbackStore
from kb.text.terms import terms

LONGEST_CORRECTION = 2000
"""Characters."""
_IN_A_ROW = 3
"""Words that are taken for copied where a passage has them in the same order."""


class FeedbackBox:
    """One verdict a turn; it goes with its conversation. Those of other owners are not seen.

    `owner` is whoever asks, "" where one person alone uses the base. `holding` finds the documents that words stand in.
    """

    def __init__(self, store: FeedbackStore, holding: Callable[[str], Sequence[str]]) -> None:
        self._store = store
        self._holding = holding

    def list(self, *, owner: str = "") -> tuple[Feedback, ...]:
        """The one that was given last first."""
        return tuple(self._store.all(owner))

    def of(self, conversation: str, asked: datetime, *, owner: str = "") -> Feedback | None:
        """That on the turn of which `asked` is the same; None where there is none, or the turn is not kept any more.

        The conversation is named by its id here.
        """
        return self._store.of_turn(conversation, asked, owner)

    def give(
        self,
        conversation: str,
        asked: datetime,
        verdict: Verdict,
        *,
        correction: Correction | None = None,
        owner: str = "",
    ) -> Feedback:
        """In place of an earlier one on the same turn; it is open for review again.

        A correction is kept as long as the base holds the documents that the answer came from, the one that it names,
        and those whose words it repeats. Raises UserError where the turn is gone, or one of these already.
        """
        said = correction or Correction()
        if len(said.text) > LONGEST_CORRECTION:
            raise UserError(f"The correction is longer than {LONGEST_CORRECTION:,} characters; say it in fewer words.")
        if said.page is not None and said.page < 1:
            raise UserError("Pages are counted from 1; name the page again.")
        repeated = self._holding(said.text) if said.text.strip() else ()
        return self._store.give(conversation, asked, owner, verdict=verdict, correction=said, sources=repeated)

    def withdraw(self, conversation: str, asked: datetime, *, owner: str = "") -> None:
        """Deletes the feedback on a turn, if there is any."""
        self._store.withdraw(conversation, asked, owner)

    def decide(self, feedback: Feedback, state: State, *, owner: str = "") -> None:
        """What a person made of it. Raises UserError where it is gone."""
        self._store.decide(feedback, state, owner)


def repeats(said: str, passage: str) -> bool:
    """Whether `passage` has three words of `said` in a row, or all of them where they are fewer."""
    asked, there = terms(said), terms(passage)
    size = min(_IN_A_ROW, len(asked))
    return bool(size) and not set(_runs(asked, size)).isdisjoint(_runs(there, size))


def _runs(of: Sequence[str], size: int) -> list[tuple[str, ...]]:
    return [tuple(of[start : start + size]) for start in range(len(of) - size + 1)]

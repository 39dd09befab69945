"""Which of several drafts of an answer is taken: the one that the passages bear out best."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from generation.manuscript import Manuscript
from kb.errors import GeneratorError

_CHOICE = "Best of {} drafts."


@dataclass(frozen=True, slots=True)
class Written:
    """A draft as far as it was written, and why it stopped before its end, if it did.

    `among` is of how many that say something it was the best.
    """

    manuscript: Manuscript
    failure: GeneratorError | None
    among: int = 1

    @property
    def says_something(self) -> bool:
        """Whether it claims anything, or refuses to."""
        return bool(self.manuscript.statements) or self.manuscript.is_refusal

    @property
    def can_stand(self) -> bool:
        """Whether it is whole, and a refusal or borne out in all that it claims."""
        return self.failure is None and self.says_something and not self.manuscript.problems()

    @property
    def merit(self) -> tuple[float, ...]:
        """What it is worth, to be compared in order: whether it says something, whether anything of that is borne out,
        whether it is whole, which share of its statements is borne out, their mean support, and how few are not.

        So a refusal is better than a draft of which nothing is borne out, and than no other.
        """
        made, support = len(self.manuscript.statements), self.manuscript.support
        failing = len(self.manuscript.problems())
        share = (made - failing) / made if made else 0.0
        mean = sum(support) / made if made else 0.0
        return self.says_something, share > 0, self.failure is None, share, mean, -failing


def best_of(drafts: Sequence[Written]) -> Written:
    """The one of most merit, of several alike the first."""
    return max(drafts, key=lambda draft: draft.merit)


def choice_note(drafts: int) -> str:
    """Says to people of how many an answer is the best."""
    return _CHOICE.format(drafts)


def is_choice_note(note: str) -> bool:
    return re.fullmatch(_CHOICE.format(r"\d+"), note) is not None

"""Feedback: what people said of the answers that they got, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Verdict = Literal["good", "bad"]
State = Literal["open", "accepted", "rejected"]
"""Whether a person has gone through it: "accepted" became a question of a question set, "rejected" none."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What would have been right, in the person's words: `text`, or that the documents do not say.

    `source` is the document that holds it and `page` its page, as far as they were named: "" and None where not.
    """

    text: str = ""
    is_unanswerable: bool = False
    source: str = ""
    page: int | None = None

    @property
    def says_something(self) -> bool:
        return bool(self.text or self.is_unanswerable or self.source)


@dataclass(frozen=True, slots=True)
class Feedback:
    """The verdict on one turn of a conversation, which `asked` tells from its others.

    `is_forgotten`: the correction is gone, because a document that its words may come from was removed or changed.
    """

    conversation: str
    asked: datetime
    question: str
    verdict: Verdict
    correction: Correction
    given: datetime
    state: State = "open"
    is_forgotten: bool = False

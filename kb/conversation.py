"""Conversations: questions that follow one another, and what was answered, as plain values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from kb.types import Answer

FORGOTTEN = "A document that this answer was made from was removed or changed, and its words with it; ask again."


@dataclass(frozen=True, slots=True)
class Origin:
    """A document that words of a turn come from, as it was then.

    `of` says which words: those of the "answer", or only those of the "question" that was searched, which may take up
    words of the answers before it.
    """

    source: str
    sha256: str
    of: Literal["answer", "question"] = "answer"


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and its answer.

    `question` is as it was asked, `searched` as it was put to the documents: on its own, where it was a follow-up.
    `answer` comes without hits, timings and further places of its quotes. `is_stopped`: it was not written to its end;
    `is_forgotten`: its words are gone, because a document that they come from was removed or changed.
    """

    question: str
    searched: str
    answer: Answer
    asked: datetime
    origins: tuple[Origin, ...] = ()
    is_stopped: bool = False
    is_forgotten: bool = False


@dataclass(frozen=True, slots=True)
class Conversation:
    """`turns` are the latest ones, oldest first; `size` counts all that are kept, from the first."""

    id: str
    owner: str
    title: str
    created: datetime
    changed: datetime
    size: int
    turns: tuple[Turn, ...] = ()


def as_held(turn: Turn, whereabouts: Callable[[Origin], str | None]) -> Turn:
    """What may be kept of `turn`, given the source under which a base now holds an origin's content, None for nowhere.

    Citations of a file that was moved follow it. Words whose origin is gone go too.
    """
    places = {origin: whereabouts(origin) for origin in turn.origins}
    gone = {origin.of for origin, place in places.items() if place is None}
    if "answer" in gone:
        answer = Answer(turn.question, "", abstained=False, generator=turn.answer.generator, notes=(FORGOTTEN,))
        return replace(turn, searched=turn.question, answer=answer, origins=(), is_forgotten=True)
    moved = {origin.source: place for origin, place in places.items() if place}
    citations = tuple(
        replace(citation, source=moved.get(citation.source, citation.source)) for citation in turn.answer.citations
    )
    held = [replace(origin, source=place) for origin, place in places.items() if place]
    return replace(
        turn,
        searched=turn.question if "question" in gone else turn.searched,
        answer=replace(turn.answer, citations=citations),
        origins=tuple(dict.fromkeys(origin for origin in held if origin.of not in gone)),
    )

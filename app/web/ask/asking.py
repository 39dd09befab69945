"""Asking on the page: a question goes to the desk of the server, and the conversation of the session that shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

import streamlit as st

from app.web.ask.choosing import choice
from app.web.ask.conversations import ADDRESS, go_to, opened
from app.web.ask.desk import Desk
from app.web.ask.suggestions import Suggestions
from app.web.ask.writing import Place, Writing
from app.web.visitor import visitor
from citewell.asking import has_model
from citewell.knowledge_base import KnowledgeBase
from kb.conversation import Conversation, Turn
from kb.errors import CitewellError, StoreError

LONGEST_QUESTION = 2000
QUOTING = 4
"""Answers in the documents' own words that are made at once; they take a tenth of a second."""
LAST_WORDS = 2.0
"""Seconds that an answer has to be kept when the server is stopped."""


@dataclass(slots=True)
class _Shared:
    """What all sessions of the server share, besides the open bases."""

    desk: Desk
    suggestions: dict[str, Suggestions] = field(default_factory=dict)


@st.cache_resource(show_spinner=False)
def _shared() -> _Shared:
    return _Shared(Desk())


def close_desk() -> None:
    """Stops all answers of this server, and waits until they are kept."""
    _shared().desk.close(LAST_WORDS)


def desk() -> Desk:
    return _shared().desk


def suggestions(base: KnowledgeBase, state: str) -> tuple[str, ...] | None:
    """First questions to ask; None while they are sought."""
    known = _shared().suggestions
    return known.setdefault(str(base.folder), Suggestions()).of(base, state)


def place(base: KnowledgeBase, conversation: str) -> Place:
    return Place(str(base.folder), visitor(), conversation)


def ask(base: KnowledgeBase, question: str, *, fresh: bool = False) -> None:
    """Has the server answer `question` in the open conversation, or in a new one. To be called before a run draws."""
    asked = question.strip()
    st.session_state.pop("job", None)
    if not asked:
        return
    if len(asked) > LONGEST_QUESTION:
        st.session_state.trouble = f"The question is longer than {LONGEST_QUESTION} characters; ask something shorter."
        return
    try:
        _begin(base, asked, fresh=fresh)
    except CitewellError as error:
        st.session_state.trouble = str(error)


def _begin(base: KnowledgeBase, question: str, *, fresh: bool) -> None:
    chosen, owner = choice(), visitor()
    conversation = _conversation(base)
    reply = partial(
        base.ask,
        question,
        mode=chosen.mode or None,
        filter=chosen.filter,
        by=chosen.by,
        strict=chosen.strict or None,
        conversation=conversation,
        owner=owner,
        fresh=fresh,
    )
    # What cannot be kept is known by a name of this session alone.
    where = place(base, conversation or st.session_state.setdefault("unkept", f"unkept-{uuid4().hex}"))
    settings = base.settings
    writing = Writing(
        where, question, reply, state=base.state, kinds=chosen.kinds(settings), how=chosen.described(settings)
    )
    by_model = has_model(settings, chosen.by)
    desk().begin(writing, "model" if by_model else "quotes", slots=settings.generator.askers if by_model else QUOTING)


def _conversation(base: KnowledgeBase) -> str | None:
    """The id of the open conversation, else of a new one; None where none can be kept, which is told."""
    try:
        found = opened(base) or base.conversations.start(owner=visitor())
    except StoreError as error:
        st.session_state.trouble = f"This answer is not kept: {error}"
        return None
    st.session_state.pop("unkept", None)
    go_to(found.id)
    return found.id


def current_place(base: KnowledgeBase, conversation: Conversation | None) -> Place | None:
    name = conversation.id if conversation else st.session_state.get("unkept", "")
    return place(base, name) if name and (conversation or not st.query_params.get(ADDRESS)) else None


def turns_of(base: KnowledgeBase, conversation: Conversation | None, writing: Writing | None) -> list[Turn]:
    """The kept turns, and behind them an answer that could not be kept, while the documents are what they were."""
    turns = list(conversation.turns) if conversation else []
    is_shown = writing is not None and writing.is_done and writing.state == base.state
    if writing and is_shown and writing.answer and all(turn.asked != writing.asked for turn in turns):
        asked = writing.asked or datetime.now(UTC)
        turns.append(Turn(writing.question, writing.searched, writing.answer, asked))
    return turns

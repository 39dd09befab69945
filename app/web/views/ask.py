"""The Ask page: a question, its cited answer, the evidence beside it; newest first, earlier ones folded below."""

from __future__ import annotations

from functools import partial

import streamlit as st

from app.web.ask.asking import LONGEST_QUESTION, ask, current_place, desk, place, suggestions, turns_of
from app.web.ask.choosing import show_choice
from app.web.ask.conversations import opened as opened_conversation
from app.web.ask.conversations import show_controls, show_list, show_more_turns
from app.web.ask.progress import show_progress
from app.web.ask.turns import Shown, show_turn
from app.web.ask.writing import Writing
from app.web.library.adding import show_form, show_job
from app.web.literal import in_html, in_markdown
from app.web.workspace import Workspace, workspace
from citewell.knowledge_base import KnowledgeBase
from kb.conversation import Conversation, Turn
from kb.errors import StoreError
from kb.text.plurals import counted

QUICK = 0.5
"""Seconds for which an answer is waited for, so that a quick one is drawn once and whole."""
SEEKING = 0.5
"""Seconds between two looks for suggestions."""
EMPTY = """The library is empty. Citewell answers from your own documents, and only from them:

1. Choose some files, or name a folder.
2. Press *Add to the library*.
3. Ask, in your own words.
"""
PROMISE = "Each answer cites the words it stands on; where the documents do not say, it tells you so."


def show_empty(opened: Workspace) -> None:
    with st.container():
        show_job(opened)
    if not opened.is_ingesting:
        st.markdown(EMPTY)
        with st.container(border=True):
            show_form(opened)


def show_notices(opened: Workspace) -> None:
    show_job(opened)
    if "told" in st.session_state:
        st.success(in_markdown(st.session_state.pop("told")))
    if "trouble" in st.session_state:
        st.warning(in_markdown(st.session_state.pop("trouble")))


def kept_conversation(base: KnowledgeBase) -> Conversation | None:
    try:
        return opened_conversation(base)
    except StoreError as error:
        st.session_state.setdefault("trouble", str(error))
        return None


def show_question(base: KnowledgeBase, *, is_follow_up: bool, is_busy: bool) -> None:
    # In a container it stands where it is called, above the answer, which then grows without moving it.
    with st.container():
        st.chat_input(
            "Ask a follow-up" if is_follow_up else "Ask your documents",
            max_chars=LONGEST_QUESTION,
            key="question",
            disabled=is_busy,
            on_submit=lambda: ask(base, st.session_state.question or ""),
        )
    show_choice(base, desk(base).usual_seconds)


def show_turns(base: KnowledgeBase, turns: list[Turn], writing: Writing | None, name: str) -> None:
    """`name` keeps the elements of one conversation apart from those of another."""
    again = partial(ask, base, fresh=True)
    where = place(base, name)
    is_writing = writing is not None and not writing.answer
    newest = None if is_writing else len(turns) - 1
    for number in reversed(range(len(turns))):
        turn = turns[number]
        shown = Shown(turn, desk(base).asked_at(where, turn.asked), again)
        key = f"{name}-{turn.asked:%Y%m%d%H%M%S%f}"
        if number == newest:
            st.html(f'<h2 class="cw-question">{in_html(turn.question)}</h2>')
            show_turn(base, shown, key=key)
            continue
        if number == len(turns) - 1 - (newest is not None):
            st.html('<p class="cw-earlier">Earlier questions</p>')
        earlier = st.expander(in_markdown(turn.question), key=f"earlier-{key}", on_change="rerun")
        if earlier.open:
            with earlier:
                show_turn(base, shown, key=key)


def show_beginning(base: KnowledgeBase, documents: int, passages: int) -> None:
    """What the base holds, and what it could be asked first."""
    told = f"{counted(documents, 'document')}, {counted(passages, 'passage')}. {PROMISE}"
    st.html(f'<p class="cw-small">{told}</p>')
    state = base.state
    seeking = SEEKING if suggestions(base, state) is None else None
    st.fragment(run_every=seeking)(show_suggestions)(base, state, is_seeking=seeking is not None)


def show_suggestions(base: KnowledgeBase, state: str, *, is_seeking: bool) -> None:
    found = suggestions(base, state)
    if is_seeking and found is not None:
        st.rerun()
    if not found:
        return
    st.html('<p class="cw-earlier">You could ask</p>')
    with st.container(key="suggestions", gap="small"):
        for number, question in enumerate(found):
            st.button(in_markdown(question), key=f"suggestion-{number}", on_click=ask, args=(base, question))


opened = workspace()
base = opened.base
status = base.status()
if not status.documents:
    show_empty(opened)
    st.stop()
conversation = kept_conversation(base)
current = current_place(base, conversation)
writing = desk(base).latest(current) if current else None
notices, question, controls = st.container(), st.container(), st.container()
heading = st.empty()
if writing and not writing.is_done:
    heading.html(f'<h2 class="cw-question">{in_html(writing.question)}</h2>')
    if writing.wait(max(0.0, QUICK)):
        conversation = kept_conversation(base)
is_busy = writing is not None and not writing.is_done
turns = turns_of(conversation, writing)
with notices:
    show_notices(opened)
with question:
    show_question(base, is_follow_up=bool(turns), is_busy=is_busy)
if conversation and turns:
    with controls:
        show_controls(base, conversation, lambda name: desk(base).forget(place(base, name)))
if writing and is_busy:
    show_progress(desk(base), writing)
else:
    heading.empty()
    if writing and writing.trouble:
        st.html(f'<h2 class="cw-question">{in_html(writing.question)}</h2>')
        st.warning(in_markdown(writing.trouble))
if turns:
    show_turns(base, turns, writing, current.conversation if current else "")
if conversation and conversation.size > len(conversation.turns):
    st.button("Show older questions", on_click=show_more_turns, args=(conversation.id,), key="older")
if not turns and not writing:
    show_beginning(base, status.documents, status.chunks)
show_list(base, conversation.id if conversation else "")

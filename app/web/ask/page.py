"""The Ask page as a whole: the question, its answer as it comes, earlier ones folded below, and the conversations."""

from __future__ import annotations

from functools import partial

import streamlit as st

from app.web.ask.asking import LONGEST_QUESTION, ask, current_place, desk, place, suggestions, turns_of
from app.web.ask.chips import load_choices
from app.web.ask.choosing import show_choice
from app.web.ask.conversations import leave, show_controls, show_list, show_more_turns
from app.web.ask.conversations import opened as opened_conversation
from app.web.ask.progress import show_progress
from app.web.ask.turns import Shown, show_turn
from app.web.ask.writing import Place, Writing
from app.web.buttons import in_words
from app.web.library.adding import show_form, show_job
from app.web.literal import in_html, in_markdown
from app.web.workspace import Workspace
from citewell.knowledge_base import KnowledgeBase
from kb.conversation import Conversation, Turn
from kb.errors import StoreError
from kb.text.plurals import counted

QUICK = 1.0
"""Seconds for which the first words are waited for, so that a quick answer is drawn once and whole."""
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
        st.warning(in_words(st.session_state.pop("trouble")))


def kept_conversation(base: KnowledgeBase) -> Conversation | None:
    try:
        return opened_conversation(base)
    except StoreError as error:
        st.session_state.setdefault("trouble", str(error))
        return None


def show_question(base: KnowledgeBase, conversation: Conversation | None, *, is_busy: bool) -> None:
    """Where a question is put, with what it is to be looked for in, and what can be done with an open conversation."""
    # In a container it stands where it is called, and not at the foot of the window.
    with st.container():
        st.chat_input(
            "Ask a follow-up" if conversation else "Ask your documents",
            max_chars=LONGEST_QUESTION,
            key="question",
            disabled=is_busy,
            on_submit=lambda: ask(base, st.session_state.question or ""),
        )
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="controls"):
        show_choice(base, desk().usual_seconds)
        if conversation:
            st.button("New conversation", on_click=leave, key="new")
            show_controls(base, conversation, lambda name: desk().forget(place(base, name)))


def show_turns(base: KnowledgeBase, turns: list[Turn], where: Place, kept: int, *, is_newest_open: bool) -> None:
    """`turns` are the last ones of their conversation, which keeps so many of them, from the first."""
    again = partial(ask, base, fresh=True)

    def shown(number: int) -> Shown:
        turn, is_newest = turns[number], is_newest_open and number == len(turns) - 1
        writing = desk().asked_at(where, turn.asked)
        return Shown(turn, writing, again, where.conversation, is_kept=number < kept, is_newest=is_newest)

    folded = turns[:-1] if is_newest_open else turns
    if is_newest_open:
        st.html(_heading(turns[-1].question))
        show_turn(base, shown(len(turns) - 1), key=_key(where, turns[-1]))
    if folded:
        st.html('<p class="cw-earlier">Earlier questions</p>')
    for number, turn in reversed(list(enumerate(folded))):
        earlier = st.expander(in_markdown(turn.question), key=f"earlier-{_key(where, turn)}", on_change="rerun")
        if earlier.open:
            with earlier:
                show_turn(base, shown(number), key=_key(where, turn))


def _key(where: Place, turn: Turn) -> str:
    """Keeps the elements of one turn apart from those of all others."""
    return f"{where.conversation}-{turn.asked:%Y%m%d%H%M%S%f}"


def show_answers(
    base: KnowledgeBase,
    conversation: Conversation | None,
    where: Place | None,
    writing: Writing | None,
    turns: list[Turn],
) -> None:
    if writing and writing.is_done and writing.trouble:
        st.html(_heading(writing.question))
        st.warning(in_words(writing.trouble))
    if turns and where:
        kept = len(conversation.turns) if conversation else 0
        show_turns(base, turns, where, kept, is_newest_open=writing is None or writing.answer is not None)


def show_beginning(base: KnowledgeBase, documents: int, passages: int) -> None:
    """What the base holds, and what it could be asked first."""
    told = f"{counted(documents, 'document')}, {counted(passages, 'passage')}. {PROMISE}"
    st.html(f'<p class="cw-small">{told}</p>')
    seeking = SEEKING if suggestions(base, base.state) is None else None
    st.fragment(run_every=seeking)(show_suggestions)(base, is_seeking=seeking is not None)
    load_choices()


def show_suggestions(base: KnowledgeBase, *, is_seeking: bool) -> None:
    found = suggestions(base, base.state)
    if is_seeking and found is not None:
        st.rerun()
    if not found:
        return
    st.html('<p class="cw-earlier">You could ask</p>')
    with st.container(key="suggestions", gap="small"):
        for number, question in enumerate(found):
            if st.button(in_markdown(question), key=f"suggestion-{number}", on_click=ask, args=(base, question)):
                st.rerun()  # The whole page: a button in a fragment draws that alone.


def show_page(opened: Workspace) -> None:
    """Newest first: what is asked and stopped with stands above an answer, which grows without moving it."""
    base = opened.base
    documents, passages = base.counts()
    if not documents:
        show_empty(opened)
        return
    conversation = kept_conversation(base)
    current = current_place(base, conversation)
    writing = desk().latest(current) if current else None
    notices, question = st.container(), st.container()
    heading, answered = st.empty(), st.container()
    if writing and not writing.is_done:
        heading.html(_heading(writing.question))
        if writing.wait_for_words(QUICK):
            conversation = kept_conversation(base)
    is_busy = writing is not None and not writing.is_done
    turns = turns_of(base, conversation, writing)
    # It is what is waited for, and sent before what stands above it.
    with answered:
        if writing and is_busy:
            show_progress(desk(), writing)
        else:
            heading.empty()
        show_answers(base, conversation, current, writing, turns)
    with notices:
        show_notices(opened)
    with question:
        show_question(base, conversation if turns else None, is_busy=is_busy)
    if conversation and conversation.size > len(conversation.turns):
        st.button("Show older questions", on_click=show_more_turns, args=(conversation.id,), key="older")
    if not turns and not writing:
        show_beginning(base, documents, passages)
    show_list(base, conversation.id if conversation else "")


def _heading(question: str) -> str:
    return f'<h2 class="cw-question">{in_html(question)}</h2>'

"""The conversations of whoever looks at the page: to begin, to find, to open, to rename, to take along, to delete."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from app.web.buttons import in_words
from app.web.literal import in_markdown
from app.web.visitor import visitor
from citewell.knowledge_base import KnowledgeBase
from kb.conversation import Conversation
from kb.errors import CitewellError, UserError
from kb.text.plurals import counted

ADDRESS = "conversation"
"""The part of the address that names the open one."""
LISTED = 25
"""Conversations that the list shows at once."""
LATEST = 10
"""Turns of a conversation that the page shows at once."""
UNNAMED = "New conversation"


def opened(base: KnowledgeBase) -> Conversation | None:
    """The one that the address names, with its latest turns; somebody else's is as if there were none."""
    name = st.query_params.get(ADDRESS)
    if not name:
        return None
    try:
        found = base.conversations.open(name, owner=visitor(), latest=st.session_state.get(f"turns-{name}", LATEST))
    except UserError:
        leave()
        return None
    return found if found.id == name else None


def go_to(name: str) -> None:
    st.query_params[ADDRESS] = name


def leave() -> None:
    st.session_state.pop("unkept", None)
    st.query_params.pop(ADDRESS, None)


def show_more_turns(name: str) -> None:
    st.session_state[f"turns-{name}"] = st.session_state.get(f"turns-{name}", LATEST) + LATEST


def show_list(base: KnowledgeBase, current: str) -> None:
    """In the sidebar, the one that was changed last first; `current` is the id of the open one."""
    known = [one for one in base.conversations.list(owner=visitor()) if one.size or one.id == current]
    with st.sidebar:
        st.html('<p class="cw-earlier">Conversations</p>')
        if not known:
            st.html('<p class="cw-small">What you ask is kept here, until you delete it.</p>')
            return
        found = _sought(known)
        shown = st.session_state.get("conversations-shown", LISTED)
        with st.container(key="conversations", gap=None):
            for one in found[:shown]:
                st.button(
                    in_markdown(one.title or UNNAMED),
                    key=f"open-{one.id}",
                    on_click=go_to,
                    args=(one.id,),
                    type="secondary" if one.id == current else "tertiary",
                    width="stretch",
                    help=f"{counted(one.size, 'question')}, last on {one.changed.astimezone():%Y-%m-%d at %H:%M}",
                )
        if not found:
            st.markdown("No conversation has these words in its title.")
        if len(found) > shown:
            st.button(f"Show more ({len(found) - shown})", key="more-conversations", on_click=_show_more)


def _sought(known: Sequence[Conversation]) -> Sequence[Conversation]:
    """Those whose title holds all words that are sought; sought is where there are many."""
    if len(known) <= LISTED // 2:
        return known
    sought = st.text_input("Find a conversation", key="find-conversation", placeholder="Words of its title")
    words = sought.casefold().split()
    return [one for one in known if all(word in one.title.casefold() for word in words)]


def _show_more() -> None:
    st.session_state["conversations-shown"] = st.session_state.get("conversations-shown", LISTED) + LISTED


def show_controls(base: KnowledgeBase, current: Conversation, forget: Callable[[str], None]) -> None:
    """What can be done with the open conversation; `forget` hears of its end."""
    owner = visitor()  # The file is made when it is asked for, outside of any run that knows who asks.
    with st.popover("This conversation", key="this-conversation"):
        with st.form("rename", border=False):
            title = st.text_input("Title", value=current.title, max_chars=80, key=f"title-{current.id}")
            if st.form_submit_button("Rename"):
                _rename(base, current, title)
        st.download_button(
            "Save as Markdown",
            data=lambda: base.conversations.export(current.id, owner=owner),
            file_name=f"{_file_name(current.title)}.md",
            mime="text/markdown",
            on_click="ignore",
            key="export",
            help="All questions and answers with their sources, as a file.",
        )
        sure = st.checkbox(f"Yes, delete it with {counted(current.size, 'question')}", key=f"sure-{current.id}")
        st.button(
            "Delete for good",
            disabled=not sure,
            type="primary",
            key="delete-conversation",
            on_click=_delete,
            args=(base, current, forget),
        )


def _rename(base: KnowledgeBase, current: Conversation, title: str) -> None:
    try:
        base.conversations.rename(current.id, title, owner=visitor())
    except UserError as error:
        st.warning(in_words(error))
        return
    st.rerun()


def _delete(base: KnowledgeBase, current: Conversation, forget: Callable[[str], None]) -> None:
    """From a button, so that nothing of it is drawn any more."""
    forget(current.id)
    try:
        base.conversations.delete(current.id, owner=visitor())
    except CitewellError as error:
        st.session_state.trouble = str(error)
        return
    leave()
    answers = counted(current.size, "answer")
    st.session_state.told = f"“{current.title or UNNAMED}” is deleted: its questions and {answers} are gone for good."


def _file_name(title: str) -> str:
    """Letters, digits and hyphens of `title`, which every file system takes."""
    words = "".join(letter if letter.isalnum() else " " for letter in title).split()
    return "-".join(words)[:60] or "conversation"

"""Several knowledge bases: which one is looked at, making another, deleting one."""

from __future__ import annotations

import streamlit as st

from app.web.buttons import in_words
from app.web.literal import in_html, in_markdown
from app.web.workspace import choose_base, chosen_base, current_settings, first_base, home, workspaces
from citewell.home import base_names
from kb.errors import CitewellError, UserError

_MADE = "base-made"


def show_base_picker() -> None:
    """Which base the page shows, to be chosen where there are several; for the top of every page."""
    chosen, names = chosen_base(), names_here()
    if names == [chosen]:
        return
    with st.container(key="base-picker"):
        st.selectbox(
            "Knowledge base",
            names,
            index=names.index(chosen) if chosen in names else None,
            placeholder="Choose one",
            key=f"base-picker-of-{chosen}",
            on_change=_picked,
            args=(f"base-picker-of-{chosen}",),
        )


_OF_ONE_BASE = ("conversation", "questions", "run", "against")
"""Parts of the address that mean something in one base alone."""


def names_here() -> list[str]:
    """The bases that there are, and the first one, which is made when it is first looked at."""
    return sorted({*base_names(home()), first_base()})


def _picked(key: str) -> None:
    if name := st.session_state.get(key):
        look_at(name)


def look_at(name: str) -> None:
    """Makes the session look at another base, and forget what it has shown of the one before."""
    st.session_state.clear()
    for part in _OF_ONE_BASE:
        st.query_params.pop(part, None)
    choose_base(name)


def show_bases() -> None:
    """Making and deleting bases; one that is deleted takes its uploads and conversations with it."""
    names = names_here()
    if _MADE in st.session_state:
        st.success(st.session_state.pop(_MADE))
    folded = st.expander(f"Knowledge bases ({len(names)})", key="library-bases", on_change="rerun")
    if not folded.open:
        return
    with folded:
        st.html(
            '<p class="cw-small">Each has its own documents and conversations; nothing of one is found in another. '
            f"You are looking at <b>{in_html(chosen_base())}</b>.</p>"
        )
        _show_making(names)
        _show_deleting()


def _show_making(names: list[str]) -> None:
    with (
        st.form("make-base", border=False, clear_on_submit=True),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        name = st.text_input(
            "Name of a new knowledge base",
            max_chars=64,
            placeholder="contracts-2026",
            help="Letters, digits, dots, dashes and underscores.",
        ).strip()
        pressed = st.form_submit_button("Make it")
    if not pressed:
        return
    try:
        if not name:
            raise UserError("Give the new knowledge base a name.")
        if name.casefold() in map(str.casefold, names):
            raise UserError(f'There is a knowledge base "{name}" already; choose it at the top, or take another name.')
        workspaces().opened(home(), name, current_settings(), create=True)
    except CitewellError as error:
        st.warning(in_words(error))
        return
    look_at(name)
    st.session_state[_MADE] = f"{in_markdown(name)} is made, and empty; add documents to it."
    st.rerun()


def _show_deleting() -> None:
    chosen = chosen_base()
    with st.form("delete-base", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        typed = st.text_input(
            in_markdown(f"To delete {chosen}, with all that it holds, type its name"),
            max_chars=64,
            key=f"delete-base-{chosen}",
            help="Uploaded documents and conversations go with it. Files in your own folders stay where they are.",
        ).strip()
        pressed = st.form_submit_button("Delete this knowledge base")
    if not pressed:
        return
    try:
        if typed != chosen:
            raise UserError(f"Nothing was deleted: type {chosen}, exactly so, to delete it.")
        workspaces().delete(home(), chosen)
    except CitewellError as error:
        st.warning(in_words(error))
        return
    look_at(first_base())
    st.session_state[_MADE] = f"{in_markdown(chosen)} is deleted, with all that it held."
    st.rerun()

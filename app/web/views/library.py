"""The Library page: adding documents, what is being added, the documents there are, and the base that holds them."""

from __future__ import annotations

import streamlit as st

from app.web.library.activity import show_activity
from app.web.library.adding import show_form
from app.web.library.bases import show_bases
from app.web.library.chosen import show_chosen
from app.web.library.deletion import show_proof, show_question
from app.web.library.facts import show_facts
from app.web.library.table import show_documents
from app.web.library.unread import show_unread
from app.web.library.watched import show_watched
from app.web.look import show_title
from app.web.workspace import Workspace, workspace


@st.fragment
def show_list(opened: Workspace) -> None:
    """By itself, so that typing in the search does not write the whole page anew."""
    chosen = show_documents(opened)
    if chosen:
        show_chosen(opened, chosen)


opened = workspace()
states = opened.base.catalogue.kinds().states
show_title("Library")
with st.expander("Add documents", expanded=not states, key="library-add"):
    show_form(opened)
show_activity(opened)
show_question(opened)
show_proof()
if states:
    show_list(opened)
    show_unread(opened)
elif not opened.is_ingesting:
    st.html('<p class="cw-small">The library is empty. Add some documents above, then ask on the Ask page.</p>')
show_watched(opened)
show_facts(opened)
show_bases()

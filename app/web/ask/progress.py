"""An answer while it is written: its text as it grows, how many come before it, and the button that stops it."""

from __future__ import annotations

import streamlit as st

from app.web.ask.answers import answer_html
from app.web.ask.desk import Desk
from app.web.ask.writing import Writing
from app.web.literal import in_html
from kb.text.plurals import counted

REFRESH = 0.3
"""Seconds between two looks at an answer that is being written."""


@st.fragment(run_every=REFRESH)
def show_progress(desk: Desk, writing: Writing) -> None:
    """Draws the page anew when the answer is there."""
    if writing.is_done:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Stop", key="stop", help="What is written until then stays.", disabled=writing.is_stopping):
            desk.stop(writing)
            st.rerun(scope="fragment")
        st.html(f'<p class="cw-small cw-waiting" role="status">{in_html(_state(desk, writing))}</p>')
    if writing.searched != writing.question:
        st.html(f'<p class="cw-small cw-searched">Searched as: {in_html(writing.searched)}</p>')
    st.html(answer_html(writing.text) if writing.text else "<p></p>")


def _state(desk: Desk, writing: Writing) -> str:
    ahead = desk.ahead_of(writing)
    if writing.is_stopping:
        return "Stopping …"
    if ahead:
        return f"Waiting for {counted(ahead, 'question')} of others before yours …"
    return "Writing …" if writing.text else "Searching …"

"""Feedback on an answer where it stands: thumbs, and what would have been right."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from app.web.literal import in_markdown
from app.web.visitor import visitor
from citewell.feedback import LONGEST_CORRECTION
from citewell.knowledge_base import KnowledgeBase
from kb.conversation import Turn
from kb.errors import CitewellError
from kb.feedback import Correction, Feedback, Verdict
from kb.types import Answer

_VERDICTS: tuple[Verdict, Verdict] = ("bad", "good")
"""By the number of the thumb."""
_MOST = 2000
"""Documents to choose from."""


def show_feedback(base: KnowledgeBase, *, conversation: str, turn: Turn, key: str) -> None:
    """Thumbs for a `turn` that is kept in a conversation of the visitor's.

    A thumb is kept at once, and a second press takes it back; below it one may say what would have been right.
    """
    given = base.feedback.of(conversation, turn.asked, owner=visitor())
    st.session_state.setdefault(f"{key}-thumbs", _VERDICTS.index(given.verdict) if given else None)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.feedback(
            "thumbs", key=f"{key}-thumbs", on_change=_keep_verdict, args=(base, conversation, turn.asked, given, key)
        )
        if given:
            told = "Correction kept, for review under Evaluate" if given.correction.says_something else "Kept"
            st.caption(f"{told}.")
    if problem := st.session_state.pop(f"{key}-problem", ""):
        st.warning(in_markdown(problem))
    if given is None:
        return
    correcting = st.expander("What would have been right?", key=f"{key}-correct", on_change="rerun")
    if correcting.open:
        with correcting:
            _show_form(base, given, turn.answer, key)


def _show_form(base: KnowledgeBase, given: Feedback, answer: Answer, key: str) -> None:
    known = given.correction
    if given.is_forgotten:
        st.caption("Your correction was deleted with a document that it was about.")
    with st.form(key=f"{key}-form", border=False):
        text = st.text_area(
            "The right answer, in your own words or those of a document",
            value=known.text,
            max_chars=LONGEST_CORRECTION,
            height="content",
        )
        unanswerable = st.checkbox("The documents do not say", value=known.is_unanswerable)
        sources = _sources(base, answer, known.source)
        source = st.selectbox(
            "Document that says it",
            options=list(sources),
            index=list(sources).index(known.source) if known.source in sources else None,
            format_func=sources.__getitem__,
            placeholder="If you know it",
        )
        page = st.number_input("Page", min_value=1, value=known.page, step=1, placeholder="If there are pages")
        if st.form_submit_button("Keep the correction"):
            said = Correction(
                "" if unanswerable else text.strip(),
                unanswerable,
                "" if unanswerable else source or "",
                None if unanswerable else page,
            )
            _keep(base, given.conversation, given.asked, given.verdict, said, key)
            st.rerun()


def _sources(base: KnowledgeBase, answer: Answer, chosen: str) -> dict[str, str]:
    """Documents by source with their names; those that the answer is about come first."""
    ready = {row.source: row.name for row in base.documents() if row.state == "ready"}
    near = [citation.source for citation in answer.citations] + [hit.chunk.source for hit in answer.hits]
    ordered = [source for source in dict.fromkeys([chosen, *near, *ready]) if source in ready]
    return {source: ready[source] for source in ordered[:_MOST]}


def _keep_verdict(base: KnowledgeBase, conversation: str, asked: datetime, given: Feedback | None, key: str) -> None:
    thumb = st.session_state[f"{key}-thumbs"]
    if thumb is None:
        try:
            base.feedback.withdraw(conversation, asked, owner=visitor())
        except CitewellError as error:
            st.session_state[f"{key}-problem"] = str(error)
    else:
        _keep(base, conversation, asked, _VERDICTS[thumb], given.correction if given else Correction(), key)


def _keep(
    base: KnowledgeBase, conversation: str, asked: datetime, verdict: Verdict, said: Correction, key: str
) -> None:
    """Keeps it, or the reason why it cannot be kept, to be shown."""
    try:
        base.feedback.give(conversation, asked, verdict, correction=said, owner=visitor())
    except CitewellError as error:
        st.session_state[f"{key}-problem"] = str(error)

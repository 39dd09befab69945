"""The Evaluate page: the runs with their reports, a new evaluation, and the questions that it is measured with."""

from __future__ import annotations

import streamlit as st

from app.web.evaluate.reviewing import show_review
from app.web.evaluate.runs import RUN, show_runs
from app.web.evaluate.starting import show_latest, show_start
from app.web.look import show_title
from app.web.workspace import workspace

ABOUT = (
    "Here you see how good search and answers are on your own documents, in numbers with intervals. Collect questions "
    "under *Questions*, measure with them under *New evaluation*, and read the report under *Runs*."
)
VIEWS = {"runs": "Runs", "start": "New evaluation", "questions": "Questions"}
VIEW = "view"

base = workspace().base
show_title("Evaluate")
if RUN not in st.query_params:
    st.markdown(ABOUT)
named = st.query_params.get(VIEW)
st.session_state.setdefault("evaluate-view", named if named in VIEWS else "runs")
view = st.segmented_control(
    "What to see",
    options=list(VIEWS),
    format_func=VIEWS.__getitem__,
    required=True,
    label_visibility="collapsed",
    key="evaluate-view",
)
st.query_params[VIEW] = view or "runs"
show_latest()
if view == "start":
    show_start(base)
elif view == "questions":
    show_review(base)
else:
    show_runs()

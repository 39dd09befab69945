"""Beginning an evaluation, and how far the one is that runs on this server."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from app.web.buttons import in_words
from app.web.evaluate.errand import Errand, Kind, evaluation_home
from app.web.evaluate.question_set import question_folder
from app.web.evaluate.running import Evaluation, evaluations
from app.web.evaluate.runs import open_run
from app.web.literal import in_html, in_markdown
from app.web.workspace import home
from citewell.knowledge_base import KnowledgeBase
from kb.errors import CitewellError
from kb.text.plurals import counted

REFRESH = 0.5
MOST = 100_000
_WAYS: dict[Kind, str] = {
    "retrieval": "Search: which way of searching finds the evidence",
    "answers": "Answers: how right they are, and when they are withheld",
}
_DOING = {
    "retrieval": "Measuring search",
    "answers": "Measuring answers",
    "questions": "Drafting questions",
}
_STAGES = {"ingest": "reading the documents", "documents": "reading the documents", "questions": "questions"}


def show_start(base: KnowledgeBase) -> None:
    """What to measure, and the button that begins it."""
    kind: Kind = st.radio("What to measure", options=list(_WAYS), format_func=_WAYS.__getitem__, key="start-kind")
    named = st.text_input(
        "Folder of the dataset",
        value=str(question_folder(base.name)),
        help="A folder on this machine with documents and questions.jsonl, or in the layout of BEIR.",
        key="start-folder",
    )
    configs, mode = [], ""
    if kind == "retrieval":
        configs = st.multiselect(
            "Ways of searching to compare",
            options=base.modes(),
            default=[name for name in ("dense", "lexical", "hybrid") if name in base.modes()],
            key="start-configs",
        )
    else:
        default = base.settings.answer.mode
        mode = st.selectbox("Way of searching", base.modes(), index=base.modes().index(default), key="start-mode")
    limit = st.number_input(
        "Questions to ask at most",
        min_value=1,
        max_value=MOST,
        value=None,
        step=1,
        placeholder="All",
        help="Fewer are spread evenly over the dataset.",
        key="start-limit",
    )
    if st.button("Begin", type="primary", disabled=evaluations().is_running, key="start"):
        if not named.strip():
            st.warning("Name the folder of a dataset.")
        elif kind == "retrieval" and not configs:
            st.warning("Choose at least one way of searching.")
        else:
            begin(_errand(kind, Path(named.strip()), base, configs=tuple(configs), mode=mode, limit=limit))


def begin_drafting(base: KnowledgeBase, folder: Path, count: int) -> None:
    begin(_errand("questions", folder, base, limit=count))


def begin(errand: Errand) -> None:
    """Shows why where that is not possible."""
    try:
        evaluations().start(errand)
    except CitewellError as error:
        st.warning(in_words(error))
        return
    st.rerun()


def show_latest() -> None:
    """How far the evaluation is that runs on the server, whoever began it; or what became of it."""
    latest = evaluations().latest
    if latest is None:
        return
    with st.container(border=True, key="evaluation"):
        if latest.job.is_done:
            _show_outcome(latest)
        else:
            _show_progress(latest)


@st.fragment(run_every=REFRESH)
def _show_progress(running: Evaluation) -> None:
    if running.job.is_done:
        st.rerun()
    step = running.job.progress
    share = min(step.done / step.total, 1.0) if step.total else 0.0
    st.progress(share, text=in_markdown(_progress_line(running)))
    st.button("Stop", key="evaluation-stop", on_click=running.stop, help="What is done so far is kept.")


def _progress_line(running: Evaluation) -> str:
    step = running.job.progress
    stage = _STAGES.get(step.stage, step.stage) or "starting"
    # Of an ingest the steps are bytes, which tell people nothing.
    far = f"{step.done:,} of {step.total:,}" if step.total and step.stage != "ingest" else ""
    parts = (_doing(running), stage, far)
    return " · ".join(part for part in parts if part)


def _doing(evaluation: Evaluation) -> str:
    return f"{_DOING[evaluation.errand.kind]}: {evaluation.errand.folder.name}"


def _show_outcome(done: Evaluation) -> None:
    outcome = done.job.wait()
    if outcome.error:
        st.warning(in_markdown(outcome.error))
    elif outcome.drafted is not None:
        drafted = counted(outcome.drafted, "question")
        st.html(f"<p>{drafted} drafted; go through them under Questions.</p>")
    else:
        st.html(f"<p>{in_html(f'{_doing(done)}: done.')}</p>")
    with st.container(horizontal=True):
        if outcome.run:
            name = f"{outcome.run.parent.name}/{outcome.run.stem}"
            st.button("Open the report", type="primary", key="evaluation-open", on_click=_open, args=(name,))
        st.button("Dismiss", key="evaluation-dismiss", on_click=evaluations().dismiss)


def _open(name: str) -> None:
    st.session_state["evaluate-view"] = "runs"
    open_run(name)


def _errand(
    kind: Kind,
    folder: Path,
    base: KnowledgeBase,
    *,
    configs: tuple[str, ...] = (),
    mode: str = "",
    limit: int | None = None,
) -> Errand:
    settings = os.environ.get("CITEWELL_SETTINGS")
    return Errand(
        kind,
        folder.expanduser().resolve(),
        kb=base.name,
        home=home(),
        runs=evaluation_home(home()),
        settings=Path(settings) if settings else None,
        configs=configs,
        mode=mode,
        limit=limit,
    )

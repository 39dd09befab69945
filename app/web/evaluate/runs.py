"""The runs that were made, on this page or by `citewell eval`: to choose from, to open, to compare."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from app.web.evaluate.errand import evaluation_home
from app.web.evaluate.report import report_of, show_report
from app.web.literal import in_html, in_markdown
from app.web.workspace import home
from eval.kept_runs import RunNote, run_notes
from kb.text.plurals import counted

RUN, AGAINST = "run", "against"
"""The parts of the address that name the run which is open, and the one that it is compared with."""
SHOWN = 20
_KINDS = {"retrieval": "search", "answers": "answers", "judge": "judged answers"}


def show_runs() -> None:
    """The list, or the run that the address names."""
    notes = run_notes([evaluation_home(home())])
    name = st.query_params.get(RUN)
    if not name:
        _show_list(notes)
        return
    st.button("Back to all runs", key="runs-back", on_click=close_run)
    chosen = next((note for note in notes if note.name == name), None)
    if chosen is None:
        st.warning("This run is not here any more; choose another from the list.")
        return
    against = _chosen_against(chosen, notes)
    page, pictures = report_of(chosen.path, chosen.path.stat().st_mtime, against.path if against else None)
    show_report(page, pictures, key="report")


def open_run(name: str) -> None:
    close_run()
    st.query_params[RUN] = name


def close_run() -> None:
    for part in (RUN, AGAINST):
        st.query_params.pop(part, None)
        st.session_state.pop(f"runs-{part}", None)


def _show_list(notes: Sequence[RunNote]) -> None:
    if not notes:
        st.markdown(
            "No evaluation has been run yet. Measure one under *New evaluation*, or with "
            "`citewell eval retrieval DATASET`; its report then stands here."
        )
        return
    shown = st.session_state.get("runs-shown", SHOWN)
    for note in notes[:shown]:
        with st.container(border=True, key=f"run-{note.name}", gap="xxsmall"):
            label = f"**{in_markdown(note.dataset)}: {_KINDS[note.kind]}** →"
            st.button(label, type="tertiary", key=f"open-{note.name}", on_click=open_run, args=(note.name,))
            st.html(f'<p class="cw-small">{in_html(_summary(note))}</p>')
    if len(notes) > shown:
        st.button("Show more", key="runs-more", on_click=_show_more, args=(shown + SHOWN,))


def _show_more(count: int) -> None:
    st.session_state["runs-shown"] = count


def _summary(note: RunNote) -> str:
    """When, how much, and the main metric of each configuration with its interval."""
    values = ", ".join(f"{name} {estimate}" for name, estimate in note.estimates.items())
    asked = counted(note.questions, "question") if note.questions is not None else ""
    return " · ".join(part for part in (when(note.date), asked, f"{note.metric}: {values}" if values else "") if part)


def when(date: str) -> str:
    """The date of a run in the time of this machine; as it stands there where it is none."""
    try:
        return f"{datetime.fromisoformat(date).astimezone():%Y-%m-%d %H:%M}"
    except ValueError:
        return date


def _chosen_against(chosen: RunNote, notes: Sequence[RunNote]) -> RunNote | None:
    """The run to compare with, of those that asked the same; kept in the address."""
    others = {
        note.name: note
        for note in notes
        if note.name != chosen.name and note.digest == chosen.digest and note.kind == chosen.kind
    }
    if not others:
        return None
    named = st.query_params.get(AGAINST)
    picked = st.selectbox(
        "Compare with",
        options=list(others),
        index=list(others).index(named) if named in others else None,
        format_func=lambda name: f"{when(others[name].date)} · {', '.join(others[name].estimates)}",
        placeholder="An earlier run on the same questions",
        key=f"runs-{AGAINST}",
    )
    if picked:
        st.query_params[AGAINST] = picked
    else:
        st.query_params.pop(AGAINST, None)
    return others.get(picked or "")

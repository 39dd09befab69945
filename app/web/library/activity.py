"""What is being added just now: by whichever session, process or watched folder, how far it is, and what came of it."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from app.web.buttons import in_words
from app.web.library.copies import dismiss, drop
from app.web.library.queue import Ingest
from app.web.library.wording import errand_name, outcome_counts, progress_line, report_line, share_done, when
from app.web.literal import in_html, in_markdown
from app.web.workspace import Workspace
from citewell import IngestReport, Outcome
from citewell.board import JobNote
from kb.errors import UserError

REFRESH = 0.5
"""Seconds between two looks at what is running."""
LOOK = 3.0
"""Seconds between two looks whether something has begun."""
NAMED = 5
"""Files named with their reason; of more, the number is told."""
LISTED = 50
"""Files listed of an ingest that runs, those with a problem first."""
RESULTS = 3
"""Ingests of the session that are done and shown with what became of them, the latest ones."""
ASKED = "ingests-asked"
"""The part of a session's state that holds the ids of the ingests that it has asked for."""
_MARKS = {"failed": "✕", "skipped": "–"}


def note_asked(ingest: Ingest) -> None:
    """Has the session shown what becomes of it."""
    st.session_state.setdefault(ASKED, []).append(ingest.id)


def forget_asked() -> None:
    """Shows the session no longer what became of what it has asked for so far."""
    st.session_state.pop(ASKED, None)


def show_job(workspace: Workspace) -> None:
    """The ingests of the page, whoever asked for them, while they run; then what became of those of this session."""
    show_activity(workspace, everything=False)


def show_activity(workspace: Workspace, *, everything: bool = True) -> None:
    """The same; with `everything`, also jobs of other processes, of watched folders, and those that were cut short."""
    running = _running(workspace, everything=everything)
    mark = (running, workspace.base.state if everything and not running else "")
    every = REFRESH if running else LOOK if everything else None
    st.fragment(_show_running, run_every=every)(workspace, mark, everything)
    _show_results(workspace)
    if everything:
        asked = {ingest.errand for ingest in workspace.queue.unfinished()}
        for note in workspace.base.jobs():
            if note.state == "interrupted" and note.errand not in asked:
                _show_interrupted(workspace, note)


def _running(workspace: Workspace, *, everything: bool) -> bool:
    return workspace.queue.is_busy or (everything and bool(_elsewhere(workspace)))


def _elsewhere(workspace: Workspace) -> list[JobNote]:
    """The jobs that run and that no session of this server has asked for."""
    ours = {ingest.errand for ingest in workspace.queue.unfinished()}
    return [
        note
        for note in workspace.base.jobs()
        if note.state == "running" and not (note.pid == os.getpid() and note.errand in ours)
    ]


def _show_running(workspace: Workspace, mark: tuple[bool, str], everything: bool) -> None:
    if not workspace.is_there:
        st.rerun()
    running = _running(workspace, everything=everything)
    if (running, workspace.base.state if everything and not running else "") != mark:
        st.rerun()
    for ingest in workspace.queue.unfinished():
        if ingest.job:
            _show_progress(workspace, ingest)
        else:
            _show_waiting(workspace, ingest)
    for note in _elsewhere(workspace) if everything else ():
        _show_note(workspace, note)


def _show_progress(workspace: Workspace, ingest: Ingest) -> None:
    progress = ingest.progress
    with st.container(border=True):
        st.progress(share_done(progress), text=in_markdown(progress_line(progress)))
        current = f" · {Path(progress.current).name}" if progress.current else ""
        st.html(f'<p class="cw-small">{in_html(errand_name(ingest.errand, workspace.uploads) + current)}</p>')
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(
                "Stop",
                key=f"stop-{ingest.id}",
                disabled=ingest.is_cancelled,
                help="What is in the library by then stays there.",
            ):
                ingest.cancel()
            if ingest.is_cancelled:
                st.html('<p class="cw-small">Stopping at the next step.</p>')
        if counts := outcome_counts(ingest.counts):
            with st.expander(in_markdown(f"Files so far: {counts}"), key=f"outcomes-{ingest.id}"):
                st.html(_outcomes_html(list(ingest.outcomes)))


def _outcomes_html(outcomes: list[Outcome]) -> str:
    latest = outcomes[::-1]
    shown = [outcome for outcome in latest if outcome.reason] + [outcome for outcome in latest if not outcome.reason]
    items = "".join(
        f"<li>{_MARKS.get(outcome.state, '✓')} {in_html(Path(outcome.source).name)}"
        f" <span>{in_html(outcome.reason or outcome.state)}</span></li>"
        for outcome in shown[:LISTED]
    )
    return f'<ul class="cw-outcomes">{items}</ul>'


def _show_waiting(workspace: Workspace, ingest: Ingest) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        name = errand_name(ingest.errand, workspace.uploads)
        st.html(f'<p class="cw-small">Waiting until what is before it is done: {in_html(name)}</p>')
        if st.button("Drop", key=f"drop-{ingest.id}", help="Its uploaded copies are deleted."):
            drop(workspace, ingest)
            st.rerun()


def _show_note(workspace: Workspace, note: JobNote) -> None:
    by = "a watched folder" if note.pid == os.getpid() else f"another process ({note.pid})"
    with st.container(border=True):
        st.progress(share_done(note.progress), text=in_markdown(progress_line(note.progress)))
        told = f"{errand_name(note.errand, workspace.uploads)} · by {by}, since {when(note.started)}"
        st.html(f'<p class="cw-small">{in_html(told)}</p>')
        if st.button("Stop", key=f"stop-{note.id}", help="What is in the library by then stays there."):
            try:
                workspace.base.cancel(note.id)
            except UserError:
                st.rerun()  # It has just ended.


def _show_interrupted(workspace: Workspace, note: JobNote) -> None:
    progress = note.progress
    files = f" after {progress.files_done:,} of {progress.files_total:,} files" if progress.files_total else ""
    told = f"Interrupted{files}, asked for {when(note.started)}: {errand_name(note.errand, workspace.uploads)}"
    with st.container(border=True):
        st.markdown(in_markdown(told))
        with st.container(horizontal=True):
            if st.button("Go on", key=f"resume-{note.id}", help="What is done already is not done again."):
                note_asked(workspace.queue.resume(note))
                st.rerun()
            if st.button(
                "Dismiss",
                key=f"dismiss-{note.id}",
                help="What is in the library by now stays there. Uploaded copies of the rest are deleted.",
            ):
                try:
                    dismiss(workspace, note)
                except UserError as error:
                    st.warning(in_words(error))
                    return
                st.rerun()


def _show_results(workspace: Workspace) -> None:
    asked = st.session_state.get(ASKED, [])
    done = [ingest for ingest in workspace.queue.done() if ingest.id in asked][:RESULTS]
    for ingest in done:
        _show_result(ingest)
    if done and st.button("Clear", key="dismiss-results", help="Clears these messages.", type="tertiary"):
        forget_asked()
        st.rerun()


def _show_result(ingest: Ingest) -> None:
    if ingest.report is None:
        st.error(in_words(ingest.problem))
        return
    problems = _problems(ingest.report)
    (st.info if problems else st.success)(in_markdown(report_line(ingest.report)))
    if problems:
        st.warning("\n".join(f"- {in_markdown(problem)}" for problem in problems))


def _problems(report: IngestReport) -> list[str]:
    lines = [_problem_line(problem.source, problem.reason) for problem in (*report.failed, *report.skipped)]
    if len(lines) > NAMED:
        lines[NAMED:] = [f"and {len(lines) - NAMED:,} more, which the table of the library shows"]
    return lines


def _problem_line(source: str, reason: str) -> str:
    name = Path(source).name
    return reason if name in reason else f"{name}: {reason}"

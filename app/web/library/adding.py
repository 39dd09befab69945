"""Adding documents: the form that takes them, and the ingest that follows, shown while it runs and when it is done."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app.web.library.uploads import save_uploads
from app.web.literal import in_markdown
from app.web.workspace import Workspace
from citewell.knowledge_base import IngestJob
from kb.errors import CitewellError

REFRESH = 0.5
"""Seconds between two looks at a running ingest."""
NAMED = 5
"""Files named with their reason; of more, the number is told."""
_STAGES = {"scanning": "Getting ready", "reading": "Reading", "embedding": "Indexing", "publishing": "Finishing"}


def show_form(workspace: Workspace) -> None:
    """Takes files and a folder, and starts their ingest; hidden while one runs."""
    if workspace.is_ingesting:
        return
    with st.form("add", clear_on_submit=True, border=False):
        uploads = st.file_uploader(
            "Files: PDF, Office, mail, web pages, text and more",
            accept_multiple_files=True,
            help="Copied into the knowledge base's own folder on this machine.",
        )
        path = st.text_input("Or a folder on this machine", placeholder="/home/me/documents")
        if not st.form_submit_button("Add to the library", type="primary"):
            return
    named = _existing(path.strip()) if path.strip() else None
    if path.strip() and named is None:
        st.warning(in_markdown(f"There is no {path.strip()} that can be read; name a folder of this machine."))
        return
    paths = [named] if named else []
    paths += save_uploads(workspace.uploads, ((upload.name, upload.getvalue()) for upload in uploads))
    if not paths:
        st.warning("Choose at least one file, or name a folder.")
        return
    try:
        st.session_state.job = workspace.ingest(paths)
    except CitewellError as error:
        st.warning(in_markdown(str(error)))
        return
    st.rerun()


def _existing(path: str) -> Path | None:
    try:
        found = Path(path).expanduser()
        return found if found.exists() else None
    except (OSError, RuntimeError):
        # A folder that may not be entered, or the home of a user who is not known.
        return None


def show_job(workspace: Workspace) -> None:
    """The running ingest, whichever session started it; then, to those who saw it run, what became of it."""
    job = workspace.job
    if job and not job.is_done:
        st.session_state.job = job
        _show_progress(job)
    elif "job" in st.session_state:
        _show_result(st.session_state.job)


@st.fragment(run_every=REFRESH)
def _show_progress(job: IngestJob) -> None:
    if job.is_done:
        st.rerun()
    done, total = job.progress.bytes_done, job.progress.bytes_total
    st.progress(min(done / total, 1.0) if total else 0.0, text=in_markdown(_progress_line(job)))
    if st.button("Stop", help="Documents that are already in the library stay there."):
        job.cancel()


def _show_result(job: IngestJob) -> None:
    try:
        report = job.wait()
    except CitewellError as error:
        st.error(in_markdown(str(error)))
        return
    problems = [_problem_line(problem.source, problem.reason) for problem in (*report.failed, *report.skipped)]
    if len(problems) > NAMED:
        problems[NAMED:] = [f"and {len(problems) - NAMED} more"]
    (st.info if problems else st.success)(in_markdown(_report_line(job)))
    if problems:
        st.warning("\n".join(f"- {in_markdown(problem)}" for problem in problems))


def _problem_line(source: str, reason: str) -> str:
    name = Path(source).name
    return reason if name in reason else f"{name}: {reason}"


def _progress_line(job: IngestJob) -> str:
    progress = job.progress
    parts = [
        _STAGES.get(progress.stage, ""),
        Path(progress.current).name,
        f"{progress.files_done} of {progress.files_total} files" if progress.files_total else "",
        f"{progress.chunks} passages" if progress.chunks else "",
        f"about {progress.remaining:.0f} s left" if progress.remaining else "",
    ]
    return " · ".join(part for part in parts if part)


def _report_line(job: IngestJob) -> str:
    """Counts in words, only those that are not zero."""
    report = job.wait()
    counts = {
        "added": report.added,
        "updated": report.updated,
        "moved": report.moved,
        "unchanged": report.unchanged,
        "not readable": len(report.failed),
        "skipped": len(report.skipped),
    }
    told = ", ".join(f"{count} {word}" for word, count in counts.items() if count) or "nothing to add"
    stopped = "Stopped. " if report.cancelled else ""
    ready = f" New passages: {report.chunks}, ready to be asked after {report.seconds:.1f} s." if report.chunks else ""
    return f"{stopped}Documents: {told}.{ready}"

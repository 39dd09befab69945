"""Adding documents: the form that takes files, whole folders, and the names of folders on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import streamlit as st

from app.web.buttons import in_words
from app.web.library.activity import note_asked, show_job
from app.web.library.uploads import save_uploads, to_ingest
from app.web.literal import in_markdown
from app.web.workspace import Workspace
from kb.errors import CitewellError

__all__ = ["show_form", "show_job"]

FILES, FOLDER = "Files", "A whole folder"
LIMIT = "Up to {megabytes:,} MB each; for larger ones, name their folder below."


def show_form(workspace: Workspace) -> None:
    """Takes files and a folder, and asks for their ingest; while another one runs, they wait for it."""
    what = st.segmented_control(
        "What to upload",
        [FILES, FOLDER],
        default=FILES,
        required=True,
        key="upload-what",
        label_visibility="collapsed",
    )
    with st.form("add", clear_on_submit=True, border=False):
        uploads = st.file_uploader(
            "PDF, Office, mail, web pages, text and more",
            accept_multiple_files="directory" if what == FOLDER else True,
            key=f"upload-{what}",
            help="They are copied into the knowledge base's own folder on this machine. "
            + LIMIT.format(megabytes=st.get_option("server.maxUploadSize")),
        )
        path = st.text_input(
            "Or a folder or file on this machine",
            placeholder="/home/me/documents",
            help="It stays where it is, and is read there.",
        )
        keep = st.checkbox(
            "Keep it in step",
            help="The named folder is watched: what is added, changed or deleted there is so here too.",
        )
        if not st.form_submit_button("Add to the library", type="primary"):
            return
    named = existing(path.strip()) if path.strip() else None
    if path.strip() and named is None:
        st.warning(in_markdown(f"There is no {path.strip()} that can be read; name a folder of this machine."))
        return
    if keep and named is None:
        st.warning("Name the folder of this machine that is to be kept in step.")
        return
    if not uploads and named is None:
        st.warning("Choose at least one file, or name a folder.")
        return
    try:
        _add(workspace, [(upload.name, upload) for upload in uploads], named, keep=keep)
    except CitewellError as error:
        st.warning(in_words(error))
        return
    st.rerun()


def _add(workspace: Workspace, uploads: list[tuple[str, BinaryIO]], named: Path | None, *, keep: bool) -> None:
    with workspace.handing_in:
        saved = save_uploads(workspace.uploads, uploads)
        paths = to_ingest(workspace.uploads, saved)
        if named and keep:
            workspace.watching.add(named)
        elif named:
            paths.append(named)
        if paths:
            note_asked(workspace.queue.ask(paths))


def existing(path: str) -> Path | None:
    """What lies at a path that somebody has typed; None where there is nothing that may be looked at."""
    try:
        found = Path(path).expanduser()
        return found if found.exists() else None
    except (OSError, RuntimeError):
        # A folder that may not be entered, or the home of a user who is not known.
        return None

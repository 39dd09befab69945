"""Deleting documents: what it means is said before, and what is left of them is looked for and told afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from app.web.buttons import in_words
from app.web.library.copies import cut_short, delete_unread
from app.web.library.uploads import delete_uploads, is_upload
from app.web.literal import in_markdown
from app.web.workspace import Workspace
from citewell.status import RemovalReport
from kb.errors import CitewellError
from kb.store.remains import Remains
from kb.text.plurals import counted

NAMED = 12
"""Documents to be deleted that are named; of more, the number is told."""
_TO_DELETE = "files-to-delete"
_DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Deletion:
    """What was deleted, what was then found of it, and how many uploaded copies went with it."""

    report: RemovalReport
    remains: Remains
    uploads: int


def ask_to_delete(files: Sequence[str]) -> None:
    """Has the session asked whether `files` are to be deleted."""
    st.session_state[_TO_DELETE] = list(files)
    st.session_state.pop(_DELETED, None)


def show_question(workspace: Workspace) -> None:
    """The question, if there is one; what is deleted are the files it names, whatever is chosen by now."""
    files: list[str] = st.session_state.get(_TO_DELETE, [])
    if not files:
        return
    with st.container(border=True, key="library-delete"):
        st.markdown(f"**Delete {counted(len(files), 'file')} with all passages, in every kind of search?**")
        names = [f"- {in_markdown(workspace.base.display_name(file))}" for file in files[:NAMED]]
        more = [f"- and {len(files) - NAMED:,} more"] if len(files) > NAMED else []
        st.markdown("\n".join([*names, *more]))
        st.markdown(_what_of_the_files(workspace, files))
        for watched in _watched(workspace, files):
            st.warning(
                f"{in_markdown(watched)} is watched: what is deleted here and still lies there will be added again. "
                "Stop watching it first, or delete the file there instead."
            )
        with st.container(horizontal=True):
            if st.button("Delete for good", type="primary", key="delete-for-good"):
                _delete(workspace, files)
            if st.button("Keep", key="delete-not"):
                st.session_state.pop(_TO_DELETE)
                st.rerun()


def _what_of_the_files(workspace: Workspace, files: Sequence[str]) -> str:
    uploads = sum(is_upload(workspace.uploads, Path(file)) for file in files)
    if uploads == len(files):
        return "The uploaded copies are deleted from the disk too."
    kept = "Files in your own folders stay where they are."
    return f"Uploaded copies are deleted from the disk too. {kept}" if uploads else kept


def _watched(workspace: Workspace, files: Sequence[str]) -> list[str]:
    folders = [folder.path for folder in workspace.watching.folders.all()]
    return [folder for folder in folders if any(Path(file).is_relative_to(folder) for file in files)]


def _delete(workspace: Workspace, files: Sequence[str]) -> None:
    base = workspace.base
    try:
        with st.spinner("Deleting, and looking for what is left …"):
            held = base.catalogue.holdings(files)
            interrupted = cut_short(workspace)
            try:
                report = base.remove_files(files)
            finally:
                # Also where the last traces could not be cleared: nobody could name the copies any more.
                left = base.catalogue.known(files)
                uploads = delete_uploads(workspace.uploads, [file for file in files if file not in left])
                # Jobs that name a deleted file are forgotten with it, and their other copies are nobody's then.
                delete_unread(workspace, interrupted)
            workspace.queue.forget(files)
            st.session_state[_DELETED] = Deletion(report, base.catalogue.remains(held), uploads)
    except CitewellError as error:
        st.error(in_words(error))
        return
    st.session_state.pop(_TO_DELETE)
    st.rerun()


def show_proof() -> None:
    """What was deleted last, and the proof of it, until somebody has read it."""
    deletion: Deletion | None = st.session_state.get(_DELETED)
    if deletion is None:
        return
    proven = deletion.remains.are_none and deletion.report.purged
    (st.success if proven else st.warning)("\n\n".join(proof_lines(deletion)))
    if st.button("Clear", key="dismiss-deleted", type="tertiary", help="Clears this message."):
        st.session_state.pop(_DELETED)
        st.rerun()


def proof_lines(deletion: Deletion) -> list[str]:
    """As Markdown: what went, what was looked for and found, and what became of the files."""
    report, left = deletion.report, deletion.remains
    gone = (counted(report.removed, "file"), counted(report.documents, "document"), counted(report.chunks, "passage"))
    lines = [f"**Deleted:** {', '.join(gone)}, with their vectors and words."]
    if left.are_none:
        searched = f", and {left.searches} searches for its own words found nothing of it"
        lines.append(
            "**Checked:** no document, no passage, no vector and no word of it is left in the library"
            f"{searched if left.searches else ''}."
        )
    else:
        lines.append(
            f"**Still found:** {counted(left.documents, 'document')}, {counted(left.passages, 'passage')}, "
            f"{counted(left.vectors, 'vector')}, {left.words:,} in the index of words. "
            'Press "Check" below, then "Repair"; if a file was added again meanwhile, it is there again.'
        )
    if not report.purged:
        lines.append("Somebody was still reading; the last traces on the disk go with the next change.")
    kept = report.on_disk - deletion.uploads
    if deletion.uploads:
        lines.append(f"Uploaded copies deleted from the disk: {deletion.uploads:,}.")
    if kept > 0:
        lines.append(f"Files of your own folders, left where they are: {kept:,}.")
    return lines

"""What can be done with the chosen documents: look at one, read them again, delete them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from app.web.library.activity import note_asked
from app.web.library.deletion import ask_to_delete
from app.web.library.passages import show_passages
from app.web.library.wording import STATES, facts_html, folder_of, kind, size, when
from app.web.literal import in_html, in_markdown
from app.web.reading.source import show_document
from app.web.workspace import Workspace
from citewell.listing import ListedDocument
from kb.text.plurals import counted

NAMED = 8
"""Chosen documents that are named; of more, the number is told."""


def show_chosen(workspace: Workspace, chosen: Sequence[ListedDocument]) -> None:
    with st.container(border=True, key="library-chosen"):
        if len(chosen) == 1:
            _show_facts(workspace, chosen[0])
        else:
            names = [Path(document.name).name for document in chosen[:NAMED]]
            more = f" and {len(chosen) - NAMED:,} more" if len(chosen) > NAMED else ""
            st.html(f'<h2 class="cw-heading">{counted(len(chosen), "document")}</h2>')
            st.html(f'<p class="cw-small">{in_html(", ".join(names) + more)}</p>')
        _show_actions(workspace, chosen)
        if len(chosen) == 1 and chosen[0].state == "ready":
            _show_opened(workspace, chosen[0])
            show_passages(workspace, chosen[0])


def _show_facts(workspace: Workspace, document: ListedDocument) -> None:
    name = Path(document.name).name
    st.html(f'<h2 class="cw-heading">{in_html(name)}</h2>')
    if document.reason:
        st.warning(f"**{STATES[document.state]}:** {in_markdown(document.reason)}")
    facts = {
        "Title": "" if document.title == name else document.title,
        "Type": kind(document.media_type) if document.media_type else "",
        "Size": size(document.bytes),
        "Passages": f"{document.passages:,}" if document.state == "ready" else "",
        "Changed": when(document.changed),
        "Added": when(document.ingested),
        "Folder": folder_of(document.file, workspace.uploads),
        "Within": Path(document.file).name if document.source != document.file else "",
    }
    st.html(facts_html(facts))


def _show_opened(workspace: Workspace, document: ListedDocument) -> None:
    """Folded until somebody asks for it: its pages are drawn then."""
    folded = st.expander("Open the document", key=f"open-{document.source}", on_change="rerun")
    if folded.open:
        with folded:
            show_document(workspace.base, document.source, key=f"library-{document.source}", has_shortcuts=True)


def _show_actions(workspace: Workspace, chosen: Sequence[ListedDocument]) -> None:
    files = list(dict.fromkeys(document.file for document in chosen))
    failed = any(document.reason for document in chosen)
    with st.container(horizontal=True):
        if st.button(
            "Try again" if failed else "Read again",
            key="read-again",
            help="Reads the file from the disk anew, although it has not changed: after a tool was installed, say.",
        ):
            read_again(workspace, files)
        if st.button("Delete …", key="delete"):
            ask_to_delete(files)
            st.rerun()


def read_again(workspace: Workspace, files: Sequence[str]) -> None:
    """Has those of `files` read again that are still there, and says which are not."""
    there = [Path(file) for file in files if Path(file).exists()]
    if len(there) < len(files):
        gone = next(file for file in files if not Path(file).exists())
        st.warning(
            in_markdown(f"{gone} is no longer where it was; put it back, or delete it from the library.")
            if len(files) - len(there) == 1
            else f"{len(files) - len(there):,} files are no longer where they were; put them back, or delete them here."
        )
    if there:
        note_asked(workspace.queue.ask(there, again=True))
        if len(there) == len(files):
            st.rerun()

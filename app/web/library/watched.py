"""Watched folders: those that the base is kept in step with, how it stands with each, and how to stop."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app.web.buttons import in_words
from app.web.library.activity import note_asked
from app.web.library.deletion import ask_to_delete
from app.web.library.wording import when
from app.web.literal import in_html
from app.web.workspace import Workspace
from citewell.watched import Watch

STATES = {
    "in step": "In step",
    "working": "Taking in what has changed",
    "elsewhere": "Watched by another process of this machine",
    "problem": "Waits",
}


def show_watched(workspace: Workspace) -> None:
    watches = workspace.watching.all()
    waiting = sum(bool(watch.problem) for watch in watches)
    label = f"Watched folders ({len(watches)}{f', {waiting} waiting' if waiting else ''})"
    folded = st.expander(label, key="library-watched", on_change="rerun")
    if not folded.open:
        return
    with folded:
        if not watches:
            st.html(
                '<p class="cw-small">None. To have a folder watched, name it under "Add documents" and tick "Keep it '
                'in step": what is added, changed or deleted there is then so here too, while Citewell runs.</p>'
            )
        for watch in watches:
            _show_watch(workspace, watch)


def _show_watch(workspace: Workspace, watch: Watch) -> None:
    folder = watch.folder
    with st.container(border=True):
        st.html(
            f'<p class="cw-place">{in_html(folder.path)}</p>'
            f'<p class="cw-small">{STATES[watch.state]}, watched since {when(folder.since)}</p>'
        )
        if watch.problem:
            st.warning(in_words(watch.problem))
        with st.container(horizontal=True):
            if watch.would_remove and st.button(
                "Remove what is gone",
                key=f"watch-confirm-{folder.id}",
                help="Brings the library in step although much of the folder is gone.",
            ):
                note_asked(workspace.queue.ask([Path(folder.path)], sync=True, confirmed=True))
                st.rerun()
            if st.button("Stop watching", key=f"watch-stop-{folder.id}", help="Its documents stay in the library."):
                workspace.watching.remove(folder.id)
                st.rerun()
            if st.button(
                "Stop and delete its documents …",
                key=f"watch-delete-{folder.id}",
                help="Asks before it deletes. The files stay where they are.",
            ):
                workspace.watching.remove(folder.id)
                ask_to_delete(workspace.base.catalogue.below(folder.path))
                st.rerun()

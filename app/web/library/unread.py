"""Files that could not be read: each with its whole reason, and how to try again."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app.web.library.chosen import read_again
from app.web.literal import in_html
from app.web.workspace import Workspace
from kb.store.listing import UNREAD, Wanted
from kb.text.plurals import counted

LISTED = 50
"""Files that are listed at a time; of more, the number is told."""


def show_unread(workspace: Workspace) -> None:
    page = workspace.base.catalogue.page(Wanted(states=UNREAD, order="state", limit=LISTED))
    if not page.total:
        return
    with st.expander(f"{counted(page.total, 'file')} not read, with the reasons", key="library-unread"):
        items = "".join(
            f"<li><b>{in_html(Path(row.name).name)}</b> <span>{in_html(row.reason)}</span></li>" for row in page.rows
        )
        st.html(f'<ul class="cw-outcomes">{items}</ul>')
        if page.total > LISTED:
            st.html(
                f'<p class="cw-small">And {page.total - LISTED:,} more: choose the state "Not readable" or "Skipped" '
                "in the list above to see them.</p>"
            )
        if st.button("Try all of these again", key="unread-again", help="After a tool was installed, say."):
            read_again(workspace, list(dict.fromkeys(row.file for row in page.rows)))

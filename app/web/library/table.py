"""The table of documents: a page of them at a time, asked of the base as it is wanted, so that thousands do not lag."""

from __future__ import annotations

from hashlib import sha256

import streamlit as st

from app.web.library.selection import PAGE, order_by, show_selection
from app.web.library.wording import STATES, kind, short_folder
from app.web.literal import in_html
from app.web.workspace import Workspace
from citewell.listing import DocumentPage, ListedDocument
from kb.text.plurals import counted


def show_documents(workspace: Workspace) -> list[ListedDocument]:
    """The fields to search by, the page of documents that they find, and of these the chosen ones."""
    choice = show_selection(workspace.base.catalogue.kinds())
    key = f"library-page-{_digest(repr(choice))}"
    number = int(st.session_state.get(key, 1))
    page = workspace.base.catalogue.page(choice.wanted(number))
    if not page.rows and number > 1:
        number = 1
        page = workspace.base.catalogue.page(choice.wanted(number))
    if not page.rows:
        st.html('<p class="cw-small">No document is like that; search for less, or choose fewer states and types.</p>')
        return []
    chosen = _show_rows(workspace, page)
    pages = -(-page.total // PAGE)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.html(f'<p class="cw-small" role="status">{in_html(_count_line(page, number))}</p>')
        if pages > 1:
            st.pagination(pages, key=key)
    return chosen


def _count_line(page: DocumentPage, number: int) -> str:
    if page.total <= PAGE:
        return f"{counted(page.total, 'document')}. Choose a row, or several, to see more or to delete."
    first = (number - 1) * PAGE + 1
    return f"{first:,} to {first + len(page.rows) - 1:,} of {counted(page.total, 'document')}"


def _show_rows(workspace: Workspace, page: DocumentPage) -> list[ListedDocument]:
    rows = page.rows
    # Of other rows, other ones are chosen: never a document that has moved into the place of a chosen one.
    key = f"library-rows-{_digest(*(row.source for row in rows))}"
    reasons = {"Reason": [row.reason for row in rows]} if any(row.reason for row in rows) else {}
    shown = st.dataframe(
        {
            "Document": [row.name.rpartition("/")[2] for row in rows],
            "State": [STATES.get(row.state, row.state) for row in rows],
            **reasons,
            "Type": [kind(row.media_type) for row in rows],
            "Passages": [row.passages for row in rows],
            "Size": [row.bytes for row in rows],
            "Changed": [row.changed.astimezone().replace(tzinfo=None) for row in rows],
            "Added": [row.ingested.astimezone().replace(tzinfo=None) for row in rows],
            "Folder": [short_folder(row.file, row.root, workspace.uploads) for row in rows],
            "Title": [row.title for row in rows],
        },
        hide_index=True,
        height=min(38 + 35 * len(rows), 38 + 35 * 12),
        on_select=lambda: _on_select(key),
        selection_mode=("multi-row", "single-column"),
        key=key,
        column_config={
            "Document": st.column_config.TextColumn(width="medium"),
            "State": st.column_config.TextColumn(width=110),
            "Reason": st.column_config.TextColumn(width="large"),
            "Type": st.column_config.TextColumn(width="small"),
            "Passages": st.column_config.NumberColumn(width="small", format="localized"),
            "Size": st.column_config.NumberColumn(format="bytes", width="small"),
            "Changed": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
            "Added": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
            "Folder": st.column_config.TextColumn(width="medium"),
        },
        alt="The documents of the library with state, type, passages, size, dates and folder",
    )
    return [rows[index] for index in _selected_rows(shown)]


def _on_select(key: str) -> None:
    """A press on the head of a column orders by it."""
    for column in _selected_columns(st.session_state.get(key)):
        order_by(column)


def _selected_rows(state: object) -> list[int]:
    selection = getattr(state, "selection", None)
    return [int(row) for row in selection.rows] if selection else []


def _selected_columns(state: object) -> list[str]:
    selection = getattr(state, "selection", None)
    return [str(column) for column in selection.columns] if selection else []


def _digest(*texts: str) -> str:
    return sha256("\0".join(texts).encode()).hexdigest()[:12]

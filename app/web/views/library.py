"""The Library page: the documents of the base, each with its state; adding and deleting."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from app.web.library.adding import show_form, show_job
from app.web.literal import in_markdown
from app.web.workspace import Workspace, workspace
from citewell.naming import file_name
from citewell.status import DocumentRow
from kb.errors import CitewellError


def show_table(rows: Sequence[DocumentRow]) -> None:
    reasons = {"Reason": [row.reason for row in rows]} if any(row.reason for row in rows) else {}
    st.dataframe(
        {
            "Document": [row.name for row in rows],
            "State": [row.state for row in rows],
            **reasons,
            "Passages": [row.chunks for row in rows],
            "Size": [row.bytes for row in rows],
            "Added": [row.ingested for row in rows],
        },
        hide_index=True,
        column_config={
            "Document": st.column_config.TextColumn(width="medium"),
            "Reason": st.column_config.TextColumn(width="medium"),
            "Size": st.column_config.NumberColumn(format="bytes"),
            "Added": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
        },
        alt="The documents of the library with state, passages, size, date and the reason of a failure",
    )


def show_deletion(opened: Workspace, rows: Sequence[DocumentRow]) -> None:
    names = {row.file: _deletion_label(opened, row) for row in rows}
    chosen = st.multiselect(
        "Delete documents",
        options=sorted(names),
        format_func=names.__getitem__,
        placeholder="Choose documents to delete",
        disabled=opened.is_ingesting,
        key="delete",
    )
    if not chosen:
        return
    with st.popover("Delete …"):
        st.markdown(
            "To be deleted, with all passages:\n" + "".join(f"\n- {in_markdown(names[file])}" for file in chosen)
        )
        st.markdown("Uploaded copies are deleted too; files in your own folders stay where they are.")
        if st.button("Delete for good", type="primary"):
            _delete(opened, chosen)


def _deletion_label(opened: Workspace, row: DocumentRow) -> str:
    folder = Path(row.file).parent
    return f"{file_name(row)} ({'uploaded' if folder.is_relative_to(opened.uploads) else folder})"


def _delete(opened: Workspace, files: Sequence[str]) -> None:
    try:
        report = opened.base.remove(files)
    except CitewellError as error:
        st.error(in_markdown(str(error)))
        return
    for file in files:
        if Path(file).is_relative_to(opened.uploads):
            Path(file).unlink(missing_ok=True)
    st.session_state.deleted = f"Deleted: {report.documents} documents, {report.chunks} passages."
    st.rerun()


opened = workspace()
rows = opened.base.documents()

with st.expander("Add documents", expanded=not rows):
    show_form(opened)
show_job(opened)
if "deleted" in st.session_state:
    st.success(st.session_state.pop("deleted"))
if rows:
    show_table(rows)
    show_deletion(opened, rows)
else:
    st.markdown("The library is empty.")

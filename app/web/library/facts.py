"""What the base is: how much it holds, where it lies, what it was made with; its check and its repair."""

from __future__ import annotations

import streamlit as st

from app.web.buttons import in_words
from app.web.library.wording import facts_html, size
from app.web.workspace import Workspace
from citewell.status import Verification
from kb.errors import CitewellError

_FOUND = "verification"
NAMED = 8
"""Problems that are named; of more, the number is told."""


def show_facts(workspace: Workspace) -> None:
    """Folded until somebody asks for it: the size is added up over all files of the base."""
    folded = st.expander("About this knowledge base", key="library-facts", on_change="rerun")
    if not folded.open:
        return
    with folded:
        status = workspace.base.status()
        facts = {
            "Name": status.name,
            "Documents": f"{status.documents:,}",
            "Passages": f"{status.chunks:,}",
            "Not readable": f"{status.failed:,}" if status.failed else "",
            "On the disk": size(status.bytes),
            "Folder": status.folder,
            "Made with": _embedder(status.fingerprint.get("embedder", "")),
        }
        st.html(facts_html(facts))
        _show_check(workspace)


def _embedder(fingerprint: str) -> str:
    return fingerprint.split(" ")[0].partition(":")[0]


def _show_check(workspace: Workspace) -> None:
    found: Verification | None = st.session_state.get(_FOUND)
    with st.container(horizontal=True):
        if st.button("Check", key="verify", help="Compares documents, vectors and words, one by one."):
            _verify(workspace, repair=False)
        if (
            found is not None
            and found.repairable
            and st.button("Repair", key="repair", help="Builds the indexes anew, without the files and the model.")
        ):
            _verify(workspace, repair=True)
    if found is None:
        return
    if found.consistent:
        st.success("Repaired: all agrees again." if found.repaired else "All is well: documents, vectors, words agree.")
        return
    problems = list(found.problems)
    if len(problems) > NAMED:
        problems[NAMED:] = [f"and {len(problems) - NAMED:,} more"]
    st.warning("\n".join(f"- {in_words(problem)}" for problem in problems))


def _verify(workspace: Workspace, *, repair: bool) -> None:
    try:
        with st.spinner("Repairing …" if repair else "Checking …"):
            st.session_state[_FOUND] = workspace.base.verify(repair=repair)
    except CitewellError as error:
        st.error(in_words(error))
        return
    st.rerun()

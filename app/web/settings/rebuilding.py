"""The button that builds the index anew, and the job that it starts, shown while it runs and when it is done."""

from __future__ import annotations

import streamlit as st

from app.web.buttons import in_words
from app.web.literal import in_markdown
from app.web.settings.adopting import Rebuild, needs_rebuilding, rebuilds
from citewell.knowledge_base import KnowledgeBase
from kb.errors import CitewellError
from kb.settings import Settings
from kb.text.plurals import counted

REFRESH = 0.5
BUTTON = "Rebuild the index"


def show_rebuilding(base: KnowledgeBase, settings: Settings) -> None:
    st.subheader(BUTTON)
    rebuild = rebuilds().of(base)
    if rebuild and not rebuild.job.is_done:
        _show_running(rebuild)
        return
    if rebuild:
        _show_result(rebuild)
    if needs_rebuilding(base, settings):
        st.warning(
            in_markdown(
                f'The knowledge base "{base.name}" is still searched by the old settings; rebuild its index to use the '
                "new ones."
            )
        )
    st.markdown(
        f"Embeds the passages of the knowledge base “{in_markdown(base.name)}” anew by the settings above, from its "
        "own documents, without reading the files again. Until that is done it answers by the old ones. Every other "
        "knowledge base has to be rebuilt by itself."
    )
    if st.button(BUTTON, type="primary" if needs_rebuilding(base, settings) else "secondary"):
        rebuilds().start(base, settings)
        st.rerun()


def _show_running(rebuild: Rebuild) -> None:
    @st.fragment(run_every=REFRESH)
    def running() -> None:
        job = rebuild.job
        if job.is_done:
            st.rerun()
        progress = job.progress
        share = progress.files_done / progress.files_total if progress.files_total else 0.0
        done = f"{progress.files_done} of {counted(progress.files_total, 'document')}" if progress.files_total else ""
        st.progress(min(share, 1.0), text=in_markdown(" · ".join(filter(None, ("Rebuilding", done)))))
        if st.button("Stop", help="What is done so far is taken up by the next rebuild."):
            job.cancel()

    running()


def _show_result(rebuild: Rebuild) -> None:
    try:
        report = rebuild.job.wait()
    except CitewellError as error:
        st.error(in_words(error))
        return
    if report.cancelled:
        st.info("Stopped; the next rebuild takes up what is done so far.")
    else:
        st.success(in_markdown(f"The index is up to date: {counted(report.chunks, 'passage')} cut anew."))

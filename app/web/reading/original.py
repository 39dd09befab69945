"""The way from a document that is shown here to the file itself."""

from __future__ import annotations

import streamlit as st

from app.web.originals import original_url
from citewell.knowledge_base import KnowledgeBase
from citewell.pages import PDF
from kb.types import Document


def show_link(base: KnowledgeBase, document: Document, page: int | None) -> None:
    """A link that opens the file in a tab of its own, a PDF at `page`."""
    url = original_url(base.name, document.source, page if document.media_type == PDF else None)
    st.link_button("Open the original", url)

"""Pages as pictures, drawn once for all sessions while they are looked at."""

from __future__ import annotations

import streamlit as st

from citewell.pages import PagePicture, page_picture
from kb.types import Document, Span

KEPT = 48
"""Pictures in memory; of a page of letter size they take 0.2 to 0.6 MB each, so 10 to 30 MB."""
KEPT_FOR = 600.0
"""Seconds: nothing of a document that was deleted stays longer."""


def _version(document: Document) -> tuple[str, str, int]:
    return document.source, document.sha256, len(document.boxes)


@st.cache_data(max_entries=KEPT, ttl=KEPT_FOR, show_spinner=False, hash_funcs={Document: _version})
def picture_of(document: Document, page: int, spans: tuple[Span, ...]) -> PagePicture | None:
    """As `page_picture` draws it. Only for a document whose file is unchanged."""
    return page_picture(document, page, spans)

"""A source, opened: where a citation stands, its words in the text around them, and its page as a picture."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.web.literal import in_html, in_markdown
from app.web.reading.excerpts import excerpt_html, quotes_literally
from citewell.knowledge_base import KnowledgeBase
from kb.types import Anchor, Citation

LONGEST_LABEL = 32


def show_sources(base: KnowledgeBase, citations: Sequence[Citation], *, key: str) -> None:
    """The citations to choose from, and the chosen one opened."""
    chosen = st.pills(
        "Sources",
        options=range(len(citations)),
        default=0,
        required=True,
        format_func=lambda index: in_markdown(_citation_label(base, citations[index])),
        key=key,
        wrap=True,
    )
    show_source(base, citations[chosen or 0])


def show_source(base: KnowledgeBase, citation: Citation) -> None:
    place = [base.display_name(citation.source), citation.anchor.label if citation.anchor else ""]
    st.html(f'<p class="cw-place">{in_html(" · ".join(part for part in place if part))}</p>')
    document = base.document(citation.source)
    if document is None:
        st.warning("This document is no longer in the library; the answer quoted it before it was removed.")
        return
    if not quotes_literally(document, citation.spans, citation.quote):
        st.warning("This document has changed since it was quoted; ask again to see what it says now.")
        return
    st.html(excerpt_html(document, citation.spans))
    if citation.also:
        others = "; ".join(named_place(base, place.source, place.anchor) for place in citation.also)
        st.html(f'<p class="cw-small">Also in {in_html(others)}</p>')
    if citation.verified:
        st.html('<p class="cw-small">Checked: the marked words stand in the document exactly so.</p>')
    picture = base.page_image(citation)
    if picture is not None:
        st.image(picture, width="stretch", alt="The page with the quoted lines marked")


def _citation_label(base: KnowledgeBase, citation: Citation) -> str:
    """Short enough for a narrow window: "2 · report.pdf, page 12"."""
    name = base.display_name(citation.source).rsplit("/", 1)[-1]
    short = name if len(name) <= LONGEST_LABEL else f"{name[: LONGEST_LABEL // 2]}…{name[-LONGEST_LABEL // 2 :]}"
    # A path of headings is too long for a label, and stands below.
    place = f", {citation.anchor.label}" if citation.anchor and citation.anchor.kind != "heading" else ""
    return f"{citation.marker} · {short}{place}"


def named_place(base: KnowledgeBase, source: str, anchor: Anchor | None) -> str:
    name = base.display_name(source)
    return f"{name} · {anchor.label}" if anchor else name

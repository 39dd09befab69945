"""A source, opened: its pages, slides, sheets or sections in their own form, to be turned, the quoted words marked."""

from __future__ import annotations

import streamlit as st

from app.web.literal import in_html, in_markdown
from app.web.reading.excerpts import excerpt_html, quotes_literally
from app.web.reading.leaf import leaf_html
from app.web.reading.notices import missing, state_notice
from app.web.reading.original import show_link
from app.web.reading.pictures import picture_of
from app.web.reading.turning import Opened, chosen_leaf, place_label, show_jump, show_turning
from citewell.knowledge_base import KnowledgeBase
from citewell.leaves import Leaf, leaf_of, leaves
from citewell.pages import file_state, has_pages, page_count
from kb.types import Anchor, Citation, Document, Span


def show_source(base: KnowledgeBase, citation: Citation, *, key: str, has_shortcuts: bool = False) -> None:
    """The document that `citation` quotes, at the quoted words; where it is read on is kept under `key`."""
    document = base.document(citation.source)
    if document is None:
        _show_title(base, citation.source, citation.anchor.label if citation.anchor else "")
        st.warning("This document is no longer in the library; the answer quoted it before it was removed.")
        return
    if quotes_literally(document, citation.spans, citation.quote):
        _show_leaves(base, document, citation.spans, citation, key=key, has_shortcuts=has_shortcuts)
        return
    _show_title(base, citation.source, "")
    st.warning("This document has changed since it was quoted; ask again to see what it says now.")
    _show_leaves(base, document, (), None, key=key, has_shortcuts=has_shortcuts)


def show_document(
    base: KnowledgeBase, source: str, *, key: str, at: Span | None = None, has_shortcuts: bool = False
) -> None:
    """The same without a citation, opened at its beginning, or where the words `at` stand, which are marked."""
    document = base.document(source)
    if document is None:
        _show_title(base, source, "")
        st.warning(in_markdown(missing(base, source)))
        return
    _show_leaves(base, document, (at,) if at else (), None, key=key, has_shortcuts=has_shortcuts)


@st.fragment
def _show_leaves(
    base: KnowledgeBase,
    document: Document,
    spans: tuple[Span, ...],
    citation: Citation | None,
    *,
    key: str,
    has_shortcuts: bool,
) -> None:
    """Runs alone when a leaf is turned, with the document as it was when it was opened."""
    found = leaves(document, pages=page_count(document))
    index = chosen_leaf(found, Opened(document.source, spans, len(found)), key=key)
    leaf, quoted = found[index], leaf_of(found, spans) if spans else None
    place = citation.anchor.label if citation and citation.anchor and index == quoted else place_label(found, index)
    _show_title(base, document.source, place)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key=f"{key}-turning"):
        if len(found) > 1:
            show_turning(found, index, quoted, key=key, has_shortcuts=has_shortcuts)
        show_link(base, document, leaf.page)
    if len(found) > 1:
        show_jump(found, index, key=key)
    if notice := state_notice(document):
        st.info(notice)
    if has_pages(document) and file_state(document) == "unchanged" and leaf.page:
        _show_page(base, document, leaf, spans)
    elif leaf.start == leaf.end:
        st.html('<p class="cw-small">No text was read on this page.</p>')
    else:
        st.html(leaf_html(document, leaf, spans))
    if citation and index == quoted:
        _show_standing(base, citation)


def _show_page(base: KnowledgeBase, document: Document, leaf: Leaf, spans: tuple[Span, ...]) -> None:
    """Its picture, with the quoted words around it as text, and all of its text for those who cannot see it."""
    here = tuple(span for span in spans if span.start < leaf.end and leaf.start < span.end)
    if here:
        st.html(excerpt_html(document, here))
    picture = picture_of(document, leaf.page or 1, here)
    if picture is None:
        st.info("This page cannot be drawn; its text is below.")
        st.html(leaf_html(document, leaf, spans))
        return
    name = f"{base.display_name(document.source)}, {leaf.label}"
    st.image(picture.jpeg, width="stretch", alt=f"{name}{', the quoted words marked' if here else ''}")
    if picture.is_recognised:
        st.html('<p class="cw-small">The words were recognised in a picture of the page; compare them with it.</p>')
    if leaf.start == leaf.end:
        st.html('<p class="cw-small">No text was read on this page.</p>')
        return
    summary = f"<summary>Text of {in_html(leaf.label)}</summary>"
    st.html(f'<details class="cw-text">{summary}{leaf_html(document, leaf, spans)}</details>')


def _show_standing(base: KnowledgeBase, citation: Citation) -> None:
    if citation.also:
        others = "; ".join(named_place(base, place.source, place.anchor) for place in citation.also)
        st.html(f'<p class="cw-small">Also in {in_html(others)}</p>')
    if citation.verified:
        st.html('<p class="cw-small">Checked: the marked words stand in the document exactly so.</p>')


def _show_title(base: KnowledgeBase, source: str, place: str) -> None:
    parts = [base.display_name(source), place]
    st.html(f'<p class="cw-place">{in_html(" · ".join(part for part in parts if part))}</p>', width="content")


def named_place(base: KnowledgeBase, source: str, anchor: Anchor | None) -> str:
    name = base.display_name(source)
    return f"{name} · {anchor.label}" if anchor else name

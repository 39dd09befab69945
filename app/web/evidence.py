"""Evidence on the page: the sources of an answer, one of them opened, and the passages it was looked for in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import streamlit as st

from app.web.excerpts import excerpt_html, passage_html, quotes_literally
from app.web.literal import in_html, in_markdown
from citewell.knowledge_base import KnowledgeBase
from kb.types import Anchor, Answer, Chunk, Citation, Hit

LONGEST_LABEL = 32
DOUBTS = 5
"""Sentences in doubt that are repeated under an answer; all of them are underlined in it."""


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
    _show_source(base, citations[chosen or 0])


def show_doubts(answer: Answer) -> None:
    """What of an answer its sources do not bear out, and what went otherwise than asked."""
    doubted = [statement for statement in answer.statements if statement.problems]
    if len(doubted) > DOUBTS:
        st.warning(f"{len(doubted)} of {len(answer.statements)} sentences are not borne out by what they cite.")
    for statement in doubted[:DOUBTS]:
        why = "; ".join(statement.problems)
        st.warning(f"{in_markdown(answer.words_of(statement))}\n\n**Not borne out:** {in_markdown(why)}")
    for note in answer.notes:
        st.info(in_markdown(note))


def show_considered(base: KnowledgeBase, hits: Sequence[Hit]) -> None:
    """The passages that were searched for the answer, best first, each to be opened."""
    with st.expander(f"Passages considered ({len(hits)})"):
        items = [_considered_html(base, rank, hit) for rank, hit in enumerate(hits, 1)]
        st.html(f'<ol class="cw-considered">{"".join(items)}</ol>')


def show_nearest(base: KnowledgeBase, hits: Iterable[Hit]) -> None:
    """The passages that come nearest to a question that has no answer."""
    st.html('<p class="cw-place">Nearest passages</p>')
    for hit in hits:
        with st.expander(in_markdown(_place(base, hit.chunk))):
            st.html(passage_html(hit.chunk.text))


def _show_source(base: KnowledgeBase, citation: Citation) -> None:
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
        others = "; ".join(_named(base, place.source, place.anchor) for place in citation.also)
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


def _place(base: KnowledgeBase, chunk: Chunk) -> str:
    return _named(base, chunk.source, chunk.anchor)


def _named(base: KnowledgeBase, source: str, anchor: Anchor | None) -> str:
    name = base.display_name(source)
    return f"{name} · {anchor.label}" if anchor else name


def _considered_html(base: KnowledgeBase, rank: int, hit: Hit) -> str:
    summary = f"{rank}. {in_html(_place(base, hit.chunk))} <span class='cw-small'>score {hit.score:.3f}</span>"
    return f"<li><details><summary>{summary}</summary>{passage_html(hit.chunk.text)}</details></li>"

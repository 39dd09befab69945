"""Evidence beside an answer: what is in doubt in it, and the passages that it was looked for in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import streamlit as st

from app.web.literal import in_html, in_markdown
from app.web.reading.excerpts import passage_html
from app.web.reading.source import named_place
from citewell.knowledge_base import KnowledgeBase
from kb.types import Answer, Hit

DOUBTS = 5
"""Sentences in doubt that are repeated under an answer; all of them are underlined in it."""


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
        with st.expander(in_markdown(named_place(base, hit.chunk.source, hit.chunk.anchor))):
            st.html(passage_html(hit.chunk.text))


def _considered_html(base: KnowledgeBase, rank: int, hit: Hit) -> str:
    place = in_html(named_place(base, hit.chunk.source, hit.chunk.anchor))
    summary = f"{rank}. {place} <span class='cw-small'>score {hit.score:.3f}</span>"
    return f"<li><details><summary>{summary}</summary>{passage_html(hit.chunk.text)}</details></li>"

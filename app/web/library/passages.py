"""The passages of a document as they were cut: what is indexed, searched and quoted."""

from __future__ import annotations

import streamlit as st

from app.web.library.wording import kind
from app.web.literal import in_html
from app.web.reading.excerpts import passage_html
from app.web.workspace import Workspace
from citewell.listing import ListedDocument
from kb.text.plurals import counted
from kb.types import Chunk

PAGE = 10
"""Passages shown at a time."""


def show_passages(workspace: Workspace, document: ListedDocument) -> None:
    """Folded until somebody asks for them: a long document has thousands."""
    label = f"Passages as they were cut ({document.passages:,})"
    folded = st.expander(label, key=f"passages-{document.source}", on_change="rerun")
    if not folded.open:
        return
    with folded:
        passages = workspace.base.passages(document.source)
        if not passages:
            st.html(f'<p class="cw-small">This {in_html(kind(document.media_type))} file has no text.</p>')
            return
        pages = -(-len(passages) // PAGE)
        number = st.pagination(pages, key=f"passages-page-{document.source}") if pages > 1 else 1
        first = (number - 1) * PAGE
        shown = passages[first : first + PAGE]
        tokens = workspace.base.token_counts([passage.text for passage in shown])
        for place, (passage, count) in enumerate(zip(shown, tokens, strict=True), first + 1):
            st.html(_passage_html(place, passage, count))


def _passage_html(place: int, passage: Chunk, tokens: int) -> str:
    where = passage.anchor.label if passage.anchor else ""
    size = f"{counted(len(passage.text), 'character')}, {counted(tokens, 'token')}"
    head = " · ".join(part for part in (f"Passage {place:,}", where, size) if part)
    context = passage.context
    around = " > ".join(dict.fromkeys(filter(None, (context.title, *context.headings))))
    lines = [f"Read with: {around}" if around != where else "", context.table and f"Columns: {context.table}"]
    return (
        f'<p class="cw-place">{in_html(head)}</p>'
        + "".join(f'<p class="cw-small">{in_html(line)}</p>' for line in lines if line)
        + passage_html(passage.text)
    )

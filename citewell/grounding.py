"""Citations held against the documents: whether the words stand there, and on which page."""

from __future__ import annotations

from dataclasses import replace

from kb.store.snapshot import Snapshot
from kb.types import JOINT, Answer, Citation


def grounded(answer: Answer, snapshot: Snapshot) -> Answer:
    """`answer` with each citation looked up: verified only if its document says the quote, letter by letter.

    Its anchor is that of the quote itself, or of most of it: a passage may begin on the page before.
    """
    return replace(answer, citations=tuple(_looked_up(citation, snapshot) for citation in answer.citations))


def _looked_up(citation: Citation, snapshot: Snapshot) -> Citation:
    excerpt = snapshot.excerpt(citation.source, citation.spans)
    if excerpt is None:
        return replace(citation, verified=False)
    parts, anchor = excerpt
    return replace(citation, anchor=anchor, verified=JOINT.join(parts) == citation.quote)

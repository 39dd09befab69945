"""A drafted question: what is asked, what answers it, and where that stands."""

from __future__ import annotations

from dataclasses import dataclass

from kb.text.terms import terms
from kb.types import Document, Span

_REPEATED = 0.5


@dataclass(frozen=True, slots=True)
class Draft:
    """A question on the document `source` whose evidence stands at `span` of its text.

    kind is how it was made ("definition", "number", "cell", "heading", "llm"). `subject` is what it asks about, where
    that may be said of by several passages: a defined term, a heading, a row and its column; else empty. `quote` and
    `answer` are the text's own words with white space as single blanks; where `answer` is empty, all of the quote
    answers. `page` is the 1-based number of the page, if there are pages.
    """

    kind: str
    question: str
    answer: str
    source: str
    title: str
    span: Span
    quote: str
    page: int | None
    subject: str = ""

    @property
    def is_trivially_lexical(self) -> bool:
        """Whether the question repeats more than half of the evidence's terms, so that words alone must find it."""
        held = set(terms(self.quote))
        return len(held & set(terms(self.question))) > _REPEATED * len(held)


def draft(kind: str, question: str, document: Document, span: Span, *, answer: str = "", subject: str = "") -> Draft:
    """A draft whose evidence is `span` of the text of `document`."""
    anchor = document.anchor_at(span.start)
    return Draft(
        kind=kind,
        question=question,
        answer=answer,
        source=document.source,
        title=document.title,
        span=span,
        quote=plain(document.text[span.start : span.end]),
        page=anchor.number if anchor and anchor.kind == "page" else None,
        subject=subject,
    )


def plain(text: str) -> str:
    """`text` with its white space as single blanks."""
    return " ".join(text.split())

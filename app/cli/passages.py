"""How a place in a document and a piece of a passage are shown to people."""

from __future__ import annotations

from app.cli.output import one_line
from kb.text.passages import heading_path
from kb.types import Anchor, Chunk

SNIPPET = 300


def place(name: str, anchor: Anchor | None) -> str:
    """ "fusion.md, Score fusion > Weights"."""
    return one_line(f"{name}, {anchor.label}" if anchor else name)


def heading(chunk: Chunk) -> str:
    """The headings above a passage, unless its place already names them."""
    if chunk.anchor and chunk.anchor.kind == "heading":
        return ""
    return one_line(heading_path(chunk.context))


def snippet(text: str, query: str, *, language: str | None = None, length: int = SNIPPET) -> str:
    """The stretch of `text` that begins with the sentence of most words of `query`, cut between words."""
    from kb.text.sentences import sentences
    from kb.text.terms import terms

    spans = sentences(text)
    if not spans:
        return one_line(text)
    wanted = set(terms(query, language))
    shared = [len(wanted.intersection(terms(text[span.start : span.end], language))) for span in spans]
    best = spans[shared.index(max(shared))]
    rest = one_line(text[best.start :])
    opening = "… " if best.start > spans[0].start else ""
    if len(rest) <= length:
        return opening + rest
    cut = rest.rfind(" ", length // 2, length)
    return f"{opening}{rest[: cut if cut > 0 else length]} …"

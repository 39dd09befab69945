"""The context of a question, built from hits and the documents of one state of a base."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from generation.context.builder import Measure, build_context
from generation.context.order import at_the_edges
from generation.context.passage import PassageContext
from generation.question import reading
from kb.errors import UserError
from kb.protocols import Tokenizer
from kb.settings import ContextSettings
from kb.store.view import View
from kb.types import Document, Hit


def context_of(
    question: str, hits: Sequence[Hit], view: View, *, count: Callable[[str], int], settings: ContextSettings
) -> PassageContext:
    """What is to be read of `hits`, which come from `view`. Raises UserError for a budget below 1."""
    if settings.tokens < 1:
        raise UserError(f"A context of {settings.tokens} tokens cannot be built; ask for 1 or more.")

    @cache
    def document(source: str) -> Document:
        found = view.snapshot.document(source)
        if found is None:
            raise KeyError(source)
        return found

    measure = Measure(
        tokens=settings.tokens, gap=settings.join, section_share=settings.section, least_share=settings.compress
    )
    built = build_context(reading(question, view.lexical), hits, document=document, count=count, measure=measure)
    return at_the_edges(built) if settings.order == "edges" else built


def token_counter(tokenizer: Tokenizer) -> Callable[[str], int]:
    return lambda text: len(tokenizer.offsets(text))

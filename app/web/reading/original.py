"""The way from a document that is shown here to the file itself."""

from __future__ import annotations

from citewell.knowledge_base import KnowledgeBase
from kb.types import Document


def show_link(base: KnowledgeBase, document: Document, page: int | None) -> None:
    """Nothing yet."""

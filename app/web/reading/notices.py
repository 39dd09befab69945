"""What is said where a document, or a page of it, cannot be shown as it was: one sentence each."""

from __future__ import annotations

from citewell.knowledge_base import KnowledgeBase
from citewell.pages import file_state, has_pages
from kb.types import Document

_OF_FILE = {
    "unchanged": "",
    "changed": "The file has changed since it was read, so its pages are not shown; add it again to see them.",
    "gone": "The file is no longer where it was read, so its pages are not shown; its text is as it was then.",
}


def state_notice(document: Document) -> str:
    """Why the pages of a document that has some are not shown; "" where they are, and for what has none."""
    return _OF_FILE[file_state(document)] if has_pages(document) else ""


def missing(base: KnowledgeBase, source: str) -> str:
    """Why there is no document of `source`: what kept its file from being read, or that it was removed."""
    reasons = [row.reason for row in base.documents() if row.source == source and row.reason]
    return reasons[0] if reasons else "This document is no longer in the library; add its file again to read it here."

"""Citewell: ask a folder of documents, and get answers in which every sentence cites the passage it stands on.

from citewell import KnowledgeBase

with KnowledgeBase.open("default", create=True) as base:
    base.ingest(["documents"]).wait()
    print(base.ask("What is BM25?").answer().text)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from citewell.knowledge_base import KnowledgeBase
    from ingest.report import FileReason, IngestReport, Outcome, Progress
    from kb.filters import Filter
    from kb.settings import Settings, load_settings

__all__ = ["FileReason", "Filter", "IngestReport", "KnowledgeBase", "Outcome", "Progress", "Settings", "load_settings"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Loads the public names on first use, so that importing the package costs nothing."""
    if name == "KnowledgeBase":
        from citewell.knowledge_base import KnowledgeBase

        return KnowledgeBase
    if name in ("FileReason", "IngestReport", "Outcome", "Progress"):
        from ingest import report

        return getattr(report, name)
    if name == "Filter":
        from kb.filters import Filter

        return Filter
    if name in ("Settings", "load_settings"):
        from kb import settings

        return getattr(settings, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""Search by words."""

from __future__ import annotations

from dataclasses import dataclass

from kb.protocols import TextSearch
from kb.types import Hit


@dataclass(frozen=True, slots=True)
class LexicalRetriever:
    """BM25 (Robertson et al., 1995) over the terms of passages and of their context."""

    index: TextSearch

    def retrieve(self, query: str, k: int) -> list[Hit]:
        return self.index.matching(query, k)

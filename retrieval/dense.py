"""Search by meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kb.protocols import QueryEmbedder, Vectors, VectorSearch
from kb.types import Hit


@dataclass(frozen=True, slots=True)
class DenseRetriever:
    """Cosine between the embeddings of query and passage (Karpukhin et al., 2020)."""

    index: VectorSearch
    embedder: QueryEmbedder

    def retrieve(self, query: str, k: int) -> list[Hit]:
        return self.index.nearest(self.embedder.queries([query])[0], k)


@dataclass(frozen=True, slots=True)
class SharedQueries:
    """An embedder for retrievers that are asked the same query together: it embeds that once."""

    embedder: QueryEmbedder
    _known: dict[tuple[str, ...], Vectors] = field(default_factory=dict)

    def queries(self, texts: Sequence[str]) -> Vectors:
        key = tuple(texts)
        if key not in self._known:
            self._known[key] = self.embedder.queries(texts)
        return self._known[key]

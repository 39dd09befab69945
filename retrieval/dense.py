"""Search by meaning."""

from __future__ import annotations

from dataclasses import dataclass

from kb.protocols import QueryEmbedder, VectorSearch
from kb.types import Hit


@dataclass(frozen=True, slots=True)
class DenseRetriever:
    """Cosine between the embeddings of query and passage (Karpukhin et al., 2020)."""

    index: VectorSearch
    embedder: QueryEmbedder

    def retrieve(self, query: str, k: int) -> list[Hit]:
        return self.index.nearest(self.embedder.queries([query])[0], k)

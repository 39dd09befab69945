"""Search by meaning."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
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
    """An embedder for retrievers that are asked the same query together: it embeds that once.

    `ahead` is False for one that asks a language model first (hyde): whoever waits for it does that, and may stop it.
    """

    embedder: QueryEmbedder
    ahead: bool = True
    _known: dict[tuple[str, ...], Future[Vectors]] = field(default_factory=dict)

    def begin(self, texts: Sequence[str]) -> None:
        """Embeds queries that will be asked for, beside what the caller does next."""
        key = tuple(texts)
        if self.ahead and key not in self._known:
            beside = ThreadPoolExecutor(1)
            self._known[key] = beside.submit(self.embedder.queries, texts)
            beside.shutdown(wait=False)

    def queries(self, texts: Sequence[str]) -> Vectors:
        key = tuple(texts)
        if key not in self._known:
            found: Future[Vectors] = Future()
            found.set_result(self.embedder.queries(texts))
            self._known[key] = found
        return self._known[key].result()

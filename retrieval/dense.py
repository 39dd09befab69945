"""Search by meaning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache

from kb.protocols import QueryEmbedder, Starting, Vectors, VectorSearch
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
    _known: dict[tuple[str, ...], Callable[[], Vectors]] = field(default_factory=dict)

    def begin(self, query: str) -> None:
        """Embeds a query that will be asked for, beside what the caller does next."""
        if self.ahead and (query,) not in self._known:
            self._known[query,] = cache(_started(self.embedder, query))

    def queries(self, texts: Sequence[str]) -> Vectors:
        key = tuple(texts)
        if key not in self._known:
            found = self.embedder.queries(texts)
            self._known[key] = lambda: found
        return self._known[key]()


def _started(embedder: QueryEmbedder, query: str) -> Callable[[], Vectors]:
    if isinstance(embedder, Starting):
        return embedder.start(query)
    # A thread waits for its turn until the caller lets go of the GIL, a millisecond or two later.
    beside = ThreadPoolExecutor(1)
    found = beside.submit(embedder.queries, [query])
    beside.shutdown(wait=False)
    return found.result

"""Vectors of queries kept for those who ask a query again, deeper, and do not time that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kb.protocols import QueryEmbedder, Vectors


@dataclass(slots=True)
class QueryVectors:
    """What was embedded since it was last told to forget."""

    _known: dict[tuple[str, ...], Vectors] = field(default_factory=dict)

    def forget(self) -> None:
        self._known.clear()

    def kept(self, embedder: QueryEmbedder) -> QueryEmbedder:
        """`embedder`, which embeds nothing that is known already."""
        return _Kept(embedder, self._known)


@dataclass(frozen=True, slots=True)
class _Kept:
    embedder: QueryEmbedder
    known: dict[tuple[str, ...], Vectors]

    def queries(self, texts: Sequence[str]) -> Vectors:
        key = tuple(texts)
        if key not in self.known:
            self.known[key] = self.embedder.queries(texts)
        return self.known[key]

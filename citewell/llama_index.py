"""A knowledge base as a part of LlamaIndex: as a retriever for its query engines, and as nodes for its indexes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

from citewell.knowledge_base import KnowledgeBase
from retrieval.llama_index import node, scored_node

if TYPE_CHECKING:
    from llama_index.core.retrievers import BaseRetriever
    from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode


def as_retriever(base: KnowledgeBase, *, mode: str = "hybrid", k: int = 10) -> BaseRetriever:
    """The search of `base` as a LlamaIndex retriever: the `k` best passages, each a node whose id is the passage's.

    Raises UserError for an unknown mode; it always answers from the base as it then is.
    """
    from llama_index.core.retrievers import BaseRetriever

    base.retriever(mode)  # Told now, and not when the first question is asked.

    class CitewellRetriever(BaseRetriever):
        def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
            return [scored_node(hit) for hit in base.search(query_bundle.query_str, k, mode=mode)]

        async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
            return await asyncio.to_thread(self._retrieve, query_bundle)

    return CitewellRetriever()


def nodes(base: KnowledgeBase) -> Iterator[TextNode]:
    """All passages of `base` as nodes, for an index of LlamaIndex's whose retriever can then be used in a search."""
    for row in base.documents():
        for chunk in base.passages(row.source):
            yield node(chunk)

"""Retrievers of LlamaIndex's as settings name them, made of what its own package has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from llama_index.core import SimpleDirectoryReader, SummaryIndex, VectorStoreIndex
from llama_index.core.embeddings import BaseEmbedding
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from kb.protocols import Embedder
from kb.text.passages import indexed_text
from kb.types import Context


class SameEmbedding(BaseEmbedding):
    """A base's own embedder."""

    embedder: object

    def _get_query_embedding(self, query: str) -> list[float]:
        return self.embedder.queries([query])[0].tolist()  # type: ignore[attr-defined,no-any-return]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)

    def _get_text_embedding(self, text: str) -> list[float]:
        return self.embedder.passages([text])[0].tolist()  # type: ignore[attr-defined,no-any-return]


def by_vectors(nodes: Sequence[TextNode], embedder: Embedder, top: int) -> BaseRetriever:
    """A vector index over the passages of a base, embedded as the base embeds them."""
    texts = [indexed_text(_context(node), node.text) for node in nodes]
    for node, vector in zip(nodes, embedder.passages(texts), strict=True):
        node.embedding = vector.tolist()
    index = VectorStoreIndex(nodes=list(nodes), embed_model=SameEmbedding(embedder=embedder))
    return index.as_retriever(similarity_top_k=top)


def _context(node: TextNode) -> Context:
    return Context(title=node.metadata.get("heading", ""), table=node.metadata.get("table", ""))


def everything(path: str, size: int) -> BaseRetriever:
    """All that LlamaIndex's own reader and splitter make of a folder, in order, without scores."""
    splitter = SentenceSplitter(chunk_size=size, chunk_overlap=0)
    read = SimpleDirectoryReader(path).load_data()
    return SummaryIndex.from_documents(read, transformations=[splitter]).as_retriever()


class Fixed(BaseRetriever):
    """Says the same whatever it is asked: pairs of a node and a score."""

    def __init__(self, found: Sequence[tuple[TextNode, float | None]], fails: bool = False) -> None:
        self._found, self._fails = found, fails
        super().__init__()

    def _retrieve(self, _: QueryBundle) -> list[NodeWithScore]:
        if self._fails:
            raise ConnectionError("Connection\nrefused.")
        return [NodeWithScore(node=node, score=score) for node, score in self._found]


def from_folder(folder: Path) -> str:
    return str(folder)


NO_MAKER = 3

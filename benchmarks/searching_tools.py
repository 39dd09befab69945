"""The tools that search_beside_others.py asks: how each builds its indexes, and how it answers a question.

Everything is as a tool has it by default, but for what is said here: how many passages are found, and joined.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from citewell import KnowledgeBase
from kb.models.embedders import DEFAULT_MODEL, find_model
from kb.protocols import Vectors
from kb.store.verify import Problem

if TYPE_CHECKING:
    from llama_index.core.vector_stores.types import BasePydanticVectorStore

FOUND = 10
DEPTH = 100
"""Passages of each kind of search that LlamaIndex joins; Citewell's hybrid search joins as many, and txtai too."""
FIRST = ("The first questions are slower.", "What does the agreement say about payment?", "Who was the first?")
"""Asked before anything is measured."""
Ask = Callable[[str], list[str]]
"""The ids of the passages found for a question."""


@dataclass(frozen=True, slots=True)
class Passages:
    """What all tools are given: ids, texts as Citewell indexes them, and embeddings, shape (passages, dimensions)."""

    names: list[str]
    texts: list[str]
    vectors: Vectors


def build_citewell(place: Path, _: Passages) -> None:
    with KnowledgeBase.open("base", home=place) as base:
        base._store.repair([Problem("words", ""), Problem("vectors", "")])


def citewell(place: Path) -> Callable[[], Ask]:
    base = KnowledgeBase.open("base", home=place)
    base.embedder.queries(FIRST)
    return lambda: lambda question: [hit.chunk.id for hit in base.search(question, FOUND)]


def build_llama_index(place: Path, passages: Passages) -> None:
    from llama_index.core import MockEmbedding, StorageContext, VectorStoreIndex
    from llama_index.core.schema import TextNode
    from llama_index.retrievers.bm25 import BM25Retriever

    rows = zip(passages.names, passages.texts, passages.vectors.tolist(), strict=True)
    nodes = [TextNode(id_=name, text=text, embedding=vector) for name, text, vector in rows]
    storage = StorageContext.from_defaults(vector_store=chroma(place))
    VectorStoreIndex(nodes, storage_context=storage, embed_model=MockEmbedding(embed_dim=passages.vectors.shape[1]))
    BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=DEPTH).persist(str(place / "words"))


def chroma(place: Path) -> BasePydanticVectorStore:
    import chromadb
    from llama_index.vector_stores.chroma import ChromaVectorStore

    client = chromadb.PersistentClient(str(place / "vectors"), settings=chromadb.Settings(anonymized_telemetry=False))
    return ChromaVectorStore(chroma_collection=client.get_or_create_collection("bench", embedding_function=None))


def llama_index(place: Path) -> Callable[[], Ask]:
    from llama_index.core import VectorStoreIndex
    from llama_index.core.llms import MockLLM
    from llama_index.core.retrievers import QueryFusionRetriever, VectorIndexRetriever
    from llama_index.core.retrievers.fusion_retriever import FUSION_MODES
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding
    from llama_index.retrievers.bm25 import BM25Retriever

    model = HuggingFaceEmbedding(model_name=str(find_model(DEFAULT_MODEL)), device="cpu")
    model.get_query_embedding(FIRST[0])

    def load() -> Ask:
        index = VectorStoreIndex.from_vector_store(chroma(place), embed_model=model)
        meaning = VectorIndexRetriever(index, similarity_top_k=DEPTH)
        words = BM25Retriever.from_persist_dir(str(place / "words"))
        fused = QueryFusionRetriever(
            [meaning, words],
            llm=MockLLM(),  # Never asked, since there is one query; None would look for OpenAI's.
            mode=FUSION_MODES.RECIPROCAL_RANK,
            similarity_top_k=FOUND,
            num_queries=1,
            use_async=False,
        )
        return lambda question: [found.node.node_id for found in fused.retrieve(question)]

    return load


def build_txtai(place: Path, passages: Passages, *, content: bool) -> None:
    from txtai import Embeddings

    known = dict(zip(passages.texts, passages.vectors, strict=True))
    index = Embeddings(hybrid=True, content=content, transform=lambda texts: np.stack([known[text] for text in texts]))
    index.index(zip(passages.names, passages.texts, strict=True))
    index.save(str(place))


def txtai(place: Path) -> Callable[[], Ask]:
    from txtai import Embeddings
    from txtai.vectors import VectorsFactory

    model = VectorsFactory.create({"path": str(find_model(DEFAULT_MODEL)), "gpu": False})
    model.encode([FIRST[0]])

    def embedded(texts: list[str]) -> Vectors:
        vectors: Vectors = np.asarray(model.encode(texts), np.float32)
        return vectors

    def load() -> Ask:
        index = Embeddings().load(str(place), config={"transform": embedded})
        return lambda question: [
            found["id"] if isinstance(found, dict) else found[0] for found in index.search(question, FOUND)
        ]

    return load


@dataclass(frozen=True, slots=True)
class Tool:
    """`build` writes the tool's indexes into a folder; `prepare` loads its model and gives what loads the indexes."""

    build: Callable[[Path, Passages], None]
    prepare: Callable[[Path], Callable[[], Ask]]


TOOLS = {
    "citewell": Tool(build_citewell, citewell),
    "llama_index": Tool(build_llama_index, llama_index),
    "txtai": Tool(partial(build_txtai, content=False), txtai),
    "txtai_with_texts": Tool(partial(build_txtai, content=True), txtai),
}

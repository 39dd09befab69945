"""What the cards of published models say and their files often do not: prefixes, and which vector stands for a text.

Each line is from the card of that name on huggingface.co (BAAI, intfloat, thenlper, nomic-ai). A model of several tasks
(LLM-Embedder, Zhang et al. 2023, has six) is taken for the one of finding passages that answer a question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_SIZE = "(small|base|large)"


@dataclass(frozen=True, slots=True)
class Card:
    """`names` is a pattern of the last part of a model's name, `pooling` as sentence-transformers calls it."""

    names: str
    pooling: str
    query_prefix: str = ""
    passage_prefix: str = ""


_CARDS = (
    Card(rf"bge-{_SIZE}-en(-v1\.5)?", "cls", "Represent this sentence for searching relevant passages: "),
    Card(rf"bge-{_SIZE}-zh(-v1\.5)?", "cls", "为这个句子生成表示以用于检索相关文章\uff1a"),
    Card(r"bge-m3(-unsupervised|-retromae)?", "cls"),
    Card(
        "llm-embedder",
        "cls",
        "Represent this query for retrieving relevant documents: ",
        "Represent this document for retrieval: ",
    ),
    Card(rf"(multilingual-)?e5-{_SIZE}(-v2|-unsupervised)?", "mean", "query: ", "passage: "),
    Card(
        "multilingual-e5-large-instruct",
        "mean",
        "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: ",
    ),
    Card(rf"gte-{_SIZE}", "mean"),
    Card(rf"gte-{_SIZE}-zh", "cls"),
    Card(r"nomic-embed-text-v1(\.5)?", "mean", "search_query: ", "search_document: "),
    Card(r"modernbert-embed-(base|large)", "mean", "search_query: ", "search_document: "),
)


def card_of(names: Sequence[str]) -> Card | None:
    """The card of the model that one of `names` means, whatever its case."""
    return next((card for card in _CARDS for name in names if re.fullmatch(card.names, name.lower())), None)


def hub_name(folder: Path) -> str:
    """The last part of a model's name on the hub where `folder` lies in the hub's cache, else the folder's own name."""
    cached = next((part for part in reversed(folder.parts) if part.startswith("models--")), folder.name)
    return cached.rpartition("--")[2]

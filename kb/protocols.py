"""The seams: what a part may ask of another without knowing which one it is."""

from __future__ import annotations

from collections import abc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from kb.types import Chunk, Document, Hit

Vectors = NDArray[np.float32]
"""Rows of unit length, shape (n, dimensions)."""

TextStream = abc.Generator[str, None, None]
"""Text as it comes; closing it stops whoever writes it."""


class Retriever(Protocol):
    """Finds passages. Lexical, dense, fused, reranked ... are all retrievers, and the later ones wrap others."""

    def retrieve(self, query: str, k: int) -> list[Hit]:
        """At most k hits, best first, in a total order (ties by chunk id); each chunk once."""
        ...


class Tokenizer(Protocol):
    """Cuts text into a model's tokens."""

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """The (start, end) characters of each token of `text`, special tokens left out, nothing truncated."""
        ...


class Vocabulary(Tokenizer, Protocol):
    """A tokenizer that says what it does not know."""

    def unknown_share(self, text: str) -> float:
        """The share of the tokens of `text` that stand for what the model has no token for; 0 of none."""
        ...


class QueryEmbedder(Protocol):
    """Turns queries into vectors."""

    def queries(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of queries in the order given, shape (len(texts), dimensions)."""
        ...


@runtime_checkable
class Starting(Protocol):
    """An embedder that works on a query beside its caller; not every one does: ask by `isinstance`."""

    def start(self, query: str) -> Callable[[], Vectors]:
        """Starts on `query`; what it returns waits for the vector, shape (1, dimensions)."""
        ...


class TokenEmbedder(Protocol):
    """Turns text into vectors of its tokens, each as the others bear on it.

    Special tokens and prefixes are left out. What the model has no token for is a row of zeros; the others have unit
    length.
    """

    def query_tokens(self, text: str) -> Vectors:
        """Of a query, shape (tokens, width)."""
        ...

    def passage_tokens(self, texts: Sequence[str]) -> list[Vectors]:
        """Of each passage in the order given, shape (its tokens, width)."""
        ...


class Embedder(QueryEmbedder, TokenEmbedder, Protocol):
    """Turns text into vectors; queries and passages apart, because their prefixes differ."""

    @property
    def fingerprint(self) -> str:
        """Identity of what decides the vectors: weights, pooling, prefixes, dimensions, window."""
        ...

    @property
    def dimensions(self) -> int: ...

    @property
    def window(self) -> int:
        """Tokens of a passage that are seen, special tokens and prefix already subtracted."""
        ...

    @property
    def precision(self) -> str:
        """The numbers it calculates in: "f32", "bf16", "f16"."""
        ...

    @property
    def tokenizer(self) -> Vocabulary: ...

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of passages in the order given, shape (len(texts), dimensions)."""
        ...


class Scorer(Protocol):
    """Judges how well each passage answers a query (a cross-encoder, say)."""

    def scores(self, query: str, passages: Sequence[str]) -> list[float]:
        """One score a passage, in the order given; higher is better."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    role: Literal["system", "user", "assistant"]
    content: str


class Generator(Protocol):
    """A language model. It may be asked from any thread."""

    @property
    def name(self) -> str: ...

    def stream(self, messages: Sequence[Message], *, sample: int = 0) -> TextStream:
        """The reply, piece by piece; closing it stops the model.

        `sample` 0 is the likeliest one, each other number one that is drawn at random: another for each, and, where the
        model allows that, the same whenever it is asked for.
        Raises GeneratorError where the model fails: one of memory, where a shorter prompt may do, is OutOfMemory.
        Behind the last piece of a reply that met a limit before its end it raises ReplyCutShort, which is one too.
        """
        ...


@runtime_checkable
class Measured(Protocol):
    """A generator that knows how much it can read; not every one does: ask by `isinstance`.

    Neither loads the model's weights.
    """

    def tokens(self, messages: Sequence[Message]) -> int:
        """Of the whole prompt that it makes of `messages`, what its template adds included.

        Raises GeneratorError where it can make none of them.
        """
        ...

    @property
    def room(self) -> int | None:
        """Tokens that a prompt may have, so that the longest reply fits behind it; None where nothing limits them."""
        ...


class Splitter(Protocol):
    """Cuts a document into passages."""

    @property
    def fingerprint(self) -> str: ...

    def split(self, document: Document) -> list[Chunk]:
        """Passages in order of their start that together cover every character but white space."""
        ...


class VectorSearch(Protocol):
    def nearest(self, vector: Vectors, k: int) -> list[Hit]:
        """The k visible passages of highest cosine to `vector` (shape (dimensions,)); the score is the cosine."""
        ...


class PassageVectors(Protocol):
    def vectors(self, passages: Sequence[Chunk]) -> Vectors:
        """The embeddings of visible passages in the order given, shape (n, dimensions); (0, 0) of none."""
        ...

    def sample(self) -> Vectors:
        """Embeddings of passages at large, shape (n, dimensions): some hundreds, evenly spread, or all there are."""
        ...


class TextSearch(Protocol):
    def matching(self, query: str, k: int) -> list[Hit]:
        """The k visible passages of highest BM25 for the terms of `query`; those that share no term are left out."""
        ...


class PassageLookup(Protocol):
    def passages(self, ids: Sequence[str]) -> dict[str, Chunk]:
        """The visible ones among the passages with these ids."""
        ...

    def document_passages(self, source: str) -> tuple[str, list[Chunk]]:
        """The text of the document `source` and its passages in order; empty where there is no such document."""
        ...


class WordStatistics(Protocol):
    def passage_count(self) -> int:
        """Number of passages in the index."""
        ...

    def passages_with_word(self, word: str) -> int:
        """Number of passages that hold `word` in some form, in the language in which most do; 0 of several words."""
        ...


class TermStatistics(Protocol):
    def passage_count(self) -> int:
        """Number of passages in the index."""
        ...

    def passages_with(self, term: str) -> int:
        """Number of passages that hold `term` (as kb.text.terms cuts them)."""
        ...

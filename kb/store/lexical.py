"""The lexical index: BM25 over terms, by tantivy. It knows passages by number and terms, not by text or visibility."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import Lock

import tantivy

from kb.errors import StoreError
from kb.text.passages import heading_path
from kb.text.terms import terms
from kb.types import Chunk

CONTEXT_WEIGHT = 0.4
_HEAP_BYTES = 50_000_000
_TERMS_MAX = 1_000
"""A query has at most this many different terms; the rest of a pasted page is left out."""


class LexicalIndex:
    """One tantivy folder. Any number of readers in any process; writing is for the holder of the writer's lock."""

    def __init__(self, folder: Path) -> None:
        """Opens what `create` made; raises StoreError where it is missing or damaged."""
        try:
            self._index = tantivy.Index.open(str(folder))
        except ValueError as error:
            raise _damaged(error) from error
        self._lock = Lock()
        self._epoch = -1

    @classmethod
    def create(cls, folder: Path) -> LexicalIndex:
        folder.mkdir(parents=True, exist_ok=True)
        tantivy.Index(_schema(), path=str(folder))
        return cls(folder)

    def searcher(self, epoch: int) -> LexicalSearcher:
        """A searcher at least as new as the manifest's `epoch`: the index is committed before the manifest is."""
        with self._lock:
            if epoch != self._epoch:
                try:
                    self._index.reload()
                except ValueError as error:
                    raise _damaged(error) from error
                self._epoch = epoch
            return LexicalSearcher(self._index.schema, self._index.searcher())

    def write(self, *, remove: Iterable[int], add: Iterable[tuple[int, Chunk]]) -> None:
        """Removes passages, then adds others, in one commit."""
        try:
            writer = self._index.writer(heap_size=_HEAP_BYTES, num_threads=1)
            try:
                self._write(writer, list(remove), add)
            except BaseException:
                writer.rollback()
                raise
            finally:
                # Ends the writer's threads and frees tantivy's own lock, whoever still holds a reference to it.
                writer.wait_merging_threads()
        except ValueError as error:
            raise _damaged(error) from error

    def _write(self, writer: tantivy.IndexWriter, remove: list[int], add: Iterable[tuple[int, Chunk]]) -> None:
        if remove:
            # tantivy-py's delete_documents_by_term takes an integer for a signed one and finds nothing.
            writer.delete_documents_by_query(tantivy.Query.term_set_query(self._index.schema, "chunk", remove))
        for number, chunk in add:
            writer.add_document(_document(number, chunk))
        writer.commit()


class LexicalSearcher:
    """One state of the index."""

    def __init__(self, schema: tantivy.Schema, searcher: tantivy.Searcher) -> None:
        self._schema = schema
        self._searcher = searcher

    def passage_count(self) -> int:
        return int(self._searcher.num_docs)

    def passages_with(self, term: str) -> int:
        return int(self._searcher.doc_freq("text", term))

    def matching(self, query: str, limit: int) -> list[tuple[int, float]]:
        """Numbers and scores of the best `limit` passages, best first; context terms count CONTEXT_WEIGHT."""
        distinct = list(dict.fromkeys(terms(query)))[:_TERMS_MAX]
        limit = min(limit, self._searcher.num_docs)
        if not distinct or limit <= 0:
            return []
        should = [(tantivy.Occur.Should, self._term(field, term)) for term in distinct for field in ("text", "context")]
        found = self._searcher.search(tantivy.Query.boolean_query(should), limit, count=False).hits
        numbers = self._searcher.fast_field_values("chunk", [address for _, address in found])
        return [(int(number or 0), float(score)) for number, (score, _) in zip(numbers, found, strict=True)]

    def numbers(self) -> list[int]:
        """The passages held, repeated if they stand twice; for verification."""
        if not self._searcher.num_docs:
            return []
        found = self._searcher.search(tantivy.Query.all_query(), self._searcher.num_docs, count=False).hits
        values = self._searcher.fast_field_values("chunk", [address for _, address in found])
        return [int(value or 0) for value in values]

    def _term(self, field: str, term: str) -> tantivy.Query:
        query = tantivy.Query.term_query(self._schema, field, term, index_option="freq")
        return query if field == "text" else tantivy.Query.boost_query(query, CONTEXT_WEIGHT)


def _damaged(error: ValueError) -> StoreError:
    return StoreError(f"The lexical index cannot be used ({error}); run `citewell verify --repair`.")


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("chunk", indexed=True, fast=True)
    builder.add_text_field("text", tokenizer_name="whitespace", index_option="position")
    builder.add_text_field("context", tokenizer_name="whitespace", index_option="position")
    return builder.build()


def _document(number: int, chunk: Chunk) -> tantivy.Document:
    document = tantivy.Document()
    document.add_unsigned("chunk", number)
    document.add_text("text", " ".join(terms(chunk.text)))
    document.add_text("context", " ".join(_context_terms(chunk)))
    return document


def _context_terms(chunk: Chunk) -> Sequence[str]:
    name = chunk.source.rsplit("/", 1)[-1]
    return terms(f"{heading_path(chunk.context)} {chunk.context.table} {name.replace('_', ' ')}")

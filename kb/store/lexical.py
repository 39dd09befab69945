"""The lexical index: BM25 over terms, by tantivy. It knows passages by number and terms, not by text or visibility."""

from __future__ import annotations

import json
import struct
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import log
from pathlib import Path
from threading import Lock
from typing import Literal

import numpy as np
import tantivy
from numpy.typing import NDArray

from kb.errors import StoreError
from kb.store.disk import disk_error
from kb.store.records import number as number_of
from kb.store.stamps import Stamps, take_stamps
from kb.text.passages import heading_path
from kb.text.terms import terms
from kb.types import Chunk

CONTEXT_WEIGHT = 0.4
RARITY = 0.25
"""A term's score counts by its rarity (idf, 1 for a term of no passage) to this power, beside BM25's own idf: the
common words of a long question weigh less."""
_HEAP_BYTES = 50_000_000
_SEGMENT_FILES = ("fast", "fieldnorm", "idx", "pos", "store", "term")
_FOOTER_END = struct.Struct("<II")
LOOKED_UP_MAX = 2_000
"""So many numbers are looked up one by one; more are faster found by going through the list of all."""
_TERMS_MAX = 1_000
"""A query has at most this many different terms; the rest of a pasted page is left out."""

Numbers = NDArray[np.int64]
Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Among:
    """Passages by their numbers, or all of documents by theirs."""

    field: Literal["chunk", "document"]
    numbers: Sequence[int]


class LexicalIndex:
    """One tantivy folder. Any number of readers in any process; writing is for the holder of the writer's lock."""

    def __init__(self, folder: Path) -> None:
        """Opens what `create` made; raises StoreError where it is missing or damaged."""
        try:
            self._index = tantivy.Index.open(str(folder))
        except ValueError as error:
            raise _damaged(folder, error) from error
        self._folder = folder
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
                    raise _damaged(self._folder, error) from error
                self._epoch = epoch
            return LexicalSearcher(self._index.schema, self._index.searcher())

    def stamps(self, before: Stamps) -> Stamps:
        """How its files look now; to be taken by the holder of the writer's lock."""
        return take_stamps(self._folder, before=before)

    def purge(self) -> None:
        """Rewrites what still holds terms of removed passages: a segment's dictionary keeps them until then.

        The passages that such a segment holds are put in again; a segment left without passages is deleted.
        """
        self._index.reload()
        searcher = self._index.searcher()
        numbered = _addresses(searcher)
        segments = _tainted_segments(self._folder, Counter(address.segment_ord for address, _ in numbered))
        again = [(address, number) for address, number in numbered if address.segment_ord in segments]
        if not segments:
            return
        with self._writer() as writer:
            self._delete(writer, [number for _, number in again])
            for address, _ in again:
                writer.add_document(searcher.doc(address))
            writer.commit()
            writer.garbage_collect_files()

    def write(self, *, remove: Iterable[int], add: Iterable[tuple[int, Chunk]]) -> None:
        """Removes passages, then adds others, in one commit."""
        with self._writer() as writer:
            self._delete(writer, list(remove))
            for number, chunk in add:
                writer.add_document(_document(number, chunk))
            writer.commit()

    @contextmanager
    def _writer(self) -> Iterator[tantivy.IndexWriter]:
        try:
            writer = self._index.writer(heap_size=_HEAP_BYTES, num_threads=1)
            try:
                # A writer that did not come to its commit may have left a file by the name of one to be written now.
                writer.garbage_collect_files()
                yield writer
            except BaseException:
                writer.rollback()
                raise
            finally:
                # Ends the writer's threads and frees tantivy's own lock, whoever still holds a reference to it.
                writer.wait_merging_threads()
        except ValueError as error:
            raise _damaged(self._folder, error) from error

    def _delete(self, writer: tantivy.IndexWriter, numbers: list[int]) -> None:
        if numbers:
            # tantivy-py's delete_documents_by_term takes an integer for a signed one and finds nothing.
            writer.delete_documents_by_query(tantivy.Query.term_set_query(self._index.schema, "chunk", numbers))


class LexicalSearcher:
    """One state of the index."""

    def __init__(self, schema: tantivy.Schema, searcher: tantivy.Searcher) -> None:
        self._schema = schema
        self._searcher = searcher

    def passage_count(self) -> int:
        return int(self._searcher.num_docs)

    def passages_with(self, term: str) -> int:
        return int(self._searcher.doc_freq("text", term))

    def matching(self, query: str, limit: int, among: Among | None = None) -> tuple[Numbers, Scores]:
        """Numbers and scores of the best `limit` passages, best first; context terms count CONTEXT_WEIGHT.

        With `among`, only those of its passages or documents are found; their scores stay the same.
        """
        distinct = list(dict.fromkeys(terms(query)))[:_TERMS_MAX]
        limit = min(limit, self._searcher.num_docs)
        if not distinct or limit <= 0:
            return np.empty(0, np.int64), np.empty(0)
        weights = {term: self._rarity(term) ** RARITY for term in distinct}
        should = [
            (tantivy.Occur.Should, self._term(field, term, weight * share))
            for term, weight in weights.items()
            for field, share in (("text", 1.0), ("context", CONTEXT_WEIGHT))
        ]
        wanted = tantivy.Query.boolean_query(should)
        if among is not None:
            wanted = wanted.and_must_match(self._any_of(among))
        found = self._searcher.search(wanted, limit, count=False).hits
        numbers = self._searcher.fast_field_values("chunk", [address for _, address in found])
        return np.array(numbers, np.int64), np.array([score for score, _ in found], np.float64)

    @property
    def knows_documents(self) -> bool:
        """Whether passages can be found by their documents: not in an index that an older version made."""
        try:
            tantivy.Query.term_query(self._schema, "document", 0, index_option="basic")
        except ValueError:
            return False
        return True

    def numbers(self) -> list[int]:
        """The passages held, repeated if they stand twice; for verification."""
        return [number for _, number in _addresses(self._searcher)]

    def _any_of(self, among: Among) -> tantivy.Query:
        """Finds its passages, and adds nothing to their scores."""
        if len(among.numbers) > LOOKED_UP_MAX:
            found = tantivy.Query.term_set_query(self._schema, among.field, among.numbers)
        else:
            term_query = partial(tantivy.Query.term_query, self._schema, among.field, index_option="basic")
            found = tantivy.Query.boolean_query([(tantivy.Occur.Should, term_query(one)) for one in among.numbers])
        return tantivy.Query.const_score_query(found, 0.0)

    def _term(self, field: str, term: str, weight: float) -> tantivy.Query:
        return tantivy.Query.boost_query(
            tantivy.Query.term_query(self._schema, field, term, index_option="freq"), weight
        )

    def _rarity(self, term: str) -> float:
        """BM25's inverse document frequency of a term, as a share of the highest that there can be."""
        total, frequency = self.passage_count(), self.passages_with(term)
        return log(1 + (total - frequency + 0.5) / (frequency + 0.5)) / log(1 + (total + 0.5) / 0.5)


def _addresses(searcher: tantivy.Searcher) -> list[tuple[tantivy.DocAddress, int]]:
    """Where each passage is, and its number, segment by segment."""
    if not searcher.num_docs:
        return []
    found = searcher.search(tantivy.Query.all_query(), searcher.num_docs, count=False).hits
    addresses = sorted((address for _, address in found), key=lambda address: (address.segment_ord, address.doc))
    numbers = searcher.fast_field_values("chunk", addresses)
    return [(address, int(number or 0)) for address, number in zip(addresses, numbers, strict=True)]


def _tainted_segments(folder: Path, passages: Mapping[int, int]) -> set[int]:
    """The segments, by position, in which passages were deleted; `passages` counts those that are left in each."""
    listed = json.loads((folder / "meta.json").read_text(encoding="utf-8"))["segments"]
    deleted = [segment["deletes"]["num_deleted_docs"] if segment["deletes"] else 0 for segment in listed]
    left = [segment["max_doc"] - count for segment, count in zip(listed, deleted, strict=True)]
    if [passages.get(position, 0) for position in range(len(listed))] != left:
        # Not listed in the order in which they are searched, as they were in tantivy 0.27: all are rewritten.
        return set(passages)
    return {position for position, count in enumerate(deleted) if count}


def unsound_files(folder: Path) -> list[str]:
    """The files of an index that are missing, or do not hold what their own checksums say."""
    try:
        listed = json.loads((folder / "meta.json").read_text(encoding="utf-8"))["segments"]
    except (OSError, ValueError, KeyError):
        return ["meta.json"]
    segments = [segment["segment_id"].replace("-", "") for segment in listed]
    needed = [f"{segment}.{kind}" for segment in segments for kind in _SEGMENT_FILES]
    there = {path.name: path for path in folder.iterdir() if path.stem in segments}
    missing = [name for name in needed if name not in there]
    return missing + [name for name, path in there.items() if not _is_sound(path.read_bytes())]


def _is_sound(content: bytes) -> bool:
    """tantivy ends a file with a footer of JSON that holds the rest's checksum, the footer's length, a fixed number."""
    if len(content) < _FOOTER_END.size:
        return False
    size, _ = _FOOTER_END.unpack(content[-_FOOTER_END.size :])
    body = len(content) - _FOOTER_END.size - size
    try:
        checksum: int = json.loads(content[body : body + size])["crc"] if body >= 0 else -1
    except (ValueError, KeyError, TypeError):
        return False
    return checksum == zlib.crc32(memoryview(content)[:body])


def _damaged(folder: Path, error: ValueError) -> StoreError:
    otherwise = f"The lexical index cannot be used ({error}); run `citewell verify --repair`."
    return disk_error(folder.parent, error, otherwise)


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    # Terms are stored too: a segment of 100,000 passages is rewritten from them in 3 s, in 20 s from the texts.
    builder.add_unsigned_field("chunk", indexed=True, fast=True, stored=True)
    builder.add_unsigned_field("document", indexed=True, stored=True)
    builder.add_text_field("text", tokenizer_name="whitespace", index_option="position", stored=True)
    builder.add_text_field("context", tokenizer_name="whitespace", index_option="position", stored=True)
    return builder.build()


def _document(number: int, chunk: Chunk) -> tantivy.Document:
    document = tantivy.Document()
    document.add_unsigned("chunk", number)
    document.add_unsigned("document", number_of(chunk.document_id))
    document.add_text("text", " ".join(terms(chunk.text)))
    document.add_text("context", " ".join(_context_terms(chunk)))
    return document


def _context_terms(chunk: Chunk) -> Sequence[str]:
    name = chunk.source.rsplit("/", 1)[-1]
    return terms(f"{heading_path(chunk.context)} {chunk.context.table} {name.replace('_', ' ')}")

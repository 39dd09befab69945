"""Reading the manifest: one state of a base, whatever is committed meanwhile."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import datetime

import numpy as np

from kb.protocols import Vectors
from kb.store.records import (
    CHUNK_COLUMNS,
    DOCUMENT_COLUMNS,
    ChunkRows,
    Row,
    document_of,
    identity,
    marks_of,
    number,
)
from kb.types import Anchor, Chunk, Document, Span, main_anchor

FILE_COLUMNS = "source, root, size, mtime_ns, sha256, state, reason, reading, ingested"

_HIGHEST = 2**63 - 1
_VARIABLES = 30_000
"""SQLite takes 32,766 bound values in a statement."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What is known of a file: as it was when it was last read.

    state is "ready", "failed" or "skipped" (reason says why) or "partial" (a container not read to its end yet).
    reading names what decided whether it could be read: limits, and the formats that this installation reads.
    """

    source: str
    root: str
    size: int
    mtime_ns: int
    sha256: str
    state: str
    ingested: datetime
    reason: str = ""
    reading: str = ""


@dataclass(frozen=True, slots=True)
class RefusedPart:
    """A part of `file` that became no document: state is "failed" or "skipped"."""

    source: str
    file: str
    state: str
    reason: str

    def moved(self, file: str) -> RefusedPart:
        """The same part of the file that is now called `file`."""
        return replace(self, source=file + self.source.removeprefix(self.file), file=file)


@dataclass(frozen=True, slots=True)
class Generation:
    """A published vector index: the embeddings up to `watermark`, less those that were gone when it was built.

    `stamps` are those of its files (kb.store.stamps), packed.
    """

    name: str
    watermark: int
    vectors: int
    stamps: str = ""


class Snapshot:
    """Reads of one state of the manifest."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection
        self._rows = ChunkRows()
        self.epoch = int(self.meta("epoch"))

    def meta(self, key: str) -> str:
        row = self._sql.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else ""

    @property
    def state(self) -> str:
        """The name of this state, which no other has, not even one of its epoch from before a copy was restored."""
        return f"{self.epoch} {self.meta('state')}"

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        """What a statement made by a module of the store finds."""
        return self._sql.execute(statement, values).fetchall()

    def rows_where(self, statement: str, values: Sequence[object], holds: Callable[[str], bool]) -> list[Row]:
        """The same of a statement in which the function HOLDS(text) is `holds`."""
        self._sql.create_function("holds", 1, holds, deterministic=True)
        return self.rows(statement, values)

    def rows_folding(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        """The same of a statement in which the function FOLDED(text) is `text` without regard to capitals."""
        self._sql.create_function("folded", 1, str.casefold, deterministic=True)
        return self.rows(statement, values)

    def languages(self) -> tuple[str, ...]:
        """The languages that documents are in, or were since the words were last indexed as a whole."""
        return tuple(filter(None, self.meta("languages").split(" ")))

    def generation(self) -> Generation | None:
        row = self._sql.execute("SELECT name, watermark, vectors, stamps FROM generations WHERE current").fetchone()
        return Generation(*row) if row else None

    def generation_names(self) -> set[str]:
        return {name for (name,) in self._sql.execute("SELECT name FROM generations")}

    def files(self) -> list[FileRecord]:
        """All files, by source."""
        return [_file(row) for row in self._sql.execute(f"SELECT {FILE_COLUMNS} FROM files ORDER BY source")]

    def refused_parts(self) -> list[RefusedPart]:
        """The parts of files that became no document, by source."""
        rows = self._sql.execute("SELECT source, file, state, reason FROM refused_parts ORDER BY source")
        return [RefusedPart(*row) for row in rows]

    def states(self) -> list[str]:
        """The state of every file, and of every part of one that became no document."""
        rows = self._sql.execute("SELECT state FROM files UNION ALL SELECT state FROM refused_parts")
        return [state for (state,) in rows]

    def document(self, source: str) -> Document | None:
        row = self._sql.execute(f"SELECT {DOCUMENT_COLUMNS} FROM documents WHERE source = ?", (source,)).fetchone()
        return document_of(row) if row else None

    def excerpt(self, source: str, spans: Sequence[Span]) -> tuple[list[str], Anchor | None] | None:
        """What stands at `spans` of a document, and where the first of them mainly is; None without the document."""
        row = self._sql.execute("SELECT marks, text FROM documents WHERE source = ?", (source,)).fetchone()
        if not row:
            return None
        marks, text = row
        return [text[span.start : span.end] for span in spans], main_anchor(marks_of(marks), *astuple(spans[0]))

    def text_and_chunks(self, source: str) -> tuple[str, list[Chunk]]:
        """The text of the document `source` and its passages in order; empty where it is not there."""
        row = self._sql.execute("SELECT text, id FROM documents WHERE source = ?", (source,)).fetchone()
        return (str(row[0]), self.chunks(identity(row[1]))) if row else ("", [])

    def documents(self) -> Iterator[Document]:
        """All documents, by source, one at a time in memory."""
        for row in self._sql.execute(f"SELECT {DOCUMENT_COLUMNS} FROM documents ORDER BY source"):
            yield document_of(row)

    def root(self, source: str) -> str:
        """The folder under which people know the file, part or document `source`; empty where it is not there."""
        row = self._sql.execute(
            "SELECT root FROM files WHERE source = ?1 UNION ALL"
            " SELECT root FROM documents JOIN files ON files.source = documents.file WHERE documents.source = ?1"
            " UNION ALL"
            " SELECT root FROM refused_parts JOIN files ON files.source = file WHERE refused_parts.source = ?1",
            (source,),
        ).fetchone()
        return str(row[0]) if row else ""

    def is_empty(self) -> bool:
        return self._sql.execute("SELECT 1 FROM documents LIMIT 1").fetchone() is None

    def document_digests(self, file: str) -> dict[str, str]:
        """sha256 by source of the documents that came from `file`."""
        return dict(self._sql.execute("SELECT source, sha256 FROM documents WHERE file = ?", (file,)))

    def all_digests(self) -> dict[str, str]:
        """sha256 by source of all documents."""
        return dict(self._sql.execute("SELECT source, sha256 FROM documents"))

    def place_of(self, source: str, sha256: str) -> str | None:
        """The source of the document with that content: `source` itself, else where it was moved to, None if nowhere.

        Only what is not in its place is looked for among all documents.
        """
        if self.digests([source]).get(source) == sha256:
            return source
        statement = "SELECT source FROM documents WHERE sha256 = ? ORDER BY source LIMIT 1"
        found = self._sql.execute(statement, (sha256,)).fetchone()
        return str(found[0]) if found else None

    def digests(self, sources: Iterable[str]) -> dict[str, str]:
        """sha256 by source of those of `sources` that are here."""
        return dict(self._in("SELECT source, sha256 FROM documents WHERE source", list(dict.fromkeys(sources))))

    def file_of(self, document: str) -> FileRecord | None:
        """The file that the document `document` (a source) came from."""
        row = self._sql.execute(
            f"SELECT {FILE_COLUMNS} FROM files WHERE source = (SELECT file FROM documents WHERE source = ?)",
            (document,),
        ).fetchone()
        return _file(row) if row else None

    def place(self, source: str) -> str | None:
        """The source of the file that holds the file, part or document `source`."""
        row = self._sql.execute(
            "SELECT source FROM files WHERE source = ?1"
            " UNION ALL SELECT file FROM documents WHERE source = ?1"
            " UNION ALL SELECT file FROM refused_parts WHERE source = ?1",
            (source,),
        ).fetchone()
        return str(row[0]) if row else None

    def document_rows(self) -> list[tuple[str, str, str, str, int, int]]:
        """(source, file, title, media type, characters, passages) of every document, by source."""
        return self._sql.execute(
            "SELECT source, file, title, media_type, length(text),"
            " (SELECT count(*) FROM chunks WHERE chunks.document = documents.id) FROM documents ORDER BY source"
        ).fetchall()

    def document_count(self) -> int:
        return int(self._sql.execute("SELECT count(*) FROM documents").fetchone()[0])

    def counts(self) -> tuple[int, int, int]:
        """Documents, passages, distinct embeddings."""
        tables = ("documents", "chunks", "embeddings")
        documents, chunks, embeddings = (
            self._sql.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables
        )
        return documents, chunks, embeddings

    def chunks(self, document: str) -> list[Chunk]:
        """The passages of the document with id `document`, in order."""
        return [
            self._rows.chunk(row)
            for row in self._sql.execute(
                f"SELECT {CHUNK_COLUMNS} FROM chunks JOIN documents ON documents.id = chunks.document"
                " WHERE chunks.document = ? ORDER BY chunks.start",
                (number(document),),
            )
        ]

    def embedding_keys(self, document: str) -> list[bytes]:
        """The key of the embedding of each passage of the document with id `document`, in order."""
        rows = self._sql.execute(
            "SELECT key FROM chunks JOIN embeddings ON embeddings.id = chunks.embedding WHERE chunks.document = ?"
            " ORDER BY chunks.start",
            (number(document),),
        )
        return [key for (key,) in rows]

    def chunks_by_number(self, numbers: Sequence[int]) -> dict[int, Chunk]:
        """The visible ones among the passages asked for."""
        rows = self._in(
            f"SELECT {CHUNK_COLUMNS} FROM chunks JOIN documents ON documents.id = chunks.document WHERE chunks.id",
            numbers,
        )
        return {row[0]: self._rows.chunk(row) for row in rows}

    def chunks_by_embedding(self, embeddings: Sequence[int]) -> dict[int, list[Chunk]]:
        """The visible passages of each embedding asked for; several where a text stands in several places."""
        found: dict[int, list[Chunk]] = {}
        rows = self._in(
            f"SELECT chunks.embedding, {CHUNK_COLUMNS} FROM chunks JOIN documents ON documents.id = chunks.document"
            " WHERE chunks.embedding",
            embeddings,
        )
        for embedding, *row in rows:
            found.setdefault(embedding, []).append(self._rows.chunk(tuple(row)))
        return found

    def chunk_numbers(self) -> set[int]:
        return {value for (value,) in self._sql.execute("SELECT id FROM chunks")}

    def all_chunks(self) -> Iterator[Chunk]:
        for row in self._sql.execute(
            f"SELECT {CHUNK_COLUMNS} FROM chunks JOIN documents ON documents.id = chunks.document ORDER BY chunks.id"
        ):
            yield ChunkRows().chunk(row)  # Of a whole base, nothing is kept.

    def lexical_leftovers(self) -> list[int]:
        return [value for (value,) in self._sql.execute("SELECT id FROM lexical_leftovers")]

    def last_embedding(self) -> int:
        row = self._sql.execute("SELECT max(id) FROM embeddings").fetchone()
        return int(row[0] or 0)

    def embeddings(self, *, above: int = 0, up_to: int = _HIGHEST, limit: int = -1) -> tuple[list[int], Vectors]:
        """Ids in a range, ascending, and their vectors, shape (n, dimensions); the first `limit` of them if not -1."""
        rows = self._sql.execute(
            "SELECT id, vector FROM embeddings WHERE id > ? AND id <= ? ORDER BY id LIMIT ?", (above, up_to, limit)
        ).fetchall()
        return _matrix(rows)

    def vectors_of(self, embeddings: Sequence[int]) -> tuple[list[int], Vectors]:
        """The visible ones among these embeddings, ascending, and their vectors, shape (n, dimensions)."""
        return _matrix(sorted(self._in("SELECT id, vector FROM embeddings WHERE id", embeddings)))

    def vector_bytes(self) -> int:
        row = self._sql.execute("SELECT length(vector) FROM embeddings LIMIT 1").fetchone()
        return int(row[0]) if row else 0

    def embedding_count(self, *, above: int) -> int:
        return int(self._sql.execute("SELECT count(*) FROM embeddings WHERE id > ?", (above,)).fetchone()[0])

    def integrity(self) -> str:
        """ "ok", or what SQLite finds wrong with the file."""
        return str(self._sql.execute("PRAGMA integrity_check(1)").fetchone()[0])

    def embeddings_by_key(self, keys: Sequence[bytes]) -> dict[bytes, int]:
        return dict(self._in("SELECT key, id FROM embeddings WHERE key", keys))

    def vectors_by_key(self, keys: Sequence[bytes]) -> dict[bytes, Vectors]:
        """Vectors of shape (dimensions,) of those keys that are known."""
        rows = self._in("SELECT key, vector FROM embeddings WHERE key", keys)
        return {key: np.frombuffer(vector, "<f4") for key, vector in rows}

    def vectors_by_number(self, numbers: Sequence[int]) -> dict[int, Vectors]:
        """Vectors of shape (dimensions,) of the visible ones among the passages asked for."""
        rows = self._in(
            "SELECT chunks.id, vector FROM chunks JOIN embeddings ON embeddings.id = embedding WHERE chunks.id", numbers
        )
        return {name: np.frombuffer(vector, "<f4") for name, vector in rows}

    def sampled_vectors(self, count: int) -> Vectors:
        """About `count` embeddings, evenly spread over their ids, shape (n, dimensions)."""
        first, last = self._sql.execute("SELECT min(id), max(id) FROM embeddings").fetchone()
        if first is None:
            return np.empty((0, 0), np.float32)
        above = sorted({first - 1 + step * (last - first + 1) // count for step in range(count)})
        one = "SELECT id, vector FROM embeddings WHERE id > ? ORDER BY id LIMIT 1"
        found = dict(self._sql.execute(one, (number,)).fetchone() for number in above)
        return _matrix(list(found.items()))[1]

    def visible_numbers(self, numbers: Sequence[int]) -> set[int]:
        return {value for (value,) in self._in("SELECT id FROM chunks WHERE id", numbers)}

    def dropped_embeddings(self) -> list[int]:
        return [value for (value,) in self._sql.execute("SELECT id FROM dropped_embeddings")]

    def _in(self, statement: str, values: Sequence[object]) -> Iterator[Row]:
        for first in range(0, len(values), _VARIABLES):
            part = values[first : first + _VARIABLES]
            # All at once: an iterator that an interrupt abandons must not outlive the connection.
            yield from self._sql.execute(f"{statement} IN ({','.join('?' * len(part))})", part).fetchall()


def _file(row: Row) -> FileRecord:
    """The file of a row of FILE_COLUMNS."""
    source, root, size, mtime_ns, sha256, state, reason, reading, ingested = row
    return FileRecord(source, root, size, mtime_ns, sha256, state, datetime.fromisoformat(ingested), reason, reading)


def _matrix(rows: Sequence[tuple[int, bytes]]) -> tuple[list[int], Vectors]:
    if not rows:
        return [], np.empty((0, 0), np.float32)
    vectors = np.frombuffer(b"".join(vector for _, vector in rows), "<f4").reshape(len(rows), -1)
    return [identifier for identifier, _ in rows], vectors

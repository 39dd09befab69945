"""The manifest: one SQLite file that holds the truth of a knowledge base, read in snapshots, written in transactions.

It knows rows and transactions, not the indexes built from them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from queue import Empty, SimpleQueue

import numpy as np

from kb.errors import StoreError
from kb.protocols import Vectors
from kb.store.records import (
    CHUNK_COLUMNS,
    DOCUMENT_COLUMNS,
    Row,
    chunk_of,
    chunk_row,
    document_of,
    document_row,
    marks_of,
    number,
)
from kb.types import Anchor, Chunk, Document, Span, anchor_at

SCHEMA_VERSION = "1"
_BUSY_MILLISECONDS = 30_000
_PURGE_MILLISECONDS = 200
_HIGHEST = 2**63 - 1
_VARIABLES = 30_000
"""SQLite takes 32,766 bound values in a statement."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What is known of a file: as it was when it was last read.

    state is "ready", "failed" (reason says why) or "partial" (a container that is not read to its end yet).
    """

    source: str
    root: str
    size: int
    mtime_ns: int
    sha256: str
    state: str
    ingested: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Generation:
    """A published vector index: the embeddings up to `watermark`, less those that were gone when it was built."""

    name: str
    watermark: int
    vectors: int


class Manifest:
    """The database of a base: read snapshots for any thread, write transactions for the holder of the lock."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: SimpleQueue[sqlite3.Connection] = SimpleQueue()

    def create(self, *, lexical: str) -> None:
        """Makes the tables, all or none, unless they are there; `lexical` names the folder of the lexical index."""
        with self._connection(create=True) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            with _committing(connection):
                if _has_tables(connection):
                    return
                for statement in files("kb.store").joinpath("schema.sql").read_text().split(";\n"):
                    connection.execute(statement)
                values = {"schema": SCHEMA_VERSION, "epoch": "0", "lexical": lexical}
                connection.executemany("INSERT INTO meta VALUES (?, ?)", values.items())

    def schema(self) -> str | None:
        """The version of the schema the base was made with; None where no base was ever made."""
        if not self._path.is_file():
            return None
        with self._connection() as connection:
            if not _has_tables(connection):
                return None
            return str(connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()[0])

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """One state of the base, unmoved by commits that happen meanwhile."""
        with self._connection() as connection:
            connection.execute("BEGIN")
            try:
                yield Snapshot(connection)
            finally:
                connection.execute("ROLLBACK")

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Commits when the block ends, rolls back when it raises. Only for the holder of the writer's lock."""
        with self._connection() as connection, _committing(connection):
            yield Transaction(connection)

    def epoch(self) -> int:
        """Grows by one with every commit that changes what is visible."""
        with self.snapshot() as snapshot:
            return snapshot.epoch

    def purge(self) -> bool:
        """Empties the write-ahead log into the database, so that no removed text stays in it.

        False while a reader of an older state is in the way.
        """
        with self._connection() as connection:
            connection.execute(f"PRAGMA busy_timeout = {_PURGE_MILLISECONDS}")
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            connection.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
            return not busy

    def close(self) -> None:
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return

    @contextmanager
    def _connection(self, *, create: bool = False) -> Iterator[sqlite3.Connection]:
        """An idle connection, or a new one. What the disk or a damaged file refuses rises as StoreError."""
        try:
            try:
                connection = self._idle.get_nowait()
            except Empty:
                connection = self._connect(create=create)
            try:
                yield connection
            finally:
                self._idle.put(connection)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
                raise
            raise StoreError(f"The knowledge base in {self._path.parent} cannot be used: {error}.") from error

    def _connect(self, *, create: bool) -> sqlite3.Connection:
        uri = f"{self._path.as_uri()}?mode={'rwc' if create else 'rw'}"
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        for setting in (
            f"busy_timeout = {_BUSY_MILLISECONDS}",
            "synchronous = FULL",
            "secure_delete = ON",
            "foreign_keys = ON",
            "mmap_size = 1073741824",
        ):
            connection.execute(f"PRAGMA {setting}")
        return connection


class Snapshot:
    """Reads of one state of the manifest."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection
        self.epoch = int(self.meta("epoch"))

    def meta(self, key: str) -> str:
        row = self._sql.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else ""

    def generation(self) -> Generation | None:
        row = self._sql.execute("SELECT name, watermark, vectors FROM generations WHERE current").fetchone()
        return Generation(*row) if row else None

    def generation_names(self) -> set[str]:
        return {name for (name,) in self._sql.execute("SELECT name FROM generations")}

    def files(self) -> list[FileRecord]:
        """All files, by source."""
        rows = self._sql.execute(
            "SELECT source, root, size, mtime_ns, sha256, state, ingested, reason FROM files ORDER BY source"
        )
        return [
            FileRecord(source, root, size, mtime_ns, sha256, state, datetime.fromisoformat(ingested), reason)
            for source, root, size, mtime_ns, sha256, state, ingested, reason in rows
        ]

    def document(self, source: str) -> Document | None:
        row = self._sql.execute(f"SELECT {DOCUMENT_COLUMNS} FROM documents WHERE source = ?", (source,)).fetchone()
        return document_of(row) if row else None

    def excerpt(self, source: str, spans: Sequence[Span]) -> tuple[list[str], Anchor | None] | None:
        """What stands at `spans` of a document, and the anchor at the first of them; None without the document."""
        row = self._sql.execute("SELECT marks, text FROM documents WHERE source = ?", (source,)).fetchone()
        if not row:
            return None
        marks, text = row
        return [text[span.start : span.end] for span in spans], anchor_at(marks_of(marks), spans[0].start)

    def documents(self) -> Iterator[Document]:
        """All documents, by source, one at a time in memory."""
        for row in self._sql.execute(f"SELECT {DOCUMENT_COLUMNS} FROM documents ORDER BY source"):
            yield document_of(row)

    def root(self, source: str) -> str:
        """The folder under which people know the file or document `source`; empty where it is not in the base."""
        row = self._sql.execute(
            "SELECT root FROM files WHERE source = ?1 UNION ALL"
            " SELECT root FROM documents JOIN files ON files.source = documents.file WHERE documents.source = ?1",
            (source,),
        ).fetchone()
        return str(row[0]) if row else ""

    def is_empty(self) -> bool:
        return self._sql.execute("SELECT 1 FROM documents LIMIT 1").fetchone() is None

    def document_digests(self, file: str) -> dict[str, str]:
        """sha256 by source of the documents that came from `file`."""
        return dict(self._sql.execute("SELECT source, sha256 FROM documents WHERE file = ?", (file,)))

    def document_rows(self) -> list[tuple[str, str, str, str, int, int]]:
        """(source, file, title, media type, characters, passages) of every document, by source."""
        return self._sql.execute(
            "SELECT source, file, title, media_type, length(text),"
            " (SELECT count(*) FROM chunks WHERE chunks.document = documents.id) FROM documents ORDER BY source"
        ).fetchall()

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
            chunk_of(row)
            for row in self._sql.execute(
                f"SELECT {CHUNK_COLUMNS} FROM chunks JOIN documents ON documents.id = chunks.document"
                " WHERE chunks.document = ? ORDER BY chunks.start",
                (number(document),),
            )
        ]

    def chunks_by_number(self, numbers: Sequence[int]) -> dict[int, Chunk]:
        """The visible ones among the passages asked for."""
        rows = self._in(
            f"SELECT {CHUNK_COLUMNS} FROM chunks JOIN documents ON documents.id = chunks.document WHERE chunks.id",
            numbers,
        )
        return {row[0]: chunk_of(row) for row in rows}

    def chunks_by_embedding(self, embeddings: Sequence[int]) -> dict[int, list[Chunk]]:
        """The visible passages of each embedding asked for; several where a text stands in several places."""
        found: dict[int, list[Chunk]] = {}
        rows = self._in(
            f"SELECT chunks.embedding, {CHUNK_COLUMNS} FROM chunks JOIN documents ON documents.id = chunks.document"
            " WHERE chunks.embedding",
            embeddings,
        )
        for embedding, *row in rows:
            found.setdefault(embedding, []).append(chunk_of(tuple(row)))
        return found

    def chunk_numbers(self) -> set[int]:
        return {value for (value,) in self._sql.execute("SELECT id FROM chunks")}

    def all_chunks(self) -> Iterator[Chunk]:
        for row in self._sql.execute(
            f"SELECT {CHUNK_COLUMNS} FROM chunks JOIN documents ON documents.id = chunks.document ORDER BY chunks.id"
        ):
            yield chunk_of(row)

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

    def integrity(self) -> str:
        """ "ok", or what SQLite finds wrong with the file."""
        return str(self._sql.execute("PRAGMA integrity_check(1)").fetchone()[0])

    def embeddings_by_key(self, keys: Sequence[bytes]) -> dict[bytes, int]:
        return dict(self._in("SELECT key, id FROM embeddings WHERE key", keys))

    def vectors_by_key(self, keys: Sequence[bytes]) -> dict[bytes, Vectors]:
        """Vectors of shape (dimensions,) of those keys that are known."""
        rows = self._in("SELECT key, vector FROM embeddings WHERE key", keys)
        return {key: np.frombuffer(vector, "<f4") for key, vector in rows}

    def visible_numbers(self, numbers: Sequence[int]) -> set[int]:
        return {value for (value,) in self._in("SELECT id FROM chunks WHERE id", numbers)}

    def dropped_embeddings(self) -> list[int]:
        return [value for (value,) in self._sql.execute("SELECT id FROM dropped_embeddings")]

    def _in(self, statement: str, values: Sequence[object]) -> Iterator[Row]:
        for first in range(0, len(values), _VARIABLES):
            part = values[first : first + _VARIABLES]
            yield from self._sql.execute(f"{statement} IN ({','.join('?' * len(part))})", part)


class Transaction(Snapshot):
    """Writes, seen by others when the transaction commits."""

    def set_meta(self, key: str, value: str) -> None:
        self._sql.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def advance_epoch(self) -> None:
        self.set_meta("epoch", str(self.epoch + 1))

    def put_file(self, record: FileRecord) -> None:
        self._sql.execute(
            "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source) DO UPDATE SET root = excluded.root,"
            " size = excluded.size, mtime_ns = excluded.mtime_ns, sha256 = excluded.sha256, state = excluded.state,"
            " reason = excluded.reason, ingested = excluded.ingested",
            (
                record.source,
                record.root,
                record.size,
                record.mtime_ns,
                record.sha256,
                record.state,
                record.reason,
                record.ingested.isoformat(timespec="seconds"),
            ),
        )

    def remove_file(self, source: str) -> tuple[int, int]:
        """Removes a file with all documents it has now; returns how many documents and passages they were."""
        (chunks,) = self._sql.execute(
            "SELECT count(*) FROM chunks JOIN documents ON documents.id = chunks.document WHERE file = ?", (source,)
        ).fetchone()
        documents = list(self.document_digests(source))
        for document in documents:
            self.remove_document(document)
        self._sql.execute("DELETE FROM files WHERE source = ?", (source,))
        return len(documents), chunks

    def add_embeddings(self, vectors: Mapping[bytes, Vectors]) -> None:
        """Adds what is not there yet, by key."""
        self._sql.executemany(
            "INSERT OR IGNORE INTO embeddings (key, vector) VALUES (?, ?)",
            ((key, vector.astype("<f4").tobytes()) for key, vector in vectors.items()),
        )

    def add_document(self, document: Document, file: str, chunks: Sequence[Chunk], embeddings: Sequence[int]) -> None:
        self._sql.execute(
            f"INSERT INTO documents (file, {DOCUMENT_COLUMNS}) VALUES ({','.join('?' * 12)})",
            document_row(document, file),
        )
        self._sql.executemany(
            "INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (chunk_row(chunk, embedding) for chunk, embedding in zip(chunks, embeddings, strict=True)),
        )

    def remove_document(self, source: str) -> None:
        """Removes the document of `source` if there is one, and notes its passages as leftovers."""
        found = self._sql.execute("SELECT id FROM documents WHERE source = ?", (source,)).fetchone()
        if not found:
            return
        self._sql.execute("INSERT OR IGNORE INTO lexical_leftovers SELECT id FROM chunks WHERE document = ?", found)
        self._sql.execute(
            "INSERT OR IGNORE INTO dropped_embeddings SELECT DISTINCT embedding FROM chunks WHERE document = ?", found
        )
        self._sql.execute("DELETE FROM chunks WHERE document = ?", found)
        self._sql.execute("DELETE FROM documents WHERE id = ?", found)

    def settle(self) -> None:
        """To be called last in a change: what is visible is no leftover, and vectors without a passage are deleted.

        The deleted ones' ids stay noted until a generation without them is published.
        """
        self._sql.execute(
            "DELETE FROM lexical_leftovers WHERE EXISTS (SELECT 1 FROM chunks WHERE chunks.id = lexical_leftovers.id)"
        )
        self._sql.execute(
            "DELETE FROM dropped_embeddings WHERE EXISTS (SELECT 1 FROM chunks WHERE embedding = dropped_embeddings.id)"
        )
        self._sql.execute("DELETE FROM embeddings WHERE id IN (SELECT id FROM dropped_embeddings)")

    def add_leftovers(self, numbers: Iterable[int]) -> None:
        self._sql.executemany("INSERT OR IGNORE INTO lexical_leftovers VALUES (?)", ((value,) for value in numbers))

    def forget_all_leftovers(self) -> None:
        self._sql.execute("DELETE FROM lexical_leftovers")

    def forget_leftovers(self, numbers: Iterable[int]) -> None:
        self._sql.executemany("DELETE FROM lexical_leftovers WHERE id = ?", ((value,) for value in numbers))

    def retire_generations(self) -> None:
        """Leaves the base without a current generation: searches scan the manifest's vectors until one is built."""
        self._sql.execute("UPDATE generations SET current = 0")
        self._sql.execute("DELETE FROM dropped_embeddings")

    def publish(self, generation: Generation, without: Sequence[int]) -> None:
        """Makes `generation`, built without the dropped embeddings `without`, the current one.

        Only the one before it is kept beside it, for readers still on it.
        """
        self._sql.execute("DELETE FROM generations WHERE NOT current")
        self._sql.execute("UPDATE generations SET current = 0")
        self._sql.execute(
            "INSERT INTO generations VALUES (?, ?, ?, 1)", (generation.name, generation.watermark, generation.vectors)
        )
        self._sql.executemany("DELETE FROM dropped_embeddings WHERE id = ?", ((value,) for value in without))


@contextmanager
def _committing(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _has_tables(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone() is not None


def _matrix(rows: Sequence[tuple[int, bytes]]) -> tuple[list[int], Vectors]:
    if not rows:
        return [], np.empty((0, 0), np.float32)
    vectors = np.frombuffer(b"".join(vector for _, vector in rows), "<f4").reshape(len(rows), -1)
    return [identifier for identifier, _ in rows], vectors

"""Writing the manifest: what a change puts in and takes out."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from uuid import uuid4

from kb.protocols import Vectors
from kb.store.records import (
    DOCUMENT_COLUMNS,
    chunk_row,
    document_row,
)
from kb.store.snapshot import FILE_COLUMNS, FileRecord, Generation, RefusedPart, Snapshot
from kb.types import Chunk, Document


class Transaction:
    """Writes, seen by others when the transaction commits. `state` reads, what was just written included."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection
        self.state = Snapshot(connection)

    def set_meta(self, key: str, value: str) -> None:
        self._sql.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def advance_epoch(self) -> None:
        self.set_meta("epoch", str(self.state.epoch + 1))
        self.set_meta("state", uuid4().hex)

    def note_language(self, language: str | None) -> None:
        """Notes that a document is in `language`, so that questions are asked in it too."""
        known = self.state.languages()
        if language and language not in known:
            self.set_meta("languages", " ".join(sorted((*known, language))))

    def detect_languages(self, language_of: Callable[[str], str | None]) -> None:
        """Says of every document again which language it is in, and notes these and no others."""
        self.set_meta("languages", "")
        for (document,) in self._sql.execute("SELECT id FROM documents").fetchall():
            (text,) = self._sql.execute("SELECT text FROM documents WHERE id = ?", (document,)).fetchone()
            language = language_of(text)
            self.note_language(language)
            self._sql.execute("UPDATE documents SET language = ? WHERE id = ?", (language, document))

    def put_file(self, record: FileRecord) -> None:
        self._sql.execute(
            f"INSERT INTO files ({FILE_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source) DO UPDATE SET"
            " root = excluded.root, size = excluded.size, mtime_ns = excluded.mtime_ns, sha256 = excluded.sha256,"
            " state = excluded.state, reason = excluded.reason, reading = excluded.reading,"
            " ingested = excluded.ingested",
            (
                record.source,
                record.root,
                record.size,
                record.mtime_ns,
                record.sha256,
                record.state,
                record.reason,
                record.reading,
                record.ingested.isoformat(),
            ),
        )

    def set_refused_parts(self, file: str, parts: Iterable[RefusedPart]) -> None:
        """What of `file` became no document, in place of what was noted before."""
        self._sql.execute("DELETE FROM refused_parts WHERE file = ?", (file,))
        for part in parts:
            self.add_refused_part(part)

    def add_refused_part(self, part: RefusedPart) -> None:
        values = (part.source, part.file, part.state, part.reason)
        self._sql.execute("INSERT OR REPLACE INTO refused_parts VALUES (?, ?, ?, ?)", values)

    def remove_file(self, source: str) -> tuple[int, int]:
        """Removes a file with all documents it has now; returns how many documents and passages they were."""
        (chunks,) = self._sql.execute(
            "SELECT count(*) FROM chunks JOIN documents ON documents.id = chunks.document WHERE file = ?", (source,)
        ).fetchone()
        documents = list(self.state.document_digests(source))
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
            f"INSERT INTO documents (file, {DOCUMENT_COLUMNS}) VALUES ({','.join('?' * 13)})",
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

    def adopt_staged(self) -> None:
        """Takes the passages and embeddings of the staged manifest in place of those that are here."""
        for table in ("chunks", "embeddings"):
            self._sql.execute(f"DELETE FROM {table}")
        for table in ("embeddings", "chunks"):
            self._sql.execute(f"INSERT INTO {table} SELECT * FROM staged.{table}")
        for table in ("lexical_leftovers", "dropped_embeddings"):
            self._sql.execute(f"DELETE FROM {table}")

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
            "INSERT INTO generations (name, watermark, vectors, stamps, current) VALUES (?, ?, ?, ?, 1)",
            (generation.name, generation.watermark, generation.vectors, generation.stamps),
        )
        self._sql.executemany("DELETE FROM dropped_embeddings WHERE id = ?", ((value,) for value in without))

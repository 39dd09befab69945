"""The manifest: one SQLite file that holds the truth of a knowledge base, read in snapshots, written in transactions.

It knows rows and transactions, not the indexes built from them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.resources import files
from pathlib import Path
from queue import Empty, SimpleQueue

from kb.store.disk import disk_error
from kb.store.gaps import blank_gaps
from kb.store.snapshot import Snapshot
from kb.store.transaction import Transaction

SCHEMA_VERSION = "2"
GAPS_DUE = "gaps_due"
"""Noted in the manifest where rows were removed, whose copies in the free space of pages are to be overwritten."""
_BUSY_MILLISECONDS = 30_000
_PURGE_MILLISECONDS = 200


class Manifest:
    """The database of a base: read snapshots for any thread, write transactions for the holder of the lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._idle: SimpleQueue[sqlite3.Connection] = SimpleQueue()

    def create(self, *, lexical: str, terms: str) -> None:
        """Makes the tables, all or none, unless they are there.

        `lexical` names the folder of the lexical index, `terms` is the version of what it is made of.
        """
        with self._connection(create=True) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            with committing(connection):
                if _has_tables(connection):
                    return
                for statement in files("kb.store").joinpath("schema.sql").read_text().split(";\n"):
                    connection.execute(statement)
                values = {"schema": SCHEMA_VERSION, "epoch": "0", "lexical": lexical, "terms": terms}
                connection.executemany("INSERT INTO meta VALUES (?, ?)", values.items())

    def schema(self) -> str | None:
        """The version of the schema the base was made with; None where no base was ever made."""
        if not self.path.is_file():
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
        with self._connection() as connection, committing(connection):
            yield Transaction(connection)

    @contextmanager
    def transaction_beside(self, other: Path) -> Iterator[Transaction]:
        """A transaction in which the tables of the manifest `other` can be read as those of the schema "staged"."""
        with self._connection() as connection:
            connection.execute("ATTACH DATABASE ? AS staged", (f"{other.as_uri()}?mode=rw",))
            try:
                with committing(connection):
                    yield Transaction(connection)
            finally:
                connection.execute("DETACH DATABASE staged")

    def epoch(self) -> int:
        """Grows by one with every commit that changes what is visible."""
        with self.snapshot() as snapshot:
            return snapshot.epoch

    def purge(self) -> bool:
        """Empties the write-ahead log into the database, and overwrites there what was removed.

        False while a reader of an older state is in the way. Only for the holder of the writer's lock.
        """
        with self._connection() as connection:
            connection.execute(f"PRAGMA busy_timeout = {_PURGE_MILLISECONDS}")
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            connection.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
            if busy:
                return False
            if connection.execute("SELECT value FROM meta WHERE key = ?", (GAPS_DUE,)).fetchone() in (None, ("",)):
                return True
            # Nobody writes meanwhile, not even to bring the log into the database.
            connection.execute("BEGIN IMMEDIATE")
            try:
                blank_gaps(self.path)
            finally:
                connection.execute("ROLLBACK")
        # A commit of another connection has all others read their pages anew, which they would write back as they were.
        with closing(self._connect(create=False)) as fresh, committing(fresh):
            fresh.execute("UPDATE meta SET value = '' WHERE key = ?", (GAPS_DUE,))
        return True

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
            folder = self.path.parent
            raise disk_error(folder, error, f"The knowledge base in {folder} {_explained(error)}") from error

    def _connect(self, *, create: bool) -> sqlite3.Connection:
        uri = f"{self.path.as_uri()}?mode={'rwc' if create else 'rw'}"
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


def _explained(error: sqlite3.DatabaseError) -> str:
    """What SQLite says, and what to do about it."""
    if not isinstance(error, sqlite3.OperationalError):
        return f"has a damaged manifest ({error}); restore it from a copy, or ingest the documents into a new base."
    return f"cannot be used ({error}); see that its folder is there and no other program keeps it locked."


@contextmanager
def committing(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _has_tables(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone() is not None

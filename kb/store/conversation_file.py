"""The file in which a base's conversations lie: how it is made, opened by any process, damaged, and purged.

It knows connections and transactions, not what is in the tables.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.resources import files
from pathlib import Path

from kb.errors import StoreError
from kb.store.disk import disk_error
from kb.store.lock import exclusive
from kb.store.manifest import committing

VERSION = 2
_TABLES = ("conversations.sql", "feedback.sql")
"""What each version added, the first one first."""
_BUSY_MILLISECONDS = 30_000
_PURGE_MILLISECONDS = 200


class ConversationFile:
    """The SQLite file `path`. All raise StoreError where it is damaged or of another version."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """One state of the tables; None where there are none yet."""
        if not self.path.is_file():
            yield None
            return
        with self._connection(create=False) as sql:
            version = _version(sql)
            if version > VERSION:
                raise StoreError(
                    f"The conversations in {self.path} have the format {version}, this version of Citewell needs "
                    f"{VERSION}; move that file away to begin new ones."
                )
            if 0 < version < VERSION:
                self._bring_up(sql)
            sql.execute("BEGIN")
            try:
                yield sql if version else None
            finally:
                sql.execute("ROLLBACK")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction in the file, which must be there: commits when the block ends, rolls back when it raises."""
        with self._connection(create=False) as sql, committing(sql):
            yield sql

    def create(self) -> None:
        """Makes the file and its tables, all or none, unless they are there."""
        with self.reading() as sql:
            if sql:
                return
        with self._connection(create=True) as sql:
            self._bring_up(sql)

    def _bring_up(self, sql: sqlite3.Connection) -> None:
        """Adds the tables that later versions have, all or none."""
        with exclusive(self.path.with_suffix(".lock"), wait=_BUSY_MILLISECONDS / 1000):
            if _version(sql) == 0:
                sql.execute("PRAGMA journal_mode = WAL")
            with committing(sql):
                for name in _TABLES[_version(sql) :]:
                    for statement in files("kb.store").joinpath(name).read_text().split(";\n"):
                        sql.execute(statement)
                sql.execute(f"PRAGMA user_version = {VERSION}")

    def purge(self, *, wait: float) -> bool:
        """Leaves no trace of what was deleted, in the file or its log; false if others are longer in the way.

        The file is written anew: even with secure_delete, SQLite leaves copies of rows behind where it moves them from
        page to page (a name deleted from some dozens was still in 4 of 150 files).
        """
        until = time.monotonic() + wait
        with self._connection(create=False) as sql:
            sql.execute(f"PRAGMA busy_timeout = {_PURGE_MILLISECONDS}")
            sql.execute("PRAGMA temp_store = MEMORY")
            while not _is_purged(sql):
                if time.monotonic() >= until:
                    return False
        return True

    @contextmanager
    def _connection(self, *, create: bool) -> Iterator[sqlite3.Connection]:
        """A connection of its own for each errand: who keeps none open keeps no old state in the log either."""
        try:
            uri = f"{self.path.as_uri()}?mode={'rwc' if create else 'rw'}"
            with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as sql:
                for setting in (
                    f"busy_timeout = {_BUSY_MILLISECONDS}",
                    "synchronous = FULL",
                    "secure_delete = ON",
                    "foreign_keys = ON",
                ):
                    sql.execute(f"PRAGMA {setting}")
                yield sql
        except (sqlite3.DatabaseError, json.JSONDecodeError) as error:
            if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
                raise
            raise disk_error(
                self.path.parent, error, f"The conversations in {self.path} {_explained(error)}"
            ) from error


def _explained(error: Exception) -> str:
    """What is wrong, and what to do about it."""
    if _is_busy(error):
        return f"are kept locked by another program ({error}); see to that, and ask again."
    return f"are damaged ({error}); move that file away, which may hold words of removed documents."


def _is_busy(error: Exception) -> bool:
    codes = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return isinstance(error, sqlite3.OperationalError) and getattr(error, "sqlite_errorcode", 0) & 0xFF in codes


def note_deletion(sql: sqlite3.Connection) -> None:
    """Notes, if anything was deleted or replaced by the statement before, that its traces are to be purged."""
    if sql.execute("SELECT changes()").fetchone()[0]:
        sql.execute("INSERT OR REPLACE INTO meta VALUES ('purge', hex(randomblob(8)))")


def _is_purged(sql: sqlite3.Connection) -> bool:
    """Purges; false if another connection keeps it from doing so."""
    try:
        due = sql.execute("SELECT value FROM meta WHERE key = 'purge'").fetchone()
        if due:
            sql.execute("VACUUM")
        if sql.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            return False
        if due:
            sql.execute("DELETE FROM meta WHERE key = 'purge' AND value = ?", due)
    except sqlite3.OperationalError as error:
        if not _is_busy(error):
            raise
        return False
    return True


def _version(sql: sqlite3.Connection) -> int:
    return int(sql.execute("PRAGMA user_version").fetchone()[0])

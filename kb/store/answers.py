"""The answers of language models that are given again: a file of their own beside the manifest, used by any process.

An answer belongs to one state of the base, and is neither given nor kept in any other. So a change of any document ends
them all, and `forget`, which follows every change, leaves no word of them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from kb.errors import StoreError
from kb.store.disk import disk_error
from kb.store.manifest import Manifest, committing
from kb.store.records import number
from kb.store.snapshot import Snapshot
from kb.types import Answer, Hit

_BUSY_MILLISECONDS = 2_000
"""Nobody waits longer than that for an answer that can be had anew."""
# PRAGMA user_version is the version of this; a file of another one is begun anew.
_VERSION = 1
_TABLE = """
CREATE TABLE answers (
    wording   TEXT NOT NULL,
    made_with TEXT NOT NULL,
    state     TEXT NOT NULL,
    written   TEXT NOT NULL,
    used      INTEGER NOT NULL,
    answer    BLOB NOT NULL,
    hits      BLOB NOT NULL,
    PRIMARY KEY (wording, made_with)
) WITHOUT ROWID
"""
_ANSWER = TypeAdapter(Answer)
_HITS = TypeAdapter(tuple[tuple[str, float], ...])


@dataclass(frozen=True, slots=True)
class Key:
    """What an answer is found by: the wording that its question shares with those that ask the same, and a digest of
    what else decides an answer."""

    wording: str
    made_with: str


class AnswerStore:
    """The file `path`, which is made when the first answer is kept.

    It has a rollback journal and no log, and once the base has changed its table is dropped, which overwrites all pages
    that it had: deleting some rows can leave copies of them in pages that SQLite has rearranged. All methods raise
    StoreError where the file cannot be used; one that is damaged is then deleted, as nothing in it is needed.
    """

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self._manifest = manifest

    def recall(self, key: Key) -> Answer | None:
        """The answer kept under `key` in the state that the base is in, with its passages, and when it was written."""
        with self._writing() as sql, self._manifest.snapshot() as snapshot:
            if sql is None:
                return None
            which = (key.wording, key.made_with, snapshot.state)
            where = "WHERE wording = ? AND made_with = ? AND state = ?"
            row = sql.execute(f"SELECT answer, written, hits FROM answers {where}", which).fetchone()
            if row is None:
                return None
            sql.execute(f"UPDATE answers SET used = {_NEXT} {where}", which)
            return replace(_answer(*row[:2]), hits=_hits(row[2], snapshot))

    def keep(self, key: Key, answer: Answer, *, state: str, limit: int) -> None:
        """Keeps an answer that was made in `state`, if the base still is in it; those used last stay, `limit` of them.

        To see to that while the file is locked suffices: a change that comes later has its `forget` come after this.
        """
        values = (
            key.wording,
            key.made_with,
            state,
            datetime.now(UTC).isoformat(timespec="seconds"),
            _ANSWER.dump_json(replace(answer, hits=(), timings={})),
            _HITS.dump_json(tuple((hit.chunk.id, float(hit.score)) for hit in answer.hits)),
        )
        with self._writing(create=True) as sql, self._manifest.snapshot() as snapshot:
            if sql is None or snapshot.state != state:
                return
            _drop_outdated(sql, state)
            sql.execute(f"INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, {_NEXT}, ?, ?)", values)
            sql.execute(
                "DELETE FROM answers WHERE used NOT IN (SELECT used FROM answers ORDER BY used DESC LIMIT ?)", (limit,)
            )

    def all(self) -> list[Answer]:
        """Those that the base's state allows to give again, without their passages, the one used last first."""
        with self._writing() as sql, self._manifest.snapshot() as snapshot:
            statement = "SELECT answer, written FROM answers WHERE state = ? ORDER BY used DESC"
            return [_answer(*row) for row in sql.execute(statement, (snapshot.state,))] if sql else []

    def clear(self) -> int:
        """Deletes all, and says how many there were."""
        with self._writing() as sql:
            if sql is None:
                return 0
            (count,) = sql.execute("SELECT count(*) FROM answers").fetchone()
            _begin_anew(sql)
            return int(count)

    def forget(self) -> bool:
        """Deletes all, if any are of other states than the base is in; False where another process is in the way."""
        try:
            with self._writing() as sql, self._manifest.snapshot() as snapshot:
                if sql:
                    _drop_outdated(sql, snapshot.state)
        except StoreError:
            return not self.path.is_file()
        return True

    @contextmanager
    def _writing(self, *, create: bool = False) -> Iterator[sqlite3.Connection | None]:
        """A transaction; None where no answer was ever kept and none is to be."""
        if not create and not self.path.is_file():
            yield None
            return
        try:
            with closing(sqlite3.connect(self.path, isolation_level=None)) as sql:
                sql.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
                sql.execute("PRAGMA secure_delete = ON")
                with committing(sql):
                    _make_table(sql)
                    yield sql
        except sqlite3.OperationalError as error:
            sentence = f"The remembered answers in {self.path} cannot be used ({error}); see that it is not locked."
            raise disk_error(self.path.parent, error, sentence) from error
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
            raise
        except (sqlite3.DatabaseError, ValidationError) as error:
            self._discard()
            raise StoreError(
                f"The remembered answers in {self.path} were damaged and are deleted; answers are remembered anew."
            ) from error

    def _discard(self) -> None:
        for path in (self.path, self.path.with_name(f"{self.path.name}-journal")):
            path.unlink(missing_ok=True)


_NEXT = "(SELECT coalesce(max(used), 0) + 1 FROM answers)"


def _make_table(sql: sqlite3.Connection) -> None:
    if sql.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
        _begin_anew(sql)
        sql.execute(f"PRAGMA user_version = {_VERSION}")


def _drop_outdated(sql: sqlite3.Connection, state: str) -> None:
    if sql.execute("SELECT 1 FROM answers WHERE state <> ?", (state,)).fetchone():
        _begin_anew(sql)


def _begin_anew(sql: sqlite3.Connection) -> None:
    sql.execute("DROP TABLE IF EXISTS answers")
    sql.execute(_TABLE)


def _answer(content: bytes, written: str) -> Answer:
    return replace(_ANSWER.validate_json(content), remembered=datetime.fromisoformat(written))


def _hits(content: bytes, snapshot: Snapshot) -> tuple[Hit, ...]:
    scores = _HITS.validate_json(content)
    chunks = snapshot.chunks_by_number([number(name) for name, _ in scores])
    return tuple(Hit(chunks[number(name)], score) for name, score in scores)

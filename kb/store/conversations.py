"""The conversations of a base: an SQLite file of their own beside the manifest, written by any process at any time.

No words of a document outlive it here: a turn is put in only as far as the base still holds what its words come from,
and `forget` takes back what came from documents that are gone since.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from uuid import uuid4

from kb.conversation import Conversation, Origin, Turn, as_held
from kb.errors import UserError
from kb.store.conversation_file import ConversationFile, note_deletion
from kb.store.manifest import Manifest
from kb.store.turn_records import TURN_COLUMNS, turn_of, turn_row

_PURGE_WAIT = 10.0
"""Seconds to wait for others who read; what is not purged by then is with the next change of the base."""
_TITLE = 80
_COLUMNS = (
    "id, owner, title, created, changed, (SELECT count(*) FROM turns WHERE turns.conversation = conversations.id)"
)


class ConversationStore:
    """The file `path`, which is made when the first conversation begins.

    Whoever asks is an `owner`, and knows of no conversations but their own. Methods that name a conversation raise
    UserError where there is none, and all raise StoreError where the file is damaged.
    """

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self._file = ConversationFile(path)
        self._manifest = manifest

    def all(self, owner: str) -> list[Conversation]:
        """Without their turns, the one that was changed last first."""
        with self._file.reading() as sql:
            rows = _rows(sql, "WHERE owner = ? ORDER BY changed DESC, id", owner) if sql else []
        return [_conversation(row) for row in rows]

    def open(self, name: str, owner: str, *, latest: int = -1) -> Conversation:
        """The conversation of this id, else title, with its `latest` turns (-1: all)."""
        with self._file.reading() as sql:
            row = _found(sql, name, owner) if sql else None
            if sql is None or row is None:
                raise _unknown(name)
            return _conversation(row, _turns(sql, row[0], latest))

    def start(self, title: str, owner: str, *, limit: int, named: bool = False) -> Conversation:
        """A new conversation; where it is `named` and there is one of that id or title, that one.

        Of an owner's conversations at most `limit` are kept, those that were changed last.
        """
        self._file.create()
        with self._writing() as sql:
            if named and (row := _found(sql, title, owner)):
                return _conversation(row)
            now = _now()
            new = uuid4().hex[:12]
            values = (new, owner, titled(title), now, now)
            sql.execute("INSERT INTO conversations VALUES (?, ?, ?, ?, ?)", values)
            sql.execute(
                "DELETE FROM conversations WHERE id IN (SELECT id FROM conversations WHERE owner = ? AND id <> ?"
                " ORDER BY changed DESC, id LIMIT -1 OFFSET ?)",
                (owner, new, limit - 1),
            )
            note_deletion(sql)
        self._file.purge(wait=_PURGE_WAIT)
        return _conversation((*values, 0))

    def add(self, conversation: str, owner: str, turn: Turn, *, limit: int) -> Turn:
        """Puts `turn` in last, as far as the base still holds its origins, and gives it as it stands there.

        Of a conversation's turns the last `limit` are kept. A conversation without a title takes its first question.
        """
        with self._writing(conversation) as sql, self._places() as place:
            row = _found(sql, conversation, owner)
            if row is None:
                raise _unknown(conversation)
            held = as_held(turn, place)
            last = sql.execute("SELECT max(position) FROM turns WHERE conversation = ?", row[:1]).fetchone()[0] or 0
            _put(sql, row[0], last + 1, held)
            sql.execute("DELETE FROM turns WHERE conversation = ? AND position <= ?", (row[0], last + 1 - limit))
            note_deletion(sql)
            title = row[2] or titled(turn.question)
            sql.execute("UPDATE conversations SET changed = ?, title = ? WHERE id = ?", (_now(), title, row[0]))
        return held

    def rename(self, conversation: str, owner: str, title: str) -> None:
        with self._writing(conversation) as sql:
            sql.execute(
                "UPDATE conversations SET title = ? WHERE id = ?", (titled(title), _id(sql, conversation, owner))
            )
            note_deletion(sql)
        self._file.purge(wait=_PURGE_WAIT)

    def delete(self, conversation: str, owner: str) -> None:
        with self._writing(conversation) as sql:
            sql.execute("DELETE FROM conversations WHERE id = ?", (_id(sql, conversation, owner),))
            note_deletion(sql)
        self._file.purge(wait=_PURGE_WAIT)

    def forget(self, *, wait: float) -> bool:
        """Takes back all words of documents that the base does not hold any more; false as `purge` is."""
        with self._file.reading() as sql:
            if sql is None:
                return True
        with self._writing() as sql, self._places() as place:
            held = sql.execute("SELECT DISTINCT source, sha256 FROM origins").fetchall()
            stale = [pair for pair in held if place(Origin(*pair)) != pair[0]]
            turns = {
                tuple(key)
                for pair in stale
                for key in sql.execute(
                    "SELECT conversation, position FROM origins WHERE source = ? AND sha256 = ?", pair
                )
            }
            for conversation, position in sorted(turns):
                (turn,) = _turns_where(sql, "conversation = ? AND position = ?", conversation, position)
                sql.execute("DELETE FROM turns WHERE conversation = ? AND position = ?", (conversation, position))
                _put(sql, conversation, position, as_held(turn, place))
                note_deletion(sql)
        return self._file.purge(wait=wait)

    @contextmanager
    def _writing(self, name: str = "") -> Iterator[sqlite3.Connection]:
        """Raises UserError where no conversation was ever begun, that called `name` neither."""
        with self._file.reading() as sql:
            if sql is None:
                raise _unknown(name)
        with self._file.writing() as sql:
            yield sql

    @contextmanager
    def _places(self) -> Iterator[Callable[[Origin], str | None]]:
        """Where the base holds the content of an origin now.

        To be asked while the file is locked for writing: then a document is either seen to be gone here, or its removal
        comes later, and so does the `forget` that follows it.
        """
        with self._manifest.snapshot() as snapshot:
            found = cache(snapshot.place_of)
            yield lambda origin: found(origin.source, origin.sha256)


def titled(text: str) -> str:
    """`text` as a title: one line of at most 80 characters."""
    line = " ".join(text.split())
    return line if len(line) <= _TITLE else line[: _TITLE - 1].rsplit(" ", 1)[0] + "…"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


Row = tuple[str, str, str, str, str, int]


def _rows(sql: sqlite3.Connection, clause: str, *values: str) -> list[Row]:
    return sql.execute(f"SELECT {_COLUMNS} FROM conversations {clause}", values).fetchall()


def _found(sql: sqlite3.Connection, name: str, owner: str) -> Row | None:
    """The conversation of this id, else title; raises UserError where several have that title."""
    if exact := _rows(sql, "WHERE id = ? AND owner = ?", name, owner):
        return exact[0]
    found = _rows(sql, "WHERE title = ? AND owner = ? AND title <> ''", titled(name), owner)
    if len(found) > 1:
        ids = ", ".join(sorted(row[0] for row in found))
        raise UserError(f'Several conversations are called "{name}"; name one by its id: {ids}.')
    return found[0] if found else None


def _id(sql: sqlite3.Connection, name: str, owner: str) -> str:
    row = _found(sql, name, owner)
    if row is None:
        raise _unknown(name)
    return row[0]


def _unknown(name: str) -> UserError:
    return UserError(f'There is no conversation "{name}"; `citewell conversations` shows those that there are.')


def _conversation(row: Row, turns: tuple[Turn, ...] = ()) -> Conversation:
    name, owner, title, created, changed, size = row
    return Conversation(
        name, owner, title, datetime.fromisoformat(created), datetime.fromisoformat(changed), size, turns
    )


def _turns(sql: sqlite3.Connection, conversation: str, latest: int) -> tuple[Turn, ...]:
    clause = (
        "conversation = ?1 AND position IN"
        " (SELECT position FROM turns WHERE conversation = ?1 ORDER BY position DESC LIMIT ?2) ORDER BY position"
    )
    return tuple(_turns_where(sql, clause, conversation, latest))


def _turns_where(sql: sqlite3.Connection, clause: str, *values: str | int) -> list[Turn]:
    rows = sql.execute(f"SELECT conversation, position, {TURN_COLUMNS} FROM turns WHERE {clause}", values).fetchall()
    return [turn_of(row[2:], _origins(sql, *row[:2])) for row in rows]


def _origins(sql: sqlite3.Connection, conversation: str, position: int) -> tuple[Origin, ...]:
    rows = sql.execute(
        "SELECT source, sha256, part FROM origins WHERE conversation = ? AND position = ? ORDER BY source, part",
        (conversation, position),
    )
    return tuple(Origin(*row) for row in rows)


def _put(sql: sqlite3.Connection, conversation: str, position: int, turn: Turn) -> None:
    values = (conversation, position, *turn_row(turn))
    sql.execute(f"INSERT INTO turns (conversation, position, {TURN_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
    sql.executemany(
        "INSERT OR REPLACE INTO origins VALUES (?, ?, ?, ?, ?)",
        [(conversation, position, origin.source, origin.sha256, origin.of) for origin in turn.origins],
    )

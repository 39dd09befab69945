"""What people said of the answers in a base's conversations; it lies in the same file, and goes with them.

No words of a document outlive it here: a correction is kept only while the base holds every document that its words
may come from, and `forget` takes back the others.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from kb.errors import UserError
from kb.feedback import Correction, Feedback, State, Verdict
from kb.store.conversation_file import ConversationFile, note_deletion
from kb.store.manifest import Manifest
from kb.store.snapshot import Snapshot

LIMIT = 1000
"""Verdicts of one owner that are kept: those given last."""
_PURGE_WAIT = 10.0
_COLUMNS = (
    "feedback.conversation, asked, question, verdict, correction, unanswerable, source, page, given, state, forgotten"
)
_OF_OWNER = "FROM feedback JOIN conversations ON conversations.id = feedback.conversation WHERE owner = ?"
Key = tuple[str, str]
"""A conversation and when its turn was asked."""


class FeedbackStore:
    """The file `path` of the conversations. An owner knows of no feedback but their own."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self._file = ConversationFile(path)
        self._manifest = manifest

    def all(self, owner: str) -> list[Feedback]:
        """The one that was given last first."""
        with self._file.reading() as sql:
            if sql is None:
                return []
            rows = sql.execute(f"SELECT {_COLUMNS} {_OF_OWNER} ORDER BY given DESC, asked DESC", (owner,)).fetchall()
        return [_feedback(row) for row in rows]

    def of_turn(self, conversation: str, asked: datetime, owner: str) -> Feedback | None:
        """That on the turn that was asked then; None where there is none."""
        key = conversation, asked.isoformat()
        with self._file.reading() as sql:
            return _found(sql, key) if sql and _question(sql, key, owner) is not None else None

    def give(
        self,
        conversation: str,
        asked: datetime,
        owner: str,
        *,
        verdict: Verdict,
        correction: Correction,
        sources: Iterable[str] = (),
    ) -> Feedback:
        """Keeps the verdict in place of an earlier one; it is open again. `sources` may hold words of the correction.

        So may the documents that the turn came from, and the one that the correction names. Raises UserError where
        there is no such turn.
        """
        key = conversation, asked.isoformat()
        with self._file.reading() as sql:
            if sql is None:
                raise _unknown()
        with self._file.writing() as sql:
            question = _question(sql, key, owner)
            if question is None:
                raise _unknown()
            named = {correction.source, *sources} - {""}
            origins = self._origins(sql, key, named) if correction.says_something else {}
            given = Feedback(conversation, asked, question, verdict, correction, datetime.now(UTC))
            _put(sql, given, origins)
            sql.execute(
                "DELETE FROM feedback WHERE (conversation, asked) IN"
                f" (SELECT feedback.conversation, asked {_OF_OWNER} ORDER BY given DESC, asked DESC LIMIT -1 OFFSET ?)",
                (owner, LIMIT),
            )
            note_deletion(sql)
        self._file.purge(wait=_PURGE_WAIT)
        return given

    def _origins(self, sql: sqlite3.Connection, key: Key, named: AbstractSet[str]) -> dict[str, str]:
        """sha256 by source of all documents that a correction may repeat; raises UserError where one is gone."""
        origins = dict(
            sql.execute(
                "SELECT source, sha256 FROM origins JOIN turns USING (conversation, position)"
                " WHERE conversation = ? AND asked = ?",
                key,
            ).fetchall()
        )
        with self._manifest.snapshot() as snapshot:
            origins |= snapshot.digests(named)
            is_held = all(snapshot.place_of(*origin) == origin[0] for origin in origins.items())
        if not is_held or not named <= origins.keys():
            raise UserError("A document that this is about was removed or changed meanwhile; ask the question again.")
        return origins

    def decide(self, feedback: Feedback, state: State, owner: str) -> None:
        """Raises UserError where it is gone."""
        with self._file.writing() as sql:
            row = sql.execute(
                f"SELECT 1 {_OF_OWNER} AND feedback.conversation = ? AND asked = ?", (owner, *_key(feedback))
            ).fetchone()
            if row is None:
                raise UserError("This feedback is gone, with its conversation; reload the page.")
            sql.execute("UPDATE feedback SET state = ? WHERE conversation = ? AND asked = ?", (state, *_key(feedback)))

    def withdraw(self, conversation: str, asked: datetime, owner: str) -> None:
        """No word of it is left then, unless another process has been reading for ten seconds: then soon after."""
        key = conversation, asked.isoformat()
        with self._file.reading() as sql:
            if sql is None:
                return
        with self._file.writing() as sql:
            if _question(sql, key, owner) is not None:
                sql.execute("DELETE FROM feedback WHERE conversation = ? AND asked = ?", key)
                note_deletion(sql)
        self._file.purge(wait=_PURGE_WAIT)

    def forget(self) -> None:
        """Takes back corrections whose documents are gone or changed; others follow a move.

        Their traces are purged with those of the conversations.
        """
        with self._file.reading() as sql:
            if sql is None:
                return
        with self._file.writing() as sql, self._manifest.snapshot() as snapshot:
            held = sql.execute("SELECT DISTINCT source, sha256 FROM feedback_origins").fetchall()
            moved = [pair for pair in held if snapshot.place_of(*pair) != pair[0]]
            keys = {
                (str(key[0]), str(key[1]))
                for pair in moved
                for key in sql.execute(
                    "SELECT conversation, asked FROM feedback_origins WHERE source = ? AND sha256 = ?", pair
                )
            }
            for key in sorted(keys):
                _take_back(sql, key, snapshot)


def _take_back(sql: sqlite3.Connection, key: Key, snapshot: Snapshot) -> None:
    """Keeps what may be kept of a correction of which a document is in another place, or in none."""
    given = _found(sql, key)
    if given is None:
        return
    origins = sql.execute(
        "SELECT source, sha256 FROM feedback_origins WHERE conversation = ? AND asked = ?", key
    ).fetchall()
    places = {source: snapshot.place_of(source, sha256) for source, sha256 in origins}
    if not all(places.values()):
        _put(sql, replace(given, correction=Correction(), is_forgotten=True), {})
        return
    source = places.get(given.correction.source) or ""
    moved = {str(places[source]): sha256 for source, sha256 in origins}
    _put(sql, replace(given, correction=replace(given.correction, source=source)), moved)


def _question(sql: sqlite3.Connection, key: Key, owner: str) -> str | None:
    """That of the turn, as long as the conversation keeps it."""
    found = sql.execute(
        "SELECT question FROM turns JOIN conversations ON conversations.id = turns.conversation"
        " WHERE conversations.id = ? AND asked = ? AND owner = ?",
        (*key, owner),
    ).fetchone()
    return str(found[0]) if found else None


def _found(sql: sqlite3.Connection, key: Key) -> Feedback | None:
    row = sql.execute(f"SELECT {_COLUMNS} FROM feedback WHERE conversation = ? AND asked = ?", key).fetchone()
    return _feedback(row) if row else None


def _put(sql: sqlite3.Connection, one: Feedback, origins: dict[str, str]) -> None:
    correction, key = one.correction, _key(one)
    sql.execute("DELETE FROM feedback WHERE conversation = ? AND asked = ?", key)
    note_deletion(sql)
    sql.execute(
        "INSERT INTO feedback VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *key,
            one.question,
            one.verdict,
            correction.text,
            correction.is_unanswerable,
            correction.source,
            correction.page,
            one.given.isoformat(timespec="microseconds"),
            one.state,
            one.is_forgotten,
        ),
    )
    sql.executemany(
        "INSERT INTO feedback_origins VALUES (?, ?, ?, ?)", [(*key, *origin) for origin in sorted(origins.items())]
    )


def _key(one: Feedback) -> Key:
    return one.conversation, one.asked.isoformat()


def _feedback(row: tuple[str, str, str, Verdict, str, int, str, int | None, str, State, int]) -> Feedback:
    conversation, asked, question, verdict, text, unanswerable, source, page, given, state, forgotten = row
    return Feedback(
        conversation=conversation,
        asked=datetime.fromisoformat(asked),
        question=question,
        verdict=verdict,
        correction=Correction(text, bool(unanswerable), source, page),
        given=datetime.fromisoformat(given),
        state=state,
        is_forgotten=bool(forgotten),
    )


def _unknown() -> UserError:
    return UserError("The answer that this is said of is not kept any more; reload the page.")

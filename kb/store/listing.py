"""The documents of a base as people leaf through them: searched, filtered, sorted and cut into pages by SQLite.

It reads neither texts nor passages of what is not on the page, unless they are sorted by their number of passages.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from kb.store.snapshot import Snapshot

Order = Literal["name", "state", "type", "bytes", "passages", "ingested", "modified"]
READY = "ready"
UNREAD = ("failed", "skipped")

_NAME = (
    "CASE WHEN root <> '' AND substr(source, 1, length(rtrim(root, '/')) + 1) = rtrim(root, '/') || '/'"
    " THEN substr(source, length(rtrim(root, '/')) + 2) ELSE source END"
)
_READ = """
    SELECT documents.id, documents.source, documents.file, root, title, media_type, 'ready' AS state, '' AS reason,
        size, ingested, mtime_ns
    FROM documents JOIN files ON files.source = documents.file
"""
_REFUSED = """
    SELECT NULL AS id, source, source AS file, root, '' AS title, '' AS media_type, state, reason, size, ingested,
        mtime_ns
    FROM files WHERE state IN ('failed', 'skipped')
    UNION ALL
    SELECT NULL, refused_parts.source, file, root, '', '', refused_parts.state, refused_parts.reason, size, ingested,
        mtime_ns
    FROM refused_parts JOIN files ON files.source = file WHERE files.state NOT IN ('failed', 'skipped')
"""
_PASSAGES = "(SELECT count(*) FROM chunks WHERE chunks.document = named.id)"
_GIVEN = "(SELECT value FROM json_each(?))"
_DETAILS = (
    f"SELECT id, source, file, root, title, media_type, state, reason, size, {_PASSAGES}, ingested, mtime_ns FROM"
)
_ORDERS: dict[Order, str] = {
    "name": "folded(name)",
    "state": "state",
    "type": "media_type",
    "bytes": "size",
    "passages": _PASSAGES,
    "ingested": "julianday(ingested)",
    "modified": "mtime_ns",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which documents, and which page of them: those whose name or title holds every word of `words`, in any case.

    `states` and `media_types` keep what is one of them, all where there are none. A tie is ordered by source.
    """

    words: str = ""
    states: tuple[str, ...] = ()
    media_types: tuple[str, ...] = ()
    order: Order = "name"
    descending: bool = False
    offset: int = 0
    limit: int = 100


class Key(NamedTuple):
    """Which document: `id` is None of what gave none."""

    id: int | None
    source: str
    file: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A document, or a file or part of one that gave none. `modified_ns` is when the file last changed."""

    source: str
    file: str
    root: str
    title: str
    media_type: str
    state: str
    reason: str
    bytes: int
    passages: int
    ingested: datetime
    modified_ns: int


def keys(snapshot: Snapshot, wanted: Wanted) -> list[Key]:
    """The documents that are wanted, those of all pages, in order."""
    condition, values = _condition(wanted)
    direction = "DESC" if wanted.descending else "ASC"
    rows = snapshot.rows_folding(
        f"WITH named AS (SELECT *, {_NAME} AS name FROM ({_entries(wanted.states)}))"
        f" SELECT id, source, file FROM named WHERE {condition}"
        f" ORDER BY {_ORDERS[wanted.order]} {direction}, source, file",
        values,
    )
    return [Key(*row) for row in rows]


def entries(snapshot: Snapshot, page: Sequence[Key]) -> list[Entry]:
    """What there is to say of documents, in the order of their keys."""
    read = json.dumps([key.id for key in page if key.id is not None])
    refused = json.dumps([key.source for key in page if key.id is None])
    rows = [
        *snapshot.rows(f"{_DETAILS} ({_READ} WHERE documents.id IN {_GIVEN}) AS named", (read,)),
        *snapshot.rows(f"{_DETAILS} ({_REFUSED}) AS named WHERE source IN {_GIVEN}", (refused,)),
    ]
    found = {Key(*row[:3]): _entry(*row) for row in rows}
    return [found[key] for key in page]


def _entries(states: Sequence[str]) -> str:
    """The tables in which documents of these states are, any where there are none."""
    if not states or not set(states).isdisjoint(UNREAD):
        return _REFUSED if states and READY not in states else f"{_READ} UNION ALL {_REFUSED}"
    return _READ


def media_types(snapshot: Snapshot) -> list[str]:
    """The media types of all documents, sorted."""
    return [kind for (kind,) in snapshot.rows("SELECT DISTINCT media_type FROM documents ORDER BY media_type")]


def state_counts(snapshot: Snapshot) -> dict[str, int]:
    """How many entries there are of each state that there is."""
    counts: dict[str, int] = dict(snapshot.rows(f"SELECT state, count(*) FROM ({_REFUSED}) GROUP BY state"))
    documents = snapshot.document_count()
    return {READY: documents, **counts} if documents else counts


def files_below(snapshot: Snapshot, folder: str) -> list[str]:
    """The sources of the files at or below `folder`, sorted."""
    top = folder.rstrip("/")
    # "0" comes right after "/": all that begins with "folder/".
    statement = "SELECT source FROM files WHERE source = ? OR (source >= ? AND source < ?) ORDER BY source"
    return [source for (source,) in snapshot.rows(statement, (top, f"{top}/", f"{top}0"))]


def _condition(wanted: Wanted) -> tuple[str, Sequence[object]]:
    parts = ["TRUE"]
    values: list[object] = []
    for word in wanted.words.casefold().split():
        parts.append("instr(folded(name || char(10) || title), ?)")
        values.append(word)
    for column, kept in (("state", wanted.states), ("media_type", wanted.media_types)):
        if kept:
            parts.append(f"{column} IN {_GIVEN}")
            values.append(json.dumps(kept))
    return " AND ".join(parts), values


def _entry(*row: Any) -> Entry:
    _, source, file, root, title, media_type, state, reason, size, passages, ingested, modified_ns = row
    moment = datetime.fromisoformat(ingested)
    return Entry(source, file, root, title, media_type, state, reason, size, passages, moment, modified_ns)

"""The documents of a base as people leaf through them: searched, filtered, sorted and cut into pages by SQLite.

It reads neither texts nor passages of what is not on the page, unless they are sorted by their number of passages.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from kb.store.snapshot import Snapshot

Order = Literal["name", "state", "type", "bytes", "passages", "ingested", "modified"]
UNREAD = ("failed", "skipped")

_NAME = (
    "CASE WHEN root <> '' AND substr(source, 1, length(rtrim(root, '/')) + 1) = rtrim(root, '/') || '/'"
    " THEN substr(source, length(rtrim(root, '/')) + 2) ELSE source END"
)
_ENTRIES = f"""
WITH entries AS (
    SELECT documents.id, documents.source, documents.file, files.root, title, media_type, 'ready' AS state,
        '' AS reason, size, ingested, mtime_ns
    FROM documents JOIN files ON files.source = documents.file
    UNION ALL
    SELECT NULL, source, source, root, '', '', state, reason, size, ingested, mtime_ns FROM files
    WHERE state IN ('failed', 'skipped')
    UNION ALL
    SELECT NULL, refused_parts.source, file, root, '', '', refused_parts.state, refused_parts.reason, size, ingested,
        mtime_ns
    FROM refused_parts JOIN files ON files.source = file WHERE files.state NOT IN ('failed', 'skipped')
), named AS (SELECT *, {_NAME} AS name FROM entries)
"""
_PASSAGES = "(SELECT count(*) FROM chunks WHERE chunks.document = named.id)"
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


def listed(snapshot: Snapshot, wanted: Wanted) -> tuple[list[Entry], int]:
    """The page that is wanted, and how many documents there are on all its pages."""
    condition, values = _condition(wanted)
    ((total,),) = snapshot.rows_folding(f"{_ENTRIES} SELECT count(*) FROM named WHERE {condition}", values)
    direction = "DESC" if wanted.descending else "ASC"
    rows = snapshot.rows_folding(
        f"{_ENTRIES} SELECT source, file, root, title, media_type, state, reason, size, {_PASSAGES}, ingested, mtime_ns"
        f" FROM named WHERE {condition} ORDER BY {_ORDERS[wanted.order]} {direction}, source LIMIT ? OFFSET ?",
        [*values, wanted.limit, wanted.offset],
    )
    return [_entry(*row) for row in rows], int(total)


def media_types(snapshot: Snapshot) -> list[str]:
    """The media types of all documents, sorted."""
    return [kind for (kind,) in snapshot.rows("SELECT DISTINCT media_type FROM documents ORDER BY media_type")]


def state_counts(snapshot: Snapshot) -> dict[str, int]:
    """How many entries there are of each state that there is."""
    return dict(snapshot.rows(f"{_ENTRIES} SELECT state, count(*) FROM named GROUP BY state"))


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
        parts.append("(instr(folded(name), ?) OR instr(folded(title), ?))")
        values += [word, word]
    for column, kept in (("state", wanted.states), ("media_type", wanted.media_types)):
        if kept:
            parts.append(f"{column} IN (SELECT value FROM json_each(?))")
            values.append(json.dumps(kept))
    return " AND ".join(parts), values


def _entry(*row: object) -> Entry:
    source, file, root, title, media_type, state, reason, size, passages, ingested, modified_ns = row
    return Entry(
        source=str(source),
        file=str(file),
        root=str(root),
        title=str(title),
        media_type=str(media_type),
        state=str(state),
        reason=str(reason),
        bytes=int(str(size)),
        passages=int(str(passages)),
        ingested=datetime.fromisoformat(str(ingested)),
        modified_ns=int(str(modified_ns)),
    )

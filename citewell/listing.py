"""The documents of a base as people leaf through them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from citewell.status import relative_name
from kb.store.listing import Entry


@dataclass(frozen=True, slots=True)
class ListedDocument:
    """One document, or a file or part of one that gave none. state is "ready", "failed" or "skipped".

    `name` is what people see, `file` the file that holds the document, `changed` when that last changed on the disk.
    """

    source: str
    file: str
    root: str
    name: str
    title: str
    state: str
    reason: str
    media_type: str
    passages: int
    bytes: int
    changed: datetime
    ingested: datetime


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """Some rows of `total`, in the state `state` of the base."""

    rows: tuple[ListedDocument, ...]
    total: int
    state: str


@dataclass(frozen=True, slots=True)
class DocumentKinds:
    """How many documents there are of each state, and all their media types."""

    states: Mapping[str, int]
    media_types: tuple[str, ...]


def listed_document(entry: Entry) -> ListedDocument:
    return ListedDocument(
        source=entry.source,
        file=entry.file,
        root=entry.root,
        name=relative_name(entry.source, entry.root),
        title=entry.title,
        state=entry.state,
        reason=entry.reason,
        media_type=entry.media_type,
        passages=entry.passages,
        bytes=entry.bytes,
        changed=datetime.fromtimestamp(entry.modified_ns / 1e9, UTC),
        ingested=entry.ingested,
    )

"""The documents of a base as people leaf through them, and what is left of those that were removed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Lock

from citewell.status import relative_name
from kb.store.listing import Entry, Key, Wanted, entries, files_below, keys, media_types, state_counts
from kb.store.remains import Holdings, Remains, holdings, remains
from kb.store.store import Store

KEPT = 8
"""Lists of keys that are kept until the base changes: people leaf through one, and come back to it."""


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


class Catalogue:
    """What there is in a base; the order of its documents is worked out once in each state of the base."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._manifest = store.manifest
        self._kept: OrderedDict[tuple[str, Wanted], list[Key]] = OrderedDict()
        self._lock = Lock()

    def page(self, wanted: Wanted) -> DocumentPage:
        """The page that is wanted, searched, filtered and sorted without reading the other documents."""
        with self._manifest.snapshot() as snapshot:
            about = (snapshot.state, replace(wanted, offset=0, limit=0))
            with self._lock:
                found = self._kept.get(about)
            if found is None:
                found = keys(snapshot, wanted)
                self._keep(about, found)
            page = entries(snapshot, found[wanted.offset : wanted.offset + wanted.limit])
            return DocumentPage(tuple(map(listed_document, page)), len(found), about[0])

    def kinds(self) -> DocumentKinds:
        """Of which states and media types there are documents."""
        with self._manifest.snapshot() as snapshot:
            return DocumentKinds(state_counts(snapshot), tuple(media_types(snapshot)))

    def known(self, files: Sequence[str]) -> tuple[str, ...]:
        """Those of `files`, by source, that the base holds or could not read."""
        with self._manifest.snapshot() as snapshot:
            known = {record.source for record in snapshot.files()}
        return tuple(dict.fromkeys(file for file in files if file in known))

    def below(self, folder: str) -> list[str]:
        """The files that lie at or below `folder`, a resolved path, by name."""
        with self._manifest.snapshot() as snapshot:
            return files_below(snapshot, folder)

    def holdings(self, files: Sequence[str]) -> Holdings:
        """What the base holds of `files`, to be noted before they are removed, for `remains`."""
        with self._manifest.snapshot() as snapshot:
            return holdings(snapshot, files)

    def remains(self, held: Holdings) -> Remains:
        """What is left of removed files, looked for where they stood and by searches for their own words."""
        with self._store.view() as view:
            return remains(view, held)

    def _keep(self, about: tuple[str, Wanted], found: list[Key]) -> None:
        with self._lock:
            for other in [other for other in self._kept if other[0] != about[0]]:
                del self._kept[other]
            self._kept[about] = found
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)


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

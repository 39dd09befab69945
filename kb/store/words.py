"""The lexical index that a base uses: which folder it is in, and whether its files are as they were left."""

from __future__ import annotations

import shutil
from pathlib import Path

from kb.errors import StoreError
from kb.store.lexical import LexicalIndex, unsound_files
from kb.store.manifest import Manifest
from kb.store.snapshot import Snapshot
from kb.store.stamps import altered, link_tree, looking_other, packed, unpacked
from kb.store.transaction import Transaction

FIRST = "lexical-0"
STAMPS = "lexical_stamps"
PURGE_DUE = "purge_due"
TERMS = "terms"


class Words:
    """Opens the lexical index that a snapshot names, and keeps it open."""

    def __init__(self, home: Path, manifest: Manifest) -> None:
        self._home = home
        self._manifest = manifest
        self._open: dict[str, LexicalIndex] = {}

    def create(self, name: str) -> LexicalIndex:
        """A new, empty index in the folder `name`."""
        shutil.rmtree(self._home / name, ignore_errors=True)
        return LexicalIndex.create(self._home / name)

    def index(self, snapshot: Snapshot) -> LexicalIndex:
        """Raises StoreError where a file of it is missing or damaged; looked into when it is opened."""
        name = snapshot.meta("lexical")
        if name not in self._open:
            if self._looks_damaged():
                raise StoreError("The lexical index is damaged; run `citewell verify --repair`.")
            self._open = {name: LexicalIndex(self._home / name)}
        return self._open[name]

    def next_name(self, snapshot: Snapshot) -> str:
        return f"lexical-{int(snapshot.meta('lexical').removeprefix('lexical-')) + 1}"

    def stamp(self, transaction: Transaction, index: LexicalIndex) -> None:
        """Notes how the files look now; for the holder of the writer's lock, in the commit that they belong to."""
        transaction.set_meta(STAMPS, packed(index.stamps(unpacked(transaction.state.meta(STAMPS)))))

    def damaged_files(self, snapshot: Snapshot) -> list[str]:
        """The files whose content is not what was left there; read from end to end."""
        folder = self._home / snapshot.meta("lexical")
        if _is_in_motion(snapshot):
            return unsound_files(folder)
        return altered(folder, unpacked(snapshot.meta(STAMPS)))

    def adopt(self, folder: Path, name: str) -> LexicalIndex:
        """The index in `folder` as that of this base, under the name `name`; the files are shared, not copied."""
        shutil.rmtree(self._home / name, ignore_errors=True)
        link_tree(folder, self._home / name)
        return LexicalIndex(self._home / name)

    def discard_others(self, snapshot: Snapshot) -> None:
        """Deletes indexes that are no longer, or were never, in use; for the holder of the writer's lock."""
        for folder in self._home.glob("lexical-*"):
            if folder.name != snapshot.meta("lexical"):
                shutil.rmtree(folder)

    def _looks_damaged(self) -> bool:
        """By sizes and times, then by content; the manifest says beforehand when files are about to change."""
        while True:
            with self._manifest.snapshot() as snapshot:
                stamps, folder = unpacked(snapshot.meta(STAMPS)), self._home / snapshot.meta("lexical")
                if _is_in_motion(snapshot):
                    return False
            suspicious = looking_other(folder, stamps)
            if not altered(folder, suspicious):
                return False
            with self._manifest.snapshot() as now:
                if not _is_in_motion(now) and unpacked(now.meta(STAMPS)) == stamps:
                    return True


def _is_in_motion(snapshot: Snapshot) -> bool:
    """Whether the files may be on their way from what was stamped to what will be."""
    return bool(snapshot.meta(PURGE_DUE)) or bool(snapshot.lexical_leftovers())

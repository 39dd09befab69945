"""Settings that are changed while the server runs: each base takes them over the next time that somebody looks at it.

What is being answered goes on by the old ones. How a base is indexed changes only when it has been rebuilt.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import streamlit as st

from citewell.kept_settings import settings_file, settings_of
from citewell.knowledge_base import IngestJob, KnowledgeBase
from kb.errors import CitewellError, MissingModel
from kb.settings import Settings

INDEXED_BY = ("embedding", "chunking")
"""The sections that a base must be rebuilt for."""


@dataclass(frozen=True, slots=True)
class Rebuild:
    """A job that builds a base anew, and the base as it will be asked when that is done."""

    job: IngestJob
    base: KnowledgeBase


class Rebuilds:
    """The latest rebuilding of each base, by its folder."""

    def __init__(self) -> None:
        self._by_folder: dict[Path, Rebuild] = {}
        self._starting = Lock()

    def of(self, base: KnowledgeBase) -> Rebuild | None:
        return self._by_folder.get(base.folder)

    def forget(self, folder: Path) -> None:
        """Ends the rebuilding of a base that is to be deleted."""
        if known := self._by_folder.pop(folder, None):
            known.job.cancel()

    def start(self, base: KnowledgeBase, settings: Settings) -> None:
        """Rebuilds `base` by `settings`; nothing happens where that is being done already."""
        with self._starting:
            known = self.of(base)
            if known is None or known.job.is_done:
                chosen = base.with_settings(settings)
                self._by_folder[base.folder] = Rebuild(chosen.reindex(), chosen)


@st.cache_resource(show_spinner=False)
def rebuilds() -> Rebuilds:
    return Rebuilds()


def settings_now(home: Path, named: Path | None) -> Settings:
    """The settings that the file and the environment give, read again when the file has changed.

    Raises SettingsError where it is wrong.
    """
    return _read(home, named, _stamp(settings_file(home, named)))


def up_to_date(base: KnowledgeBase, settings: Settings) -> KnowledgeBase:
    """`base` as it is to be asked by `settings`; itself where nothing has changed."""
    indexed = _indexed_by(base, settings) if needs_rebuilding(base, settings) else settings
    wanted = _with_index_of(settings, indexed)
    return base if wanted == base.settings else base.with_settings(wanted)


def needs_rebuilding(base: KnowledgeBase, settings: Settings) -> bool:
    """Whether `settings` index otherwise than those that `base` is asked by, and it has passages to index again."""
    differ = any(getattr(settings, name) != getattr(base.settings, name) for name in INDEXED_BY)
    return differ and bool(base.counts()[1])


def _indexed_by(base: KnowledgeBase, settings: Settings) -> Settings:
    """Those that the index is made by: of a rebuilding here, or the base's own, or new ones by which it was elsewhere.

    The command line may have rebuilt it while this server runs.
    """
    rebuild = rebuilds().of(base)
    if rebuild and _is_finished(rebuild.job) and _fits(rebuild.base):
        return rebuild.base.settings
    return base.settings if _fits(base) else settings


def _fits(base: KnowledgeBase) -> bool:
    try:
        return base.fits_index()
    except MissingModel:
        return False  # Then it could not be asked either.


def _with_index_of(settings: Settings, other: Settings) -> Settings:
    return settings.model_copy(update={name: getattr(other, name) for name in INDEXED_BY})


def _is_finished(job: IngestJob) -> bool:
    """Whether it is done, to its end."""
    if not job.is_done:
        return False
    try:
        return not job.wait().cancelled
    except CitewellError:
        return False  # The settings page tells why.


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


@st.cache_resource(show_spinner=False, max_entries=8)
def _read(home: Path, named: Path | None, stamp: tuple[int, int, int] | None) -> Settings:  # noqa: ARG001
    return settings_of(home, named)

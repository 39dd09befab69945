"""What all sessions of the server share: the open knowledge bases, each with the ingests that sessions have asked for.

Which base a session looks at stands in its address, so that a reload, a bookmark and a second tab keep it.
"""

from __future__ import annotations

import atexit
import os
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from threading import Lock, Thread

import streamlit as st

from app.web.library.queue import IngestQueue
from app.web.settings.adopting import rebuilds, settings_now, up_to_date
from citewell.bases import delete_base
from citewell.home import base_folder, base_names, home_folder
from citewell.knowledge_base import KnowledgeBase
from citewell.watched import Watching
from kb.errors import CitewellError, UnknownKnowledgeBase
from kb.settings import Settings

CHOICE = "kb"
"""The part of the address, and of the session's state, that names the base."""


class Workspace:
    """One base, the ingests asked for on the page, and the watching of its folders."""

    def __init__(self, base: KnowledgeBase, folder: Path) -> None:
        self.base = base
        self.folder = folder
        self.uploads = folder / "uploads"
        self.handing_in = Lock()
        """Held from the first copy of an upload until its ingest is asked for, and while copies are deleted."""
        self.queue = IngestQueue(base)
        self.watching = Watching(base)
        self._going_over = Lock()
        self._identity = _identity(folder)

    def go_by(self, settings: Settings) -> None:
        """Has the base asked by `settings` from now on; what runs goes on by those that it began with."""
        with self._going_over:
            base = up_to_date(self.base, settings)
            if base is not self.base:
                self.base = base
                self.queue.go_on_with(base)
                self.watching.go_on_with(base)

    @property
    def is_ingesting(self) -> bool:
        """Whether an ingest of this page runs or waits."""
        return self.queue.is_busy

    @property
    def is_there(self) -> bool:
        """False once another process has deleted the base, also where it has made another one of that name."""
        return _identity(self.folder) == self._identity

    def close(self) -> None:
        """Ends what runs, which can be gone on with later, and lets go of the base."""
        self.watching.close()
        self.queue.close()
        self.base.close()


class Workspaces:
    """The bases that are open, each once, whichever session was first."""

    def __init__(self) -> None:
        self._open: dict[Path, Workspace] = {}
        self._opening: defaultdict[Path, Lock] = defaultdict(Lock)
        self._lock = Lock()
        atexit.register(self.close)

    def opened(self, home: Path, name: str, settings: Settings, *, create: bool) -> Workspace:
        """Raises UnknownKnowledgeBase where there is no such base and `create` is False."""
        folder = base_folder(home, name)
        with self._alone(folder):
            known = self._open.get(folder)
            if known and known.is_there:
                known.go_by(settings)
                return known
            if known:
                del self._open[folder]
                known.close()
            base = KnowledgeBase.open(name, home=home, settings=settings, create=create)
            self._open[folder] = opened = Workspace(base, folder)
            # Loaded while people still read the page; what is wrong with the embedder is said when something is asked.
            Thread(target=_load_embedder, args=(base,), name="citewell-loading", daemon=True).start()
            return opened

    def close_base(self, home: Path, name: str) -> None:
        """Closes it for all sessions; whoever looks at it next opens it anew."""
        folder = base_folder(home, name)
        with self._alone(folder):
            self._close(folder)

    def delete(self, home: Path, name: str) -> None:
        """Deletes the base with all that it holds. Raises Locked where another process is at work on it."""
        folder = base_folder(home, name)
        with self._alone(folder):
            self._close(folder)
            rebuilds().forget(folder)
            delete_base(home, name)

    def close(self) -> None:
        for folder in list(self._open):
            self._close(folder)

    def _close(self, folder: Path) -> None:
        if opened := self._open.pop(folder, None):
            opened.close()

    def _alone(self, folder: Path) -> Lock:
        with self._lock:
            return self._opening[folder]


def _identity(folder: Path) -> tuple[int, int] | None:
    """Of the base's manifest; None where there is none."""
    try:
        found = (folder / "manifest.sqlite").stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _load_embedder(base: KnowledgeBase) -> None:
    with suppress(CitewellError):
        base.embedder.queries(["The first question is slower."])


def home() -> Path:
    """The folder of all bases that this server shows: CITEWELL_HOME, else the user's data folder."""
    return home_folder()


def workspace() -> Workspace:
    """That of the base which this session looks at; only the base that the server begins with is created if missing.

    Raises UnknownKnowledgeBase for another one that is missing, UserError for a name that cannot be one, SettingsError
    where CITEWELL_SETTINGS names a file that is wrong.
    """
    name = chosen_base()
    try:
        return workspaces().opened(home(), name, current_settings(), create=name == first_base())
    except UnknownKnowledgeBase:
        raise UnknownKnowledgeBase(
            f'There is no knowledge base "{name}" here; choose another one above, or make it on the Library page.'
        ) from None


def original(name: str, source: str) -> Path | None:
    """The file that the document `source` of the base `name` came from; None where the base or the document is not.

    For a route of the server: no session asks, and nothing is created.
    """
    if name not in base_names(home()):
        return None
    return workspaces().opened(home(), name, current_settings(), create=False).base.original(source)


def chosen_base() -> str:
    """The name of the base which this session looks at, without opening it; `first_base` to begin with."""
    before = st.session_state.get(CHOICE)
    chosen = str(st.query_params.get(CHOICE) or before or first_base())
    if before not in (None, chosen):
        st.session_state.clear()  # By the browser's way back, say: nothing that was chosen in one is done in the other.
    choose_base(chosen)
    return chosen


def choose_base(name: str) -> None:
    """Makes this session look at the base `name`. The address names it, from page to page, unless it is the first."""
    st.session_state[CHOICE] = name
    if name != first_base():
        if st.query_params.get(CHOICE) != name:
            st.query_params[CHOICE] = name
    elif CHOICE in st.query_params:
        del st.query_params[CHOICE]


def first_base() -> str:
    """The base that is shown where none is chosen: CITEWELL_KB, else "default"."""
    return os.environ.get("CITEWELL_KB") or "default"


def settings_file() -> Path | None:
    named = os.environ.get("CITEWELL_SETTINGS")
    return Path(named) if named else None


def current_settings() -> Settings:
    """Those of this server as they are now. Raises SettingsError where they are wrong."""
    return settings_now(home(), settings_file())


@st.cache_resource(show_spinner=False)
def workspaces() -> Workspaces:
    return Workspaces()

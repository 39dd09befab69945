"""What all sessions of the server share: the open knowledge bases, and the ingest that runs in each.

Which base a session looks at stands in its address, so that a reload, a bookmark and a second tab keep it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import streamlit as st

from citewell.home import base_folder, base_names, home_folder
from citewell.knowledge_base import IngestJob, KnowledgeBase
from kb.errors import Locked, UnknownKnowledgeBase
from kb.settings import load_settings

CHOICE = "kb"
"""The part of the address, and of the session's state, that names the base."""


class Workspace:
    """One base and its latest ingest, whichever session started it."""

    def __init__(self, base: KnowledgeBase, folder: Path) -> None:
        self.base = base
        self.uploads = folder / "uploads"
        self.job: IngestJob | None = None
        self._starting = Lock()

    @property
    def is_ingesting(self) -> bool:
        return self.job is not None and not self.job.is_done

    def ingest(self, paths: Sequence[Path]) -> IngestJob:
        """Starts an ingest; raises Locked while another one runs."""
        with self._starting:
            if self.is_ingesting:
                raise Locked("Other documents are being added right now; wait until they are done, then try again.")
            self.job = self.base.ingest(paths)
            return self.job


def home() -> Path:
    """The folder of all bases that this server shows: CITEWELL_HOME, else the user's data folder."""
    return home_folder()


def workspace() -> Workspace:
    """That of the base which this session looks at; the first one is created where it is missing, no other.

    Raises UserError for a name that is none, SettingsError where CITEWELL_SETTINGS names a file that is wrong.
    """
    name = chosen_base()
    folder = home()
    if name != first_base() and name not in (names := base_names(folder)):
        # What follows shows the first one again, not this sentence.
        st.session_state.pop(CHOICE, None)
        known = ", ".join(names) or first_base()
        raise UnknownKnowledgeBase(f'There is no knowledge base "{name}"; open one of those there are: {known}.')
    return _open(folder, name)


def original(name: str, source: str) -> Path | None:
    """The file that the document `source` of the base `name` came from; None where the base or the document is not.

    For a route of the server: no session asks, and nothing is created.
    """
    folder = home()
    return _open(folder, name).base.original(source) if name in base_names(folder) else None


def chosen_base() -> str:
    """The name of the base which this session looks at, without opening it; CITEWELL_KB is the first."""
    named = st.query_params.get(CHOICE) or st.session_state.get(CHOICE)
    chosen = str(named or first_base())
    st.session_state[CHOICE] = chosen
    return chosen


def first_base() -> str:
    """The name of the base that is shown where nothing else is asked for: CITEWELL_KB."""
    return os.environ.get("CITEWELL_KB", "default")


def _open(folder: Path, name: str) -> Workspace:
    settings = os.environ.get("CITEWELL_SETTINGS")
    return _opened(folder, name, Path(settings) if settings else None)


@st.cache_resource(show_spinner=False)
def _opened(home: Path, name: str, settings: Path | None) -> Workspace:
    base = KnowledgeBase.open(name, home=home, settings=load_settings(settings), create=True)
    return Workspace(base, base_folder(home, name))

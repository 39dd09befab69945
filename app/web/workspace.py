"""What all sessions of the server share: the open knowledge bases, and the ingest that runs in each.

Which base a session looks at stands in its address, so that a reload, a bookmark and a second tab keep it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import streamlit as st

from app.web.settings.adopting import settings_now, up_to_date
from citewell.home import base_folder, home_folder
from citewell.knowledge_base import IngestJob, KnowledgeBase
from kb.errors import Locked

CHOICE = "kb"
"""The part of the address, and of the session's state, that names the base."""


class Workspace:
    """One base and its latest ingest, whichever session started it."""

    def __init__(self, base: KnowledgeBase, folder: Path) -> None:
        self.base = base
        self.uploads = folder / "uploads"
        self.job: IngestJob | None = None
        self._starting = Lock()

    def adopt(self, base: KnowledgeBase) -> None:
        """From now on asks `base`, the same one by other settings."""
        self.base = base

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
    """That of the base which this session looks at; one that is missing is created.

    Raises UserError for a name that cannot be one, SettingsError where CITEWELL_SETTINGS names a file that is wrong.
    """
    opened = _opened(home(), chosen_base(), settings_file())
    opened.adopt(up_to_date(opened.base, settings_now(home(), settings_file())))
    return opened


def settings_file() -> Path | None:
    """The settings file that was named when the server was started."""
    named = os.environ.get("CITEWELL_SETTINGS")
    return Path(named) if named else None


def chosen_base() -> str:
    """The name of the base which this session looks at, without opening it; CITEWELL_KB is the first."""
    named = st.query_params.get(CHOICE) or st.session_state.get(CHOICE)
    chosen = str(named or os.environ.get("CITEWELL_KB", "default"))
    st.session_state[CHOICE] = chosen
    return chosen


@st.cache_resource(show_spinner=False)
def _opened(home: Path, name: str, settings: Path | None) -> Workspace:
    base = KnowledgeBase.open(name, home=home, settings=settings_now(home, settings), create=True)
    return Workspace(base, base_folder(home, name))

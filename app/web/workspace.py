"""What all sessions of the server share: the open knowledge base and the ingest that is running."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import streamlit as st

from citewell.home import base_folder, home_folder
from citewell.knowledge_base import IngestJob, KnowledgeBase
from kb.errors import Locked
from kb.settings import load_settings


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


def workspace() -> Workspace:
    """The workspace that CITEWELL_HOME, CITEWELL_KB and CITEWELL_SETTINGS name; a base that is missing is created."""
    settings = os.environ.get("CITEWELL_SETTINGS")
    return _opened(home_folder(), os.environ.get("CITEWELL_KB", "default"), Path(settings) if settings else None)


@st.cache_resource(show_spinner=False)
def _opened(home: Path, name: str, settings: Path | None) -> Workspace:
    base = KnowledgeBase.open(name, home=home, settings=load_settings(settings), create=True)
    return Workspace(base, base_folder(home, name))

"""Looking around on this machine, beside the page: once for all sessions, and again when the settings have changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

import streamlit as st

from citewell.diagnosis import Diagnosis, diagnosis
from citewell.inventory import FoundModel, Memory, ServedModels, memory_here, models_here, served_models
from citewell.jobs import Job
from kb.settings import Settings

REFRESH = 0.5
"""Seconds between two looks whether it is done."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ModelsHere:
    """`problems` says of each model that the settings name and that is not here what to do; `served` is a server's."""

    found: list[FoundModel]
    problems: list[str]
    served: ServedModels | None
    memory: Memory

    def names(self, kind: str) -> list[str]:
        """Of those that can be loaded as "embedder", "reranker" or "generator"."""
        return [found.model.name for found in self.found if found.model.kind == kind and not found.model.problem]


class Look(Generic[T]):
    """A finding for the settings that were asked about last, made in the background."""

    def __init__(self, find: Callable[[Settings, Path], T]) -> None:
        self._find = find
        self._lock = Lock()
        self._asked: tuple[Settings, Path] | None = None
        self._job: Job[None, T] | None = None

    def job(self, settings: Settings, home: Path, *, again: bool = False) -> Job[None, T]:
        with self._lock:
            asked = (settings, home)
            if self._job is None or self._asked != asked or (again and self._job.is_done):
                self._asked = asked
                self._job = Job(lambda _show, _is_cancelled: self._find(settings, home), None)
            return self._job


@st.cache_resource(show_spinner=False)
def models_look() -> Look[ModelsHere]:
    return Look(_models)


@st.cache_resource(show_spinner=False)
def machine_look() -> Look[Diagnosis]:
    return Look(diagnosis)


def _models(settings: Settings, home: Path) -> ModelsHere:  # noqa: ARG001 - as every finding is made
    found, problems = models_here(settings)
    served = served_models(settings.generator) if settings.generator.server else None
    return ModelsHere(found, problems, served, memory_here())


def show_waiting(job: Job[None, T], what: str) -> None:
    """Says that it is being looked at, and shows the page again when that is done."""

    @st.fragment(run_every=REFRESH)
    def waiting() -> None:
        if job.is_done:
            st.rerun()
        st.html(f'<p class="cw-small cw-waiting" role="status">{what}</p>')

    waiting()

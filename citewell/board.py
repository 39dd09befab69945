"""The notice board of a base: which jobs run on it, in whichever process, how far they are, which were cut short."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from uuid import uuid4

from filelock import FileLock, Timeout

from ingest.report import Progress
from kb.errors import UserError

logger = logging.getLogger(__name__)

WRITE_EVERY = 0.5
"""Seconds between two notes of a job's progress."""
LOOK_EVERY = 0.2
"""Seconds between two looks whether somebody asked a job to stop."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What a job was asked to do, so that it can be asked again."""

    kind: Literal["ingest", "reindex"]
    paths: tuple[str, ...] = ()
    sync: bool = False
    confirmed: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True)
class JobNote:
    """A job as everybody can see it.

    state is "waiting" for others to be done, "running", or "interrupted" where its process ended before it was done.

    Which file is being read is not noted: nothing on the disk is to name a document that may be removed.
    """

    id: str
    errand: Errand
    pid: int
    started: datetime
    progress: Progress
    state: Literal["waiting", "running", "interrupted"] = "running"


class Board:
    """Notes in a folder of the base, a file for each job."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def notes(self) -> list[JobNote]:
        """The jobs that wait, run or were cut short, the oldest first."""
        found = [note for path in self._folder.glob("*.json") if (note := self._read(path))]
        return sorted(found, key=lambda note: (note.started, note.id))

    def note(self, job: str) -> JobNote:
        """The job `job`. Raises UserError where there is none."""
        note = next((note for note in self.notes() if note.id == job), None)
        if note is None:
            raise UserError(f'There is no job "{job}"; `citewell jobs` lists those that run or were interrupted.')
        return note

    def ask_to_stop(self, job: str) -> None:
        self._cancel_file(self.note(job).id).touch()

    def forget(self, job: str) -> None:
        for path in (self._file(job), self._cancel_file(job), self._lock_file(job)):
            path.unlink(missing_ok=True)

    def forget_interrupted(self, sources: Sequence[str]) -> None:
        """Forgets the interrupted jobs that name one of `sources`."""
        for note in self.notes():
            if note.state == "interrupted" and not set(sources).isdisjoint(note.errand.paths):
                self.forget(note.id)

    @contextmanager
    def posted(self, errand: Errand) -> Iterator[Entry]:
        """Posts a job for as long as the block lasts; it stays there as interrupted unless it ends done."""
        entry = self._post(errand, "running")
        try:
            yield entry
        finally:
            entry.leave()
        if entry.is_done:
            self.forget(entry.job)
            self._forget_earlier(errand)

    def announced(self, errand: Errand) -> Entry:
        """Posts a job that waits; it stays there as interrupted once its entry is left, or this process ends."""
        return self._post(errand, "waiting")

    def take_down(self, entry: Entry) -> None:
        """Leaves nothing of what was announced."""
        entry.leave()
        self.forget(entry.job)

    def _post(self, errand: Errand, state: Literal["waiting", "running"]) -> Entry:
        self._folder.mkdir(parents=True, exist_ok=True)
        note = JobNote(uuid4().hex[:8], errand, os.getpid(), datetime.now(UTC), Progress(), state)
        # One thread may post what another takes down.
        lock = FileLock(self._lock_file(note.id), thread_local=False)
        lock.acquire()
        entry = Entry(self._file(note.id), self._cancel_file(note.id), note, lock)
        entry.write()
        return entry

    def _forget_earlier(self, errand: Errand) -> None:
        """What was cut short before has been done now."""
        for note in self.notes():
            if note.state == "interrupted" and note.errand == errand:
                self.forget(note.id)

    def _read(self, path: Path) -> JobNote | None:
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None  # It was taken down or replaced meanwhile.
        try:
            note = JobNote(
                id=path.stem,
                errand=Errand(**{**values["errand"], "paths": tuple(values["errand"]["paths"])}),
                pid=values["pid"],
                started=datetime.fromisoformat(values["started"]),
                progress=Progress(**values["progress"]),
                state="waiting" if values.get("state") == "waiting" else "running",
            )
        except (TypeError, KeyError, ValueError):
            return None  # Another version of Citewell has posted it.
        return note if self._is_held(note.id) else replace(note, state="interrupted")

    def _is_held(self, job: str) -> bool:
        lock = self._lock_file(job)
        try:
            if lock.exists():
                FileLock(lock).acquire(timeout=0).lock.release()
            return False
        except Timeout:
            return True

    def _file(self, job: str) -> Path:
        return self._folder / f"{job}.json"

    def _cancel_file(self, job: str) -> Path:
        return self._folder / f"{job}.cancel"

    def _lock_file(self, job: str) -> Path:
        return self._folder / f"{job}.lock"


class Entry:
    """A job's own note. Progress is noted twice a second at most."""

    def __init__(self, file: Path, cancel_file: Path, note: JobNote, lock: FileLock) -> None:
        self.is_done = False
        self._file = file
        self._cancel_file = cancel_file
        self._note = note
        self._lock = lock
        self._written = self._looked = 0.0
        self._asked_to_stop = False

    @property
    def job(self) -> str:
        return self._note.id

    def leave(self) -> None:
        """Says no more of it."""
        self._lock.release()

    def show(self, progress: Progress) -> None:
        self._note = replace(self._note, progress=replace(progress, current=""))
        if time.monotonic() - self._written >= WRITE_EVERY:
            self.write()

    def is_asked_to_stop(self) -> bool:
        now = time.monotonic()
        if now - self._looked >= LOOK_EVERY:
            self._looked = now
            self._asked_to_stop = self._cancel_file.exists()
        return self._asked_to_stop

    def write(self) -> None:
        self._written = time.monotonic()
        values = {**asdict(self._note), "started": self._note.started.isoformat()}
        partial = self._file.with_suffix(".part")
        try:
            partial.write_text(json.dumps(values), encoding="utf-8")
            partial.replace(self._file)
        except OSError as error:
            # The job itself meets the same trouble with the disk, or none.
            logger.info("the progress of job %s cannot be noted: %s", self._note.id, error)

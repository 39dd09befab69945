"""Watched folders: which folders a base is kept in step with, kept with the base; and the watching of them.

Of several processes that have the base open, one watches a folder; when it ends, another takes over.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, RLock, Thread
from typing import Literal
from uuid import uuid4

from filelock import FileLock, Timeout

from citewell.knowledge_base import KnowledgeBase
from citewell.watching import Watcher
from kb.errors import CitewellError, UserError

_log = logging.getLogger(__name__)

TAKE_OVER = 5.0
"""Seconds between two looks whether the process that watches a folder has ended."""
TRY_AGAIN = 30.0
"""Seconds after which a folder is watched again that could not be: a disk has room again, a model has come."""

State = Literal["in step", "working", "problem", "elsewhere"]


@dataclass(frozen=True, slots=True)
class WatchedFolder:
    """A folder (or file) that the base is to be kept in step with, since `since`."""

    id: str
    path: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Watch:
    """How it stands with a watched folder. "elsewhere": another process watches it. `problem` is a sentence.

    `would_remove` where so much is gone from the folder that it is removed from the base only when somebody says so.
    """

    folder: WatchedFolder
    state: State
    problem: str = ""
    would_remove: bool = False


class WatchedFolders:
    """The list: a note for each folder in a folder of the base, read by whichever process asks."""

    def __init__(self, base: Path) -> None:
        self._notes = base / "watched"

    def all(self) -> list[WatchedFolder]:
        """The folder watched longest first."""
        found = [folder for path in self._notes.glob("*.json") if (folder := _read(path))]
        return sorted(found, key=lambda folder: (folder.since, folder.id))

    def add(self, path: Path) -> WatchedFolder:
        """Raises UserError where there is nothing at `path`, or it is watched already, by itself or within another."""
        place = path.resolve()
        if not place.exists():
            raise UserError(f"There is no {path} that can be read; name a folder of this machine.")
        for known in self.all():
            if place.is_relative_to(known.path):
                raise UserError(f"{known.path} is watched already, and {place} with it.")
            if Path(known.path).is_relative_to(place):
                raise UserError(
                    f"{known.path}, which is watched already, lies in {place}; stop watching that one first."
                )
        folder = WatchedFolder(uuid4().hex[:8], str(place), datetime.now(UTC))
        partial = self._notes / f"{folder.id}.part"
        with self._writing():
            self._notes.mkdir(parents=True, exist_ok=True)
            partial.write_text(json.dumps({"path": folder.path, "since": folder.since.isoformat()}), encoding="utf-8")
            partial.replace(self._notes / f"{folder.id}.json")
        return folder

    def forget(self, folder: str) -> None:
        """Takes a folder (by id) off the list; its documents stay."""
        with self._writing():
            (self._notes / f"{folder}.json").unlink(missing_ok=True)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UserError(
                f"The list of watched folders cannot be changed ({error.strerror}); see who may write in {self._notes}."
            ) from error

    def has(self, folder: str) -> bool:
        return (self._notes / f"{folder}.json").exists()

    def lock_file(self, folder: str) -> Path:
        return self._notes / f"{folder}.lock"


def _read(path: Path) -> WatchedFolder | None:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return WatchedFolder(path.stem, str(values["path"]), datetime.fromisoformat(values["since"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # It was taken off the list meanwhile, or another version of Citewell has noted it.


class Watching:
    """Keeps a base in step with its watched folders, those that are added later included, until it is closed."""

    def __init__(self, base: KnowledgeBase) -> None:
        self.folders = WatchedFolders(base.folder)
        self._base = base
        self._watches: dict[str, _FolderWatch] = {}
        self._lock = RLock()
        self.look()

    def look(self) -> None:
        """Begins to watch what has come onto the list, and ends the watch of what has gone from it."""
        with self._lock:
            listed = {folder.id: folder for folder in self.folders.all()}
            for name in self._watches.keys() - listed.keys():
                self._watches.pop(name).stop.set()
            for name in listed.keys() - self._watches.keys():
                self._watches[name] = _FolderWatch(self._base, self.folders, listed[name])

    def go_on_with(self, base: KnowledgeBase) -> None:
        """Has the folders watched by `base`, the same one by other settings."""
        with self._lock:
            self._base = base
            for watch in self._watches.values():
                watch.stop.set()
            self._watches.clear()
            self.look()

    def add(self, path: Path) -> WatchedFolder:
        """Raises UserError as WatchedFolders.add does."""
        folder = self.folders.add(path)
        self.look()
        return folder

    def remove(self, folder: str) -> None:
        """Ends the watch of a folder (by id); its documents stay."""
        self.folders.forget(folder)
        self.look()

    def all(self) -> list[Watch]:
        """How it stands with each folder on the list."""
        with self._lock:
            self.look()
            watches = [self._watches[folder.id] for folder in self.folders.all() if folder.id in self._watches]
        working = {note.errand.paths for note in self._base.jobs() if note.state == "running"}
        return [watch.report(working) for watch in watches]

    def close(self, *, wait: float = 5.0) -> None:
        """Ends all watches; the list stays."""
        for watch in self._watches.values():
            watch.stop.set()
        for watch in self._watches.values():
            watch.thread.join(wait)
        self._watches.clear()


class _FolderWatch:
    """One folder's watch, in a thread of its own."""

    def __init__(self, base: KnowledgeBase, folders: WatchedFolders, folder: WatchedFolder) -> None:
        self.stop = Event()
        self._folder = folder
        self._is_ours = False
        self._end = ""
        self._watcher = Watcher(
            base,
            [Path(folder.path)],
            on_outcome=lambda _: None,
            on_problem=lambda _: None,
            stop=self.stop,
            is_wanted=lambda: folders.has(folder.id),
        )
        lock = FileLock(folders.lock_file(folder.id))
        self.thread = Thread(target=self._run, args=(lock, folders), name="citewell-watch", daemon=True)
        self.thread.start()

    def report(self, working: Collection[tuple[str, ...]]) -> Watch:
        """`working` are the paths of the ingests that run."""
        problem = self._end or self._watcher.problem
        if problem:
            return Watch(self._folder, "problem", problem, self._watcher.would_remove)
        if (self._folder.path,) in working:
            return Watch(self._folder, "working")
        return Watch(self._folder, "in step" if self._is_ours else "elsewhere")

    def _run(self, lock: FileLock, folders: WatchedFolders) -> None:
        while not self.stop.is_set():
            try:
                with lock.acquire(timeout=0):
                    self._is_ours = True
                    self._watch(folders)
                    break
            except Timeout:
                self.stop.wait(TAKE_OVER)
            except OSError as error:
                self._tell(error)
            finally:
                self._is_ours = False
        if not folders.has(self._folder.id):
            with suppress(OSError):
                folders.lock_file(self._folder.id).unlink(missing_ok=True)

    def _watch(self, folders: WatchedFolders) -> None:
        """As long as the folder is on the list; what stands in the way may pass, so it is tried again."""
        while not self.stop.is_set() and folders.has(self._folder.id):
            try:
                self._end = ""
                self._watcher.run()
            except (CitewellError, OSError) as error:
                self._tell(error)

    def _tell(self, error: Exception) -> None:
        self._end = str(error)
        _log.warning("%s cannot be watched at the moment: %s", self._folder.path, error)
        self.stop.wait(TRY_AGAIN)

"""What is to be done about each file found: nothing, a new entry, a move, or reading it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Literal

from ingest.messages import Task
from ingest.readers.source_file import digest
from ingest.scan import FoundFile, looks_unchanged
from kb.store.snapshot import FileRecord, RefusedPart

Action = Literal["keep", "enter", "move", "read"]


@dataclass(frozen=True, slots=True)
class Plan:
    """One file and what to do about it.

    "keep" leaves it as it is known, "enter" writes `record` and nothing else, "move" takes over what was read of
    `origin`, "read" hands `task` to a parser. `before` is how it was known so far; `problem` is why it cannot be looked
    at now: what was read of it before stays. `refused` are the parts of it that could not be read so far.
    """

    file: FoundFile
    action: Action
    record: FileRecord
    before: FileRecord | None = None
    origin: str = ""
    task: Task | None = None
    problem: str = ""
    refused: Sequence[RefusedPart] = ()


class Planner:
    """Plans on the state that the base was in when it was made.

    `reading` names what decides which files can be read; `digests` gives the documents of a file and their hashes,
    `refused` the parts of a file that could not be read. With `again`, every file is read, whatever is known of it.
    """

    def __init__(
        self,
        records: Mapping[str, FileRecord],
        *,
        reading: str,
        digests: Callable[[str], dict[str, str]],
        refused: Mapping[str, Sequence[RefusedPart]],
        again: bool = False,
    ) -> None:
        self._records = records
        self._again = again
        self._refused = refused
        self._reading = reading
        self._digests = digests
        self._movable: dict[tuple[str, str], list[str]] | None = None

    def plans(self, found: Sequence[FoundFile]) -> Iterator[Plan]:
        for file in found:
            plan = self._plan(file, self._records.get(str(file.path)))
            yield replace(plan, refused=self._refused.get(plan.origin or plan.record.source, ()))

    def _plan(self, file: FoundFile, before: FileRecord | None) -> Plan:
        root = _wider(file, before)
        if before and self._is_settled(before) and looks_unchanged(file, before):
            action: Action = "keep" if before.root == root else "enter"
            return Plan(file, action, replace(before, root=root), before)
        now = datetime.now(UTC)
        new = FileRecord(str(file.path), root, file.size, file.mtime_ns, "", "ready", now, reading=self._reading)
        try:
            new = replace(new, sha256=digest(file.path))
        except OSError as error:
            problem = f"{file.path.name} cannot be read: {error.strerror}."
            if before and before.state in ("ready", "partial"):
                return Plan(file, "keep", before, before, problem=problem)
            return Plan(file, "enter", replace(new, state="failed", reason=problem, reading=""), before)
        if before and self._is_settled(before) and before.sha256 == new.sha256:
            same = replace(new, state=before.state, reason=before.reason, reading=before.reading)
            return Plan(file, "enter", same, before)
        if before is None and (origin := self._origin(new)):
            return Plan(file, "move", new, origin=origin)
        return Plan(file, "read", new, before, task=Task(file.path, new.sha256, self._known(new.source)))

    def _known(self, source: str) -> dict[str, str]:
        """The documents of a file with their hashes: no hash for those that a part was missing from."""
        refused = [part.source for part in self._refused.get(source, ())]
        return {
            document: "" if self._again or any(part.startswith(f"{document}#") for part in refused) else sha256
            for document, sha256 in self._digests(source).items()
        }

    def _is_settled(self, record: FileRecord) -> bool:
        """Whether reading the same file again would give the same, and is not asked for."""
        if self._again:
            return False
        is_whole = record.state == "ready" and record.source not in self._refused
        return is_whole or (record.state != "partial" and record.reading == self._reading)

    def _origin(self, new: FileRecord) -> str:
        """Where `new` was that is there no longer, "" if nowhere; each is given once.

        It must be what reading `new` would give: a file of another kind of name may be read in another way.
        """
        if self._movable is None:
            self._movable = {}
            for record in self._records.values():
                if record.state == "ready" and self._is_settled(record) and not os.path.lexists(record.source):
                    self._movable.setdefault(_content(record), []).append(record.source)
        origins = self._movable.get(_content(new))
        return origins.pop() if origins else ""


def _content(record: FileRecord) -> tuple[str, str]:
    return record.sha256, PurePath(record.source).suffix.lower()


def _wider(file: FoundFile, record: FileRecord | None) -> str:
    """The folder that people see a file relative to: the one ingested, or one around it that was ingested before."""
    if record and file.root.is_relative_to(record.root):
        return record.root
    return str(file.root)

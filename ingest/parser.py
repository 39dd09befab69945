"""A parser process: reads files one after the other and cuts them into passages, where it can be killed.

Started as `python -m ingest.parser FOLDER`; takes a Setup and Tasks on standard input, gives Replies on standard
output. FOLDER is its own for temporary files, and goes when it ends.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import BinaryIO

from ingest.limits import MEGABYTE, Allowance
from ingest.messages import Done, Parsed, Setup, Step, Task, Unchanged, send, taken_over
from ingest.readers.source_file import Refusal, SourceFile, digest
from ingest.reading import read, refusing
from kb.errors import NothingToRead, OutOfReach, UnreadableFile
from kb.text.language import load_languages
from kb.types import Document

LOOK_FOR_PARENT = 1.0
_STATUS = Path("/proc/self/status")
_PEAK = re.compile(r"^VmHWM:\s*(\d+) kB$", re.MULTILINE)
TELL_EVERY = 0.2
"""Seconds between two steps of the same file that are told."""


def main(folder: str) -> None:
    parent = os.getppid()
    replies = _own_output()
    Thread(target=_end_with, args=(parent, folder), daemon=True).start()
    with suppress(EOFError):  # Nothing will be handed over any more.
        _serve(replies)
    shutil.rmtree(folder, ignore_errors=True)


def _serve(replies: BinaryIO) -> None:
    setup = taken_over(sys.stdin.buffer)
    if not isinstance(setup, Setup):
        raise TypeError(setup)
    _limit_memory(setup.limits.memory_mb * MEGABYTE)
    load_languages(setup.cache)  # Before a file's time begins.
    while True:
        task = taken_over(sys.stdin.buffer)
        if isinstance(task, Task):
            refusal = _parse(setup, task, replies)
            send(replies, Done(refusal, _peak_memory()))


def _parse(setup: Setup, task: Task, replies: BinaryIO) -> Refusal | None:
    """Sends what is in a file; the reason where the file itself cannot be read."""
    try:
        file = SourceFile.at(task.path, sha256=task.sha256, allowance=Allowance(setup.limits, _Steps(replies)))
    except OSError as error:
        return Refusal(str(task.path), f"{task.path.name} cannot be read: {error.strerror}.", is_passing=True)
    try:
        with refusing(file):
            # It has begun: from now on it is waited for as long as the settings say, and no longer.
            file.step()
            for found in read(file, setup.formats, task.given_up):
                send(replies, _reply(setup, task, found))
    except NothingToRead as error:
        return Refusal.of(file, error)
    except OutOfReach as error:
        return Refusal(file.source, str(error), is_passing=True)
    except UnreadableFile as error:
        if _is_as_planned(task):
            return Refusal.of(file, error)
        reason = f"{file.name} changed, or went out of reach, while it was read; the next ingest reads it again."
        return Refusal(file.source, reason, is_passing=True)
    return None


def _is_as_planned(task: Task) -> bool:
    """Whether the file can be got at and is still the one that was to be read; only then it is itself at fault."""
    try:
        return digest(task.path) == task.sha256
    except OSError:
        return False


def _reply(setup: Setup, task: Task, found: Document | Refusal) -> Parsed | Unchanged | Refusal:
    if isinstance(found, Refusal):
        return found
    if task.known.get(found.source) == found.sha256:
        return Unchanged(found.source)
    return Parsed.of(found, setup.splitter.split(found))


class _Steps:
    """Tells steps, but not so many that telling them takes the time."""

    def __init__(self, replies: BinaryIO) -> None:
        self._replies = replies
        self._told = ("", 0.0)

    def __call__(self, source: str) -> None:
        now = time.monotonic()
        if self._told[0] != source or now - self._told[1] >= TELL_EVERY:
            self._told = source, now
            send(self._replies, Step(source))


def _own_output() -> BinaryIO:
    """Standard output for replies alone: whatever a library prints goes where errors go."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return replies


def _limit_memory(size: int) -> None:
    """Of what this process may write to; libraries and files that are only mapped do not count."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (size, size))


def _peak_memory() -> int:
    """Bytes; 0 where the system does not tell."""
    # Linux: what getrusage tells there begins with the memory of the process that started this one.
    status = _STATUS.read_text(encoding="utf-8", errors="replace") if _STATUS.exists() else ""
    if found := _PEAK.search(status):
        return int(found[1]) * 1024
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _end_with(parent: int, folder: str) -> None:
    """Ends this process when the one that started it is gone, however deep in a file it is, and deletes its folder."""
    while os.getppid() == parent:
        time.sleep(LOOK_FOR_PARENT)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1])

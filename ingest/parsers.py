"""Parser processes at work: each file is read where it can be killed, and none holds the others up."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import PurePath
from threading import Condition, Event, Lock, Thread
from typing import BinaryIO, Generic, Protocol, TypeVar, cast

from ingest.limits import MEGABYTE, Limits
from ingest.messages import Done, Parsed, Reply, Setup, Step, Task, hand_over, receive
from ingest.readers.source_file import Refusal

LOOK_EVERY = 0.1
"""Seconds between two looks at the clock for parsers that hang."""
START_SECONDS = 60.0
"""Given to a new parser besides: it imports its readers first."""
SHORT = 0.5
"""Seconds that whoever takes the results may have waited for them before another parser helps. Plain text is read some
ten times as fast as a CPU embeds it, and a parser takes 0.25 s of a processor and 55 MB to start."""
BACKLOG = 20_000_000
"""Characters of documents that may wait for whoever takes them; the parsers then wait too."""


class Planned(Protocol):
    """Something that may need a file to be read."""

    @property
    def task(self) -> Task | None: ...


P = TypeVar("P", bound=Planned)


class ParserPool(Generic[P]):
    """Reads files in up to `workers` processes: one is started when there is something to read, others when it is slow.

    `load_setup` is called then, from a thread of the pool.
    """

    def __init__(self, load_setup: Callable[[], Setup], *, workers: int, is_cancelled: Callable[[], bool]) -> None:
        self._load_setup = load_setup
        self._workers = workers
        self._is_cancelled = is_cancelled
        self._planning = Lock()
        self._turn = Lock()
        self._setup: Setup | None = None
        self._parsers: set[_Parser] = set()
        self._threads: list[Thread] = []
        self._is_reading = False
        self._backlog: _Backlog[tuple[P, Reply | None]] = _Backlog(BACKLOG)
        self._closed = Event()

    def parse(self, planned: Iterable[P]) -> Generator[tuple[P, Reply | None] | None]:
        """What is planned with what comes of it: None where nothing is to be read, else replies, the last one Done.

        Those of one file come in order, among those of others; None alone tells of a moment in which nothing came. What
        iterating `planned` raises is raised here. Ends early when it is cancelled, whatever the parsers are at.
        """
        source = iter(planned)
        Thread(target=self._watch, daemon=True).start()
        try:
            self._begin(source)
            waited, since = 0.0, time.monotonic()
            for item in self._backlog.items(is_cancelled=self._is_cancelled):
                # What a parser takes to start says nothing of how fast it will be.
                waited += time.monotonic() - since if self._is_reading else 0.0
                if waited > SHORT and len(self._threads) < self._workers:
                    self._begin(source)
                    waited = 0.0
                yield item
                since = time.monotonic()
        finally:
            self._closed.set()
            self._backlog.close()
            with self._turn:
                parsers = list(self._parsers)
            for parser in parsers:
                parser.kill()
            for thread in self._threads:
                thread.join()
            for parser in list(self._parsers):
                self._end(parser)

    def _begin(self, source: Iterator[P]) -> None:
        self._backlog.producer_began()
        self._threads.append(Thread(target=self._work, args=(source,), daemon=True))
        self._threads[-1].start()

    def _work(self, source: Iterator[P]) -> None:
        parser: _Parser | None = None
        try:
            while (planned := self._next(source)) is not None:
                if planned.task is None:
                    self._backlog.put((planned, None))
                else:
                    parser = self._read(parser, planned, planned.task)
        except _Closed:
            pass
        except BaseException as error:  # noqa: BLE001 - it rises in whoever takes the results
            self._backlog.fail(error)
        finally:
            self._backlog.producer_ended()

    def _next(self, source: Iterator[P]) -> P | None:
        with self._planning:
            return None if self._closed.is_set() else next(source, None)

    def _read(self, parser: _Parser | None, planned: P, task: Task) -> _Parser | None:
        """Reads one file; where a part of it hangs or crashes the parser, goes on without that part."""
        while True:
            parser = parser or self._started()
            known = dict(task.known)
            for reply in parser.replies(task):
                self._is_reading = True
                if isinstance(reply, Step):
                    continue
                if isinstance(reply, Parsed):
                    known[reply.document.source] = reply.document.sha256
                self._backlog.put((planned, reply), len(reply.document.text) if isinstance(reply, Parsed) else 1)
                if isinstance(reply, Done):
                    return self._kept(parser, reply)
            reason, where = parser.ending(), parser.where
            self._end(parser)
            parser = None
            if self._closed.is_set():
                raise _Closed
            if where == str(task.path) or where in task.given_up:
                self._backlog.put((planned, Done(Refusal(str(task.path), reason), 0)))
                return None
            task = replace(task, known=known, given_up={**task.given_up, where: reason})

    def _started(self) -> _Parser:
        with self._turn:
            if self._closed.is_set():
                raise _Closed
            parser = _Parser()
            self._parsers.add(parser)
            if self._setup is None:
                # It imports its readers meanwhile.
                self._setup = self._load_setup()
            parser.begin(self._setup)
            return parser

    def _kept(self, parser: _Parser, done: Done) -> _Parser | None:
        """The parser, unless what it read has left it so large that it is better replaced."""
        if done.memory * 2 < parser.memory:
            return parser
        self._end(parser)
        return None

    def _end(self, parser: _Parser) -> None:
        with self._turn:
            self._parsers.discard(parser)
        parser.end()

    def _watch(self) -> None:
        while not self._closed.wait(LOOK_EVERY):
            with self._turn:
                parsers = list(self._parsers)
            for parser in parsers:
                parser.kill_if_hanging()


class _Parser:
    """One parser process."""

    def __init__(self) -> None:
        self.where = ""
        self._limits = Limits()
        self._hung = False
        self._deadline = self._patience = float("inf")
        self._folder = tempfile.mkdtemp(prefix="citewell-")
        # -P: no module of the folder that somebody happens to work in; a session of its own: Ctrl-C is not for it.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "ingest.parser", self._folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), self._folder),
            },
            start_new_session=True,
        )

    @property
    def memory(self) -> int:
        """Bytes that it may have."""
        return self._limits.memory_mb * MEGABYTE

    def begin(self, setup: Setup) -> None:
        """To be called before its first task."""
        self._limits = setup.limits
        self._patience = START_SECONDS + setup.limits.seconds
        self._deadline = time.monotonic() + self._patience
        self._hand_over(setup)

    def replies(self, task: Task) -> Iterator[Reply]:
        """What it says of a task, Done last; it has ended where Done is missing. Steps move `where`."""
        self.where = str(task.path)
        self._hand_over(task)
        while (reply := self._receive()) is not None:
            if isinstance(reply, Step):
                self.where = reply.source
            yield reply
            if isinstance(reply, Done):
                return

    def ending(self) -> str:
        """Why it ended in the middle of a file, as a sentence on what it was reading."""
        name = PurePath(self.where.rsplit("#", 1)[-1]).name
        code = self._process.wait()
        if self._hung:
            return (
                f"{name} was given up: for {self._limits.seconds:g} s nothing more of it could be read;"
                " raise ingest.seconds to wait longer."
            )
        if code == -getattr(signal, "SIGKILL", 9):
            return f"{name} was given up: the system ended its reader, for want of memory perhaps."
        return f"{name} was given up: its reader crashed ({_named(code)})."

    def kill_if_hanging(self) -> None:
        if time.monotonic() > self._deadline:
            self._hung = True
            self.kill()

    def kill(self) -> None:
        """Ends it and whatever a reader has started."""
        if hasattr(os, "killpg"):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()

    def end(self) -> None:
        self.kill()
        self._process.wait()
        with suppress(BrokenPipeError), self._input:
            self._output.close()
        # What a reader had put on the disk stays there when it is killed.
        shutil.rmtree(self._folder, ignore_errors=True)

    def _hand_over(self, value: Setup | Task) -> None:
        with suppress(BrokenPipeError):
            hand_over(self._input, value)

    def _receive(self) -> Reply | None:
        self._deadline = time.monotonic() + self._patience
        try:
            return receive(self._output)
        except ValueError:
            # Not what a parser says: whatever took it over is not to go on.
            self.kill()
            return None
        finally:
            self._deadline, self._patience = float("inf"), self._limits.seconds

    @property
    def _input(self) -> BinaryIO:
        return cast("BinaryIO", self._process.stdin)

    @property
    def _output(self) -> BinaryIO:
        return cast("BinaryIO", self._process.stdout)


def _named(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


class _Closed(Exception):
    """Nobody takes results any more."""


T = TypeVar("T")


class _Backlog(Generic[T]):
    """A queue whose items have weights: putting waits while more than `limit` is in it."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._changed = Condition()
        self._items: deque[tuple[T, int]] = deque()
        self._weight = 0
        self._producers = 0
        self._error: BaseException | None = None
        self._closed = False

    def put(self, item: T, weight: int = 1) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or not self._items or self._weight + weight <= self._limit)
            if self._closed:
                raise _Closed
            self._items.append((item, weight))
            self._weight += weight
            self._changed.notify_all()

    def fail(self, error: BaseException) -> None:
        with self._changed:
            self._error = self._error or error
            self._changed.notify_all()

    def producer_began(self) -> None:
        with self._changed:
            self._producers += 1

    def producer_ended(self) -> None:
        with self._changed:
            self._producers -= 1
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def items(self, *, is_cancelled: Callable[[], bool]) -> Iterator[T | None]:
        """Everything that is put, until all producers have ended; raises what one of them failed with.

        None where nothing came for LOOK_EVERY seconds.
        """
        while not is_cancelled():
            item = None
            with self._changed:
                if self._changed.wait_for(lambda: self._items or self._error or not self._producers, LOOK_EVERY):
                    if self._error:
                        raise self._error
                    if not self._items:
                        return
                    item, weight = self._items.popleft()
                    self._weight -= weight
                    self._changed.notify_all()
            yield item

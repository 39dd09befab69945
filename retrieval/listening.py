"""Listening to a language model for a limited time: it may be silent for long, so it speaks in a thread of its own."""

from __future__ import annotations

from contextlib import closing
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from time import monotonic

from kb.protocols import Generator, TextStream
from retrieval.prompting import Prompt

Pieces = SimpleQueue[str | BaseException | None]


class Listener:
    """Listens to `generator`. Safe to share between threads."""

    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self._threads: list[Thread] = []
        self._lock = Lock()

    def hear(self, prompt: Prompt, *, deadline: float) -> TextStream:
        """The reply as it comes; closing it stops the model at its next word.

        Raises TimeoutError at `deadline` (of the monotonic clock), and what the generator raises.
        """
        if monotonic() >= deadline:
            raise TimeoutError
        pieces: Pieces = SimpleQueue()
        stopped = Event()
        self._start(Thread(target=self._speak, args=(prompt, pieces, stopped), name="citewell-asking", daemon=True))
        try:
            while (piece := _next(pieces, deadline)) is not None:
                if isinstance(piece, BaseException):
                    raise piece
                yield piece
        finally:
            stopped.set()

    def close(self, *, seconds: float = 2.0) -> None:
        """Waits for as long until models that were stopped have ended: a process must not end amid their work."""
        deadline = monotonic() + seconds
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(max(0.0, deadline - monotonic()))

    def _start(self, thread: Thread) -> None:
        thread.start()
        with self._lock:
            self._threads = [*(each for each in self._threads if each.is_alive()), thread]

    def _speak(self, prompt: Prompt, pieces: Pieces, stopped: Event) -> None:
        try:
            with closing(self._generator.stream(prompt)) as stream:
                while not stopped.is_set() and (piece := next(stream, None)) is not None:
                    pieces.put(piece)
        except BaseException as error:  # noqa: BLE001 - it rises in whoever listens
            pieces.put(error)
        pieces.put(None)


def _next(pieces: Pieces, deadline: float) -> str | BaseException | None:
    try:
        return pieces.get(timeout=max(0.0, deadline - monotonic()))
    except Empty:
        raise TimeoutError from None

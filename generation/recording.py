"""What a language model was told and what it replied, kept in a file, and given again from there without the model."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from threading import Lock
from typing import Any

from kb.errors import GeneratorError, OutOfMemory, ReplyCutShort, SettingsError
from kb.protocols import Generator, Measured, Message, TextStream

_FAILURES = {kind.__name__: kind for kind in (ReplyCutShort, OutOfMemory)}


class RecordingGenerator:
    """`generator`, of which each reply becomes a line of `file`, with the messages that it was a reply to.

    So does what it says of the size of messages, or a replay would be asked otherwise. A reply that was stopped is not
    kept; one that failed is, as far as it came, with the reason. Safe to share between threads.
    """

    def __init__(self, generator: Generator, file: Path) -> None:
        self._generator = generator
        self._file = file
        self._lock = Lock()

    @property
    def name(self) -> str:
        return self._generator.name

    @property
    def room(self) -> int | None:
        return self._generator.room if isinstance(self._generator, Measured) else None

    def tokens(self, messages: Sequence[Message]) -> int:
        """0 where the generator does not measure them."""
        if not isinstance(self._generator, Measured):
            return 0
        tokens = self._generator.tokens(messages)
        if self.room is not None:
            self._keep({"tokens": tokens, "room": self.room, "messages": _plain(messages)})
        return tokens

    def stream(self, messages: Sequence[Message], *, sample: int = 0) -> TextStream:
        pieces: list[str] = []
        failure = kind = ""
        try:
            with closing(self._generator.stream(messages, sample=sample)) as stream:
                for piece in stream:
                    pieces.append(piece)
                    yield piece
        except GeneratorError as error:
            failure, kind = str(error), type(error).__name__
            raise
        finally:
            if failure:
                self._keep(self._row(messages, sample, pieces, failure, kind))
        self._keep(self._row(messages, sample, pieces))

    def _row(
        self, messages: Sequence[Message], sample: int, pieces: Sequence[str], failure: str = "", kind: str = ""
    ) -> dict[str, object]:
        said = {"model": self.name, "reply": "".join(pieces), "failure": failure, "kind": kind}
        return {**said, "sample": sample, "messages": _plain(messages)}

    def _keep(self, row: Mapping[str, object]) -> None:
        line = json.dumps(row, ensure_ascii=False) + "\n"
        try:
            # Readable by its owner alone: it holds what the documents say.
            with self._lock, open(self._file, "a", encoding="utf-8", opener=_private) as file:
                file.write(line)
        except OSError as error:
            raise SettingsError(f"What the model says cannot be recorded in {self._file}: {error.strerror}.") from error


class RecordedGenerator:
    """Replies as a model did by which `file` was recorded, to the same messages; it knows no others.

    Raises SettingsError where there is no such file or it is no recording.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._replies: dict[tuple[tuple[Message, ...], int], tuple[str, GeneratorError | None]] = {}
        self._tokens: dict[tuple[Message, ...], int] = {}
        self.name = "recorded"
        self.room: int | None = None
        for number, line in enumerate(_lines(file), start=1):
            try:
                self._read(json.loads(line))
            except (ValueError, TypeError, KeyError) as error:
                raise SettingsError(f"Line {number} of {file} is no recording of a language model.") from error

    def tokens(self, messages: Sequence[Message]) -> int:
        """0 of messages that were not measured."""
        return self._tokens.get(tuple(messages), 0)

    def stream(self, messages: Sequence[Message], *, sample: int = 0) -> TextStream:
        if (found := self._replies.get((tuple(messages), sample))) is None:
            raise GeneratorError(f"The recording {self._file} has no reply to these messages; record them first.")
        reply, failure = found
        yield reply
        if failure:
            raise failure

    def _read(self, row: Mapping[str, Any]) -> None:
        messages = tuple(Message(**one) for one in row["messages"])
        if "tokens" in row:
            self._tokens[messages], self.room = int(row["tokens"]), int(row["room"])
        else:
            kind = _FAILURES.get(str(row["kind"]), GeneratorError)
            which = messages, int(row.get("sample", 0))  # Recordings of before there were samples do not say.
            self._replies[which] = str(row["reply"]), kind(row["failure"]) if row["failure"] else None
            self.name = str(row["model"])


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _plain(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [asdict(message) for message in messages]


def _lines(file: Path) -> list[str]:
    try:
        # Not splitlines: what was said may hold line ends of other kinds.
        return file.read_text(encoding="utf-8").rstrip("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The recording {file} cannot be read: {error}.") from error

"""What a language model was told and what it replied, kept in a file, and given again from there without the model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from threading import Lock

from kb.errors import GeneratorError, SettingsError
from kb.protocols import Generator, Message, TextStream


class RecordingGenerator:
    """`generator`, of which each reply becomes a line of `file`, with the messages that it was a reply to.

    One that was stopped is not kept; one that failed is, as far as it came, with the reason. Safe to share between
    threads.
    """

    def __init__(self, generator: Generator, file: Path) -> None:
        self._generator = generator
        self._file = file
        self._lock = Lock()

    @property
    def name(self) -> str:
        return self._generator.name

    def stream(self, messages: Sequence[Message]) -> TextStream:
        pieces: list[str] = []
        failure = ""
        try:
            with closing(self._generator.stream(messages)) as stream:
                for piece in stream:
                    pieces.append(piece)
                    yield piece
        except GeneratorError as error:
            failure = str(error)
            raise
        finally:
            if failure:
                self._keep(messages, "".join(pieces), failure)
        self._keep(messages, "".join(pieces), "")

    def _keep(self, messages: Sequence[Message], reply: str, failure: str) -> None:
        row = {"model": self.name, "messages": [asdict(one) for one in messages], "reply": reply, "failure": failure}
        line = json.dumps(row, ensure_ascii=False) + "\n"
        try:
            with self._lock, self._file.open("a", encoding="utf-8") as file:
                file.write(line)
        except OSError as error:
            raise SettingsError(f"What the model says cannot be recorded in {self._file}: {error.strerror}.") from error


class RecordedGenerator:
    """Replies as a model did by which `file` was recorded, to the same messages; it knows no others.

    Raises SettingsError where there is no such file or it is no recording.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._replies: dict[tuple[Message, ...], tuple[str, str]] = {}
        self._name = "recorded"
        for number, line in enumerate(_lines(file), start=1):
            try:
                row = json.loads(line)
                messages = tuple(Message(**one) for one in row["messages"])
                self._replies[messages] = str(row["reply"]), str(row["failure"])
                self._name = str(row["model"])
            except (ValueError, TypeError, KeyError) as error:
                raise SettingsError(f"Line {number} of {file} is no recording of a language model.") from error

    @property
    def name(self) -> str:
        return self._name

    def stream(self, messages: Sequence[Message]) -> TextStream:
        if (found := self._replies.get(tuple(messages))) is None:
            raise GeneratorError(f"The recording {self._file} has no reply to these messages; record them first.")
        reply, failure = found
        yield reply
        if failure:
            raise GeneratorError(failure)


def _lines(file: Path) -> list[str]:
    try:
        # Not splitlines: what was said may hold line ends of other kinds.
        return file.read_text(encoding="utf-8").rstrip("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The recording {file} cannot be read: {error}.") from error

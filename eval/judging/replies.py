"""What a judge has replied so far, so that nothing is asked twice: not after an interruption, nor in another run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from kb.errors import UserError


@dataclass(frozen=True, slots=True)
class Reply:
    """What was replied, by which judge, in how many seconds."""

    judge: str
    text: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Replies:
    """A file with a line for each reply; every reply goes there at once."""

    known: dict[str, Reply]
    _file: IO[str]

    def note(self, key: str, reply: Reply) -> None:
        self._file.write(json.dumps({"key": key, **asdict(reply)}) + "\n")
        self._file.flush()
        self.known[key] = reply


@contextmanager
def replies(path: Path) -> Iterator[Replies]:
    """The replies in the file at `path`, to which more can be added; the end of a line that was cut off is no reply.

    Raises UserError where it cannot be read or written.
    """
    try:
        file = path.open("a+", encoding="utf-8", errors="replace")
    except OSError as error:
        raise UserError(f"The judge's replies cannot be kept in {path}: {error.strerror}.") from error
    with file:
        file.seek(0)
        text = file.read()
        if text and not text.endswith("\n"):
            file.write("\n")
        yield Replies(dict(_replies(text)), file)


def _replies(text: str) -> Iterator[tuple[str, Reply]]:
    for line in text.splitlines():
        row = _row(line)
        if isinstance(row, dict) and row.keys() == {"key", "judge", "text", "seconds"}:
            yield str(row["key"]), Reply(str(row["judge"]), str(row["text"]), float(row["seconds"]))


def _row(line: str) -> object:
    try:
        row: object = json.loads(line)
    except ValueError:
        return None
    return row

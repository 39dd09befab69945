"""What was answered so far, so that an evaluation that was interrupted goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from itertools import starmap
from pathlib import Path
from typing import IO

from pydantic import TypeAdapter

from kb.types import Answer


@dataclass(frozen=True, slots=True)
class Answered:
    """What the product said to a question, what it would have said had it not abstained, and its seconds."""

    answer: Answer
    unguarded: Answer
    seconds: float


_ANSWERED = TypeAdapter(Answered)


@dataclass(frozen=True, slots=True)
class Journal:
    """A file with a line a question, and what an earlier run noted there."""

    _known: Mapping[str, Answered]
    _file: IO[str]
    _recalled: set[str] = field(default_factory=set)

    @property
    def recalled(self) -> int:
        """How many answers were taken from the earlier run."""
        return len(self._recalled)

    @property
    def is_used_up(self) -> bool:
        return self._known.keys() <= self._recalled

    def recall(self, question: str, text: str) -> Answered | None:
        """What the earlier run noted to the question, if its text is the same."""
        found = self._known.get(question)
        if found is None or found.answer.question != text.strip():
            return None
        self._recalled.add(question)
        return found

    def note(self, question: str, answered: Answered) -> None:
        """Keeps what was answered, without the passages that it was made from."""
        self._file.write(_noted(question, answered))
        self._file.flush()


@contextmanager
def journal(path: Path, identity: str) -> Iterator[Journal]:
    """The journal at `path`, of which nothing is taken over that was made under another `identity`.

    Left by an error or Ctrl-C, the file stays for the next run; so it does while it knows more than was recalled.
    """
    known = _read(path, identity)
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = path.with_suffix(".new")  # without the end of a line that was cut off
    whole.write_text("".join([_line({"identity": identity}), *starmap(_noted, known.items())]), encoding="utf-8")
    whole.replace(path)
    with path.open("a", encoding="utf-8") as file:
        kept = Journal(known, file)
        yield kept
    if kept.is_used_up:
        path.unlink(missing_ok=True)


def _read(path: Path, identity: str) -> dict[str, Answered]:
    """What a run of the same identity noted; its last line may be cut off."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, UnicodeDecodeError):
        return {}
    rows = list(_rows(lines))
    if not rows or rows[0].get("identity") != identity:
        return {}
    return {str(row.pop("id")): _ANSWERED.validate_python(row) for row in rows[1:]}


def _rows(lines: list[str]) -> Iterator[dict[str, object]]:
    for line in lines:
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            return


def _noted(question: str, answered: Answered) -> str:
    answer, unguarded = (replace(one, hits=()) for one in (answered.answer, answered.unguarded))
    return _line({"id": question, **asdict(replace(answered, answer=answer, unguarded=unguarded))})


def _line(row: Mapping[str, object]) -> str:
    return json.dumps(row) + "\n"

"""Values in a dataset's files, each with the place where it stands, so that what is wrong with it can be named."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol

from kb.errors import DatasetError

_ALIKE = 0.8
"""How alike two keys are, at least, for one to be a slip of the other ("answer" and "answers" 0.92; 1 is the same)."""


class Place(Protocol):
    """Where a value stands, for the sentence that says what is wrong with it."""

    def error(self, message: str) -> DatasetError: ...


@dataclass(frozen=True, slots=True)
class Line:
    """The place of a row."""

    path: Path
    number: int

    def error(self, message: str) -> DatasetError:
        return DatasetError(f"{self.path}, line {self.number}: {message}.")


def json_rows(path: Path) -> Iterator[tuple[Line, Mapping[str, object]]]:
    """The objects of a file with one JSON object a line."""
    for number, text in text_lines(path):
        line = Line(path, number)
        try:
            row = json.loads(text)
        except json.JSONDecodeError as error:
            reason = error.msg.removesuffix(" at")
            raise line.error(f"not valid JSON ({reason} at column {error.colno})") from None
        except (RecursionError, ValueError):
            raise line.error("not JSON that can be read (it nests too deeply, or a number is too long)") from None
        if not isinstance(row, dict):
            raise line.error("expected a JSON object")
        yield line, row


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, with their 1-based numbers."""
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
            for number, line in enumerate(file, start=1):
                if not is_unicode(line):
                    raise Line(path, number).error("not UTF-8 text; save the file in that encoding")
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except FileNotFoundError:
        raise DatasetError(f"The dataset lacks the file {path}.") from None
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.") from None


def text_of(row: Mapping[str, object], key: str, place: Place, *, blank: bool = False) -> str:
    """The text under `key`; an empty one only where `blank` allows it."""
    value = row.get(key)
    if not isinstance(value, str):
        raise place.error(f'"{key}" must be there and be a text')
    if not blank and not value.strip():
        raise place.error(f'"{key}" is empty')
    if not is_unicode(value):
        raise place.error(f'"{key}" holds half of a surrogate pair, which is no character')
    return value


def is_unicode(text: str) -> bool:
    """False for halves of surrogate pairs: what JSON can escape and no file can hold, and bytes that are no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def refuse_misspelt(row: Mapping[str, object], keys: Set[str], place: Place) -> None:
    """Refuses a key that looks like one of `keys` that is missing; what is quite different is someone's own note."""
    for key in row.keys() - keys:
        if meant := get_close_matches(key, keys - row.keys(), n=1, cutoff=_ALIKE):
            raise place.error(f'the key "{key}" says nothing here; name it "{meant[0]}" if that is meant')


def list_of(row: Mapping[str, object], key: str, place: Place) -> list[object]:
    """The list under `key`, empty where there is none."""
    value = row.get(key, [])
    if not isinstance(value, list):
        raise place.error(f'"{key}" must be a list')
    return value


def add_once(identity: str, *, to: set[str], place: Place) -> None:
    """Adds `identity` to the ids seen, and refuses one that is there."""
    if identity in to:
        raise place.error(f'the id "{identity}" stands there a second time')
    to.add(identity)

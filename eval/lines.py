"""Values in a dataset's files, each with the place where it stands, so that what is wrong with it can be named."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kb.errors import DatasetError


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
            raise line.error(f"not valid JSON ({error.msg} at column {error.colno})") from None
        except (RecursionError, ValueError):
            raise line.error("not JSON that can be read (it nests too deeply, or a number is too long)") from None
        if not isinstance(row, dict):
            raise line.error("expected a JSON object")
        yield line, row


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, with their 1-based numbers."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            yield from ((number, line.rstrip("\r\n")) for number, line in enumerate(file, start=1) if line.strip())
    except FileNotFoundError:
        raise DatasetError(f"The dataset lacks the file {path}.") from None
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise DatasetError(f"{path} is not UTF-8 text: save it in that encoding.") from None


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
    """False for what JSON can escape and no file can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


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

"""Rows of a dataset's files, each with the place where it stands, so that what is wrong in it can be named."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from kb.errors import DatasetError


@dataclass(frozen=True, slots=True)
class Line:
    """Where a row stands, for the sentence that says what is wrong with it."""

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
    except UnicodeDecodeError:
        raise DatasetError(f"{path} is not UTF-8 text: save it in that encoding.") from None


def text_of(row: Mapping[str, object], key: str, line: Line, *, blank: bool = False) -> str:
    """The text under `key`; an empty one only where `blank` allows it."""
    value = row.get(key)
    if not isinstance(value, str):
        raise line.error(f'"{key}" must be there and be a text')
    if not blank and not value.strip():
        raise line.error(f'"{key}" is empty')
    return value


def list_of(row: Mapping[str, object], key: str, line: Line) -> list[object]:
    """The list under `key`, empty where there is none."""
    value = row.get(key, [])
    if not isinstance(value, list):
        raise line.error(f'"{key}" must be a list')
    return value


def add_once(identity: str, *, to: set[str], line: Line) -> None:
    """Adds `identity` to the ids seen, and refuses one that is there."""
    if identity in to:
        raise line.error(f'the id "{identity}" stands there a second time')
    to.add(identity)

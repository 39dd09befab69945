"""Writes down data as JSON has it: objects as lines of "path: value", arrays of like objects as tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from ingest.readers.structure import StructuredText
from kb.types import Anchor

_SMALL = 1200
"""Characters of what is written down as lines of one block, and not under a heading of its own."""
_LONG = 300
"""Characters of a text that is a paragraph, and not a value on a line or in a cell."""
_MOST_COLUMNS = 60
_FILLED = 0.5
"""The share of its cells of which a table must have more filled."""
_DEEPEST = 6
_CODE = re.compile(r"(?:data:[\w/+.;=-]+,)?[A-Za-z0-9+/_=\r\n-]{1000,}")
_NAMES = ("title", "name", "id", "key")

Place = Callable[[int], Anchor]
"""Where the item of an array with that number (from 1) is found."""


def write_value(value: object, text: StructuredText, *, level: int = 1, place: Place | None = None) -> None:
    """Adds a value: what is small as lines, anything else under headings that begin at `level`.

    `place` is where the items of its arrays are found; by default the row of the array.
    """
    if isinstance(value, Mapping):
        _write_object(value, text, level, place)
    elif isinstance(value, list):
        write_items(value, text, level=level, place=place or _row_of(text.path.names))
    else:
        text.add("paragraph", _scalar(value))


def write_items(items: Sequence[object], text: StructuredText, *, place: Place, level: int = 1) -> None:
    """Adds the items of an array, each marked with its place: as a table where they are alike, else one by one."""
    rows = _table(items)
    if rows:
        text.add_table(rows, anchors=[place(max(number, 1)) for number in range(len(rows))])
        return
    are_small = all(map(_is_small, items))
    for number, item in enumerate(items, 1):
        anchor = place(number)
        if are_small or not text.cites_headings:
            text.mark(anchor)
        if are_small:
            _write_lines(_lines(item, ""), text)
            continue
        if len(items) > 1:
            text.add_heading(min(level, _DEEPEST), _name(item) or anchor.label.rsplit(", ", 1)[-1])
        write_value(item, text, level=level + 1, place=None if text.cites_headings else partial(_same, anchor))


def _write_object(value: Mapping[str, object], text: StructuredText, level: int, place: Place | None) -> None:
    """What is small first: anything after a heading seems to belong under it."""
    small = {key: item for key, item in value.items() if _is_small(item) and not _is_alike(item)}
    large = {key: item for key, item in value.items() if key not in small}
    if level == 1:
        text.mark(Anchor("part", "top level"))
    _write_lines((line for key, item in small.items() for line in _lines(item, key)), text)
    for key, item in large.items():
        if isinstance(item, str):
            text.add("paragraph", f"{key}: {item}")
    for key, item in large.items():
        if not isinstance(item, str):
            text.add_heading(min(level, _DEEPEST), key)
            write_value(item, text, level=level + 1, place=place)


def _write_lines(lines: Iterator[str], text: StructuredText) -> None:
    text.add_table([[line] for line in lines], header_rows=0)


def _lines(value: object, path: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _lines(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and any(isinstance(item, (Mapping, list)) for item in value):
        for index, item in enumerate(value):
            yield from _lines(item, f"{path}[{index}]")
    else:
        words = ", ".join(map(_scalar, value)) if isinstance(value, list) else _scalar(value)
        yield f"{path}: {words}" if path else words


def _table(items: Sequence[object]) -> list[list[str]]:
    """The names of the columns and the rows, [] where the items are no rows of one table."""
    rows: list[dict[str, str]] = []
    columns: dict[str, None] = {}
    for item in items:
        row = dict(_cells(item, "")) if isinstance(item, Mapping) else {}
        if not row or any(len(cell) > _LONG for cell in row.values()):
            return []
        rows.append(row)
        columns.update(dict.fromkeys(row))
        if len(columns) > _MOST_COLUMNS:
            return []
    if len(rows) < 2 or len(columns) < 2 or sum(map(len, rows)) <= _FILLED * len(rows) * len(columns):
        return []
    return [list(columns), *([row.get(column, "") for column in columns] for row in rows)]


def _cells(value: object, path: str) -> Iterator[tuple[str, str]]:
    """The cells of a row by the names of their columns; what has rows of its own is too long for one."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _cells(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        is_flat = not any(isinstance(item, (Mapping, list)) for item in value)
        yield path, ", ".join(map(_scalar, value)) if is_flat else "…" * (_LONG + 1)
    else:
        yield path, _scalar(value)


def _is_small(value: object) -> bool:
    return _room(value, _SMALL) >= 0


def _room(value: object, room: int) -> int:
    """What is left of `room` characters when a value is written down, negative where it does not fit."""
    if isinstance(value, str):
        length = len(without_code(value))
        return room - length if length <= _LONG else -1
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        if room < 0:
            return room
        room = _room(item, room - len(str(key)) - 2)
    return room - 4


def _is_alike(value: object) -> bool:
    return isinstance(value, list) and bool(_table(value))


def _scalar(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return without_code(str(value))


def without_code(text: str) -> str:
    """Text, or in place of a picture or another file that was written as text (base64), how much there is of it."""
    return f"[{len(text):,} characters of encoded data]" if _CODE.fullmatch(text) else text


def _name(item: object) -> str:
    """What an object calls itself."""
    names = (item.get(key) for key in _NAMES) if isinstance(item, Mapping) else ()
    return next((name for name in names if isinstance(name, str) and 0 < len(name) <= _LONG), "")


def _same(anchor: Anchor, _: int) -> Anchor:
    return anchor


def _row_of(path: Sequence[str]) -> Place:
    within = "".join((" > ".join(path), ", ")) if path else ""
    return lambda number: Anchor("part", f"{within}row {number}")

"""Citation markers in what a language model writes: "[1]", "[1][3]", "[1, 3]", and what some write instead."""

from __future__ import annotations

import re
from collections.abc import Callable

_ONE = r"(?:passage|source|quelle|passages|sources)?\s*#?\d{1,3}"
_MARKER = re.compile(
    rf"(?P<space>[ \t]*)[\[【［]\s*(?P<numbers>{_ONE}(?:\s*(?:[,;&、，]|and|und|et|y)\s*{_ONE})*)\s*[\]】］]",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d+")
_OPENING = re.compile(r"[\[【［]")
_LEADING = re.compile(
    rf"(?:\s*{_MARKER.pattern.replace('(?P<space>', '(?:').replace('(?P<numbers>', '(?:')})+", re.IGNORECASE
)
_BEFORE_STOP = re.compile(r"\s+(?=[.!?,;:。！？，；：])")


def cited(text: str) -> tuple[int, ...]:
    """The numbers that markers in `text` name, in order, each once."""
    numbers = (int(number) for match in _MARKER.finditer(text) for number in _NUMBER.findall(match["numbers"]))
    return tuple(dict.fromkeys(numbers))


def without_markers(text: str) -> str:
    return _BEFORE_STOP.sub("", _MARKER.sub("", text)).strip()


def renumbered(text: str, marked: Callable[[int], str]) -> str:
    """`text` with what `marked` makes of each number in place of its marker; nothing is left of one made empty."""

    def markers(match: re.Match[str]) -> str:
        made = "".join(dict.fromkeys(marked(int(number)) for number in _NUMBER.findall(match["numbers"])))
        return match["space"] + made if made else ""

    return _MARKER.sub(markers, text)


def may_begin_at(text: str) -> int:
    """Where in `text` something begins that may become a marker, white space before it included."""
    opening = _OPENING.search(text)
    return len(text[: opening.start()].rstrip()) if opening else len(text.rstrip())


def leading(text: str) -> int:
    """How many characters of the beginning of `text` are markers, with the white space before each."""
    found = _LEADING.match(text)
    return found.end() if found else 0

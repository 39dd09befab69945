"""Citation markers in what a language model writes: "[1]", "[1][3]", "[1, 3]", "[1-3]", and what some write instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

_ONE = r"(?:passages?|sources?|quellen?)?\s*#?(?!0)\d{1,3}"
_SEVERAL = rf"{_ONE}(?:\s*(?:[,;&、，–-]|and|und|et|y)\s*{_ONE})*"
_BARE = rf"[\[【［]\s*{_SEVERAL}\s*[\]】］]"
_MARKER = re.compile(
    rf"(?P<code>`[^`\n]*`)|(?P<space>[ \t]*)[\[【［]\s*(?P<numbers>{_SEVERAL})\s*[\]】］](?:[ \t]+(?=[.!?,;:]))?",
    re.IGNORECASE,
)
_NUMBERS = re.compile(r"(\d+)(?:\s*[–-]\s*(\d+))?")
_OPENING = re.compile(r"[\[【［`]")
_ROW = rf"(?:[ \t]*[,;]?[ \t]*{_BARE})+"
_LEADING = re.compile(rf"{_ROW}(?:[ \t]*[.。])?|\s*\n{_ROW}[ \t]*(?=\n)", re.IGNORECASE)


def cited(text: str) -> tuple[int, ...]:
    """The numbers that markers in `text` name, in order, each once."""
    found = (number for match in _MARKER.finditer(text) if not match["code"] for number in _named(match["numbers"]))
    return tuple(dict.fromkeys(found))


def without_markers(text: str) -> str:
    return _MARKER.sub(lambda match: match["code"] or "", text).strip()


def renumbered(text: str, marked: Callable[[int], str]) -> str:
    """`text` with what `marked` makes of each number in place of its marker; nothing is left of one made empty."""

    def markers(match: re.Match[str]) -> str:
        if match["code"]:
            return match["code"]
        made = "".join(dict.fromkeys(map(marked, _named(match["numbers"]))))
        return match["space"] + made if made else ""

    return _MARKER.sub(markers, text)


def may_begin_at(text: str) -> int:
    """Where in `text` something begins that may become a marker, white space before it included."""
    opening = _OPENING.search(text)
    return len(text[: opening.start()].rstrip()) if opening else len(text.rstrip())


def leading(text: str) -> int:
    """How many of the first characters of `text` are markers that belong to the sentence before it.

    These stand behind it, or alone on the next line: a line that begins with a marker and goes on has that for itself.
    """
    found = _LEADING.match(text)
    return found.end() if found else 0


def _named(numbers: str) -> Iterator[int]:
    for first, last in _NUMBERS.findall(numbers):
        yield from range(int(first), int(last or first) + 1)

"""The statements of an answer and what each of them cites, read from its text: "... [1][2]"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kb.text.sentences import sentences

_CITED = re.compile(r"((?:\s*\[\d+\])+)([.!?。！？]?)")
_MARKER = re.compile(r"\[(\d+)\]")
_QUOTED = re.compile(r"\s*[\"“「『].*[\"”」』]\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of an answer, or a quotation of several, and the markers that follow it."""

    text: str
    markers: tuple[int, ...]


def statements(answer: str) -> list[Statement]:
    """In order. Markers cite the sentence that they follow, before or after its full stop, and no earlier one."""
    found: list[Statement] = []
    for text, markers in _pieces(answer):
        quoted = _QUOTED.fullmatch(text)
        parts = [text] if quoted else [text[span.start : span.end] for span in sentences(text)]
        bare = [part.strip() for part in parts if part.strip()]
        found += [Statement(part, ()) for part in bare[:-1]]
        found += [Statement(part, markers) for part in bare[-1:]]
    return found


def _pieces(answer: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The text up to each run of markers, with a full stop that follows these, and the markers' numbers."""
    at = 0
    for match in _CITED.finditer(answer):
        markers = tuple(int(number) for number in _MARKER.findall(match[1]))
        yield answer[at : match.start()] + match[2], markers
        at = match.end()
    yield answer[at:], ()

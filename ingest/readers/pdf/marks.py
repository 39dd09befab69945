"""Raised marks (footnote letters, trade marks) that a file draws apart from the words which they stand behind."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from ingest.readers.pages.page import Line, Word, around, usual_height

_MARK = re.compile(
    r"(?:[(\[]?(?:\d{1,2}|[a-z]{1,2}|\d/\d)[)\]][,`]?)+|\d{1,2}|\d/\d|st|nd|rd|th|SM|TM|[*†‡§¶#®™℠]{1,3}"
)
_SMALL = 0.8
"""Of the usual height of letters."""
_BEHIND, _BEFORE = 0.6, 2.0
"""Of the host's height: how far behind its last word, and before the first, a mark may stand."""


def with_marks_in_place(lines: Sequence[Line]) -> list[Line]:
    """`lines` with the marks that stand on lines of their own put behind the words that they belong to."""
    height = usual_height(lines)
    marks = [line for line in lines if _is_mark(line, height)]
    if not marks:
        return list(lines)
    hosts = [line for line in lines if not _is_mark(line, height)]
    marked = list(hosts)
    for mark in marks:
        for number, word in enumerate(mark.words):
            distances = [_distance(host, word) for host in hosts]
            nearest = min(distances, default=math.inf)
            if nearest < math.inf:
                index = distances.index(nearest)
                marked[index] = _with(marked[index], mark.text[word.start : word.end], word)
            else:
                marked.append(mark.part(number, number + 1))
    return marked


def _is_mark(line: Line, height: float) -> bool:
    return (
        line.box.height < _SMALL * height
        and not line.is_aside
        and bool(line.words)
        and all(map(_MARK.fullmatch, line.text.split()))
    )


def _distance(host: Line, mark: Word) -> float:
    """How far a mark stands from where it would stand in `host`: at the height of its letters, close to a word."""
    box, height = host.box, host.box.height
    if not (box.bottom < mark.box.middle < box.top + mark.box.height and host.words):
        return math.inf
    if not box.left - _BEFORE * height < mark.box.left < box.right + _BEHIND * height:
        return math.inf
    gap = min(abs(mark.box.left - word.box.right) for word in host.words)
    return abs(mark.box.middle - box.top) + 0.2 * min(gap, height)


def _with(host: Line, letters: str, mark: Word) -> Line:
    """`host` with a mark at its place, close to the word before it if it stands close."""
    place = sum(word.box.left < mark.box.left for word in host.words)
    words = [
        (host.text[word.start : word.end], word, index > 0 and host.words[index - 1].end < word.start)
        for index, word in enumerate(host.words)
    ]
    is_apart = place > 0 and mark.box.left - host.words[place - 1].box.right > _BEHIND * host.box.height
    text = ""
    placed: list[Word] = []
    for index, (spelled, word, blank) in enumerate([*words[:place], (letters, mark, is_apart), *words[place:]]):
        text += f" {spelled}" if text and (blank or (index == 1 and place == 0)) else spelled
        placed.append(Word(len(text) - len(spelled), len(text), word.box))
    return replace(host, text=text, box=around(word.box for word in placed), words=tuple(placed))

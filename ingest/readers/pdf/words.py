"""The words of a line of PDFium's text, spelled as people write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from ingest.readers.pages.page import Box, around
from ingest.readers.pdf.glyphs import Glyphs
from ingest.readers.pdf.letters import IDEOGRAPH, is_spread, joined_letters, spelled

HYPHENS = ("\ufffe", "\xad")
"""PDFium's own sign for a hyphen at the end of a line, and the soft hyphen."""
_WORD = re.compile(rf"{IDEOGRAPH.pattern}|[^\s{IDEOGRAPH.pattern[1:-1]}]+")
_ALEF_LAM = re.compile("[\u0622\u0623\u0625\u0627]\u0644")
_SPREAD_SHARE = 0.6
_BLANK = 0.5
"""Of a character's height: what more than the usual gap parts Chinese or Japanese words."""


class Written(NamedTuple):
    """A word as it is to be read, its box in the file's coordinates, its first glyph, and if a blank is before it."""

    text: str
    box: Box
    glyph: int
    is_apart: bool


def words_of(glyphs: Glyphs, raw: str, indexes: Sequence[int]) -> list[Written]:
    matches = list(_WORD.finditer(raw.rstrip(" ").rstrip("".join(HYPHENS))))
    if is_spread([match.group() for match in matches]):
        places = [place for match in matches for place in range(*match.span())]
        letters = [(raw[place], glyphs.box(indexes[place], indexes[place]), indexes[place]) for place in places]
        if starts := joined_letters([box for _, box, _ in letters]):
            return [_joined(letters[start:end]) for start, end in pairwise([*starts, len(letters)])]
    words: list[Written] = []
    end = 0
    for match in matches:
        start, before, end = match.start(), end, match.end()
        word = match.group()
        if not word.isascii() and _ALEF_LAM.search(word):
            word = _with_ligatures(glyphs, word, indexes[start:end])
        box = glyphs.box(indexes[start], indexes[end - 1])
        words.append(Written(spelled(word), box, indexes[start], start > before))
    return _closed_up(words)


def _joined(letters: Sequence[tuple[str, Box, int]]) -> Written:
    word = "".join(letter for letter, _, _ in letters)
    return Written(spelled(word), around(box for _, box, _ in letters), letters[0][2], True)


def _closed_up(words: list[Written]) -> list[Written]:
    """Chinese and Japanese without the blanks that only set its characters apart."""
    apart = [word.is_apart for word in words[1:]]
    if sum(apart) <= _SPREAD_SHARE * len(words) or not all(IDEOGRAPH.match(word.text) for word in words):
        return words
    gaps = [after.box.left - before.box.right for before, after in pairwise(words)]
    widest = median(gaps) + _BLANK * words[0].box.height
    return [words[0], *(word._replace(is_apart=gap > widest) for gap, word in zip(gaps, words[1:], strict=True))]


def _with_ligatures(glyphs: Glyphs, word: str, indexes: Sequence[int]) -> str:
    """`word` with lam before alef where both are one glyph, whose letters PDFium turns round with the line's."""
    letters = list(word)
    for match in _ALEF_LAM.finditer(word):
        alef, lam = match.start(), match.start() + 1
        if glyphs.box(indexes[alef], indexes[alef]) == glyphs.box(indexes[lam], indexes[lam]):
            letters[alef], letters[lam] = letters[lam], letters[alef]
    return "".join(letters)

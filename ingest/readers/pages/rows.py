"""Rows of a page: what stands side by side, in the pieces that may be cells, and which of these are figures."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from ingest.readers.pages.page import Box, Line, Word, around, is_same_row, usual_height

_FIGURE = re.compile(
    r"[(<>~≈+\-–—−]*(?:[$€£¥₹]|US\$|R\$|C\$|A\$)?[(+\-–—−]*\d[\d.,'’/]*(?:[%x×‰]|bps?|pts?|pp|[MBKmbk])?\)?[%*†‡]?"
    r"(?:\(\w{1,3}\))*"
)
_NO_FIGURE = re.compile(r"\(?[—–−-]{1,2}\)?%?|N/?[AM]|n/?[am]\.?|N\.[AM]\.|[#*‡†]")
"""What stands where there is no figure."""
_ENUMERATOR = re.compile(r"\d{1,2}\.")
_CURRENCY = re.compile(r"\(?(?:[$€£¥₹]|US\$|R\$|C\$|A\$|EUR|USD|GBP|RMB|CHF)\(?")
_CLOSER = re.compile(r"\)|\)?%\)?|\((?:[a-z]|[ivx]{1,4})\)|pts?|bps?")
"""What belongs to the figure before it: the end of a bracket, a unit, the letter of a footnote."""
_YEAR = re.compile(
    r"(?:FY)?'?(?:19|20)\d\d[AEFPaefp*]?(?:\(\w{1,2}\))?(?: ?[-–—] ?(?:19|20)\d\d)?,?"
    r"|(?:(?:19|20)\d\d|\d\d)/(?:19|20)?\d\d"
)
_LEADER = re.compile(r"\.{4,}|(?:\. ){4,}|_{4,}|…{2,}")
_CLOSED = re.compile(r"[.;:][\"”’)]*(?:\(\w{1,2}\))?$")
_WIDE = 0.75

_TEXT_GAP = 0.8
_FIGURE_GAP = 0.45
_FIGURES_GAP = 0.3
"""Of the height of letters: the blank from which words, a word and a figure, and two figures stand in two cells."""
_CURRENCY_REACH = 25.0
_CLOSER_REACH = 1.5
_TEXT, _FIGURES, _CURRENCIES, _CLOSERS = range(4)


class _Token(NamedTuple):
    letters: str
    box: Box
    kind: int
    emphasis: int


@dataclass(frozen=True, slots=True)
class Row:
    """The lines that stand side by side, their pieces from left to right, and for each piece if it is a figure."""

    lines: tuple[Line, ...]
    pieces: tuple[Line, ...]
    figures: tuple[bool, ...]
    box: Box

    @property
    def text(self) -> str:
        return " ".join(piece.text for piece in self.pieces)

    @property
    def has_leader(self) -> bool:
        """Whether dots lead from a word to a number, as in a table of contents or a form."""
        return _LEADER.search(self.text) is not None

    @property
    def is_data(self) -> bool:
        """Whether figures stand in it behind a label, or several of them alone; years rather name columns."""
        figures = [piece.text for piece, is_figure in zip(self.pieces, self.figures, strict=True) if is_figure]
        return any(self.figures[1:]) and not all(map(_YEAR.fullmatch, figures)) and not self.has_leader

    def label(self, edge: float = math.inf) -> Line | None:
        """The piece left of the columns, which begin at `edge`; a figure is a label only where others are."""
        first = self.pieces[0]
        return first if not self.figures[0] or first.box.right <= edge < math.inf else None

    def cells(self, edge: float = math.inf) -> tuple[Line, ...]:
        """The pieces that stand in columns: all but a label."""
        return self.pieces if self.label(edge) is None else self.pieces[1:]


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one column of a page from the top down; `height` is that of its letters, `width` its own."""

    rows: tuple[Row, ...]
    height: float
    width: float

    @classmethod
    def of(cls, lines: Sequence[Line]) -> Rows:
        lines = [line for line in lines if not line.is_aside]
        height = usual_height(lines) or 1.0
        groups: list[list[Line]] = []
        for line in sorted(lines, key=lambda line: -line.box.middle):
            if groups and any(is_same_row(other.box, line.box) for other in groups[-1]):
                groups[-1].append(line)
            else:
                groups.append([line])
        width = around(line.box for line in lines).width if lines else 0.0
        return cls(tuple(_row(group, height) for group in groups), height, width)

    def gap(self, index: int) -> float:
        """The blank above a row, in heights of letters."""
        return (self.rows[index - 1].box.bottom - self.rows[index].box.top) / self.height

    def is_prose(self, row: Row) -> bool:
        """Whether a row is a line of a sentence rather than a title: it closes one, or is as wide as the column."""
        return bool(_CLOSED.search(row.text)) or row.box.width > _WIDE * self.width


def cut_at(row: Row, borders: Sequence[float], height: float) -> list[Line]:
    """The pieces of a row, cut at `borders` where more than a common blank is there."""
    return [part for piece in row.pieces for part in _parts(piece, borders, _FIGURES_GAP * height)]


def _parts(piece: Line, borders: Sequence[float], blank: float) -> Iterator[Line]:
    first = 0
    for index, (before, word) in enumerate(pairwise(piece.words), 1):
        left, right = before.box.right, word.box.left
        if right - left > blank and any(left <= border <= right for border in borders):
            yield piece.part(first, index)
            first = index
    yield piece.part(first, len(piece.words))


def _row(lines: Sequence[Line], height: float) -> Row:
    pieces: list[Line] = []
    figures: list[bool] = []
    for tokens in _pieces(lines, height):
        kinds = {token.kind for token in tokens}
        pieces.append(_joined(tokens))
        figures.append(_FIGURES in kinds and _TEXT not in kinds)
    return Row(tuple(lines), tuple(pieces), tuple(figures), around(piece.box for piece in pieces))


def _pieces(lines: Sequence[Line], height: float) -> list[list[_Token]]:
    tokens = sorted((token for line in lines for token in _tokens(line)), key=lambda token: token.box.left)
    pieces = [[tokens[0]]]
    for before, token in pairwise(tokens):
        if token.box.left - before.box.right < _reach(before.kind, token.kind) * height:
            pieces[-1].append(token)
        else:
            pieces.append([token])
    return pieces


def _tokens(line: Line) -> Iterator[_Token]:
    if not line.words:
        yield _Token(line.text, line.box, _kind(line.text), line.emphasis)
    for word in line.words:
        text = line.text[word.start : word.end]
        yield _Token(text, word.box, _kind(text), line.emphasis)


def _kind(word: str) -> int:
    if _CURRENCY.fullmatch(word):
        return _CURRENCIES
    if _CLOSER.fullmatch(word):
        return _CLOSERS
    if _ENUMERATOR.fullmatch(word):
        return _TEXT
    return _FIGURES if _FIGURE.fullmatch(word) or _NO_FIGURE.fullmatch(word) else _TEXT


def _reach(before: int, after: int) -> float:
    """The blank, in heights of letters, up to which two words stand in one cell."""
    if before == _CURRENCIES and after == _FIGURES:
        return _CURRENCY_REACH
    if before in (_FIGURES, _CLOSERS) and after == _CURRENCIES:
        return -math.inf
    if after == _CLOSERS:
        return _CLOSER_REACH
    if before == after == _TEXT:
        return _TEXT_GAP
    return _FIGURE_GAP if _TEXT in (before, after) else _FIGURES_GAP


def _joined(tokens: Sequence[_Token]) -> Line:
    """A piece of a row, signs of currency and what closes a figure joined to it."""
    text = ""
    words: list[Word] = []
    for before, token in zip([None, *tokens], tokens, strict=False):
        is_joined = before is None or (before.kind, token.kind) in ((_CURRENCIES, _FIGURES), (_FIGURES, _CLOSERS))
        text += token.letters if is_joined else f" {token.letters}"
        words.append(Word(len(text) - len(token.letters), len(text), token.box))
    emphasis = min(token.emphasis for token in tokens)
    return Line(text, around(word.box for word in words), tuple(words), emphasis=emphasis)

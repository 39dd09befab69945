"""How atoms become passages of at most so many tokens: which of them are cut, and which stand together."""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from math import ceil

from ingest.atoms import Atom, line_start
from kb.protocols import Tokenizer

_UNSPACED = "\u2e80-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_CUTS = ((re.compile(r"\n"), 0.5), (re.compile(r"[,;:](?=\s)|[，、；：]"), 1.0))
"""Where an atom that is too long is cut, the gentlest first, and what the border costs: after lines, after clauses."""
_WORD_CUT = 2.0
_CELLS_APART = " | "
_LONE_HEADING = 5.0
_WORD = re.compile(rf"[{_UNSPACED}][、，。！？：；）」』】》〉…\u3099\u309a\ufe00-\ufe0f]*|[^\s{_UNSPACED}]+")
_LONGEST_TOKEN = 64
_STRETCH = 100_000


class Ruler:
    """Measures spans of one text in tokens.

    A token of more than 64 characters counts once for each 64, since a tokenizer may take a word of any length for
    one unknown token. A span that begins inside a token is measured up to one token short.
    """

    def __init__(self, tokenizer: Tokenizer, text: str, borders: Sequence[int] = ()) -> None:
        """`borders` are offsets at which the text may be handed to the tokenizer in parts, which saves memory."""
        self._starts = array("Q")
        for start, end in _stretches(len(text), borders):
            offsets = tokenizer.offsets(text[start:end])
            if all(token_end - token_start <= _LONGEST_TOKEN for token_start, token_end in offsets):
                self._starts.extend([start + token_start for token_start, _ in offsets])
                continue
            for token_start, token_end in offsets:
                self._starts.extend(range(start + token_start, start + max(token_end, token_start + 1), _LONGEST_TOKEN))

    def index(self, offset: int) -> int:
        """The number of tokens that begin before `offset`."""
        return bisect_left(self._starts, offset)

    def count(self, start: int, end: int) -> int:
        return self.index(end) - self.index(start)

    def after(self, start: int, tokens: int, end: int) -> int:
        """The offset at which `tokens` tokens from `start` have passed, at most `end`."""
        index = bisect_left(self._starts, start) + tokens
        return min(end, self._starts[index]) if index < len(self._starts) else end


def _stretches(length: int, borders: Sequence[int]) -> Iterator[tuple[int, int]]:
    start = 0
    for border in borders:
        if border - start >= _STRETCH:
            yield start, border
            start = border
    yield start, length


def pack(
    atoms: Sequence[Atom], spans: Sequence[tuple[int, int]], extras: Sequence[int], room: int
) -> list[tuple[int, int]]:
    """Runs first..last (last excluded) of `atoms` that fill `room` tokens evenly and break where it costs least.

    `spans` are the atoms' places counted in tokens; `extras[i]` is what a passage that begins with atom i carries
    besides. Minimises the sum of (1 - size / room)^2 over the passages plus the cost of the borders between them, by
    dynamic programming over the last border, as lines of a paragraph are broken (Knuth and Plass, 1981).
    """
    best = [0.0] + [float("inf")] * len(atoms)
    firsts = [0] * (len(atoms) + 1)
    for last in range(1, len(atoms) + 1):
        end = spans[last - 1][1]
        for first in range(last - 1, -1, -1):
            size = end - spans[first][0]
            if size > room and first < last - 1:
                break
            if size + extras[first] > room and first < last - 1:
                continue
            cost = best[first] + (1 - min(size / room, 1.0)) ** 2 + (atoms[first].cost if first else 0.0)
            if first and atoms[first - 1].is_heading:
                cost += _LONE_HEADING
            if cost < best[last]:
                best[last], firsts[last] = cost, first
    runs: list[tuple[int, int]] = []
    while last := runs[-1][0] if runs else len(atoms):
        runs.append((firsts[last], last))
    return runs[::-1]


def runs(atoms: Iterable[Atom]) -> Iterator[list[Atom]]:
    """The atoms in runs that may be packed together: one that is alone is a run of its own."""
    run: list[Atom] = []
    for atom in atoms:
        if run and (atom.is_alone or run[-1].is_alone):
            yield run
            run = []
        run.append(atom)
    if run:
        yield run


def cut(text: str, ruler: Ruler, atom: Atom, room: int, gentlest: int = 0) -> Iterator[Atom]:
    """`atom`, or where it is longer than `room` tokens its parts: cut at lines, else clauses, words, characters."""
    if ruler.count(atom.start, atom.end) <= room:
        yield atom
        return
    if len(atom.header) > 1 and not atom.is_alone and len(parts := list(_row_parts(text, ruler, atom, room))) > 1:
        for part in parts:
            yield from cut(text, ruler, part, room)
        return
    for level, (pattern, cost) in enumerate(_CUTS[gentlest:], gentlest):
        parts = list(_parts(text, atom, (match.end() for match in pattern.finditer(text, atom.start, atom.end)), cost))
        if len(parts) > 1:
            for part in parts:
                yield from cut(text, ruler, part, room, level + 1)
            return
    yield from _parts(text, atom, _even_borders(text, ruler, atom, room), _WORD_CUT)


def _row_parts(text: str, ruler: Ruler, atom: Atom, room: int) -> Iterator[Atom]:
    """A row of a wide table in runs of cells, each with the names of its own columns, and of its row: its first cell.

    The names take about as much room as the cells do.
    """
    caption, *names = atom.header
    start = line_start(text, atom.start)
    cells = [(start + begin, start + end) for begin, end in _cells(text[start : atom.end])]
    columns = [[row[begin:end] for begin, end in _cells(row)] for row in names]
    label = text[slice(*cells[0])]
    first = 0
    for last in range(len(cells)):
        # With the bar behind the last cell: passages cover all that is written.
        end = cells[last + 1][0] if last + 1 < len(cells) else atom.end
        if last + 1 < len(cells) and ruler.count(cells[first][0], cells[last + 1][1]) <= room // 2:
            continue
        own = (_CELLS_APART.join(row[first : last + 1]) for row in columns)
        header = (caption, *own, *([label] if first else []))
        part = atom._replace(start=max(atom.start, cells[first][0]), end=end, header=header, is_alone=True)
        yield from _parts(text, part, [], 0.0)
        first = last + 1


def _cells(row: str) -> Iterator[tuple[int, int]]:
    """Where the cells of a row begin and end, blank ones included."""
    begin = 0
    for cell in row.split(_CELLS_APART):
        yield begin, begin + len(cell)
        begin += len(cell) + len(_CELLS_APART)


def halves(text: str, atom: Atom) -> list[Atom]:
    """An atom cut in the middle: the last resort, where the tokens of the whole text say nothing of its parts."""
    return list(_parts(text, atom, [_settled(text, atom.start, (atom.start + atom.end) // 2)], _WORD_CUT))


def _parts(text: str, atom: Atom, borders: Iterable[int], cost: float) -> Iterator[Atom]:
    begin = atom.start
    for border in (*borders, atom.end):
        part = text[begin:border]
        if part.strip():
            start = begin + len(part) - len(part.lstrip())
            end = start + len(part.strip())
            yield atom._replace(start=start, end=end, cost=cost if start > atom.start else atom.cost)
        begin = border


def _even_borders(text: str, ruler: Ruler, atom: Atom, room: int) -> Iterator[int]:
    """Borders between parts of about equal length, around whole words but where one alone is longer than `room`."""
    total = ruler.count(atom.start, atom.end)
    share = ceil(total / ceil(total / room))
    begin = atom.start
    for match in _WORD.finditer(text, atom.start, atom.end):
        if match.start() > begin and ruler.count(begin, match.end()) > share:
            begin = match.start()
            yield begin
        while ruler.count(begin, match.end()) > room:
            begin = _settled(text, begin, ruler.after(begin, room, match.end()))
            yield begin


def _settled(text: str, start: int, border: int) -> int:
    """`border` moved back so that no character is parted from what combines with it, yet always beyond `start`."""
    border = max(border, start + 1)
    while border > start + 1 and (text[border] in "\u200c\u200d" or unicodedata.category(text[border])[0] == "M"):
        border -= 1
    return border

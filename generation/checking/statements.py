"""A text as statements: its sentences and rows of tables, each with the words and figures by which it is compared."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from generation.checking.figures import Figure, figures
from generation.checking.instructions import ordering
from generation.checking.wording import Word, wording
from kb.text.sentences import sentences
from kb.types import Span

_BOUNDARY = re.compile(
    r"[,;:()—|，；：、。]|\s[–-]\s"
    r"|(?<![^\W_])(?:and|but|while|whereas|because|although|though|which|who|whose|if|when|unless|until|so that|where"
    r"|than|und|aber|sondern|während|weil|obwohl|wenn|et|mais|tandis que|parce que|qui|si|sauf|y|e|pero|sino"
    r"|mientras)(?![^\W_])",
    re.IGNORECASE,
)
_CELL_END = re.compile(r"\|")
_MARKER = re.compile(r"\s*(?:[-*+•‣▪]|\(?(?:\d{1,2}|[A-Za-z]|[ivx]{1,4})\)|\d{1,2}\.)\s+(?=\S)")
_RULE = re.compile(r"[\s|:+=-]+")
_CELLS = re.compile(r"\s*\|\s*|\t+")
_CAPITAL = re.compile(r"[^\W\d_]*[A-ZÀ-ÖØ-Þ]")
_OPENING = re.compile(
    r"(?:^|(?<!\b[A-Z])(?<!\b[A-Z][a-z])(?<!\bMrs)(?<!\bProf)(?<!\bSra)[.!?]\s+|[:·|]\s+|[;(]\s*|[\"“„«「]\s*)$"
)
_OF_SEVERAL = re.compile(r"(?:,? (?:and|und|et|y|&) |, | )(?=[A-Z][a-z])| and (?:colleagues|others)| et al\b")
_SYMBOL = re.compile(r"[^\W\d_](?=\s*=)")
_EMPHASIS = frozenset(
    ["NOT", "SHALL", "SHOULD", "MAY", "MUST", "AND", "OR", "IF", "NO", "NEVER", "ONLY", "ALL", "CAN", "WILL", "A", "I"]
)


@dataclass(frozen=True, slots=True)
class Item:
    """A word that informs, or a figure, at start..end of a statement's text; `place` counts such items.

    `clause` numbers the clause or cell; `is_name` tells of capitals or digits within a sentence.
    """

    start: int
    end: int
    said: str
    term: str
    place: int
    clause: int
    is_name: bool = False
    figure: Figure | None = None


_JOINED = re.compile(
    r"\s*(?:,?\s+(?:and|or|und|oder|sowie|et|ou|y|e|o|u)\s+|[和与與及或])(?:(?:the|an?|der|die|das|le|la|les|el|los|las)\s+)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence or row. `text` is what is compared: in a row, each cell with what its row and column are called.

    `span` is where it stands in its source; `orders` says that it addresses whoever answers.
    """

    text: str
    span: Span
    items: tuple[Item, ...]
    words: tuple[Word, ...]
    is_row: bool = False
    orders: bool = False


def statement(text: str, language: str | None = None) -> Statement:
    """A text that is one sentence."""
    words = wording(text, language)
    return Statement(text, Span(0, len(text)), tuple(_items(text, words, language, _BOUNDARY)), words)


@lru_cache(maxsize=256)
def statements(text: str, language: str | None = None) -> tuple[Statement, ...]:
    """The statements of a passage in order. Kept, since every sentence of an answer is compared with the same ones."""
    spans = sentences(text)
    said = [text[span.start : span.end] for span in spans]
    breaks = [not index or text.count("\n", spans[index - 1].end, span.start) > 1 for index, span in enumerate(spans)]
    found = []
    for index, orders in enumerate(ordering(said, breaks=breaks)):
        is_row = _is_row(said[index])
        if is_row and _RULE.fullmatch(said[index]):
            continue
        plain = _written_out(said[index], _header(said, index)) if is_row else _bare(said[index])
        words = wording(plain, language)
        items = tuple(_items(plain, words, language, _CELL_END if is_row else _BOUNDARY))
        found.append(Statement(plain, spans[index], items, words, is_row, orders))
    return tuple(found)


def _bare(sentence: str) -> str:
    """A sentence without the number or bullet of a list, and without marks of emphasis."""
    marker = _MARKER.match(sentence)
    return re.sub(r"[*`]+", " ", sentence[marker.end() if marker else 0 :])


def _is_row(sentence: str) -> bool:
    return "|" in sentence or "\t" in sentence


def _cells(row: str) -> list[str]:
    bare = re.sub(r"[*`]+", " ", row.strip().removeprefix("|").removesuffix("|"))
    return [cell.strip() for cell in _CELLS.split(bare)]


def _header(said: Sequence[str], index: int) -> list[str]:
    """The cells of the first row of the table that a row belongs to; none for that row itself."""
    first = index
    while first and _is_row(said[first - 1]):
        first -= 1
    return _cells(said[first]) if first < index else []


def _written_out(row: str, header: Sequence[str]) -> str:
    """Each cell with the names of its row and column: "Weight · CP-40/4 · 2.1 kg | Weight · CP-40/6 · 2.3 kg"."""
    cells = _cells(row)
    names = header if len(header) == len(cells) else [""] * len(cells)
    if len(cells) < 2:
        return " ".join(cells)
    written = ((cells[0], name, cell) for name, cell in zip(names[1:], cells[1:], strict=True))
    return " | ".join(" · ".join(part for part in parts if part) for parts in written)


def _items(text: str, words: Sequence[Word], language: str | None, boundary: re.Pattern[str]) -> Iterator[Item]:
    taken = figures(text, language)
    taken = [one for one in taken if not any(_is_compound(word) and _overlap(one, word) for word in words)]
    free = [word for word in words if not any(_overlap(one, word) for one in taken)]
    borders = [m.start() for m in boundary.finditer(text) if not any(f.start <= m.start() < f.end for f in taken)]
    place, entries = 0, list[Word | Figure]()
    entries += [*free, *taken]
    for entry in sorted(entries, key=lambda entry: entry.start):
        clause = bisect_left(borders, entry.start)
        if isinstance(entry, Figure):
            yield Item(entry.start, entry.end, entry.said, "", place, clause, figure=entry)
        elif entry.informs or _is_symbol(text, entry):
            is_name = _is_name(text, entry, language)
            yield Item(entry.start, entry.end, entry.text, entry.term, place, clause, is_name)
        else:
            continue
        place += 1


def _overlap(one: Figure | Word, other: Figure | Word) -> bool:
    return one.start < other.end and other.start < one.end


def _is_compound(word: Word) -> bool:
    return not word.text.isalnum() and word.text[0].isalpha()


def _is_symbol(text: str, word: Word) -> bool:
    """Whether a word of grammar or a single letter is written as a name is: M, US, b = 0.75."""
    capitals = word.text.isupper() and word.text.isascii() and word.text not in _EMPHASIS
    return capitals or (len(word.text) == 1 and _SYMBOL.match(text, word.start) is not None)


def _is_name(text: str, word: Word, language: str | None) -> bool:
    if any(char.isdigit() for char in word.text):
        return True
    if not _CAPITAL.match(word.text) or word.text in _EMPHASIS:
        return False
    if word.text[1:] != word.text[1:].lower() and not text[: word.start + 80].isupper():
        return True
    if _OPENING.search(text, 0, word.start):
        return _OF_SEVERAL.match(text, word.end) is not None
    return language != "de"


def parted(statement: Statement, start: int, end: int) -> bool:
    """Whether a clause ends between two characters of a statement."""
    return _BOUNDARY.search(statement.text, start, end) is not None


def joined(statement: Statement, place: int, other: int) -> bool:
    """Whether two items are next to one another with no more than an "and" or "or" and an article between."""
    first, second = (statement.items[at] for at in sorted((place, other)))
    return second.place - first.place == 1 and _JOINED.fullmatch(statement.text, first.end, second.start) is not None


def words_before(statement: Statement, place: int) -> list[Word]:
    """The words of grammar between the item at `place` and the one before it."""
    start = statement.items[place - 1].end if place else 0
    return [word for word in statement.words if start <= word.start and word.end <= statement.items[place].start]

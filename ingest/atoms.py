"""The smallest parts of a document that a passage may begin or end with, and what a border between them costs."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from kb.text.sentences import sentences
from kb.types import Block, Document, Mark, Span

BLOCK, LINE, SENTENCE, HEADER = 0.0, 0.1, 0.3, 1.0
"""What a border before a block, a line, a sentence and within or below the names of a table's columns costs.

A passage without any text at all costs 1.
"""

_LINES = re.compile(r"\S(?:[^\n]*\S)?")
_TURNED = frozenset({"page", "slide", "sheet", "cell"})
"""Kinds of anchors that a citation names alone, so that a passage ends where they end."""
_WORDS = re.compile(r"\w")


class Atom(NamedTuple):
    """A sentence, a row, a line of code or a heading.

    cost is the price of a border before it; headings is the path above it, without itself; header is what it must be
    read with: for a row the title of its table ("" if it has none) and, unless it is one of them, the rows that name
    the columns. is_alone says that no other may stand in a passage with it: a part of a row has names of its own.
    """

    start: int
    end: int
    cost: float
    headings: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    is_heading: bool = False
    is_alone: bool = False


def sections(document: Document) -> Iterator[list[Atom]]:
    """The atoms of a document in runs that no passage crosses: a heading with what follows it, within one page."""
    section: list[Atom] = []
    pages = _turns(document.marks)
    waiting: list[Atom] = []
    for atom in _atoms(document):
        if section and not section[-1].is_heading and _is_border(section[-1], atom, pages):
            if waiting:
                yield waiting
            waiting, section = section, []
        section.append(atom)
    if waiting and all(atom.is_heading for atom in section):
        waiting, section = waiting + section, []
    yield from (run for run in (waiting, section) if run)


def _turns(marks: Sequence[Mark]) -> list[int]:
    """Where a page, slide or sheet begins; rows on it have marks of their own."""
    turned = [mark for mark in marks if mark.anchor.kind in _TURNED]
    places = [(mark.anchor.kind, mark.anchor.number) for mark in turned]
    return [mark.offset for index, mark in enumerate(turned) if not index or places[index - 1] != places[index]]


def _is_border(before: Atom, atom: Atom, pages: list[int]) -> bool:
    return atom.is_heading or bisect_right(pages, before.start) != bisect_right(pages, atom.start)


def _atoms(document: Document) -> Iterator[Atom]:
    before = 0
    for block in _blocks(document):
        yield from _atoms_of(document.text, block, LINE if _announces(document.text, before) else BLOCK)
        before = block.end


def _announces(text: str, end: int) -> bool:
    return end > 0 and text[end - 1] in ":："


def _blocks(document: Document) -> Iterator[Block]:
    """The document's blocks, and as paragraphs the text that a reader left between them."""
    end = 0
    headings: tuple[str, ...] = ()
    for block in document.blocks:
        yield from _unclaimed(document.text, end, block.start, headings)
        yield block
        end, headings = block.end, block.headings
    yield from _unclaimed(document.text, end, len(document.text), headings)


def _unclaimed(text: str, start: int, end: int, headings: tuple[str, ...]) -> Iterator[Block]:
    if text[start:end].strip():
        yield Block(start, end, "paragraph", headings)


def _atoms_of(text: str, block: Block, cost: float) -> Iterator[Atom]:
    spans = _spans(text, block)
    if not spans:
        return
    above = block.headings[:-1] if block.kind == "heading" else block.headings
    caption = (block.caption,) if block.kind == "table" else ()
    names = (text[line_start(text, span.start) : span.end] for span in spans[: block.header_rows])
    header = (*caption, *(line for line in names if _WORDS.search(line)))
    yield Atom(spans[0].start, spans[0].end, cost, above, caption, is_heading=block.kind == "heading")
    for row, (before, span) in enumerate(pairwise(spans), 1):
        border = LINE if "\n" in text[before.end : span.start] else SENTENCE
        border = HEADER if row <= block.header_rows else border
        yield Atom(span.start, span.end, border, above, caption if row < block.header_rows else header)


def line_start(text: str, offset: int) -> int:
    """Where the line of `offset` begins: before the first cell of a row, be it blank."""
    return text.rfind("\n", 0, offset) + 1


def _spans(text: str, block: Block) -> list[Span]:
    inner = text[block.start : block.end]
    if block.kind == "heading":
        stripped = inner.strip()
        start = block.start + len(inner) - len(inner.lstrip())
        return [Span(start, start + len(stripped))] if stripped else []
    if block.kind in ("table", "code"):
        return [Span(match.start(), match.end()) for match in _LINES.finditer(text, block.start, block.end)]
    return [Span(block.start + span.start, block.start + span.end) for span in sentences(inner)]

"""What a page says, in the order in which people read it: paragraphs of lines, and tables."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby, pairwise
from statistics import median

from ingest.readers.pages.gutters import gutters, split_at
from ingest.readers.pages.page import Line, Page, Table, is_same_row
from ingest.readers.pages.reading_order import in_reading_order
from ingest.readers.pages.tables import find_tables

_GAP = 1.45
_JUMP = 3.0
"""Of the usual distance from line to line: how far down, and up, the next line of a paragraph may stand."""
_CLOSED = re.compile(r"[.!?:;…。！？；：)\]\"”»]$")

Paragraph = list[Line]


def layout(page: Page) -> list[Paragraph | Table]:
    """The paragraphs and tables of a page."""
    strips = gutters([line for line in page.lines if not line.is_aside])
    lines = split_at(page.lines, strips)
    regions: dict[tuple[int, ...], list[Line]] = defaultdict(list)
    for line in lines:
        regions[tuple(strip.side(line.box) for strip in strips)].append(line)
    found = [table for region in regions.values() for table in find_tables(region, page.rules)]
    lines, tables = _with_stand_ins(lines, found)
    parts: list[Paragraph | Table] = []
    for table, group in groupby(in_reading_order(lines, strips), key=lambda line: tables.get(id(line))):
        parts.extend([table] if table else paragraphs(list(group)))
    return parts


def _with_stand_ins(lines: Sequence[Line], tables: Sequence[Table]) -> tuple[list[Line], dict[int, Table]]:
    """`lines` with one in place of all those of a table, and the tables by the id of what stands for them."""
    owners = {id(line): table for table in tables for line in table.lines}
    stand_ins = {id(table): Line("", table.box) for table in tables}
    stood: dict[int, Line] = {}
    for line in lines:
        table = owners.get(id(line))
        stand_in = stand_ins[id(table)] if table else line
        stood.setdefault(id(stand_in), stand_in)
    return list(stood.values()), {id(stand_ins[id(table)]): table for table in tables}


def paragraphs(lines: Sequence[Line]) -> list[Paragraph]:
    """Lines grouped where the distance from one to the next is unlike that between most of the page's lines.

    A paragraph that goes on at the top of the next column is one.
    """
    pitches = [before.box.bottom - line.box.bottom for before, line in pairwise(lines)]
    downward = [pitch for pitch in pitches if pitch > 1]
    usual = median(downward) if downward else 0.0
    groups: list[Paragraph] = []
    for index, line in enumerate(lines):
        if index and _belongs(lines[index - 1], line, pitches[index - 1], usual):
            groups[-1].append(line)
        else:
            groups.append([line])
    return groups


def _belongs(before: Line, line: Line, pitch: float, usual: float) -> bool:
    if before.is_aside != line.is_aside or (before.emphasis != line.emphasis and not runs_on(before, line)):
        return False
    is_next_column = pitch < -_JUMP * usual or (
        pitch < 0 and not is_same_row(before.box, line.box) and _is_behind(before, line)
    )
    return runs_on(before, line) if is_next_column else pitch <= _GAP * usual


def _is_behind(before: Line, line: Line) -> bool:
    return line.box.left >= before.box.right


def runs_on(before: Line, line: Line) -> bool:
    """Whether the sentence of the last line of a column or page goes on with the first of the next."""
    return before.is_hyphenated or (line.text[0].islower() and not _CLOSED.search(before.text))


def joint(before: Line, line: Line) -> str:
    """What stands between two lines: nothing within a parted word, a blank within a row, else a line break."""
    if before.is_hyphenated:
        return "" if before.text[-1].isalpha() and line.text[0].islower() else "-"
    return " " if _is_behind(before, line) and is_same_row(before.box, line.box) else "\n"

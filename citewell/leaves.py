"""Leaves: the places of a document that people turn to one by one; together they are its text.

Pages, slides, sheets and chapters are such places; where there are none, text is parted at its headings.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from kb.types import Anchor, Block, Document, Mark, Span, main_anchor

READABLE = 3_000
"""Characters on a leaf of running text, unless one block is longer: about as many as on a page of a book."""
SHORT = 900
"""Characters after which a heading begins the next leaf."""
LONGEST = 12_000
"""Characters of a page, slide or sheet on one leaf."""
MOST_ROWS = 50
"""Rows of tables on a leaf that is no page."""
_COUNTED = ("cell", "line", "paragraph", "row")


@dataclass(frozen=True, slots=True)
class Leaf:
    """Characters start..end of a document's text.

    kind is "page", "picture", "slide", "sheet", "part" or "section"; `page` is the number (from 1) of the page that it
    stands on, in files whose pages can be drawn. A page without text has no characters.
    """

    kind: str
    label: str
    start: int
    end: int
    page: int | None = None


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is not parted: a block, or some lines of a long one."""

    start: int
    end: int
    rows: int = 0
    opens: bool = False
    is_heading: bool = False


def leaves(document: Document, *, pages: int = 0) -> tuple[Leaf, ...]:
    """In the order of the document; at least one.

    `pages` is how many its file has, where that is known: those without text are leaves too.
    """
    if document.boxes and not any(mark.anchor.kind == "page" for mark in document.marks):
        return (Leaf("picture", "picture", 0, len(document.text), page=1),)
    places = _places(document)
    if not places:
        return tuple(_sections(document))
    found = [leaf for place in places for leaf in _parts(document, place)]
    return tuple(_with_empty_pages(found, pages) if document.boxes else found)


def leaf_of(leaves: Sequence[Leaf], spans: Sequence[Span]) -> int:
    """The index of the leaf on which most of the characters of `spans` stand, the first among equals; 0 for none."""
    if not any(span.start < span.end for span in spans):
        at = spans[0].start if spans else 0
        return max((index for index, leaf in enumerate(leaves) if leaf.start <= at), default=0)

    def held(index: int) -> int:
        leaf = leaves[index]
        return sum(max(0, min(leaf.end, span.end) - max(leaf.start, span.start)) for span in spans)

    return max(range(len(leaves)), key=held)


def _places(document: Document) -> list[Leaf]:
    """The places that its marks name, each up to the next."""
    marks = [mark for mark in document.marks if _is_place(mark.anchor)]
    first = [next(group) for _, group in groupby(marks, key=lambda mark: (mark.anchor.kind, mark.anchor.number))]
    starts = [0, *(mark.offset for mark in first[1:]), len(document.text)]
    return [
        Leaf(
            mark.anchor.kind,
            _without_row(mark.anchor),
            start,
            end,
            page=mark.anchor.number if document.boxes and mark.anchor.kind == "page" else None,
        )
        for mark, (start, end) in zip(first, pairwise(starts), strict=False)
    ]


def _is_place(anchor: Anchor) -> bool:
    return anchor.kind in ("page", "slide", "sheet") or (anchor.kind == "part" and anchor.number is not None)


def _without_row(anchor: Anchor) -> str:
    return anchor.label.partition(", row ")[0] if anchor.kind == "page" else anchor.label


def _parts(document: Document, place: Leaf) -> list[Leaf]:
    """The place itself, or parts of it where it is too long to be read at once."""
    if place.kind == "part":
        cuts = _cuts(document, place.start, place.end, most=READABLE, rows=MOST_ROWS, short=SHORT)
    else:
        rows = LONGEST if place.page else MOST_ROWS
        cuts = _cuts(document, place.start, place.end, most=LONGEST, rows=rows, short=LONGEST)
    spans = list(pairwise([*cuts, place.end]))
    if len(spans) == 1:
        return [place]
    return [
        replace(
            place, start=start, end=end, label=_rows(document.marks, start, end, place) or f"{place.label} ({part})"
        )
        for (start, end), part in zip(spans, (f"{n} of {len(spans)}" for n in range(1, len(spans) + 1)), strict=True)
    ]


def _rows(marks: Sequence[Mark], start: int, end: int, place: Leaf) -> str:
    """The rows that start..end are, where they are counted within `place`."""
    together = main_anchor(marks, start, end)
    return together.label if together and together.label.startswith(f"{place.label}, rows ") else ""


def _with_empty_pages(found: Sequence[Leaf], pages: int) -> Iterator[Leaf]:
    """`found` with the pages in between, before and after, on which no text was read."""
    last, end = 0, 0
    for leaf in found:
        yield from (_empty_page(number, leaf.start) for number in range(last + 1, leaf.page or 0))
        yield leaf
        last, end = leaf.page or last, leaf.end
    yield from (_empty_page(number, end) for number in range(last + 1, pages + 1))


def _empty_page(number: int, offset: int) -> Leaf:
    return Leaf("page", f"page {number}", offset, offset, page=number)


def _sections(document: Document) -> Iterator[Leaf]:
    cuts = _cuts(document, 0, len(document.text), most=READABLE, rows=MOST_ROWS, short=SHORT)
    kind = "section" if any(block.kind == "heading" for block in document.blocks) else "part"
    for number, (start, end) in enumerate(pairwise([*cuts, len(document.text)]), 1):
        yield Leaf(kind, _label(document, start, end) or f"part {number}", start, end)


def _label(document: Document, start: int, end: int) -> str:
    """The headings that stand first there; without any, what it counts: "lines 1-40"."""
    inside = document.text[start:end]
    first = document.anchor_at(start + len(inside) - len(inside.lstrip()))
    last = document.anchor_at(max(start, start + len(inside.rstrip()) - 1))
    if first is None or first.kind in ("heading", "paragraph", "table"):
        index = bisect_right(document.blocks, start, key=lambda block: block.end)
        named = (block.headings for block in document.blocks[index:] if block.start < end and block.headings)
        if headings := next(named, ()):
            return " > ".join(headings)
    if first is None or last is None or first == last:
        return first.label if first else ""
    if first.kind == last.kind and first.kind in _COUNTED:
        return f"{first.kind}s {first.number}-{last.number}"
    together = main_anchor(document.marks, start, end)
    return together.label if together and together.kind == "part" else first.label


def _cuts(document: Document, start: int, end: int, *, most: int, rows: int, short: int) -> Iterator[int]:
    """Where the leaves of start..end begin; a heading goes with what follows it."""
    yield start
    begin, rows_so_far, heading = start, 0, None
    for unit in _units(document, start, end, most=most, rows=rows):
        is_long = unit.end - begin > most or rows_so_far + unit.rows > rows
        if unit.start > begin and (is_long or (unit.opens and unit.start - begin >= short)):
            cut = unit.start if heading is None or heading <= begin else heading
            yield cut
            begin, rows_so_far = cut, 0
        rows_so_far += unit.rows
        heading = (unit.start if heading is None else heading) if unit.is_heading else None


def _units(document: Document, start: int, end: int, *, most: int, rows: int) -> Iterator[_Unit]:
    """The blocks of start..end in order and what stands between them, parted at lines where they are long."""
    cells = {mark.offset for mark in document.marks if mark.anchor.kind == "cell"}
    first = bisect_right(document.blocks, start, key=lambda block: block.end)
    last = bisect_left(document.blocks, end, key=lambda block: block.start)
    position = start
    for block in document.blocks[first:last]:
        begin, until = max(block.start, position), min(block.end, end)
        if document.text[position:begin].strip():
            yield from _pieces(document.text, Block(position, begin, "paragraph"), most, rows)
        pieces = list(_pieces(document.text, replace(block, start=begin, end=until), most, rows))
        is_heading = block.kind == "heading"
        opens = is_heading or begin in cells
        yield from (replace(unit, opens=opens and unit.start == begin, is_heading=is_heading) for unit in pieces)
        position = until
    if document.text[position:end].strip():
        yield from _pieces(document.text, Block(position, end, "paragraph"), most, rows)


def _pieces(text: str, block: Block, most: int, rows: int) -> Iterator[_Unit]:
    """A block, whole if it is no longer than `most` and has no more than `rows`, else in pieces of whole lines."""
    is_table = block.kind == "table"
    begin, count, position = block.start, 0, block.start
    while position < block.end:
        line_end = text.find("\n", position, block.end) + 1 or block.end
        if position > begin and (line_end - begin > most or (is_table and count == rows)):
            yield _Unit(begin, position, count if is_table else 0)
            begin, count = position, 0
        while line_end - begin > most:
            cut = text.rfind(" ", begin + most // 2, begin + most) + 1 or begin + most
            yield _Unit(begin, cut, 1 if is_table else 0)
            begin = cut
        position, count = line_end, count + 1
    if begin < block.end:
        yield _Unit(begin, block.end, count if is_table else 0)

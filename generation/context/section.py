"""The larger part of a document that a passage belongs to."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import takewhile

from kb.types import Block, Document, Span


def section(document: Document, span: Span) -> Span:
    """All that stands under the same headings as `span`, the lowest of these included; at least `span` itself.

    Sections below it are left out, unless `span` reaches into them: then it is all that stands under the headings that
    its parts share. Of a document without headings it is the whole.
    """
    blocks = document.blocks
    first = max(bisect_right(blocks, span.start, key=lambda block: block.start) - 1, 0)
    last = bisect_left(blocks, span.end, key=lambda block: block.start) - 1
    if last < first:
        return span
    paths = {block.headings for block in blocks[first : last + 1]}
    path = _shared(paths)

    def belongs(block: Block) -> bool:
        return block.headings == path if len(paths) == 1 else block.headings[: len(path)] == path

    def opens(block: Block) -> bool:
        return block.kind == "heading" and len(block.headings) <= len(path)

    while first > 0 and not opens(blocks[first]) and belongs(blocks[first - 1]):
        first -= 1
    while last + 1 < len(blocks) and belongs(blocks[last + 1]) and not opens(blocks[last + 1]):
        last += 1
    return Span(min(blocks[first].start, span.start), max(blocks[last].end, span.end))


def _shared(paths: set[tuple[str, ...]]) -> tuple[str, ...]:
    """The headings with which all paths begin."""
    levels: Sequence[tuple[str, ...]] = list(zip(*paths, strict=False))
    return tuple(level[0] for level in takewhile(lambda level: len(set(level)) == 1, levels))

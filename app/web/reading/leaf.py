"""A leaf of a document in its own form, as HTML: every character of it, each once, and none of it as markup.

What is added (numbers of rows, names of cells, header rows that stand further up) is of the class cw-added; what only
says how words are set (cw-unseen) is there, but does not show. Knows nothing of Streamlit.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence

from app.web.literal import in_html
from app.web.reading.blocks import code_html, heading_html, list_html, paragraph_html
from app.web.reading.marking import Words, words_of
from app.web.reading.tables import Table, table_html
from citewell.leaves import Leaf
from kb.types import Block, Document, Span

MARKDOWN = "text/markdown"
NOTEBOOK = "application/x-ipynb+json"
_ROW = re.compile(r".*\brow (\d+)", re.DOTALL)
_NEAR = 400
"""Characters around a table in which its title may stand, so that it need not be said again."""


def leaf_html(document: Document, leaf: Leaf, spans: Sequence[Span]) -> str:
    """The words of `spans` in <mark>."""
    words = words_of(document.text, leaf.start, leaf.end, spans)
    cells = {mark.offset: mark.anchor.label for mark in document.marks if mark.anchor.kind == "cell"}
    parts = []
    for start, end, block in _stretches(document, leaf):
        if start in cells:
            parts.append(f'<p class="cw-added cw-part">{in_html(cells[start])}</p>')
        parts.append(
            _block_html(document, words, start, end, block) if block else _between(document, words, start, end)
        )
    name = in_html(f"Text of {leaf.label}")
    return f'<div class="cw-leaf cw-{leaf.kind}" role="region" aria-label="{name}" tabindex="0">{"".join(parts)}</div>'


def _stretches(document: Document, leaf: Leaf) -> Iterator[tuple[int, int, Block | None]]:
    """The blocks of a leaf, as far as they stand on it, and what stands between them."""
    first = bisect_right(document.blocks, leaf.start, key=lambda block: block.end)
    last = bisect_left(document.blocks, leaf.end, key=lambda block: block.start)
    position = leaf.start
    for block in document.blocks[first:last]:
        start, end = max(block.start, position), min(block.end, leaf.end)
        if position < start:
            yield position, start, None
        if start < end:
            yield start, end, block
        position = max(position, end)
    if position < leaf.end:
        yield position, leaf.end, None


def _between(document: Document, words: Words, start: int, end: int) -> str:
    if not words[start:end].strip():
        return words.unseen(start, end)
    return paragraph_html(words, start, end, is_markdown=document.media_type == MARKDOWN)


def _block_html(document: Document, words: Words, start: int, end: int, block: Block) -> str:
    is_markdown = document.media_type in (MARKDOWN, NOTEBOOK)
    if block.kind == "heading" and (start, end) == (block.start, block.end):
        return heading_html(words, block, is_markdown=document.media_type == MARKDOWN)
    if block.kind == "list":
        return list_html(words, start, end, is_markdown=is_markdown)
    if block.kind == "code":
        return code_html(words, start, end, is_markdown=is_markdown)
    if block.kind == "table":
        return _table_html(document, words, start, end, block)
    return paragraph_html(words, start, end, is_markdown=is_markdown)


def _table_html(document: Document, words: Words, start: int, end: int, block: Block) -> str:
    header = _first_lines(document.text, block)
    stop = header[-1].end if header else block.start
    table = Table(
        start,
        end,
        header=header,
        numbers=_numbers(document, start, end),
        caption="" if _is_said(document.text, block) else block.caption,
        is_markdown=document.media_type == MARKDOWN,
    )
    return table_html(words, words_of(document.text, block.start, stop, words.spans), table)


def _first_lines(text: str, block: Block) -> tuple[Span, ...]:
    """The rows of a table that name its columns."""
    lines: list[Span] = []
    position = block.start
    while len(lines) < block.header_rows and position < block.end:
        stop = text.find("\n", position, block.end) + 1 or block.end
        lines.append(Span(position, stop))
        position = stop
    return tuple(lines)


def _numbers(document: Document, start: int, end: int) -> Mapping[int, int] | None:
    """The numbers that rows have in their file, by where they begin, if they have any."""
    first = bisect_left(document.marks, start, key=lambda mark: mark.offset)
    last = bisect_left(document.marks, end, key=lambda mark: mark.offset)
    found = {
        mark.offset: int(counted[1])
        for mark in document.marks[first:last]
        if mark.anchor.kind in ("sheet", "row") and (counted := _ROW.fullmatch(mark.anchor.label))
    }
    return found or None


def _is_said(text: str, block: Block) -> bool:
    around = f"{text[max(0, block.start - _NEAR) : block.start]} {text[block.end : block.end + _NEAR]}"
    return " ".join(block.caption.split()) in " ".join(around.split())

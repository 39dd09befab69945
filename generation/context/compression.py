"""Extractive compression: the sentences of a passage that matter for a question, as they stand.

In the spirit of LLMLingua (Jiang et al., 2023), but by sentences and rows instead of tokens, so that all that is kept
can be quoted, and by the words shared with the question instead of a language model.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence

from generation.evidence import evidence
from generation.question import Reading
from kb.text.sentences import sentences
from kb.types import Block, Document, Hit, Span


def compressed(
    question: Reading, hit: Hit, document: Document, *, share: float, count: Callable[[str], int]
) -> tuple[Span, ...]:
    """Spans of `document` within the hit's passage that hold at most `share` of its tokens, yet a sentence at least.

    The sentences of highest evidence (generation.evidence) are kept; of a table's rows the rows that name its columns
    are kept too, and not counted.
    """
    chunk = hit.chunk
    spans = [Span(chunk.start + span.start, chunk.start + span.end) for span in sentences(chunk.text)]
    lengths = {span: count(document.text[span.start : span.end]) for span in spans}
    scores = {Span(*found.place[1:]): found.score for found in evidence(question, [hit])}
    headers = _headers(document, spans, within=Span(chunk.start, chunk.end))
    room = share * sum(lengths.values())
    kept: list[Span] = []
    # Questions, headings and the names of columns are no evidence and come last.
    last = {span for span in spans if span not in scores or any(_holds(header, span) for header in headers)}
    for span in sorted(spans, key=lambda span: (span in last, -scores.get(span, 0.0), span.start)):
        if not kept or lengths[span] <= room:
            kept.append(span)
            room -= lengths[span]
    return united(document.text, [*kept, *_headers(document, kept, within=Span(chunk.start, chunk.end))])


def _holds(header: Span, span: Span) -> bool:
    return header.start <= span.start < header.end


def united(text: str, spans: Iterable[Span]) -> tuple[Span, ...]:
    """`spans` in order, those in one that overlap or have nothing but white space between them."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, span.end)):
        if found and (span.start <= found[-1].end or text[found[-1].end : span.start].isspace()):
            found[-1] = Span(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return tuple(found)


def _headers(document: Document, spans: Sequence[Span], *, within: Span) -> list[Span]:
    """The rows that name the columns of the tables in which `spans` lie, as far as they stand in `within`."""
    found = []
    for block in dict.fromkeys(_table(document.blocks, span) for span in spans):
        end = _header_end(document.text, block) if block else 0
        if block and within.start <= block.start < end <= within.end:
            found.append(Span(block.start, end))
    return found


def _table(blocks: Sequence[Block], span: Span) -> Block | None:
    index = bisect_right(blocks, span.start, key=lambda block: block.start) - 1
    block = blocks[index] if index >= 0 else None
    return block if block and block.header_rows and span.start < block.end else None


def _header_end(text: str, block: Block) -> int:
    """Where the last row ends that names the table's columns."""
    end = block.start
    for _ in range(block.header_rows):
        line = text.find("\n", end, block.end)
        if line < 0:
            return block.end
        end = line + 1
    return end - 1

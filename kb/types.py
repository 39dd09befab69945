"""The words of Citewell: the plain values that travel from a file to a cited answer."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby, pairwise

JOINT = " ... "
"""Between the parts of a text or a quote of several spans."""
_CITED = re.compile(r"\s*\[\d+\]")
_COUNTED = re.compile(r"(.*\b)(row|line) (\d+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place in a document that a person can turn to.

    kind is what the place is ("page", "slide", "sheet", "cell", "part", "heading", "paragraph", "table", "line"),
    label is how people read it ("page 12", "sheet Q3, row 12", "Fusion > RRF"), number is its 1-based number where such
    places are numbered.
    A label that ends in "row N" or "line N" counts within a place: "page 45, row 3" is of kind "page", number 45.
    """

    kind: str
    label: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """An anchor that holds from `offset` (a character of the document's text) up to the next mark of its kind."""

    offset: int
    anchor: Anchor


def anchor_at(marks: Sequence[Mark], offset: int) -> Anchor | None:
    """The anchor that holds at `offset`: that of the last of `marks` at or before it, None before the first."""
    index = bisect_right(marks, offset, key=lambda mark: mark.offset)
    return marks[index - 1].anchor if index else None


def main_anchor(marks: Sequence[Mark], start: int, end: int) -> Anchor | None:
    """The place where most of the characters start..end stand, the first among equals; None before the first mark.

    What begins with the last line of a page and goes on overleaf stands on the latter; what takes up several rows or
    lines of a place stands on all of these: "sheet Q3, rows 12-40".
    """
    places = [(_together(list(anchors)), size) for anchors, size in _places(marks, start, max(end, start + 1))]
    return max(places, key=lambda place: place[1])[0]


def _places(marks: Sequence[Mark], start: int, end: int) -> Iterator[tuple[list[Anchor | None], int]]:
    """The places that start..end crosses: their anchors, several where rows or lines are counted, and characters."""
    first = bisect_right(marks, start, key=lambda mark: mark.offset)
    last = bisect_right(marks, end - 1, key=lambda mark: mark.offset)
    anchors = [marks[first - 1].anchor if first else None, *(mark.anchor for mark in marks[first:last])]
    borders = [start, *(mark.offset for mark in marks[first:last]), end]
    sizes = [after - before for before, after in pairwise(borders)]
    for _, group in groupby(zip(anchors, sizes, strict=True), key=lambda part: _place_of(part[0])):
        parts = list(group)
        yield [anchor for anchor, _ in parts], sum(size for _, size in parts)


def _place_of(anchor: Anchor | None) -> object:
    counted = _COUNTED.fullmatch(anchor.label) if anchor else None
    return (anchor.kind, *counted.group(1, 2)) if anchor and counted else anchor


def _together(anchors: Sequence[Anchor | None]) -> Anchor | None:
    """One anchor for neighbouring rows or lines of a place: that of the first, with all their numbers."""
    first, last = anchors[0], anchors[-1]
    if first is None or last is None or first == last:
        return first
    _, number = first.label.rsplit(" ", 1)
    where, unit, until = _COUNTED.fullmatch(last.label).groups()  # type: ignore[union-attr]
    return replace(first, label=f"{where}{unit}s {number}-{until}")


@dataclass(frozen=True, slots=True)
class TextBox:
    """Where a span of text stands on a page.

    Coordinates are PDF points from the page's lower left corner, before any rotation of the page is applied.
    """

    start: int
    end: int
    page: int
    left: float
    bottom: float
    right: float
    top: float


@dataclass(frozen=True, slots=True)
class Block:
    """A structural unit of a document's text, in order and without overlap: what a splitter prefers to keep whole.

    kind is "heading", "paragraph", "list", "table" or "code". headings is the path of headings above the block
    (a heading's own text closes its own path). A table has a row on each line; the first `header_rows` name its
    columns, and `caption` is its title, in words that need not stand in the text.
    """

    start: int
    end: int
    kind: str
    headings: tuple[str, ...] = ()
    caption: str = ""
    header_rows: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """One document as text, with what is needed to say where in the original each character stood.

    `source` is the resolved absolute path (or URI); a part of a container (a record of a .jsonl file, an attachment)
    adds "#" and the part's name. `sha256` is that of the content which this document was read from.
    `marks` and `blocks` are ordered by offset; `boxes` by start, one line of a page each, and only for laid-out files.
    """

    id: str
    source: str
    title: str
    text: str
    media_type: str
    sha256: str
    language: str | None = None
    modified: datetime | None = None
    tags: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    blocks: tuple[Block, ...] = ()
    boxes: tuple[TextBox, ...] = ()

    def anchor_at(self, offset: int) -> Anchor | None:
        """The anchor that holds at `offset`: the last mark at or before it, None before the first mark."""
        return anchor_at(self.marks, offset)


@dataclass(frozen=True, slots=True)
class Context:
    """What a passage must be read with but does not itself say: embedded, indexed and shown, never quoted."""

    title: str = ""
    headings: tuple[str, ...] = ()
    table: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage: a span of a document, so that `document.text[chunk.start:chunk.end] == chunk.text`.

    `id` is 16 hexadecimal digits, the same for the same passage of the same source in every base; `language` is its
    document's.
    """

    id: str
    document_id: str
    source: str
    text: str
    start: int
    end: int
    anchor: Anchor | None = None
    context: Context = Context()
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found. Scores compare only inside one retriever's answer; higher is better."""

    chunk: Chunk
    score: float


@dataclass(frozen=True, slots=True)
class Span:
    """Characters start..end (end excluded) of a document's text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Place:
    """A span of a document, and where people find it."""

    source: str
    title: str
    anchor: Anchor | None
    span: Span


@dataclass(frozen=True, slots=True)
class Citation:
    """The exact words that carry a sentence of an answer.

    `marker` is the number shown in the answer ("[1]"); `spans` are offsets in the document's text and `quote` is
    what stands there, span by span, joined by JOINT; `verified` says that this was looked up and found to hold.
    `also` are further places where the same words stand, as far as they are known.
    """

    marker: int
    chunk_id: str
    source: str
    title: str
    anchor: Anchor | None
    spans: tuple[Span, ...]
    quote: str
    verified: bool
    also: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of an answer that claims something: where it stands in the answer's text, and what it cites.

    `problems` say, in a phrase each, what of it the cited passages do not bear out; none means that they do.
    """

    span: Span
    markers: tuple[int, ...]
    problems: tuple[str, ...] = ()

    @property
    def is_supported(self) -> bool:
        return not self.problems


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer whose text cites by "[n]", or an abstention, whose text says so and whose citations are empty.

    `statements` are the sentences of an answer in words of its own, in order; one in the documents' words has none.
    `confidence` is the answerer's probability (0 to 1) that the documents answer the question;
    `timings` maps a stage to its seconds; `notes` are what went otherwise than was asked for, and of how many drafts it
    is the best, a sentence each. `remembered` is when an answer that is given again was written, None where it is a new
    one.
    """

    question: str
    text: str
    abstained: bool
    citations: tuple[Citation, ...] = ()
    hits: tuple[Hit, ...] = ()
    generator: str = ""
    confidence: float | None = None
    timings: dict[str, float] = field(default_factory=dict)
    statements: tuple[Statement, ...] = ()
    notes: tuple[str, ...] = ()
    remembered: datetime | None = None

    def words_of(self, statement: Statement) -> str:
        """What a statement says, without its markers."""
        return _CITED.sub("", self.text[statement.span.start : statement.span.end])

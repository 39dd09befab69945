"""Presentations in the making: slides that are cited by their number, each with its title, content and notes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from ingest.readers.office.cells import Cell, laid_out
from ingest.readers.structure import HeadingPath, StructuredText
from kb.types import Anchor

_NOTES = "Speaker notes"
_SAME_ROW = 0.5
"""Share of the smaller height that two shapes side by side have in common."""
S = TypeVar("S")


class Line(NamedTuple):
    """A paragraph on a slide; `label` is what stands before the item of a list."""

    text: str
    label: str = ""
    depth: int = 0


class Placed(NamedTuple):
    """Where a shape lies, from the top left corner of its slide."""

    top: float
    left: float
    height: float
    width: float = 0


@dataclass(slots=True)
class Slides:
    written: StructuredText = field(default_factory=lambda: StructuredText(cites_headings=False))
    title: str = ""
    """That of the first slide which has one."""
    _number: int = 0
    _is_hidden: bool = False

    def begin(self, *, is_hidden: bool = False) -> None:
        """The next slide, whether or not anything follows on it; a hidden one is content, and is called so."""
        self._number += 1
        self._is_hidden = is_hidden
        self.written.path = HeadingPath()

    def add_title(self, text: str) -> None:
        self.title = self.title or text
        self._mark(text)
        self.written.add_heading(1, text)

    def add_lines(self, lines: Iterable[Line]) -> None:
        """Adds paragraphs, and items that follow each other as lists."""
        items: list[str] = []
        for line in [*lines, Line("")]:
            if line.label and line.text.strip():
                items.append("  " * line.depth + f"{line.label} {' '.join(line.text.split())}")
                continue
            self._add("list", "\n".join(items))
            self._add("paragraph", line.text.strip())
            items = []

    def add_table(self, rows: Sequence[Sequence[Cell]], *, caption: str = "", header_rows: int = 1) -> None:
        self._add("paragraph", caption)
        lines = laid_out(rows, header_rows)
        self._mark("".join(text for line in lines for text in line))
        self.written.add_table(lines, caption=caption, header_rows=header_rows)

    def add_remark(self, what: str, text: str) -> None:
        """Adds what is said of the slide: a comment, what a picture shows."""
        if text.strip():
            self._add("paragraph", f"{what}: {text}")

    def add_notes(self, lines: Sequence[Line]) -> None:
        """Adds the speaker's notes, under a heading of their own."""
        if any(line.text.strip() for line in lines):
            self._mark(_NOTES)
            self.written.add_heading(2, _NOTES)
            self.add_lines(lines)

    def _add(self, kind: str, text: str) -> None:
        self._mark(text)
        self.written.add(kind, text)

    def _mark(self, text: str) -> None:
        """What is to be added stands on this slide; a slide on which nothing stands has no mark."""
        hidden = " (hidden)" if self._is_hidden else ""
        anchor = Anchor("slide", f"slide {self._number}{hidden}", self._number)
        if text.strip() and (not self.written.marks or self.written.marks[-1].anchor != anchor):
            self.written.mark(anchor)


def in_reading_order(shapes: Iterable[tuple[Placed, S]]) -> list[S]:
    """Shapes row by row, each row from the left; those that lie side by side make a row."""
    waiting = sorted(shapes, key=lambda shape: (shape[0].top, shape[0].left))
    ordered: list[S] = []
    while waiting:
        first = waiting[0][0]
        row = [shape for shape in waiting if _is_beside(first, shape[0])]
        waiting = [shape for shape in waiting if not _is_beside(first, shape[0])]
        ordered.extend(shape for _, shape in sorted(row, key=lambda shape: shape[0].left))
    return ordered


def _is_beside(first: Placed, other: Placed) -> bool:
    """Whether a shape whose top is not above that of the first one lies beside it, as `first` itself does."""
    common = min(first.top + first.height, other.top + other.height) - other.top
    return other.top == first.top or common > _SAME_ROW * min(first.height, other.height)

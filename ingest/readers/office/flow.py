"""Running text as word processors hold it: headings, paragraphs, lists, tables with their captions, and notes.

Headings are what people turn to. Above the first of them, and where there is none, paragraphs and tables are counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ingest.readers.office.cells import Cell, laid_out
from ingest.readers.structure import StructuredText, heading_above_all, heading_mark
from kb.types import Anchor, Mark

_LONGEST_HEADING = 250
"""Characters; what is longer is a paragraph in a heading's style, as in contracts."""


class _Above(NamedTuple):
    """What stands directly above: a caption, with the block of the table above it that it was given to, or a table."""

    caption: str = ""
    given_to: int | None = None
    table: int | None = None


_NOTHING = _Above()


@dataclass(slots=True)
class Flow:
    """A document in the making. List items wait until their list ends, captions for the table that they name."""

    written: StructuredText = field(default_factory=lambda: StructuredText(cites_headings=False))
    title: str = ""
    _items: list[str] = field(default_factory=list)
    _paragraphs: int = 0
    _tables: int = 0
    _has_headings: bool = False
    _above: _Above = _NOTHING

    def add_title(self, text: str) -> None:
        """The document's title: a heading, but no place to turn to."""
        self.title = self.title or text
        self._end_list()
        if text.strip():
            self._count_paragraph()
        self.written.add_heading(1, text)
        self._above = _NOTHING

    def add_heading(self, level: int, text: str) -> None:
        if len(text) > _LONGEST_HEADING:
            self.add_paragraph(text)
        elif text.strip():
            self._end_list()
            self._has_headings = True
            self.written.add_heading(level, text)
            self.written.marks.append(heading_mark(self.written.blocks[-1].start, self.written.path.names))
            self._above = _NOTHING

    def add_paragraph(self, text: str, *, is_caption: bool = False) -> None:
        """Adds a paragraph; a blank one is left out, but it parts a table from a caption."""
        self._end_list()
        if text.strip():
            self._count_paragraph()
        self.written.add("paragraph", text)
        table = self._above.table if is_caption and text.strip() else None
        if table is not None:
            self._name(table, text)
        self._above = _Above(caption=text, given_to=table) if is_caption else _NOTHING

    def add_item(self, text: str, *, label: str = "-", depth: int = 0) -> None:
        """Adds an item to the list that is open, or opens one; without a label it goes on with the item before."""
        if text.strip():
            self._items.append("  " * depth + " ".join([label, *text.split()]).strip())

    def add_note(self, label: str, text: str) -> None:
        """Adds what is said of the text above: a footnote, a comment, what a picture shows."""
        if text.strip():
            self._end_list()
            if not self.written.marks:
                self._count_paragraph()
            self.written.add("paragraph", f"{label}: {text}")
            self._above = _NOTHING

    def add_table(self, rows: Sequence[Sequence[Cell]], *, header_rows: int = 0, caption: str = "") -> None:
        """Adds a table; the first row is taken to name the columns where nothing says so, or all rows are said to.

        `caption` is its title if no caption stands by it.
        """
        self._end_list()
        names = header_rows if 0 < header_rows < len(rows) else 1
        lines = laid_out(rows, names)
        if not any(text.strip() for line in lines for text in line):
            return
        self._tables += 1
        places = [Anchor("table", f"table {self._tables}, row {row}", self._tables) for row in range(1, len(lines) + 1)]
        above = self._above
        if above.given_to is not None:
            # It stands between two tables, and names the one below.
            self._name(above.given_to, "")
        self.written.add_table(
            lines,
            caption=above.caption or caption,
            header_rows=names,
            anchors=() if self._has_headings else places,
        )
        self._above = _NOTHING if above.caption else _Above(table=len(self.written.blocks) - 1)

    def finished(self) -> StructuredText:
        """What was written; where nothing was said to be the title, a heading above all of it is."""
        self._end_list()
        self.title = self.title or heading_above_all(self.written.blocks)
        return self.written

    def _end_list(self) -> None:
        if not self._items:
            return
        items, self._items = self._items, []
        self.written.add("list", "\n".join(items))
        self._above = _NOTHING
        offset = self.written.blocks[-1].start
        for item in items:
            self._count_paragraph(offset)
            offset += len(item) + 1

    def _count_paragraph(self, offset: int | None = None) -> None:
        """The paragraph at an offset, or the next that is added, is one of those that are counted."""
        if self._has_headings:
            return
        self._paragraphs += 1
        anchor = Anchor("paragraph", f"paragraph {self._paragraphs}", self._paragraphs)
        if offset is None:
            self.written.mark(anchor)
        else:
            self.written.marks.append(Mark(offset, anchor))

    def _name(self, block: int, caption: str) -> None:
        self.written.blocks[block] = replace(self.written.blocks[block], caption=" ".join(caption.split()))


def labelled(label: str, text: str) -> str:
    """A heading, or a paragraph in a table, with its number; a bullet says nothing there."""
    return f"{label} {text}" if text and label not in ("", "-") else text

"""The text of a document put together page by page, with its blocks, what each place is called, and where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ingest.readers.pages.headings import heading_level
from ingest.readers.pages.layout import Paragraph, joint, layout, runs_on
from ingest.readers.pages.page import Cell, Line, Page, Table, usual_height
from ingest.readers.structure import HeadingPath
from kb.types import Anchor, Block, Mark, TextBox

_APART = "\n\n"
_CELLS_APART = " | "
_SLACK = 2.0


@dataclass(frozen=True, slots=True)
class OutlineItem:
    """A heading of the outline: its level (1 is the outermost), and where known how high on its page it stands."""

    page: int
    level: int
    title: str
    top: float | None


@dataclass(slots=True)
class PagesText:
    """The text of pages in the making; `usual` is the height of most of its letters."""

    _outline: Sequence[OutlineItem]
    _usual: float
    blocks: list[Block] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    boxes: list[TextBox] = field(default_factory=list)
    _path: HeadingPath = field(default_factory=HeadingPath)
    _parts: list[str] = field(default_factory=list)
    _length: int = 0
    _last: Line | None = None
    _table: Table | None = None
    """The last thing written, if it is a table."""
    _headings: list[tuple[int, str]] = field(default_factory=list)
    """Those told by their letters alone: level and words."""

    @property
    def text(self) -> str:
        return "".join(self._parts)

    @property
    def title(self) -> str:
        """The heading that the text begins with where no other has such large letters, but those of the outline."""
        if not self._headings or self.blocks[0].kind != "heading":
            return ""
        level, title = self._headings[0]
        begins = _same_words(self.text[: self.blocks[0].end], title)
        return title if begins and all(level < other for other, _ in self._headings[1:]) else ""

    def add_page(self, page: Page) -> None:
        items = [item for item in self._outline if item.page == page.number]
        parts = layout(page)
        usual = max(usual_height(page.lines), self._usual)
        tables = sum(isinstance(part, Table) for part in parts)
        table = 0
        for number, part in enumerate(parts, 1):
            if isinstance(part, Table):
                table += 1
                place = f"page {page.number}, table {table}" if tables > 1 else f"page {page.number}"
                self._add_table(part, page, place)
            else:
                self._add_group(part, page, items, heading_level(part, usual) if number < len(parts) else None)
        for item in items:
            self._path.enter(item.level, item.title)

    def _add_group(self, group: Paragraph, page: Page, items: list[OutlineItem], level: int | None) -> None:
        """Adds a paragraph, or as a heading of `level`; the headings of the outline reached with it leave `items`."""
        first = 0
        for item in [item for item in items if _is_reached(item, group[0], page)]:
            items.remove(item)
            self._path.enter(item.level, item.title)
            if _same_words(item.title, group[0].text) and not first:
                self._add("heading", group[:1], page)
                first = 1
        if level is not None and not first:
            words = " ".join(line.text for line in group)
            self._headings.append((level, words))
            self._path.enter(level, words)
            self._add("heading", group, page)
        else:
            self._add("paragraph", group[first:], page)

    def _add(self, kind: str, lines: Sequence[Line], page: Page) -> None:
        if not lines:
            return
        self._begin(kind, self._between(kind, lines[0], page))
        anchor = Anchor("page", f"page {page.number}", page.number)
        if not self.marks or self.marks[-1].anchor != anchor:
            self.marks.append(Mark(self._length, anchor))
        for index, line in enumerate(lines):
            self._write(joint(lines[index - 1], line) if index else "")
            self._write_line(line, page)
        self._last, self._table = lines[-1], None
        self._close()

    def _add_table(self, table: Table, page: Page, place: str) -> None:
        """Adds a table; one that goes on from the page before without a header of its own goes on in its block."""
        goes_on = self._table is not None and self._page == page.number - 1 and _is_continued(self._table, table)
        self._begin("table", "\n" if goes_on and not table.header_rows else _APART)
        if self.blocks[-1].start == self._length:
            inherited = self.blocks[-2].caption if goes_on else ""
            caption = table.caption or inherited
            self.blocks[-1] = replace(self.blocks[-1], caption=caption, header_rows=table.header_rows)
        for number, row in enumerate(table.rows, 1):
            self._write("\n" if number > 1 else "")
            self.marks.append(Mark(self._length, Anchor("page", f"{place}, row {number}", page.number)))
            self._write_row(row, page)
        self._last, self._table = None, table
        self._close()

    def _write_row(self, row: Sequence[Cell], page: Page) -> None:
        for index, cell in enumerate(row):
            self._write(_CELLS_APART if index else "")
            for number, line in enumerate(cell):
                between = joint(cell[number - 1], line) if number else ""
                self._write(" " if between == "\n" else between)
                self._write_line(line, page)

    def _begin(self, kind: str, between: str) -> None:
        """Begins a block, or goes on with the last one where no blank line is to be between."""
        self._write(between if self._parts else "")
        if between == _APART:
            self.blocks.append(Block(self._length, self._length, kind, self._path.names))

    def _between(self, kind: str, line: Line, page: Page) -> str:
        """What parts a block from the one before: a blank line, but where a sentence runs over the end of a page."""
        is_same_page = self._page == page.number
        if self._last is None or is_same_page or kind == "heading" or self.blocks[-1].kind == "heading":
            return _APART
        if not runs_on(self._last, line):
            return _APART
        return joint(self._last, line) if self._last.is_hyphenated else "\n"

    @property
    def _page(self) -> int:
        return self.boxes[-1].page if self.boxes else 0

    def _write_line(self, line: Line, page: Page) -> None:
        self.boxes.append(TextBox(self._length, self._length + len(line.text), page.number, *page.drawn(line.box)))
        self._write(line.text)

    def _write(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)

    def _close(self) -> None:
        self.blocks[-1] = replace(self.blocks[-1], end=self._length)


def _is_reached(item: OutlineItem, line: Line, page: Page) -> bool:
    is_below = item.top is not None and not page.turns and line.box.top <= item.top + _SLACK
    return is_below or _same_words(item.title, line.text)


def _same_words(one: str, other: str) -> bool:
    return one.casefold().split() == other.casefold().split()


def _is_continued(table: Table, other: Table) -> bool:
    """Whether the columns of two tables stand in the same places."""
    return 0 < len(table.columns) == len(other.columns) and all(
        one[0] < two[1] and two[0] < one[1] for one, two in zip(table.columns, other.columns, strict=True)
    )

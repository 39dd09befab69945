"""Text put together block by block under its headings, for formats whose files are not themselves readable text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from kb.types import Anchor, Block, Mark


@dataclass(slots=True)
class HeadingPath:
    """The headings that are open at a place of a document."""

    _open: list[tuple[int, str]] = field(default_factory=list)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for _, name in self._open)

    def enter(self, level: int, name: str) -> tuple[str, ...]:
        """The path that a heading of `level` (1 is the outermost) closes."""
        while self._open and self._open[-1][0] >= level:
            self._open.pop()
        self._open.append((level, name))
        return self.names


def heading_mark(offset: int, names: tuple[str, ...]) -> Mark:
    return Mark(offset, Anchor("heading", " > ".join(names)))


def heading_above_all(blocks: Sequence[Block]) -> str:
    """The heading that a document begins with where all of it stands below, else ""."""
    if not blocks or blocks[0].kind != "heading":
        return ""
    name = blocks[0].headings[0]
    return name if all(block.headings[:1] == (name,) for block in blocks) else ""


@dataclass(slots=True)
class StructuredText:
    """A document in the making: blocks are added in reading order, one blank line apart.

    `cites_headings` says that a heading is what people turn to, for formats that have neither pages nor slides.
    """

    cites_headings: bool = True
    path: HeadingPath = field(default_factory=HeadingPath)
    blocks: list[Block] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    _parts: list[str] = field(default_factory=list)
    _length: int = 0

    @property
    def text(self) -> str:
        return "\n\n".join(self._parts)

    def add(self, kind: str, text: str) -> None:
        """Adds a block, unless it is blank."""
        if text.strip():
            self._append(kind, text)

    def add_table(
        self, rows: Sequence[Sequence[str]], *, caption: str = "", header_rows: int = 1, anchors: Sequence[Anchor] = ()
    ) -> None:
        """Adds a table, a row a line, its cells apart by " | "; rows of blank cells are left out.

        `header_rows` of the rows name the columns. `anchors` has one for each row, where rows are cited; they hold for
        what follows too until it is marked.
        """
        lines = [(" | ".join(map(_flat, row)), index) for index, row in enumerate(rows) if any(map(str.strip, row))]
        if not lines:
            return
        self._append("table", "\n".join(line for line, _ in lines))
        names = sum(index < header_rows for _, index in lines)
        block = replace(self.blocks[-1], caption=_flat(caption), header_rows=names)
        self.blocks[-1] = block
        offset = block.start
        for line, index in lines:
            if anchors:
                self.marks.append(Mark(offset, anchors[index]))
            offset += len(line) + 1

    def mark(self, anchor: Anchor) -> None:
        """What is added next stands at `anchor`."""
        self.marks.append(Mark(self._length + (2 if self._parts else 0), anchor))

    def add_heading(self, level: int, text: str) -> None:
        name = " ".join(text.split())
        if name:
            names = self.path.enter(level, name)
            self._append("heading", name)
            if self.cites_headings:
                self.marks.append(heading_mark(self.blocks[-1].start, names))

    def _append(self, kind: str, text: str) -> None:
        start = self._length + (2 if self._parts else 0)
        self._parts.append(text)
        self._length = start + len(text)
        self.blocks.append(Block(start, self._length, kind, self.path.names))


def _flat(cell: str) -> str:
    return " ".join(cell.split())

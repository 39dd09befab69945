"""Reads Word documents: the body in order, with its notes, comments, text boxes and charts after what they belong to.

Headings are told by their style or outline level, and numbers are counted as Word counts them. What is deleted or
hidden, headers and footers are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import takewhile

from lxml.etree import _Element

from ingest.readers.office.cells import Cell
from ingest.readers.office.docx_styles import ListNumbers, Styles, W, is_on, outline_level, value
from ingest.readers.office.docx_text import Inline, Texts, is_prompt
from ingest.readers.office.drawings import MC, C, R, chart_of, diagram_items, shown
from ingest.readers.office.flow import Flow, labelled
from ingest.readers.office.office_archive import Package, Part
from ingest.readers.source_file import SourceFile, make_document
from kb.types import Document

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_WRAPPERS = frozenset(f"{W}{name}" for name in ("sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag"))


@dataclass(frozen=True, slots=True)
class DocxReader:
    def read(self, file: SourceFile) -> Iterator[Document | SourceFile]:
        with Package(file, "Word document") as package:
            body = _Body(file, package, package.main())
            flow = body.read()
            written = flow.finished()
            if written.text or not body.inserted:
                yield make_document(
                    file,
                    text=written.text,
                    title=package.title() or flow.title,
                    media_type=MEDIA_TYPE,
                    modified=package.modified(),
                    marks=written.marks,
                    blocks=written.blocks,
                )
            for name in body.inserted:
                yield file.part(name.rsplit("/", 1)[-1], package.read(name))


class _Body:
    """Writes down the body of one document."""

    def __init__(self, file: SourceFile, package: Package, main: Part) -> None:
        self._file = file
        self._package = package
        self._main = main
        styles, numbering = package.related(main, "styles"), package.related(main, "numbering")
        self._styles = Styles(styles.root if styles else None)
        self._numbers = ListNumbers(numbering.root if numbering else None, self._styles)
        self._texts = Texts(package, main, self._styles)
        self._flow = Flow()
        self._open = Inline()
        self.inserted: list[str] = []
        """Parts with content in another format, which stand in the body."""

    def read(self) -> Flow:
        for body in self._main.root.iter(f"{W}body"):
            self._walk(body)
        self._close_paragraph()
        return self._flow

    def _walk(self, parent: _Element) -> None:
        for child in _blocks(parent):
            self._file.step()
            if child.tag == f"{W}p":
                self._take_paragraph(child)
            elif child.tag == f"{W}tbl":
                self._take_table(child)
            elif name := self._main.by_id.get(child.get(f"{R}id", "")):
                self.inserted.append(name)

    def _close_paragraph(self) -> None:
        """Ends a paragraph that was to go on, where none follows."""
        found, self._open = self._open, Inline()
        if found.text:
            self._flow.add_paragraph(found.text)
        self._write_what_follows(found)

    def _take_paragraph(self, element: _Element) -> None:
        self._texts.read(element, self._open)
        if not _goes_on(element):
            found, self._open = self._open, Inline()
            self._write(element, found.text)
            self._write_what_follows(found)

    def _write(self, element: _Element, text: str) -> None:
        style_id = value(element, "pPr/pStyle")
        style = self._styles[style_id]
        label, depth = self._numbers.next_label(element, style_id)
        level = outline_level(element, style.level)
        if style.name == "Title":
            self._flow.add_title(text)
        elif level and text:
            self._flow.add_heading(level, labelled(label, text))
        elif label and text:
            self._flow.add_item(text, label=label, depth=depth)
        else:
            self._flow.add_paragraph(text, is_caption=style.is_caption)

    def _write_what_follows(self, found: Inline) -> None:
        for what, text in found.said:
            self._flow.add_note(what, text)
        for graphic in found.graphics:
            self._write_graphic(graphic)
        for box in found.boxes:
            if box.tag == f"{W}tbl":
                self._take_table(box)
            else:
                self._walk(box)

    def _write_graphic(self, graphic: _Element) -> None:
        part = self._package.referred(self._main, graphic.get(f"{R}id") or graphic.get(f"{R}dm"))
        if part is None:
            return
        if graphic.tag == f"{C}chart":
            chart = chart_of(part.root)
            self._flow.add_paragraph(chart.title, is_caption=True)
            self._flow.add_table([[Cell(text) for text in row] for row in chart.rows])
        else:
            for depth, text in diagram_items(part.root):
                self._flow.add_item(text, depth=depth)

    def _take_table(self, table: _Element) -> None:
        self._close_paragraph()
        rows = [row for row in _children(table, "tr") if row.find(f"{W}trPr/{W}del") is None]
        cells = [[cell for cell in _children(row, "tc") if not _is_deleted(cell)] for row in rows]
        if all(len(row) <= 1 for row in cells):
            # A frame around text.
            for row in cells:
                for cell in row:
                    self._walk(cell)
            return
        within = Inline()
        named = list(takewhile(lambda row: is_on(row.find(f"{W}trPr/{W}tblHeader")), rows))
        self._flow.add_table(
            [
                [*_before(row), *(self._cell(cell, within) for cell in of_row)]
                for row, of_row in zip(rows, cells, strict=True)
            ],
            header_rows=len(named),
            caption=value(table, "tblPr/tblCaption") or "",
        )
        self._write_what_follows(within)

    def _cell(self, cell: _Element, within: Inline) -> Cell:
        """A cell; what stands in it besides text comes after the table."""
        texts = []
        for block in _blocks(cell):
            if block.tag == f"{W}tbl":
                within.boxes.append(block)
            elif block.tag == f"{W}p":
                texts.append(self._text_in_cell(block, within))
        merged = cell.find(f"{W}tcPr/{W}vMerge")
        is_lower = merged is not None and merged.get(f"{W}val", "continue") == "continue"
        span = value(cell, "tcPr/gridSpan") or "1"
        return Cell(" ".join(filter(None, texts)), int(span) if span.isdecimal() else 1, is_lower)

    def _text_in_cell(self, paragraph: _Element, within: Inline) -> str:
        found = replace(within, pieces=[], in_code=[])
        self._texts.read(paragraph, found)
        label, _ = self._numbers.next_label(paragraph, value(paragraph, "pPr/pStyle"))
        return labelled(label, found.text)


def _blocks(parent: _Element) -> Iterator[_Element]:
    """Paragraphs, tables and inserted files in order, those within content controls and revisions included."""
    return _children(parent, "p", "tbl", "altChunk")


def _children(parent: Iterable[_Element], *names: str) -> Iterator[_Element]:
    for child in parent:
        if child.tag in [f"{W}{name}" for name in names]:
            yield child
        elif child.tag == f"{MC}AlternateContent":
            yield from _children(shown(child), *names)
        elif child.tag in _WRAPPERS and not is_prompt(child):
            yield from _children(child, *names)


def _goes_on(paragraph: _Element) -> bool:
    """Whether a paragraph and the next are read as one: its mark is deleted or hidden, or it is a large initial."""
    frame = paragraph.find(f"{W}pPr/{W}framePr")
    return (
        paragraph.find(f"{W}pPr/{W}rPr/{W}del") is not None
        or is_on(paragraph.find(f"{W}pPr/{W}rPr/{W}vanish"))
        or (frame is not None and frame.get(f"{W}dropCap", "none") != "none")
    )


def _is_deleted(cell: _Element) -> bool:
    return cell.find(f"{W}tcPr/{W}cellDel") is not None


def _before(row: _Element) -> list[Cell]:
    """Stands for the columns that a row leaves out at its beginning."""
    skipped = value(row, "trPr/gridBefore") or "0"
    return [Cell("", int(skipped))] if skipped.isdecimal() and int(skipped) else []

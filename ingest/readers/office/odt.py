"""Reads OpenDocument texts: the body in order, with its notes, comments and text boxes after what they belong to.

Numbers of headings and items are counted as the styles say. What is deleted or hidden, headers and footers are left
out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml.etree import _Element

from ingest.readers.office.flow import Flow, labelled
from ingest.readers.office.office_archive import OfficeArchive
from ingest.readers.office.opendocument import Inline, OpenDocument
from ingest.readers.office.opendocument_lists import CHART, DRAW, OFFICE, TABLE, TEXT, number
from ingest.readers.source_file import SourceFile, make_document
from kb.types import Document

MEDIA_TYPE = "application/vnd.oasis.opendocument.text"
_AROUND_BLOCKS = frozenset(f"{TEXT}{name}" for name in (
    "section", "index-body", "index-title", "table-of-content", "alphabetical-index", "illustration-index",
    "table-index", "object-index", "user-index", "bibliography", "list-header",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class OdtReader:
    def read(self, file: SourceFile) -> Iterator[Document]:
        with OfficeArchive(file, "OpenDocument text") as archive:
            document = OpenDocument(file, archive)
            flow = _Body(file, document).read()
            written = flow.finished()
            yield make_document(
                file,
                text=written.text,
                title=document.title or flow.title,
                media_type=MEDIA_TYPE,
                modified=document.modified,
                marks=written.marks,
                blocks=written.blocks,
            )


class _Body:
    """Writes down the body of one document."""

    def __init__(self, file: SourceFile, document: OpenDocument) -> None:
        self._file = file
        self._document = document
        self._flow = Flow()

    def read(self) -> Flow:
        for body in self._document.content.iterfind(f"{OFFICE}body/{OFFICE}text"):
            self._walk(body)
        return self._flow

    def _walk(self, parent: _Element) -> None:
        for child in parent:
            self._file.step()
            if child.tag == f"{TEXT}h":
                self._take_heading(child, None)
            elif child.tag == f"{TEXT}p":
                self._take_paragraph(child)
            elif child.tag == f"{TEXT}list":
                self._take_list(child)
            elif child.tag == f"{TABLE}table":
                self._take_table(child)
            elif child.tag in _AROUND_BLOCKS and child.get(f"{TEXT}display") != "none":
                self._walk(child)
            elif isinstance(child.tag, str) and child.tag.startswith(DRAW):
                found = Inline()
                self._document.look_into(child, found)
                self._write_what_follows(found)

    def _take_heading(self, element: _Element, label: str | None) -> None:
        """Adds a heading; `label` is its number, None for one that stands in no list."""
        found = self._document.inline(element)
        level = number(element, f"{TEXT}outline-level", 1)
        if label is None and element.get(f"{TEXT}is-list-header") != "true":
            style = self._document.style("paragraph", element.get(f"{TEXT}style-name"))
            label = "" if style.numbers == "" else self._document.lists.heading_label(level)
        self._flow.add_heading(level, labelled(label or "", found.text))
        self._write_what_follows(found)

    def _take_paragraph(self, element: _Element) -> None:
        found = self._document.inline(element)
        style = self._document.style("paragraph", element.get(f"{TEXT}style-name"))
        if style.name == "Title":
            self._flow.add_title(found.text)
        else:
            self._flow.add_paragraph(found.text, is_caption=style.is_caption)
        self._write_what_follows(found)

    def _take_list(self, element: _Element) -> None:
        for item in self._document.lists.items(element):
            if item.element.tag == f"{TABLE}table":
                self._take_table(item.element)
            elif item.element.tag == f"{TEXT}h":
                self._take_heading(item.element, item.label)
            else:
                found = self._document.inline(item.element)
                self._flow.add_item(found.text, label=item.label, depth=item.depth)
                self._write_what_follows(found)

    def _write_what_follows(self, found: Inline) -> None:
        for what, text in found.said:
            self._flow.add_note(what, text)
        for chart in found.charts:
            for title in chart.iterfind(f"{CHART}title"):
                self._flow.add_paragraph(self._document.plain(title), is_caption=True)
            self._take_table(chart)
        for box in found.boxes:
            if box.tag == f"{TABLE}table":
                self._take_table(box)
            else:
                self._walk(box)

    def _take_table(self, parent: _Element) -> None:
        """Adds a table, or those of a chart."""
        tables = [parent] if parent.tag == f"{TABLE}table" else parent.iterfind(f"{TABLE}table")
        for table in tables:
            within = Inline()
            rows, header_rows = self._document.cells(table, within)
            if all(len(row) <= 1 for row in rows):
                # A frame around text.
                for cell in table.iter(f"{TABLE}table-cell"):
                    self._walk(cell)
                continue
            self._flow.add_table(rows, header_rows=header_rows, caption=table.findtext(f"{TABLE}title") or "")
            self._write_what_follows(within)

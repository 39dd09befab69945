"""Reads Word documents: the body in order, with its notes, comments, text boxes and charts after what they belong to.

Headings are told by their style or outline level, and numbers are counted as Word counts them. What is deleted or
hidden, headers and footers are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import takewhile

from lxml.etree import _Element

from ingest.readers.cells import Cell
from ingest.readers.docx_styles import ListNumbers, Styles, W, is_on, outline_level, says_on, value
from ingest.readers.drawings import DGM, MC, C, R, chart_of, chosen, diagram_items, picture_says
from ingest.readers.equations import linear
from ingest.readers.flow import Flow, labelled
from ingest.readers.numerals import numeral
from ingest.readers.office_archive import Package, Part
from ingest.readers.source_file import SourceFile, make_document
from ingest.readers.symbols import sign, signs
from kb.types import Document

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_PICTURE = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr"
_LETTERING = "{urn:schemas-microsoft-com:vml}textpath"
_DRAWN = frozenset(f"{W}{name}" for name in ("drawing", "pict", "object"))
_TEXT = {f"{W}tab": "\t", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-"}
_WRAPPERS = frozenset(f"{W}{name}" for name in ("sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag"))
_GONE = frozenset(f"{W}{name}" for name in ("del", "moveFrom", "rt", "pPr", "rPr", "sdtPr", "tblPr", "instrText"))
_NOTES = {f"{W}footnoteReference": "footnote", f"{W}endnoteReference": "endnote"}


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


@dataclass(slots=True)
class _Paragraph:
    """What is found in a paragraph: its text, and what comes after it."""

    pieces: list[str] = field(default_factory=list)
    boxes: list[_Element] = field(default_factory=list)
    graphics: list[_Element] = field(default_factory=list)
    said: list[tuple[str, str]] = field(default_factory=list)
    """Notes, comments and pictures: what each is, and its text."""
    in_code: list[bool] = field(default_factory=list)
    """For each field that is open whether its code goes on, which is not shown."""

    @property
    def text(self) -> str:
        return "".join(self.pieces).strip()


class _Body:
    """Writes down the body of one document."""

    def __init__(self, file: SourceFile, package: Package, main: Part) -> None:
        self._file = file
        self._package = package
        self._main = main
        styles, numbering = package.related(main, "styles"), package.related(main, "numbering")
        self._styles = Styles(styles.root if styles else None)
        self._numbers = ListNumbers(numbering.root if numbering else None, self._styles)
        self._notes = {kind: self._texts(f"{kind}s", kind) for kind in _NOTES.values()}
        self._comments = self._texts("comments", "comment")
        self._formats = self._note_formats()
        self._counts = dict.fromkeys(_NOTES.values(), 0)
        self._flow = Flow()
        self._open = _Paragraph()
        self.inserted: list[str] = []
        """Parts with content in another format, which stand in the body."""

    def read(self) -> Flow:
        for body in self._main.root.iter(f"{W}body"):
            self._walk(body)
        self._flow.add_paragraph(self._open.text)
        self._write_what_follows(self._open)
        return self._flow

    def _texts(self, part: str, tag: str) -> dict[str, _Element]:
        found = self._package.related(self._main, part)
        return {} if found is None else {note.get(f"{W}id", ""): note for note in found.root.iter(f"{W}{tag}")}

    def _note_formats(self) -> dict[str, str]:
        """How notes are numbered: as the sections say, else the settings, else as Word does by itself."""
        formats = {"footnote": "decimal", "endnote": "lowerRoman"}
        settings = self._package.related(self._main, "settings")
        for root in [settings.root] if settings else []:
            formats |= {kind: said for kind in formats if (said := value(root, f"{kind}Pr/numFmt"))}
        for section in self._main.root.iter(f"{W}sectPr"):
            formats |= {kind: said for kind in formats if (said := value(section, f"{kind}Pr/numFmt"))}
        return formats

    def _walk(self, parent: _Element) -> None:
        for child in _blocks(parent):
            self._file.step()
            if child.tag == f"{W}p":
                self._take_paragraph(child)
            elif child.tag == f"{W}tbl":
                self._take_table(child)
            elif name := self._main.by_id.get(child.get(f"{R}id", "")):
                self.inserted.append(name)

    def _take_paragraph(self, element: _Element) -> None:
        self._collect(element, self._open, is_hidden=self._styles[value(element, "pPr/pStyle")].is_hidden)
        if not _goes_on(element):
            found, self._open = self._open, _Paragraph()
            self._write(element, found.text)
            self._write_what_follows(found)

    def _write(self, element: _Element, text: str) -> None:
        style_id = value(element, "pPr/pStyle")
        style = self._styles[style_id]
        label = self._numbers.next_label(element, style_id)
        level = outline_level(element, style.level)
        if style.name == "Title":
            self._flow.add_title(text)
        elif level and text:
            self._flow.add_heading(level, labelled(label[0] if label else "", text))
        elif label and label[0] and text:
            self._flow.add_item(text, label=label[0], depth=label[1])
        else:
            self._flow.add_paragraph(text, is_caption=style.is_caption)

    def _write_what_follows(self, found: _Paragraph) -> None:
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
        rows = [row for row in _children(table, "tr") if row.find(f"{W}trPr/{W}del") is None]
        cells = [[cell for cell in _children(row, "tc") if not _is_deleted(cell)] for row in rows]
        if all(len(row) <= 1 for row in cells):
            # A frame around text.
            for row in cells:
                for cell in row:
                    self._walk(cell)
            return
        within = _Paragraph()
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

    def _cell(self, cell: _Element, within: _Paragraph) -> Cell:
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

    def _text_in_cell(self, paragraph: _Element, within: _Paragraph) -> str:
        style_id = value(paragraph, "pPr/pStyle")
        found = replace(within, pieces=[], in_code=[])
        self._collect(paragraph, found, is_hidden=self._styles[style_id].is_hidden)
        label = self._numbers.next_label(paragraph, style_id)
        return labelled(label[0] if label else "", found.text)

    def _collect(self, element: _Element, found: _Paragraph, *, is_hidden: bool) -> None:
        for child in element:
            if child.tag == f"{W}r":
                self._collect_run(child, found, is_hidden)
            elif child.tag in (f"{_M}oMath", f"{_M}oMathPara"):
                found.pieces.append(linear(child))
            elif child.tag == f"{MC}AlternateContent":
                self._collect(_chosen(child), found, is_hidden=is_hidden)
            elif child.tag not in _GONE and not _is_prompt(child):
                self._collect(child, found, is_hidden=is_hidden)

    def _collect_run(self, run: _Element, found: _Paragraph, is_hidden: bool) -> None:
        inherited = is_hidden or self._styles[value(run, "rPr/rStyle")].is_hidden
        is_hidden = is_on(run.find(f"{W}rPr/{W}vanish"), inherited)
        fonts = run.find(f"{W}rPr/{W}rFonts")
        font = "" if fonts is None else fonts.get(f"{W}ascii", "")
        for child in run:
            if child.tag == f"{W}fldChar":
                _take_field(child, found)
            elif not is_hidden and not any(found.in_code):
                self._take(child, found, font)

    def _take(self, child: _Element, found: _Paragraph, font: str) -> None:
        """What stands in a run."""
        tag = child.tag
        if tag == f"{W}t":
            found.pieces.append(signs(font, child.text or ""))
        elif tag in _TEXT:
            found.pieces.append(_TEXT[tag])
        elif tag == f"{W}sym":
            found.pieces.append(_symbol(child))
        elif tag in _NOTES:
            found.said.append(self._note(child, _NOTES[tag]))
        elif tag == f"{W}commentReference":
            found.said.extend(self._comment(child))
        elif tag == f"{MC}AlternateContent":
            for grandchild in _chosen(child):
                self._take(grandchild, found, font)
        elif tag == f"{W}ruby":
            self._collect(child, found, is_hidden=False)
        elif tag in _DRAWN:
            _look_into(child, found)

    def _note(self, reference: _Element, kind: str) -> tuple[str, str]:
        number = ""
        if not says_on(reference.get(f"{W}customMarkFollows", "0")):
            self._counts[kind] += 1
            number = f" {numeral(self._counts[kind], self._formats[kind])}"
        return kind.title() + number, self._plain(self._notes[kind].get(reference.get(f"{W}id", "")))

    def _comment(self, reference: _Element) -> Iterator[tuple[str, str]]:
        comment = self._comments.get(reference.get(f"{W}id", ""))
        if comment is not None:
            author = comment.get(f"{W}author", "").strip()
            yield f"Comment by {author}" if author else "Comment", self._plain(comment)

    def _plain(self, element: _Element | None) -> str:
        """The paragraphs of a note on one line."""
        texts = []
        for paragraph in () if element is None else element.iter(f"{W}p"):
            found = _Paragraph()
            self._collect(paragraph, found, is_hidden=False)
            texts.append(found.text)
        return " ".join(" ".join(texts).split())


def _blocks(parent: _Element) -> Iterator[_Element]:
    """Paragraphs, tables and inserted files in order, those within content controls and revisions included."""
    return _children(parent, "p", "tbl", "altChunk")


def _children(parent: _Element, *names: str) -> Iterator[_Element]:
    for child in parent:
        if child.tag in [f"{W}{name}" for name in names]:
            yield child
        elif child.tag == f"{MC}AlternateContent":
            yield from _children(_chosen(child), *names)
        elif child.tag in _WRAPPERS and not _is_prompt(child):
            yield from _children(child, *names)


def _chosen(alternatives: _Element) -> _Element:
    found = chosen(alternatives)
    return alternatives.makeelement("none") if found is None else found


def _is_prompt(element: _Element) -> bool:
    """A content control that was not filled in shows a text that asks to."""
    return is_on(element.find(f"{W}sdtPr/{W}showingPlcHdr"))


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


def _symbol(element: _Element) -> str:
    try:
        return sign(element.get(f"{W}font", ""), int(element.get(f"{W}char", ""), 16))
    except ValueError:
        return ""


def _take_field(mark: _Element, found: _Paragraph) -> None:
    """Follows a field from its code to its result, and says what a field of a form shows."""
    kind = mark.get(f"{W}fldCharType")
    if kind == "begin":
        if not any(found.in_code):
            found.pieces.append(_form_field(mark))
        found.in_code.append(True)
    elif kind == "separate" and found.in_code:
        found.in_code[-1] = False
    elif kind == "end" and found.in_code:
        found.in_code.pop()


def _form_field(mark: _Element) -> str:
    box = mark.find(f"{W}ffData/{W}checkBox")
    if box is not None:
        state = box.find(f"{W}checked")
        return "☒" if is_on(box.find(f"{W}default") if state is None else state) else "☐"
    entries = [entry.get(f"{W}val", "") for entry in mark.iterfind(f"{W}ffData/{W}ddList/{W}listEntry")]
    index = value(mark, "ffData/ddList/result") or "0"
    return entries[int(index)] if index.isdecimal() and int(index) < len(entries) else ""


def _look_into(drawing: _Element, found: _Paragraph) -> None:
    """Finds what a drawing says: text boxes, charts, diagrams, and what a picture is said to show."""
    for child in drawing:
        if child.tag == f"{W}txbxContent":
            found.boxes.append(child)
        elif child.tag in (f"{C}chart", f"{DGM}relIds"):
            found.graphics.append(child)
        elif child.tag == f"{MC}AlternateContent":
            _look_into(_chosen(child), found)
        elif child.tag == _PICTURE:
            found.said.append(("Picture", picture_says(child.get("descr", ""))))
        elif child.tag == _LETTERING:
            found.said.append(("Lettering", child.get("string", "")))
        else:
            _look_into(child, found)

"""The text of a Word document's paragraphs as people see it, and what is fixed to it: notes, comments, drawings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lxml.etree import _Element

from ingest.readers.office.docx_sight import Sight
from ingest.readers.office.docx_styles import Styles, W, is_on, says_on, value
from ingest.readers.office.drawings import DGM, MC, C, picture_says, shown
from ingest.readers.office.equations import linear
from ingest.readers.office.numerals import numeral
from ingest.readers.office.office_archive import Package, Part
from ingest.readers.office.symbols import sign, signs

_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_PICTURE = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr"
_LETTERING = "{urn:schemas-microsoft-com:vml}textpath"
_DRAWN = frozenset(f"{W}{name}" for name in ("drawing", "pict", "object"))
_TEXT = {f"{W}tab": "\t", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-"}
_GONE = frozenset(f"{W}{name}" for name in ("del", "moveFrom", "rt", "pPr", "rPr", "sdtPr"))
_NOTES = {f"{W}footnoteReference": "footnote", f"{W}endnoteReference": "endnote"}


@dataclass(slots=True)
class Inline:
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


class Texts:
    """Reads the paragraphs of one document, whose notes are counted as they go by."""

    def __init__(self, package: Package, main: Part, styles: Styles) -> None:
        self._package = package
        self._main = main
        self._styles = styles
        self._sight = Sight(main.root, styles)
        self._notes = {kind: self._texts(f"{kind}s", kind) for kind in _NOTES.values()}
        self._comments = self._texts("comments", "comment")
        self._formats = self._note_formats()
        self._counts = dict.fromkeys(_NOTES.values(), 0)

    def read(self, paragraph: _Element, found: Inline) -> None:
        """Adds what stands in a paragraph."""
        self._collect(paragraph, found, is_hidden=self._styles[value(paragraph, "pPr/pStyle")].is_hidden)

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

    def _collect(self, elements: Iterable[_Element], found: Inline, *, is_hidden: bool) -> None:
        for child in elements:
            if child.tag == f"{W}r":
                self._collect_run(child, found, is_hidden)
            elif child.tag in (f"{_M}oMath", f"{_M}oMathPara"):
                before = child.getprevious()
                found.pieces.append(" " if before is not None and before.tag == child.tag else "")
                found.pieces.append(linear(child))
            elif child.tag == f"{MC}AlternateContent":
                self._collect(shown(child), found, is_hidden=is_hidden)
            elif child.tag not in _GONE and not is_prompt(child):
                self._collect(child, found, is_hidden=is_hidden)

    def _collect_run(self, run: _Element, found: Inline, is_hidden: bool) -> None:
        inherited = is_hidden or self._styles[value(run, "rPr/rStyle")].is_hidden
        is_hidden = is_on(run.find(f"{W}rPr/{W}vanish"), inherited) or self._sight.misses(run)
        fonts = run.find(f"{W}rPr/{W}rFonts")
        font = "" if fonts is None else fonts.get(f"{W}ascii", "")
        for child in run:
            if child.tag == f"{W}fldChar":
                _take_field(child, found)
            elif not is_hidden and not any(found.in_code):
                self._take(child, found, font)

    def _take(self, child: _Element, found: Inline, font: str) -> None:
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
            for grandchild in shown(child):
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
            found = Inline()
            self._collect(paragraph, found, is_hidden=False)
            texts.append(found.text)
        return " ".join(" ".join(texts).split())


def is_prompt(element: _Element) -> bool:
    """A content control that was not filled in shows a text that asks to."""
    return is_on(element.find(f"{W}sdtPr/{W}showingPlcHdr"))


def _symbol(element: _Element) -> str:
    try:
        return sign(element.get(f"{W}font", ""), int(element.get(f"{W}char", ""), 16))
    except ValueError:
        return ""


def _take_field(mark: _Element, found: Inline) -> None:
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


def _look_into(drawing: Iterable[_Element], found: Inline) -> None:
    """Finds what a drawing says: text boxes, charts, diagrams, and what a picture is said to show."""
    for child in drawing:
        if child.tag == f"{W}txbxContent":
            found.boxes.append(child)
        elif child.tag in (f"{C}chart", f"{DGM}relIds"):
            found.graphics.append(child)
        elif child.tag == f"{MC}AlternateContent":
            _look_into(shown(child), found)
        elif child.tag == _PICTURE:
            found.said.append(("Picture", picture_says(child.get("descr", ""))))
        elif child.tag == _LETTERING:
            found.said.append(("Lettering", child.get("string", "")))
        else:
            _look_into(child, found)

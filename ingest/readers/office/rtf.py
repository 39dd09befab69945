"""Reads RTF: text in the code pages of its fonts, tables, headings by their styles, notes after what they belong to.

Pictures, binary data, the code of fields, headers and footers, what is deleted or hidden are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ingest.readers.office.numerals import numeral
from ingest.readers.office.rtf_body import Body, Edge, Paragraph, Style, whole
from ingest.readers.office.rtf_tokens import Token, code_page, code_page_of, tokens, white_colours
from ingest.readers.office.symbols import is_of_signs, sign
from ingest.readers.source_file import SourceFile, make_document
from kb.errors import UnreadableFile
from kb.types import Document

MEDIA_TYPE = "application/rtf"
_DEEPEST = 500
"""Groups within groups; files of word processors have some twenty."""
_STEP_EVERY = 10_000
_HALF_POINTS = 3
"""Letters of this size, 1.5 points, are a line."""

_CHARACTERS = {
    "tab": "\t", "line": "\n", "lbr": "\n", "page": "\n", "column": "\n", "emdash": "—", "endash": "–",
    "bullet": "•", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "emspace": " ", "enspace": " ",
    "qmspace": " ", "~": "\u00a0", "_": "-", "\\": "\\", "{": "{", "}": "}",
}  # fmt: skip
_LEFT_OUT = "left out"
_SILENT = frozenset({
    _LEFT_OUT, "bkmkend", "bkmkstart", "colortbl", "filetbl", "fldinst", "footer", "footerf", "footerl", "footerr",
    "ftncn", "ftnsep", "ftnsepc", "header", "headerf", "headerl", "headerr", "info", "list", "listoverride",
    "listoverridetable", "listtable", "nonesttables", "nonshppict", "objdata", "pict", "pn", "rxe", "shprslt", "sn",
    "sv", "tc", "txe", "upr", "xe",
})  # fmt: skip
"""Destinations whose text is not the document's."""
_STARRED = frozenset({
    "annotation", "atnauthor", "do", "moMath", "moMathPara", "nesttableprops", "shpinst", "shppict",
})  # fmt: skip
"""Destinations whose text counts although programs that do not know them are told to leave them out."""
_BOXES = frozenset({"dptxbxtext", "shptxt"})
_LABELS = frozenset({"listtext", "pntext"})
_APART = frozenset({"annotation", "atnauthor", "fonttbl", "footnote", "stylesheet"}) | _BOXES | _LABELS
"""Destinations whose text is taken apart from the body's."""
_ABOUT = frozenset({"revtim", "title"})
"""Those within the information on the document that are of use here."""
_ENDNOTES_AS = {
    "aftnnar": "decimal",
    "aftnnalc": "lowerLetter",
    "aftnnauc": "upperLetter",
    "aftnnrlc": "lowerRoman",
    "aftnnruc": "upperRoman",
}
_PAGES = {"mac": 10000, "pc": 437, "pca": 850}


@dataclass(frozen=True, slots=True)
class RtfReader:
    def read(self, file: SourceFile) -> Iterator[Document]:
        parser = _Parser(file)
        parser.parse()
        flow = parser.body.finished()
        written = flow.finished()
        yield make_document(
            file,
            text=written.text,
            title=parser.title or flow.title,
            media_type=MEDIA_TYPE,
            modified=parser.modified(),
            marks=written.marks,
            blocks=written.blocks,
        )


@dataclass(slots=True)
class _Font:
    charset: int | None = None
    name: str = ""


@dataclass(slots=True)
class _State:
    """What holds within a group."""

    destination: str = ""
    collected: list[str] | None = None
    """Takes the text where that is not the body's."""
    paragraph: Paragraph = field(default_factory=Paragraph)
    font: int | None = None
    is_hidden: bool = False
    is_deleted: bool = False
    is_tiny: bool = False
    is_white: bool = False
    stands_for: int = 1
    """How many characters stand for one in Unicode, for programs that do not know it."""
    is_endnote: bool = False


class _Parser:
    """Follows the tokens of one file."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        self._state = _State()
        self._groups: list[_State] = []
        self._begins_group = False
        self._is_starred = False
        self._bytes = bytearray()
        self._to_skip = 0
        self._page = code_page(1252)
        self._white: frozenset[int] = frozenset()
        self._fonts: dict[int, _Font] = {}
        self._usual_font = -1
        self._defined_font = _Font()
        self._styles: dict[int, Style] = {}
        self._defined_style = Style()
        self._edges: list[Edge] = []
        self._edge = Edge(0)
        self._is_header = False
        self._author = ""
        self._counts = {"Footnote": 0, "Endnote": 0}
        self._endnotes_as = "decimal"
        self._time: dict[str, int] = {}
        self.title = ""
        self.body = Body(self._styles)

    def parse(self) -> None:
        content = self._file.read()
        self._white = white_colours(content)
        for index, token in enumerate(tokens(content)):
            if index % _STEP_EVERY == 0:
                self._file.step()
            if token.content:
                self._take_bytes(token.content)
            elif token.is_symbol or token.name not in "{}":
                self._take(token)
            elif token.name == "{":
                self._open()
            else:
                self._close()
                if not self._groups:
                    break
        self._flush()

    def modified(self) -> datetime | None:
        time = self._time
        try:
            day = time["yr"], time["mo"], time["dy"]
            return datetime(*day, time.get("hr", 0), time.get("min", 0), tzinfo=UTC)
        except (KeyError, ValueError):
            return None

    def _open(self) -> None:
        if len(self._groups) >= _DEEPEST:
            raise UnreadableFile(f"{self._file.name} is damaged: its groups lie too deep in each other; save it again.")
        self._to_skip = 0
        self._groups.append(self._state)
        self._state = copy(self._state)
        self._state.paragraph = copy(self._state.paragraph)
        self._is_starred, self._begins_group = False, True

    def _close(self) -> None:
        self._flush()
        self._to_skip = 0
        ended, self._state = self._state, self._groups.pop() if self._groups else _State()
        if ended.collected is not None and ended.collected is not self._state.collected:
            self._take_collected(ended)

    def _take_collected(self, ended: _State) -> None:
        """What a destination of its own has said, when its group ends."""
        text = whole("".join(ended.collected or ()))
        plain = " ".join(text.split())
        if ended.destination == "footnote":
            kind = "Endnote" if ended.is_endnote else "Footnote"
            self._counts[kind] += 1
            number = numeral(self._counts[kind], self._endnotes_as if ended.is_endnote else "decimal")
            self.body.said.append((f"{kind} {number}", plain))
        elif ended.destination == "annotation":
            self.body.said.append((f"Comment by {self._author}" if self._author else "Comment", plain))
            self._author = ""
        elif ended.destination == "atnauthor":
            self._author = plain
        elif ended.destination in _BOXES:
            self.body.boxes.extend(filter(None, map(str.strip, text.split("\n"))))
        elif ended.destination in _LABELS:
            self.body.label = plain
        elif ended.destination == "title":
            self.title = plain

    def _take(self, token: Token) -> None:
        begins, self._begins_group = self._begins_group, False
        if token.is_symbol and token.name == "*":
            self._is_starred = self._begins_group = begins
        elif begins and (destination := self._destination(token)) is not None:
            self._enter(destination)
        elif self._to_skip and token.is_symbol:
            self._to_skip -= 1
        elif self._state.destination not in _SILENT:
            self._flush()
            self._to_skip = 0
            self._obey(token.name, token.number)

    def _destination(self, token: Token) -> str | None:
        """Where the text of a group goes by its first word; None where that does not say."""
        name, around = token.name, self._state.destination
        if name == "ud" and around == "upr":
            # The same once more in Unicode; what stood before it is for programs that do not know it.
            return self._groups[-2].destination if len(self._groups) > 1 else ""
        if around in _SILENT:
            return name if around == "info" and (name in _ABOUT or name == "upr") else None
        if self._is_starred and name not in _STARRED:
            return _LEFT_OUT
        return name if name in _SILENT or name in _APART else None

    def _enter(self, destination: str) -> None:
        self._flush()
        self._state.destination = destination
        if destination in _APART or destination in _ABOUT:
            self._state.collected = []
            self._state.is_endnote = False

    def _obey(self, name: str, number: int | None) -> None:
        if name == "u" and number is not None:
            font = self._font.name if is_of_signs(self._font.name) else ""
            self._write(sign(font, number % 0x1_0000) if font else chr(number % 0x1_0000))
            self._to_skip = self._state.stands_for
        elif name in _CHARACTERS:
            self._write(_CHARACTERS[name])
        elif name in ("par", "sect", "cell", "nestcell", "row", "nestrow", "\n", "\r", "\r\n"):
            self._end(name)
        elif name in ("trowd", "trhdr", "clmrg", "clvmrg", "cellx"):
            self._define_row(name, number or 0)
        elif self._state.destination in ("fonttbl", "stylesheet"):
            self._define(name, number)
        elif self._state.destination == "revtim":
            self._time[name] = number or 0
        else:
            self._format(name, number)

    def _format(self, name: str, number: int | None) -> None:
        """Orders that hold for the text that follows, in this group."""
        state = self._state
        match name:
            case "pard":
                state.paragraph = Paragraph()
            case "plain":
                state.font, state.is_hidden, state.is_deleted = None, False, False
                state.is_tiny = state.is_white = False
            case "f":
                state.font = number
            case "v":
                state.is_hidden = number != 0
            case "cf":
                state.is_white = number in self._white
            case "fs":
                state.is_tiny = number is not None and 0 <= number <= _HALF_POINTS
            case "deleted":
                state.is_deleted = number != 0
            case "uc":
                state.stands_for = max(number or 0, 0)
            case "s":
                state.paragraph.style = number
            case "outlinelevel":
                state.paragraph.outline = number
            case "ilvl":
                state.paragraph.level = max(number or 0, 0)
            case "intbl":
                state.paragraph.in_table = True
            case "itap":
                state.paragraph.nesting = max(number or 0, 1)
            case "ftnalt":
                state.is_endnote = True
            case "ansicpg":
                self._page = code_page(number)
            case "mac" | "pc" | "pca":
                self._page = code_page(_PAGES[name])
            case "deff":
                self._usual_font = -1 if number is None else number
            case _:
                self._endnotes_as = _ENDNOTES_AS.get(name, self._endnotes_as)

    def _define(self, name: str, number: int | None) -> None:
        """Orders that say what a font or a style is; their names follow as text."""
        if name == "f" and number is not None:
            self._state.font = number
            self._defined_font = self._fonts.setdefault(number, _Font())
        elif name == "fcharset":
            self._defined_font.charset = number
        elif name == "s" and number is not None:
            self._defined_style = self._styles.setdefault(number, Style())
        elif name == "sbasedon":
            self._defined_style.based_on = number
        elif name == "outlinelevel":
            self._defined_style.outline = number

    def _define_row(self, name: str, number: int) -> None:
        if name == "trowd":
            self._edges, self._edge, self._is_header = [], Edge(0), False
        elif name == "trhdr":
            self._is_header = True
        elif name == "clmrg":
            self._edge = self._edge._replace(goes_on=True)
        elif name == "clvmrg":
            self._edge = self._edge._replace(is_lower=True)
        else:
            self._edges.append(self._edge._replace(right=number))
            self._edge = Edge(0)

    def _end(self, name: str) -> None:
        if self._state.collected is not None:
            self._state.collected.append("\n")
        elif name in ("cell", "nestcell"):
            self.body.end_cell(nested=name == "nestcell")
        elif name in ("row", "nestrow"):
            self.body.end_row(self._edges, is_header=self._is_header, nested=name == "nestrow")
        else:
            self.body.end_paragraph(self._state.paragraph)

    def _take_bytes(self, content: bytes) -> None:
        self._begins_group = False
        skipped = min(self._to_skip, len(content))
        self._to_skip -= skipped
        if self._groups and self._state.destination not in _SILENT:
            self._bytes += content[skipped:]

    @property
    def _font(self) -> _Font:
        number = self._usual_font if self._state.font is None else self._state.font
        return self._fonts.get(number, _Font())

    def _flush(self) -> None:
        """Writes the bytes that have come together: a character may take several."""
        if not self._bytes:
            return
        content, font = bytes(self._bytes), self._font
        self._bytes.clear()
        if is_of_signs(font.name) and self._state.destination not in ("fonttbl", "stylesheet"):
            self._write("".join(sign(font.name, byte) for byte in content))
        else:
            page = None if self._state.destination == "title" else code_page_of(font.charset)
            self._write(content.decode(page or self._page, "replace"))

    def _write(self, text: str) -> None:
        state = self._state
        if state.destination == "fonttbl":
            self._defined_font.name = (self._defined_font.name + text).strip(" ;")
        elif state.destination == "stylesheet":
            name, ended, _ = text.partition(";")
            self._defined_style.name = (self._defined_style.name + name).strip()
            self._defined_style = Style() if ended else self._defined_style
        elif state.is_hidden or state.is_deleted or state.is_tiny or state.is_white:
            return
        elif state.collected is not None:
            state.collected.append(text)
        else:
            self.body.write(text)

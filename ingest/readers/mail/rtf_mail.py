"""Undoes what Outlook does to a body: compressed RTF (MS-OXRTFCP), and HTML or text wrapped up in it (MS-OXRTFEX)."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, replace

from ingest.readers.encoding import decode

_FILLED = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor "
    b"MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20"
    b"\\b\\i\\u\\tab\\tx"
)
"""What compressed RTF may refer to before its first byte."""
_WINDOW = 4096
_HEADER = struct.Struct("<I4x4s4x")

_TOKEN = re.compile(
    rb"\\'([0-9a-fA-F]{2})|\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\([^a-zA-Z])|([{}])|([^\\{}\r\n]+)", re.DOTALL
)
_CHARACTERS = {
    "par": "\n", "line": "\n", "row": "\n", "tab": "\t", "cell": "\t", "lquote": "‘", "rquote": "’",
    "ldblquote": "“", "rdblquote": "”", "bullet": "•", "endash": "–", "emdash": "—", "~": "\xa0", "_": "-",
    "{": "{", "}": "}", "\\": "\\", "\n": "\n", "\r": "\n",
}  # fmt: skip
_NOT_SHOWN = frozenset({
    "fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "header", "footer", "mhtmltag",
})  # fmt: skip
_FONT = re.compile(rb"\\f(\d{1,5})[^{};]*?\\fcharset(\d{1,3})")
_CHARSETS = {
    "128": "cp932", "129": "cp949", "134": "gb18030", "136": "big5hkscs", "161": "cp1253", "162": "cp1254",
    "163": "cp1258", "177": "cp1255", "178": "cp1256", "186": "cp1257", "204": "cp1251", "222": "cp874",
    "238": "cp1250",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _State:
    """What holds within a group: what of it is shown, how many bytes stand in for a character, and their encoding."""

    is_ignored: bool = False
    is_for_rtf: bool = False
    stand_ins: int = 1
    encoding: str = "cp1252"


def decompressed(data: bytes) -> bytes:
    """RTF as it was before it was compressed; as far as it goes where it is damaged."""
    if len(data) < _HEADER.size:
        return b""
    size, kind = _HEADER.unpack_from(data)
    content = data[_HEADER.size : size + 4]
    if kind != b"LZFu":
        return content if kind == b"MELA" else b""
    history = bytearray(_FILLED.rjust(_WINDOW))
    at = 0
    while at < len(content):
        flags, at = content[at], at + 1
        for bit in range(8):
            if not flags >> bit & 1:
                history += content[at : at + 1]
                at += 1
                continue
            reference = int.from_bytes(content[at : at + 2], "big")
            distance = (len(history) + len(_FILLED) - (reference >> 4)) % _WINDOW
            if not distance or at + 2 > len(content):
                return bytes(history[_WINDOW:])
            for _ in range((reference & 15) + 2):
                history.append(history[-distance])
            at += 2
    return bytes(history[_WINDOW:])


def unwrapped(rtf: bytes) -> tuple[str, bool]:
    """The text of RTF, and whether it is HTML."""
    return _Reading(rtf).text(), b"\\fromhtml1" in rtf[:_WINDOW]


class _Reading:
    """One RTF text on its way to plain text, or to the HTML that it was made from."""

    def __init__(self, rtf: bytes) -> None:
        self._rtf = rtf.rstrip(b"\0")
        self._fonts = {font.decode(): _CHARSETS.get(number.decode(), "") for font, number in _FONT.findall(rtf)}
        self._state = _State()
        self._around: list[_State] = []
        self._texts: list[str] = []
        self._bytes = b""
        self._skipped = 0

    def text(self) -> str:
        before = b""
        for token in _TOKEN.finditer(self._rtf):
            code, word, number, sign, brace, run = token.groups()
            if brace:
                self._take_brace(brace)
            elif word:
                self._take_word(word.decode().lower(), number.decode() if number else "", before)
            elif sign:
                self._take_sign(sign.decode("latin-1"))
            else:
                self._take_bytes(bytes.fromhex(code.decode()) if code else run)
            before = token.group()
        self._end_bytes()
        return "".join(self._texts)

    def _take_brace(self, brace: bytes) -> None:
        self._end_bytes()
        if brace == b"{":
            self._around.append(self._state)
        elif self._around:
            self._state = self._around.pop()

    def _take_word(self, word: str, number: str, before: bytes) -> None:
        if word == "htmlrtf":
            self._end_bytes()
            self._state = replace(self._state, is_for_rtf=number != "0")
        elif word in _NOT_SHOWN or (before == b"\\*" and word != "htmltag"):
            self._state = replace(self._state, is_ignored=True)
        elif word == "uc":
            self._state = replace(self._state, stand_ins=int(number or 1))
        elif word == "u" and number:
            self._take_text(chr(int(number) % 0x10000))
            self._skipped = self._state.stand_ins
        elif word in ("ansicpg", "f"):
            self._end_bytes()
            encoding = f"cp{number}" if word == "ansicpg" else self._fonts.get(number, "")
            self._state = replace(self._state, encoding=encoding or self._state.encoding)
        elif word in _CHARACTERS:
            self._take_text(_CHARACTERS[word])

    def _take_sign(self, sign: str) -> None:
        if sign in _CHARACTERS:
            self._take_text(_CHARACTERS[sign])

    def _take_text(self, text: str) -> None:
        self._end_bytes()
        if not self._is_hidden():
            self._texts.append(text)

    def _take_bytes(self, content: bytes) -> None:
        """Bytes in the group's encoding, without those that stand in for the character before them."""
        skipped, self._skipped = self._skipped, max(0, self._skipped - len(content))
        if not self._is_hidden():
            self._bytes += content[skipped:]

    def _end_bytes(self) -> None:
        content, self._bytes = self._bytes, b""
        try:
            self._texts.append(content.decode(self._state.encoding))
        except (UnicodeDecodeError, LookupError):
            self._texts.append(decode(content) or "")

    def _is_hidden(self) -> bool:
        return self._state.is_ignored or self._state.is_for_rtf

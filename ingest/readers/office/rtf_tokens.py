"""RTF as a run of tokens, and the code pages in which its bytes are written."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\(\r\n|[^a-zA-Z])|([{}])|[\r\n]+|([^\\{}\r\n]+)|\\",
    re.DOTALL,
)
_OF_CHARSET = {
    0: 1252, 77: 10000, 78: 932, 79: 949, 80: 936, 81: 950, 128: 932, 129: 949, 130: 1361, 134: 936, 136: 950,
    161: 1253, 162: 1254, 163: 1258, 177: 1255, 178: 1256, 186: 1257, 204: 1251, 222: 874, 238: 1250, 254: 437,
    255: 850,
}  # fmt: skip
_NAMES = {10000: "mac_roman", 10006: "mac_greek", 10007: "mac_cyrillic", 10029: "mac_latin2", 65001: "utf-8"}
_FALLBACK = "cp1252"
_COLOURS = re.compile(rb"\{\s*\\colortbl([^{}]{0,20000})\}")
_BEHIND = re.compile(rb"\\(?:(?:cl|ch)?cb(?:pat)?|highlight)[1-9]|\\(?:background|shp|do)\b|\\(?:ch|cl)?shdng[1-9]")
_SHARE = re.compile(rb"(?:red|green|blue)(\d{1,3})")
_LIGHT = 225


class Token(NamedTuple):
    """One of: a brace ("{", "}"), a control word with its number, a control symbol, or bytes of text (no name)."""

    name: str
    number: int | None = None
    content: bytes = b""
    is_symbol: bool = False


def tokens(data: bytes) -> Iterator[Token]:
    """The tokens of an RTF file; line ends, and binary data as it is embedded by \\bin, are none."""
    at = 0
    while match := _TOKEN.match(data, at):
        at = match.end()
        word, number, digits, symbol, brace, text = match.groups()
        if word:
            value = int(number) if number else None
            if word == b"bin":
                at += max(value or 0, 0)
            yield Token(word.decode("ascii"), value)
        elif digits:
            yield Token("", content=bytes.fromhex(digits.decode("ascii")))
        elif symbol:
            yield Token(symbol.decode("latin-1"), is_symbol=True)
        elif brace:
            yield Token(brace.decode("ascii"))
        elif text:
            yield Token("", content=text)


def white_colours(data: bytes) -> frozenset[int]:
    """The numbers of the colours that are lost on paper; none in a file that puts colours behind text, or pictures."""
    table = _COLOURS.search(data)
    if table is None or _BEHIND.search(data):
        return frozenset()
    shares = [[int(share) for share in _SHARE.findall(colour)] for colour in table[1].split(b";")]
    return frozenset(number for number, share in enumerate(shares) if len(share) == 3 and min(share) >= _LIGHT)


def code_page(number: int | None) -> str:
    """The codec of a Windows code page."""
    name = _NAMES.get(number or 0, f"cp{number}")
    try:
        return codecs.lookup(name).name
    except LookupError:
        return _FALLBACK


def code_page_of(charset: int | None) -> str | None:
    """The codec of a font's character set, None where that is the document's own."""
    known = _OF_CHARSET.get(-1 if charset is None else charset)
    return code_page(known) if known else None

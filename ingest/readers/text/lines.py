"""Lines and paragraphs of text as it is written."""

from __future__ import annotations

import re

from kb.types import Anchor, Block, Mark

LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
PARAGRAPH = re.compile(r"[^\S\r\n]*\S[^\r\n]*(?:(?:\r\n|\r|\n)[^\S\r\n]*\S[^\r\n]*)*")
"""Lines up to a blank one."""


def line_marks(text: str) -> list[Mark]:
    """A mark at the start of each line that is not blank."""
    return [
        Mark(match.start(), Anchor("line", f"line {number}", number))
        for number, match in enumerate(LINE.finditer(text), 1)
        if not match.group().isspace()
    ]


def paragraphs(text: str, start: int = 0, end: int | None = None, headings: tuple[str, ...] = ()) -> list[Block]:
    """The paragraphs of `text` from `start` to `end`, all below `headings`."""
    found = PARAGRAPH.finditer(text, start, len(text) if end is None else end)
    return [Block(match.start(), match.end(), "paragraph", headings) for match in found]

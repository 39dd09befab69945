"""Headings, told by their letters: short paragraphs that are bold, italic or larger than the text around them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingest.readers.pages.page import Line

_LARGE = 1.2
"""Of the usual height of letters."""
_MOST_LINES = 2
_LONGEST = 110
_FEWEST_LETTERS = 4
_DIGITS = 4
"""Letters for each digit: fewer stand in a row of a table."""
_NO_END = re.compile(r"[:;,]$")
_SENTENCE = re.compile(r"[.!?]$")
_LARGEST = 90.0
_BELOW_OUTLINE = 1_000
"""Levels of headings told by letters come below those of the outline."""


def heading_level(lines: Sequence[Line], usual: float) -> int | None:
    """The level of a paragraph as a heading, the lower the more it stands out; None where it is none.

    `usual` is the height of most letters.
    """
    text = " ".join(line.text for line in lines)
    height = min(line.box.height for line in lines)
    emphasis = min(line.emphasis for line in lines)
    is_large = height > _LARGE * usual
    if not (emphasis or is_large) or any(line.is_aside for line in lines):
        return None
    letters, digits = sum(map(str.isalpha, text)), sum(map(str.isdigit, text))
    if len(lines) > _MOST_LINES or len(text) > _LONGEST or letters < max(_FEWEST_LETTERS, _DIGITS * digits):
        return None
    if text.startswith("(") or _NO_END.search(text) or _SENTENCE.search(text):
        return None
    return _BELOW_OUTLINE + 1000 - round(10 * min(height, _LARGEST)) - 3 * emphasis - text.isupper()

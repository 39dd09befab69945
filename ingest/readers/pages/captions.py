"""The title above a table, or the sentence that leads to it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingest.readers.pages.rows import Row, Rows

_LEADS = re.compile(r"\b(?:tables?|follow(?:s|ing)|below|as set forth)\b", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z“\"(])")
_GAP = 5.0
_LINE_GAP = 0.5
"""In heights of letters: how far above a table its caption, and one line of a sentence above the next, may stand."""
_MOST_ROWS = 4
_LONGEST = 300


def caption(page: Rows, end: int, head: int) -> str:
    """The caption of the table that begins with row `head`, from the rows since `end`; "" where there is none."""
    first = max(end, head - _MOST_ROWS)
    titles: list[str] = []
    index = head
    while index > first and page.gap(index) <= _GAP and _is_title(page, page.rows[index - 1]):
        index -= 1
        titles.insert(0, page.rows[index].text)
    return _shortened(" ".join([*_leading_sentence(page, first, index), *titles]))


def _is_title(page: Rows, row: Row) -> bool:
    return not row.is_data and not page.is_prose(row)


def _leading_sentence(page: Rows, first: int, index: int) -> Sequence[str]:
    """The last sentence that says that it leads to a table, of the paragraph that ends above row `index`."""
    lines: list[str] = []
    while index > first and page.gap(index) <= (_LINE_GAP if lines else _GAP):
        index -= 1
        row = page.rows[index]
        if row.is_data or not (lines or page.is_prose(row)):
            break
        lines.insert(0, row.text)
    sentences = _SENTENCE.split(" ".join(lines))
    return [sentence for sentence in sentences if sentence.endswith(":") or _LEADS.search(sentence)][-1:]


def _shortened(text: str) -> str:
    """The end of a caption, from a word on."""
    return text if len(text) <= _LONGEST else text[-_LONGEST:].partition(" ")[2]

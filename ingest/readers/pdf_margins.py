"""Running headers, footers and page numbers: lines in the margins that come again on page after page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from ingest.readers.pdf_page import Line, Page

_MARGIN = 0.09
_FEWEST_PAGES = 3
_SHARE = 0.2
_PASSES = 3
_NUMBER = re.compile(r"(?<![\d.,])\d{1,4}(?![\d]|[.,]\d)")

Key = tuple[bool, str]
"""Whether a number in a line counts the pages, and the words, that number given as its distance from the page's."""


def without_running_lines(pages: Sequence[Page]) -> list[Page]:
    """The pages without lines that come again in the highest or lowest 9 %, or as the lowest line wherever it stands.

    Lines that count the pages come again on three; others, the same word for word, on a fifth of all and three at least
    (two of three or four), since tables and signatures too resemble each other. A page of which nothing would be left
    keeps its lines.
    """
    kept = list(pages)
    for _ in range(_PASSES):
        kept = _without_outer_lines(kept)
    return [after if after.lines else before for before, after in zip(pages, kept, strict=True)]


def _without_outer_lines(pages: Sequence[Page]) -> list[Page]:
    keys = [_keys(page) for page in pages]
    seen = Counter(key for of_page in keys for key in set().union(*of_page))
    # Of three or four pages the first often has a title instead, which leaves two with the header.
    most = 2 if len(pages) in (3, 4) else max(_FEWEST_PAGES, _SHARE * len(pages))
    running = {key for key, count in seen.items() if count >= (_FEWEST_PAGES if key[0] else most)}
    return [
        replace(page, lines=tuple(line for line, own in zip(page.lines, of_page, strict=True) if not own & running))
        for page, of_page in zip(pages, keys, strict=True)
    ]


def _keys(page: Page) -> list[set[Key]]:
    """What each line of a page may have in common with its like on others, nothing for a line of the body."""
    lowest = min((line.box[1] for line in page.lines), default=0.0)
    return [_keys_of_line(page, line, is_lowest=line.box[1] == lowest) for line in page.lines]


def _keys_of_line(page: Page, line: Line, *, is_lowest: bool) -> set[Key]:
    height = page.height
    if not (is_lowest or line.box[1] > (1 - _MARGIN) * height or line.box[3] < _MARGIN * height):
        return set()
    numbers = list(_NUMBER.finditer(line.text))
    keys = {(False, line.text)}
    for number in numbers[:1] + numbers[-1:]:
        offset = f"#{int(number.group()) - page.number}"
        keys.add((True, line.text[: number.start()] + offset + line.text[number.end() :]))
    return keys

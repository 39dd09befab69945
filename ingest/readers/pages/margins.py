"""What comes again on page after page and is no part of the text: headers, footers, watermarks, numbers of lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from ingest.readers.pages.page import Line, Page, usual_height

_MARGIN = 0.09
_WIDE_MARGIN = 0.16
"""Of the page's height; what stands in the wide margin must stand at the same place to be taken for running."""
_FEWEST_PAGES = 3
_SHARE = 0.2
_FEWEST_PLACED = 5
_PLACED_SHARE = 0.25
_HALF = 0.5
_STAMP_LETTERS = 12
_STAMPED_SHARE = 0.3
_PASSES = 3
_POSTER = 2.0
"""Of the usual height of letters: those of a watermark are larger."""
_NUMBER = re.compile(r"(?<![\d.,])\d{1,4}(?![\d]|[.,]\d)")
_DIGITS = re.compile(r"\d+")
_LINE_NUMBER = re.compile(r"\d{1,3}")
_FEWEST_NUMBERED = 10

Key = tuple[str, str]
"""How a line may come again, and in which words: with a number that counts the pages, or the same, or at its place."""
_COUNTING, _SAME, _PLACED, _WATERMARK, _STAMP = "counting", "same", "placed", "watermark", "stamp"


def without_running_lines(pages: Sequence[Page]) -> list[Page]:
    """The pages without what comes again on them; a page of which nothing would be left keeps its lines.

    In the highest and the lowest 9 % of a page, and as its lowest line wherever it stands, lines that count the pages
    come again on three; others, the same word for word, on a fifth of all and three at least (two of three or four),
    since tables and signatures too resemble each other. Up to 16 % they must also stand at the same place, on a quarter
    of all pages. Stamps in the outer margin that differ only in their numbers come again on three tenths, since facing
    pages may have different ones; watermarks (words across the page, or larger than others) on half of all.
    """
    kept = _without_line_numbers(pages)
    for _ in range(_PASSES):
        kept = _without_outer_lines(kept)
    return [after if after.lines else before for before, after in zip(pages, kept, strict=True)]


def _without_outer_lines(pages: Sequence[Page]) -> list[Page]:
    keys = [_keys(page) for page in pages]
    seen = Counter(key for of_page in keys for key in set().union(*of_page))
    # Of three or four pages the first often has a title instead, which leaves two with the header.
    most = 2 if len(pages) in (3, 4) else max(_FEWEST_PAGES, _SHARE * len(pages))
    needed = {
        _COUNTING: _FEWEST_PAGES,
        _SAME: most,
        _PLACED: max(_FEWEST_PLACED, _PLACED_SHARE * len(pages)),
        _WATERMARK: max(_FEWEST_PAGES, _HALF * len(pages)),
        _STAMP: max(_FEWEST_PLACED, _STAMPED_SHARE * len(pages)),
    }
    running = {key for key, count in seen.items() if count >= needed[key[0]]}
    return [
        replace(page, lines=tuple(line for line, own in zip(page.lines, of_page, strict=True) if not own & running))
        for page, of_page in zip(pages, keys, strict=True)
    ]


def _keys(page: Page) -> list[set[Key]]:
    """What each line of a page may have in common with its like on others, nothing for a line of the body."""
    lowest = min((line.box.bottom for line in page.lines), default=0.0)
    height = usual_height(page.lines)
    return [_keys_of_line(page, line, height, is_lowest=line.box.bottom == lowest) for line in page.lines]


def _keys_of_line(page: Page, line: Line, height: float, *, is_lowest: bool) -> set[Key]:
    keys: set[Key] = set()
    placed = f"{line.text} {line.box.left:.0f} {line.box.bottom:.0f}"
    if line.is_aside or line.box.height > _POSTER * height:
        keys.add((_WATERMARK, placed))
    if _is_within(page, line, _WIDE_MARGIN):
        keys.add((_PLACED, placed))
    if not (is_lowest or _is_within(page, line, _MARGIN)):
        return keys
    keys.add((_SAME, line.text))
    numbers = list(_NUMBER.finditer(line.text))
    for number in numbers[:1] + numbers[-1:]:
        offset = f"#{int(number.group()) - page.number}"
        keys.add((_COUNTING, line.text[: number.start()] + offset + line.text[number.end() :]))
    if sum(map(str.isalpha, line.text)) >= _STAMP_LETTERS:
        keys.add((_STAMP, _DIGITS.sub("#", line.text)))
    return keys


def _is_within(page: Page, line: Line, margin: float) -> bool:
    return line.box.bottom > (1 - margin) * page.height or line.box.top < margin * page.height


def _without_line_numbers(pages: Sequence[Page]) -> list[Page]:
    """The pages without the numbers that legal papers and manuscripts put before each line."""
    numbered = [_line_numbers(page) for page in pages]
    if sum(map(bool, numbered)) < max(_FEWEST_PAGES, _HALF * len(pages)):
        return list(pages)
    return [
        replace(page, lines=tuple(rest for line in page.lines if (rest := _without(line, numbers))))
        for page, numbers in zip(pages, numbered, strict=True)
    ]


def _line_numbers(page: Page) -> set[int]:
    """The ids of the lines that begin with one of a column of numbers, from 1 or so down, left of all other text."""
    counted = [(int(first), line) for line in page.lines if _LINE_NUMBER.fullmatch(first := _first(line))]
    counted.sort(key=lambda item: -item[1].box.middle)
    steps = sum(after[0] == before[0] + 1 for before, after in pairwise(counted))
    if steps < _FEWEST_NUMBERED or steps < len(counted) - 2:
        return set()
    edge = max(_number_end(line) for _, line in counted)
    ids = {id(line) for _, line in counted}
    is_outside = all(line.box.left >= edge for line in page.lines if id(line) not in ids and not line.is_aside)
    return ids if is_outside else set()


def _first(line: Line) -> str:
    return line.text.split(maxsplit=1)[0] if line.text else ""


def _number_end(line: Line) -> float:
    return line.words[0].box.right if line.words else line.box.right if line.text.isdigit() else line.box.left


def _without(line: Line, numbers: set[int]) -> Line | None:
    """What is left of a line without its number."""
    if id(line) not in numbers:
        return line
    if len(line.words) > 1:
        return line.part(1, len(line.words))
    return None if line.text.isdigit() else line

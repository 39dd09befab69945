"""Tables of contents: titles from which dots lead to the number of a page, which say nothing that the pages do not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from ingest.readers.pages.page import Page

_LEADS = re.compile(r"(?:\. ?){4,}(?:(?P<page>\d{1,4})|[ivxlc]{1,7})$")
_FEWEST = 3
_WRAPPED = 3
"""Lines, of long titles and of chapters, that may stand between two that lead to a page."""
_COUNTED = re.compile(r".*\D \d{1,4}$")
_NAME = re.compile(
    r"(?:table of )?contents|inhalt(?:sverzeichnis)?|table des matières|sommaire|[ií]ndice|contenido|目录|目次",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]{4}|[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")


def without_contents(pages: Sequence[Page]) -> list[Page]:
    """The pages without tables of contents, unless there is nothing else.

    On a page three lines at least lead to numbers of pages that there are, in order; so a list of prices is none.
    """
    last = max((page.number for page in pages), default=0)
    kept = [_without(page, last) for page in pages]
    return kept if any(page.lines for page in kept) else list(pages)


def _without(page: Page, last: int) -> Page:
    leading = [(index, found) for index, line in enumerate(page.lines) if (found := _LEADS.search(line.text))]
    numbers = [int(found["page"]) for _, found in leading if found["page"]]
    if len(leading) < _FEWEST or numbers != sorted(numbers) or max(numbers, default=0) > last:
        return page
    places = [index for index, _ in leading]
    left_out = set(places)
    for before, place in pairwise(places):
        left_out.update(range(before, place) if place - before <= _WRAPPED + 1 else ())
    first = places[0]
    for names in (_COUNTED, _NAME):
        if first and names.fullmatch(page.lines[first - 1].text):
            first -= 1
            left_out.add(first)
    rest = tuple(line for index, line in enumerate(page.lines) if index not in left_out)
    return replace(page, lines=rest if any(_WORD.search(line.text) for line in rest) else ())

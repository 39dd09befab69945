"""The order in which people read what stands on a page, told by its places alone: columns of prose one after the other.

For text that was found by looking, which comes in no order; ingest/readers/pages mends an order that a file gives, and
takes columns for some only from six lines on. What is no column of prose, a table or a form, is read row by row.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

_GUTTER = 0.6
"""Of the usual height: the narrowest strip between columns."""
_APART = 2.0
"""Of the usual height: a line further down than this, with nothing beside it, is no longer of a column."""
_FEWEST_LINES = 3
_FILLED = 0.6
"""Of a column's width: what most of its lines fill."""
_LONG = 12.0
"""Times its height: how long most lines of a column are."""


class Place(NamedTuple):
    """Where the letters of the line `number` stand, without any air around them; y counts downwards."""

    left: float
    top: float
    right: float
    bottom: float
    number: int

    @property
    def height(self) -> float:
        return self.bottom - self.top


Band = list[Place]
"""Places of which none lies wholly above or below the others."""


def rows_in_order(places: Sequence[Place]) -> list[list[Place]]:
    """`places` in reading order: row by row, each from left to right."""
    usual = median(place.height for place in places) if places else 0.0
    return _ordered(places, usual)


def _ordered(places: Sequence[Place], usual: float) -> list[list[Place]]:
    bands = _bands(places)
    rows: list[list[Place]] = []
    first = 0
    while first < len(bands):
        count, columns = _columns(bands[first:], usual)
        for column in columns:
            rows += _ordered(column, usual)
        if not count:
            rows += _rows(bands[first])
        first += max(count, 1)
    return rows


def _bands(places: Sequence[Place]) -> list[Band]:
    """`places` from the top down, cut wherever nothing stands beside the cut."""
    bands: list[Band] = []
    reach = 0.0
    for place in sorted(places, key=lambda place: (place.top, place)):
        if bands and place.top < reach:
            bands[-1].append(place)
            reach = max(reach, place.bottom)
        else:
            bands.append([place])
            reach = place.bottom
    return bands


def _rows(band: Band) -> list[list[Place]]:
    rows: list[list[Place]] = []
    reach = 0.0
    for place in sorted(band, key=lambda place: (place.top + place.bottom, place)):
        if rows and (place.top + place.bottom) / 2 < reach:
            rows[-1].append(place)
        else:
            rows.append([place])
            reach = place.bottom
    return [sorted(row) for row in rows]


def _columns(bands: Sequence[Band], usual: float) -> tuple[int, list[list[Place]]]:
    """How many of the first bands stand in columns of prose, and what stands in each column; 0 where they do not."""
    for count, borders in reversed(_runs(bands, usual)):
        kept = _without_what_follows(bands[:count], borders, usual)
        columns = _parted([place for band in bands[:kept] for place in band], borders)
        if all(map(_is_prose, columns)):
            return kept, columns
    return 0, []


def _runs(bands: Sequence[Band], usual: float) -> list[tuple[int, list[float]]]:
    """How many of the first bands leave strips blank, and where these are: all that do, and those down to each gap."""
    width = max(place.right for band in bands for place in band) - min(place.left for band in bands for place in band)
    covered: list[tuple[float, float]] = []
    runs: list[tuple[int, list[float]]] = []
    last = 0, list[float]()
    for count, band in enumerate(bands, 1):
        covered = _together([*covered, *((place.left, place.right) for place in band)], _GUTTER * usual)
        if len(covered) > 1:
            last = count, [(before[1] + after[0]) / 2 for before, after in pairwise(covered)]
            if count == len(bands) or _gap(band, bands[count]) > _APART * usual:
                runs.append(last)
        elif covered[0][1] - covered[0][0] > width / 2:
            break
    return runs if last in runs or not last[0] else [*runs, last]


def _together(intervals: Sequence[tuple[float, float]], gap: float) -> list[tuple[float, float]]:
    """What `intervals` cover, from left to right, with gaps of at least `gap` between."""
    covered: list[tuple[float, float]] = []
    for left, right in sorted(intervals):
        if covered and left - covered[-1][1] < gap:
            covered[-1] = covered[-1][0], max(covered[-1][1], right)
        else:
            covered.append((left, right))
    return covered


def _without_what_follows(bands: Sequence[Band], borders: Sequence[float], usual: float) -> int:
    """How many of the bands are left without those at the end that merely do not reach over a border."""
    count = len(bands)
    for number in range(len(bands) - 1, 0, -1):
        if sum(map(bool, _parted(bands[number], borders))) > 1:
            break
        if _gap(bands[number - 1], bands[number]) > _APART * usual:
            count = number
    return count


def _gap(above: Band, below: Band) -> float:
    return min(place.top for place in below) - max(place.bottom for place in above)


def _parted(places: Sequence[Place], borders: Sequence[float]) -> list[list[Place]]:
    """What of `places` stands before, between and behind the borders."""
    parts: list[list[Place]] = [[] for _ in range(len(borders) + 1)]
    for place in places:
        parts[bisect_left(borders, (place.left + place.right) / 2)].append(place)
    return parts


def _is_prose(places: Sequence[Place]) -> bool:
    """Whether lines are many, long, and mostly fill their column, as the cells of a table do not."""
    if len(places) < _FEWEST_LINES:
        return False
    width = max(place.right for place in places) - min(place.left for place in places)
    usual = median(place.right - place.left for place in places)
    return usual >= _FILLED * width and usual >= _LONG * median(place.height for place in places)

"""The cells of a sheet, and the tables among them: where each begins, its title, and the rows that name its columns.

The rules are those by which people see tables. Blank rows and columns part them; what goes on below a blank row with
the same kinds of columns, without names of its own, belongs to the table above. Lines of one cell above a table are its
title. Rows of words above columns of numbers or dates name these, and so do years above figures, words that stand out
against those below, and a first row of distinct words for every column.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice, pairwise
from statistics import fmean, median_low


@dataclass(frozen=True, slots=True)
class Row:
    """A row that is not blank. `number` is the one that people see; `position` counts the rows that are not hidden.

    `cells` maps columns, counted without the hidden ones, to what is shown there; none is blank. `bold` has the columns
    of those in bold type, and of those of which the file itself says that they name columns.
    """

    number: int
    position: int
    cells: Mapping[int, str]
    bold: frozenset[int] = frozenset()

    @property
    def stands_out(self) -> bool:
        return self.bold.issuperset(self.cells)


@dataclass(frozen=True, slots=True)
class Merge:
    """Columns left..right (right included) that are one cell in the row `number`."""

    number: int
    left: int
    right: int


@dataclass(frozen=True, slots=True)
class Table:
    """Rows that belong together, and their numbers; the first ones may name the columns.

    Each row has a cell for every column of the table up to its last one that is not blank.
    """

    rows: Sequence[Sequence[str]]
    numbers: Sequence[int]
    caption: str = ""
    header_rows: int = 0

    @property
    def is_lines(self) -> bool:
        """Whether it is no table but some lines, or prose, that stand one below the other."""
        if self.header_rows or any(len(row) > 1 for row in self.rows):
            return False
        return len(self.rows) <= _CAPTION_LINES or any(len(row[0]) > _CELL_LENGTH for row in self.rows)


_SAMPLE = 50
"""Rows by which a table is judged."""
_HEADER_ROWS = 3
_PREAMBLE = 20
"""Rows above the header, in the same block, at most."""
_CAPTION_LINES, _CAPTION_LENGTH = 3, 200
_NAME_LENGTH = 60
_VALUE_LENGTH = 40
_CELL_LENGTH = 100
_SPACED_ROWS = 10

_MONTH = r"(?:jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[^\W\d]*"
_TIME = r"\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d+)?(?:\s?[ap]m)?"
_DATES = re.compile(
    rf"""(?: \d{{1,4}}[./-]\d{{1,2}}[./-]\d{{1,4}}
        | \d{{1,2}}[.\s-]*{_MONTH}[.,\s-]*(?:\d{{4}}|\d\d)?
        | {_MONTH}[.,\s-]+\d{{1,4}}(?:,?\s\d{{4}})? )(?:[T,\s]+{_TIME}\S*)? | {_TIME}""",
    re.IGNORECASE | re.VERBOSE,
)
_YEARS = re.compile(r"[12]\d{3}")
_NUMBERS = re.compile(
    r"(?:[^\w\s]|(?-i:[A-Z]{3})\s|\s)*\d[\d.,'’\s]*(?:E[+-]?\d+)?(?:[^\w\s]|\s)*(?:[^\W\d_]{1,3})?\W{0,2}|true|false",
    re.IGNORECASE,
)
_NOTHING = re.compile(r"\W*|n\.?/?a\.?|null|none|nan|#.*[!?]|#n/a", re.IGNORECASE)
_WORDS, _NUMBER, _YEAR, _DATE = "words", "number", "year", "date"


def tables(
    rows: Sequence[Row],
    merges: Sequence[Merge] = (),
    *,
    margins: AbstractSet[int] = frozenset(),
    is_one_wide: bool = False,
    expects_names: bool = False,
) -> Iterator[Table]:
    """The tables and lines among `rows`, from the left and from above.

    `margins` are columns too narrow for words: blank ones set columns of a table apart and not tables. `is_one_wide`
    says that no tables stand side by side; `expects_names` that a first row of words is a header even where it has but
    two.
    """
    if not rows:
        return
    finder = _Finder(merges, fewest_names=2 if expects_names else 3)
    for part in _bands(rows) if is_one_wide else _parts(rows, margins):
        finder.take(part)
    yield from finder.tables()


def _parts(rows: Sequence[Row], margins: AbstractSet[int]) -> Iterator[Sequence[Row]]:
    """Blocks of cells with blank rows and columns around them."""
    for cut in (partial(_beside_each_other, margins=margins), _bands):
        pieces = list(cut(rows))
        if len(pieces) > 1:
            for piece in pieces:
                yield from _parts(piece, margins)
            return
    yield rows


def _bands(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Runs of rows without a blank one between them; all of them where lines are simply set widely apart."""
    gaps = [index for index, (above, row) in enumerate(pairwise(rows), 1) if row.position > above.position + 1]
    if len(rows) >= _SPACED_ROWS and len(gaps) * 2 > len(rows):
        gaps = []
    for start, end in pairwise((0, *gaps, len(rows))):
        yield rows[start:end]


def _beside_each_other(rows: Sequence[Row], *, margins: AbstractSet[int]) -> Iterator[Sequence[Row]]:
    used: set[int] = set()
    for row in rows:
        used.update(row.cells)
    columns = sorted(used)
    start = 0
    for index, (before, column) in enumerate(pairwise(columns), 1):
        is_gap = not all(blank in margins for blank in range(before + 1, column))
        if is_gap and index - start > 1 and len(columns) - index > 1:
            right = list(islice(_within(rows, column, columns[-1]), _SAMPLE))
            if _is_apart(_within(rows, columns[start], before), right, column):
                yield list(_within(rows, columns[start], before))
                start = index
    yield list(_within(rows, columns[start], columns[-1])) if start else rows


def _within(rows: Sequence[Row], left: int, right: int) -> Iterator[Row]:
    for row in rows:
        if cells := {column: cell for column, cell in row.cells.items() if left <= column <= right}:
            yield replace(row, cells=cells)


def _is_apart(left: Iterator[Row], right: Sequence[Row], column: int) -> bool:
    """Whether what stands right of a blank column is a table of its own: it has labels, or names amid figures.

    Columns of figures that are merely set apart go with the labels on their left.
    """
    labels = [row.cells[column] for row in right[1:] if column in row.cells]
    if sum(_kind(label) == _WORDS for label in labels) * 2 > len(labels):
        return True
    names = next((row for row in right if len(row.cells) > 1), right[0])
    if any(_kind(cell) != _WORDS for cell in names.cells.values()):
        return False
    beside = next((row for row in left if row.number >= names.number), None)
    return beside is None or (beside.number == names.number and _NUMBER in map(_kind, beside.cells.values()))


@dataclass(slots=True)
class _Region:
    """A table in the making, with the kinds of its columns, judged without its header."""

    rows: list[Row]
    columns: list[int]
    kinds: dict[int, str]
    header_rows: int = 0
    caption: str = ""

    @classmethod
    def of(cls, rows: Sequence[Row]) -> _Region:
        columns = sorted(set().union(*(row.cells for row in rows)))
        return cls(list(rows), columns, _kinds(rows[:_SAMPLE], columns))

    @property
    def is_lines(self) -> bool:
        return not self.header_rows and len(self.columns) == 1

    def has_kinds_of(self, above: _Region) -> bool:
        """Whether all columns are of the kinds that those of the table above are of."""
        return (
            above.header_rows > 0
            and len(self.columns) > 1
            and set(self.columns) <= set(above.columns)
            and all(not kind or above.kinds[column] in ("", kind) for column, kind in self.kinds.items())
        )

    def go_on_with(self, rows: Sequence[Row]) -> None:
        self.rows.extend(rows)
        self.columns = sorted(set(self.columns).union(*(row.cells for row in rows)))
        self.kinds = {**dict.fromkeys(self.columns, ""), **self.kinds}

    def name_columns_by(self, header_rows: int) -> None:
        """Lets the first rows be a header."""
        self.header_rows = header_rows
        self.kinds = _kinds(self.rows[header_rows : header_rows + _SAMPLE], self.columns)


class _Finder:
    """Takes the blocks of a sheet one by one and tells tables, their titles and their headers."""

    def __init__(self, merges: Sequence[Merge], *, fewest_names: int) -> None:
        self._merges: dict[int, list[Merge]] = {}
        for merge in merges:
            self._merges.setdefault(merge.number, []).append(merge)
        self._fewest_names = fewest_names
        self._regions: list[_Region] = []

    def take(self, rows: Sequence[Row]) -> None:
        begin = self._preamble(rows)
        region = _Region.of(rows[begin:])
        above = self._regions[-1] if self._regions else None
        is_alike = above is not None and region.has_kinds_of(above)
        header_rows = self._header_rows(region, is_alike=is_alike)
        if above and is_alike and not header_rows:
            above.go_on_with(rows)
            return
        if above and not header_rows and not begin and self._names_columns_of(above, region):
            above.go_on_with(rows)
            above.name_columns_by(len(above.rows) - len(rows))
            return
        region.name_columns_by(header_rows)
        if begin:
            self._take_preamble(rows[:begin])
        if len(region.columns) > 1 and self._regions:
            region.caption = _caption(self._regions[-1])
        self._regions.append(region)

    def tables(self) -> Iterator[Table]:
        for region in self._regions:
            head = [self._spread(row, region.columns) for row in region.rows[: region.header_rows]]
            cells = [*head, *(row.cells for row in region.rows[region.header_rows :])]
            rows = [_filled(row, region.columns) for row in cells]
            yield Table(rows, [row.number for row in region.rows], region.caption, region.header_rows)

    def _take_preamble(self, rows: Sequence[Row]) -> None:
        """Notes what stands above a table: its title, and before that perhaps pairs of names and values."""
        lines = len(rows)
        while lines and len(rows[lines - 1].cells) == 1:
            lines -= 1
        self._regions.extend(_Region.of(part) for part in (rows[:lines], rows[lines:]) if part)

    def _spread(self, row: Row, columns: Sequence[int]) -> dict[int, str]:
        """The cells of a row, each repeated in all the columns that it spans."""
        cells = dict(row.cells)
        for merge in self._merges.get(row.number, ()):
            if merge.left in cells:
                cells.update((column, cells[merge.left]) for column in columns if merge.left < column <= merge.right)
        return cells

    def _preamble(self, rows: Sequence[Row]) -> int:
        """How many rows at the top have at most half as many cells as those of the table below them.

        Several cells that begin right of the table's first column are names of groups of columns.
        """
        first = rows[:_SAMPLE]
        columns = sorted(set().union(*(row.cells for row in first)))
        widths = [self._width(row, columns) for row in first]
        wide = [width for width in widths if width > 1] or [1]
        # Either alone is misled: the median by many pairs above a short table, the mean by a few above a long one.
        usual = max(median_low(wide), fmean(wide))
        for index, (row, width) in enumerate(zip(first[: _PREAMBLE + 1], widths, strict=False)):
            if width > 1 and (width * 2 > usual or columns[0] not in row.cells):
                return index
        return 0

    def _width(self, row: Row, columns: Sequence[int]) -> int:
        """How many columns have a cell of the row; one, where that spans the table from its first column on."""
        if len(row.cells) == 1 and min(row.cells) == columns[0]:
            return 1
        return len(self._spread(row, columns))

    def _header_rows(self, region: _Region, *, is_alike: bool) -> int:
        rows = region.rows[:_SAMPLE]
        top = [self._spread(row, region.columns) for row in rows[:_HEADER_ROWS]]
        count = 0
        for index in range(min(len(top), len(rows) - 1)):
            below = rows[index + 1 :]
            is_next = not index or self._is_open(rows[index - 1], rows[index]) or rows[index - 1].stands_out
            is_next = is_next and rows[index].stands_out >= rows[0].stands_out
            if not is_next or not _could_name(top[index], below, len(region.columns)):
                break
            is_bold = len(region.columns) > 1 and rows[index].stands_out and not below[0].stands_out
            if is_bold or _tells_kinds(top[index], below):
                count = index + 1
        if count or is_alike:
            return count
        return int(len(rows) > 1 and self._are_names(rows, region.columns))

    def _names_columns_of(self, above: _Region, region: _Region) -> bool:
        """Whether the block above is but a header, with a blank row below it."""
        if above.header_rows or above.is_lines or len(above.rows) > _HEADER_ROWS:
            return False
        both = _Region.of([*above.rows, *region.rows[:_SAMPLE]])
        is_as_wide = (both.columns[0], both.columns[-1]) == (above.columns[0], above.columns[-1])
        return is_as_wide and self._header_rows(both, is_alike=True) == len(above.rows)

    def _is_open(self, above: Row, row: Row) -> bool:
        """Whether a row of names goes on in the next row: it has cells that span columns, or gaps that are filled."""
        spans = any(merge.right > merge.left for merge in self._merges.get(above.number, ()))
        return spans or any(column not in above.cells for column in row.cells)

    def _are_names(self, rows: Sequence[Row], columns: Sequence[int]) -> bool:
        """Whether the first row of a table of words has a distinct word for each column that recurs in none."""
        first = rows[0].cells
        return (
            len(columns) >= self._fewest_names
            and len(first) == len(columns) == len(set(first.values()))
            and all(_kind(cell) == _WORDS and len(cell) <= _NAME_LENGTH for cell in first.values())
            and not any(map(_is_label, first.values()))
            and not any(row.cells.get(column) == first[column] for row in rows[1:] for column in columns)
        )


def _filled(cells: Mapping[int, str], columns: Sequence[int]) -> list[str]:
    last = max(cells)
    return [cells.get(column, "") for column in columns if column <= last]


def _could_name(cells: Mapping[int, str], below: Sequence[Row], width: int) -> bool:
    """Whether a row might name columns: words, years or dates above figures, or nothing but numbers above words."""
    kinds = {column: kind for column, cell in cells.items() if (kind := _kind(cell))}
    if len(kinds) < min(2, width) or any(map(_is_label, cells.values())):
        return False
    if _NUMBER in kinds.values():
        return all(kind in (_NUMBER, _YEAR) and _kind_below(below, column) == _WORDS for column, kind in kinds.items())
    years = [int(cells[column]) for column, kind in kinds.items() if kind == _YEAR]
    if len(years) > 1 and years in (sorted(set(years)), sorted(set(years), reverse=True)):
        kinds = {column: kind for column, kind in kinds.items() if kind != _YEAR}
    return all(kind == _WORDS or _kind_below(below, column) == _NUMBER for column, kind in kinds.items())


def _tells_kinds(cells: Mapping[int, str], below: Sequence[Row]) -> bool:
    """Whether some column is of another kind than the cell at its head."""
    heads = {column: _kind(cell) for column, cell in cells.items()}
    return any(kind and _kind_below(below, column) not in ("", kind) for column, kind in heads.items())


def _is_label(cell: str) -> bool:
    """Whether a cell names what stands beside it, not below."""
    return cell.rstrip().endswith((":", "："))


def _kinds(rows: Sequence[Row], columns: Sequence[int]) -> dict[int, str]:
    return {column: _kind_below(rows, column) for column in columns}


def _kind_below(rows: Sequence[Row], column: int) -> str:
    """The kind of more than half of the cells of a column, "" where there is none."""
    kinds = Counter(kind for row in rows if (kind := _kind(row.cells.get(column, ""))))
    kind, count = kinds.most_common(1)[0] if kinds else ("", 0)
    return kind if count * 2 > kinds.total() else ""


def _kind(cell: str) -> str:
    """What a cell says by its looks, "" where it says that there is nothing."""
    if len(cell) > _VALUE_LENGTH:
        return _WORDS
    if _NOTHING.fullmatch(cell):
        return ""
    if _YEARS.fullmatch(cell):
        return _YEAR
    if _DATES.fullmatch(cell):
        return _DATE
    return _NUMBER if _NUMBERS.fullmatch(cell) else _WORDS


def _caption(region: _Region) -> str:
    """The title that lines give to the table below them, "" where they are no title."""
    lines = [cell for row in region.rows for cell in row.cells.values()]
    title = " ".join(lines)
    return title if len(lines) <= _CAPTION_LINES and region.is_lines and len(title) <= _CAPTION_LENGTH else ""

"""Reads tables in plain text (CSV, TSV): finds out what sets the cells apart, and cites each row by its number."""

from __future__ import annotations

import csv
import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import islice

from ingest.readers.sheets.grid import Row, tables
from ingest.readers.sheets.workbook import counted, write_tables
from ingest.readers.source_file import SourceFile, decoded, make_document, name_of
from ingest.readers.structure import StructuredText
from kb.types import Anchor, Document

MEDIA_TYPE = "text/csv"
_DELIMITERS = "\t;|,^~¦"
"""Those that are rare in other places come first: they win a tie."""
_DECLARED = re.compile(r"sep=(.)\s*\n", re.IGNORECASE)
"""A first line that tells Excel the delimiter, which does not count it as a row."""
_SAMPLE_SIZE, _SAMPLE_ROWS = 65_536, 200
_MISSPLIT = re.compile(r'^"|"$|[\t;|^~¦](?!\s)|,(?![\s\d])|\d,\d+,\d{1,2}(?!\d)')
"""What shows that a cell is none: a quotation mark on one side, or what would have parted it were it a delimiter."""


@dataclass(frozen=True, slots=True)
class DelimitedReader:
    def read(self, file: SourceFile) -> Iterator[Document]:
        content = decoded(file.name, file.read())
        declared = _DECLARED.match(content)
        if declared:
            content = content[declared.end() :]
        records = _Dialect.of(content, declared[1] if declared else "").records(content)
        rows = counted(file, (row for number, record in enumerate(records, 1) if (row := _row(number, record))))
        text = StructuredText(cites_headings=False)
        write_tables(text, tables(rows, is_one_wide=True, expects_names=True), _place)
        yield make_document(
            file,
            text=text.text,
            title=name_of(file.name),
            media_type=MEDIA_TYPE,
            marks=text.marks,
            blocks=text.blocks,
        )


def _row(number: int, record: Sequence[str]) -> Row | None:
    cells = {column: cell for column, text in enumerate(record) if (cell := text.strip())}
    return Row(number, number, cells) if cells else None


def _place(number: int) -> Anchor:
    return Anchor("row", f"row {number}", number)


@dataclass(frozen=True, slots=True)
class _Dialect:
    delimiter: str
    is_quoted: bool = True
    is_escaped: bool = False
    """Whether a quotation mark within a cell has a backslash before it, and is not doubled."""

    @classmethod
    def of(cls, content: str, delimiter: str = "") -> _Dialect:
        sample = content[:_SAMPLE_SIZE]
        is_escaped = '\\"' in sample and '""' not in sample
        if not delimiter:
            scores = {mark: cls(mark, is_escaped=is_escaped)._score(sample) for mark in _DELIMITERS if mark in sample}
            delimiter = max(scores, key=lambda mark: scores[mark], default=",")
        dialect = cls(delimiter, is_escaped=is_escaped)
        return dialect if dialect._closes_quotes(content) else cls(delimiter, is_quoted=False)

    def records(self, content: str) -> Iterator[list[str]]:
        """The records of a table; a blank line is an empty one."""
        csv.field_size_limit(max(len(content), csv.field_size_limit()))
        return csv.reader(
            StringIO(content, newline=""),
            delimiter=self.delimiter,
            quoting=csv.QUOTE_MINIMAL if self.is_quoted else csv.QUOTE_NONE,
            escapechar="\\" if self.is_escaped else None,
            skipinitialspace=self.delimiter != "\t",
        )

    def _score(self, sample: str) -> float:
        """How well the sample falls into cells: the share of records of the usual width, times that of cells that
        look whole, times that of the delimiter in what tells a record from a line."""
        records = [record for record in islice(self.records(sample), _SAMPLE_ROWS) if any(record)]
        widths = Counter(len(record) for record in records if len(record) > 1)
        if not widths:
            return 0.0
        width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
        cells = [cell.strip() for record in records if len(record) > 1 for cell in record]
        whole = sum(not _MISSPLIT.search(cell) for cell in cells)
        return count / len(records) * whole / len(cells) * (width - 1) / width

    def _closes_quotes(self, content: str) -> bool:
        """Whether no quotation mark is left open, which would make one cell of all that follows it."""
        last = deque(self.records(content), maxlen=1)
        return not last or not last[0] or "\n" not in last[0][-1] or content.rstrip().endswith('"')

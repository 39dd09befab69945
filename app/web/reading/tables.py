"""Tables of a document as HTML: header rows, the numbers that rows have in their file, quoted rows marked as such."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.web.literal import in_html
from app.web.reading.inline import inline_html
from app.web.reading.marking import Words
from kb.types import Span

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_BAR = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"[\s|:-]*-[\s|:-]*")
_NUMBER = re.compile(r"[-+(]?\s?[$€£¥]?\s?[-+(]?\d[\d.,'\u00a0\u202f ]*\s?%?\)?")
_NAMED = re.compile(r"[^:|]{1,60}:\s")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of a table, a line each, from `start` to `end`; `header` are its first rows, which may stand before it.

    `numbers` are those of its rows by where they begin, empty where rows are not numbered. `caption` is shown above.
    """

    start: int
    end: int
    header: tuple[Span, ...] = ()
    numbers: Mapping[int, int] | None = None
    caption: str = ""
    is_markdown: bool = False

    @property
    def names_end(self) -> int:
        """Where the rows begin that name no columns."""
        return self.header[-1].end if self.header else self.start


def table_html(words: Words, header: Words, table: Table) -> str:
    """`header` holds the text of the header rows where they stand before `words`, and is repeated, not part of it."""
    lines = list(_lines(words, table.start, table.end))
    before = [span for span in table.header if span.start < table.start]
    repeated = [span for span in before if not _RULE.fullmatch(header[span.start : span.end])]
    if not table.header and all(_is_named(words[line.start : line.end]) for line in lines):
        rows = "".join(_named_row(words, line) for line in lines)
        return _framed(f"<tbody>{rows}</tbody>", table.caption)
    texts = [header[span.start : span.end] for span in repeated] + [words[line.start : line.end] for line in lines]
    width = max(len(_cells(text, 0, table)) for text in texts)
    head = "".join(_row(header, line, table, width, "cw-added") for line in repeated)
    head += "".join(_row(words, line, table, width) for line in lines if line.start < table.names_end)
    body = "".join(_row(words, line, table, width) for line in lines if line.start >= table.names_end)
    return _framed((f"<thead>{head}</thead>" if head else "") + f"<tbody>{body}</tbody>", table.caption)


def _framed(rows: str, caption: str) -> str:
    title = f'<caption class="cw-added">{in_html(caption)}</caption>' if caption else ""
    return f'<div class="cw-table" role="region" aria-label="Table" tabindex="0"><table>{title}{rows}</table></div>'


def _lines(words: Words, start: int, end: int) -> Iterator[Span]:
    """The lines, each with the newline that ends it."""
    for found in _LINE.finditer(words[start:end]):
        yield Span(start + found.start(), start + found.end())


def _is_named(line: str) -> bool:
    return " | " not in line and _NAMED.match(line) is not None


def _named_row(words: Words, line: Span) -> str:
    """A line such as "From: ann@example.org"."""
    colon = line.start + words[line.start : line.end].index(":")
    shown = f'<th scope="row">{words.html(line.start, colon)}{words.unseen(colon, colon + 2)}</th>'
    return f"<tr{_quoted(words, line)}>{shown}<td>{words.html(colon + 2, line.end)}</td></tr>"


def _quoted(words: Words, line: Span) -> str:
    return ' class="cw-cited" aria-current="true"' if words.is_quoted(line.start, line.end) else ""


def _row(words: Words, line: Span, table: Table, width: int, kind: str = "") -> str:
    text = words[line.start : line.end]
    if table.is_markdown and _RULE.fullmatch(text):
        return f'<tr class="cw-unseen"><td>{words.unseen(line.start, line.end)}</td></tr>'
    is_header = line.start < table.names_end
    cells = _cells(text, line.start, table)
    shown = [_cell(words, cell, is_header, table.is_markdown) for cell in cells]
    tag = "th" if is_header else "td"
    shown += [f"<{tag}></{tag}>"] * (width - len(cells))
    if table.numbers is not None:
        number = "" if kind else str(table.numbers.get(line.start, ""))
        shown.insert(0, f'<th scope="row" class="cw-added cw-row">{number}</th>' if number else "<td></td>")
    attributes = f' class="{kind}"' if kind else "" if is_header else _quoted(words, line)
    return f"<tr{attributes}>{''.join(shown)}</tr>"


@dataclass(frozen=True, slots=True)
class _Cell:
    """Its words from `first` to `last`, and from `start` to `end` with what parts it from its neighbours."""

    start: int
    first: int
    last: int
    end: int


def _cells(line: str, offset: int, table: Table) -> Sequence[_Cell]:
    """The cells of a line; in Markdown between its bars, else between those with a space on both sides."""
    if not table.is_markdown:
        borders = [found.span() for found in re.finditer(r" \| ", line)]
    else:
        borders = [found.span() for found in _BAR.finditer(line)]
    starts = [0, *(end for _, end in borders)]
    ends = [*(start for start, _ in borders), len(line)]
    if table.is_markdown and len(starts) > 1 and not line[: ends[0]].strip():
        starts, ends = [0, *starts[2:]], ends[1:]
    if table.is_markdown and len(starts) > 1 and not line[starts[-1] :].strip():
        starts, ends = starts[:-1], [*ends[:-2], len(line)]
    stops = [*starts[1:], len(line)]
    return [_trimmed(line, offset, *where, table) for where in zip(starts, ends, stops, strict=True)]


def _trimmed(line: str, offset: int, start: int, end: int, stop: int, table: Table) -> _Cell:
    inside, around = line[start:end], " \t\r\n|" if table.is_markdown else None
    first = start + len(inside) - len(inside.lstrip(around))
    last = max(first, start + len(inside.rstrip(around)))
    return _Cell(offset + start, offset + first, offset + last, offset + stop)


def _cell(words: Words, cell: _Cell, is_header: bool, is_markdown: bool) -> str:
    shown = inline_html(words, cell.first, cell.last, is_markdown=is_markdown)
    content = f"{words.unseen(cell.start, cell.first)}{shown}{words.unseen(cell.last, cell.end)}"
    if is_header:
        return f'<th scope="col">{content}</th>'
    kind = ' class="cw-number"' if _NUMBER.fullmatch(words[cell.first : cell.last].strip()) else ""
    return f"<td{kind}>{content}</td>"

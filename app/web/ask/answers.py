"""An answer's text as HTML: its markers as buttons, what is in doubt underlined, lists and tables as what they are.

All of it passes `in_html`, so that nothing a document or a model says is markup. Knows nothing of Streamlit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from app.web.literal import in_html
from kb.types import Citation, Span, Statement

_INLINE = re.compile(r"\[(?P<marker>\d{1,6})\]|\*\*(?=\S)(?P<bold>[^\n]{1,400}?)(?<=\S)\*\*|`(?P<code>[^`\n]+)`")
_FENCE = re.compile(r"\s*(?:`{3,}|~{3,})\s*")
_HEADING = re.compile(r"\s*#{1,6}\s+(?=\S)")
_ITEM = re.compile(r"\s*(?:[-*+•–]|(?P<number>\d{1,4})[.)])\s+(?=\S)")
_ROW = re.compile(r"\s*\|(?=.*\|)")
_RULE = re.compile(r"(?=.*---)[\s:|-]+")
_CELL = re.compile(r"(?:\\\||[^|])+")
_MARKERS = re.compile(r"(?:[ \t]*\[\d+\])*[.]?")
_STRUCTURED = re.compile(rf"(?:{_HEADING.pattern}|{_ITEM.pattern.replace('?P<number>', '')}|{_ROW.pattern})")


@dataclass(frozen=True, slots=True)
class _Text:
    """`quotes` are shown without chips; `labels` name the citations by marker, None while an answer is written."""

    text: str
    doubts: Sequence[tuple[Span, str]]
    quotes: Sequence[Span]
    labels: Mapping[int, str] | None


@dataclass(frozen=True, slots=True)
class _Line:
    kind: str
    start: int
    end: int


def answer_html(
    text: str,
    citations: Sequence[Citation] | None = None,
    statements: Sequence[Statement] = (),
    *,
    labels: Mapping[int, str] | None = None,
) -> str:
    """An answer's text, each "[n]" a chip; of a finished one those of its `citations`, not of its quotes, as buttons.

    `labels` say what a marker opens. What the sources do not bear out is underlined, and a title says why.
    """
    quotes = list(_quotes(text, citations or ()))
    doubts = [(one.span, "; ".join(one.problems)) for one in statements if one.problems]
    named = None if citations is None else {one.marker: (labels or {}).get(one.marker, "") for one in citations}
    whole = _Text(text, doubts, quotes, named)
    return f'<div class="cw-answer">{"".join(_parts_html(whole))}</div>'


def chip_html(marker: int, label: str) -> str:
    """A button that opens what `marker` cites."""
    name = in_html(f"Source {marker}: {label}" if label else f"Source {marker}")
    choice = f'data-choice="source-{marker}" aria-pressed="false"'
    return f'<button type="button" class="cw-chip" {choice} aria-label="{name}" title="{name}">{marker}</button>'


def _quotes(text: str, citations: Sequence[Citation]) -> Iterator[Span]:
    longest_first = sorted({f'"{citation.quote}"' for citation in citations}, key=len, reverse=True)
    if longest_first:
        for found in re.finditer("|".join(map(re.escape, longest_first)), text):
            yield Span(*found.span())


def _parts_html(whole: _Text) -> Iterator[str]:
    """Quotes of several lines, of a list or a table stand by themselves, with the markers that follow them."""
    position = 0
    for quote in whole.quotes:
        inner = Span(quote.start + 1, quote.end - 1)
        said = whole.text[inner.start : inner.end]
        if not any(_STRUCTURED.match(line) for line in said.split("\n")):
            continue
        yield from _blocks_html(whole, position, quote.start)
        markers = _MARKERS.match(whole.text, quote.end)
        position = markers.end() if markers else quote.end
        shown = "".join(_blocks_html(whole, inner.start, inner.end))
        yield f'<blockquote class="cw-quote">{shown}{_inline_html(whole, quote.end, position).strip(" .")}</blockquote>'
    yield from _blocks_html(whole, position, len(whole.text))


def _blocks_html(whole: _Text, start: int, end: int) -> Iterator[str]:
    shown = {"item": _list_html, "row": _table_html, "code": _code_html, "heading": _heading_html}
    for kind, group in groupby(_lines(whole.text, start, end), key=lambda line: line.kind):
        lines = list(group)
        if kind in shown:
            yield shown[kind](whole, lines)
        elif kind == "text":
            yield f"<p>{_inline_html(whole, lines[0].start, lines[-1].end)}</p>"


def _lines(text: str, start: int, end: int) -> Iterator[_Line]:
    """The lines of text[start:end], an item of a list with the lines that go on with it."""
    is_code, kind = False, "blank"
    for found in re.compile(r"[^\n]+|\n(?=\n)").finditer(text, start, end):
        line = found.group()
        if fence := _FENCE.match(line):
            # What stands behind it, a language for one, is said, too.
            is_code = not is_code
            kind = ("code" if is_code else "text") if fence.end() < len(line) else "fence"
            yield _Line(kind, found.start() + fence.end(), found.end())
            continue
        if is_code:
            kind = "code"
        elif not line.strip():
            kind = "blank"
        elif _HEADING.match(line):
            kind = "heading"
        elif _ROW.match(line):
            kind = "row"
        elif _ITEM.match(line):
            kind = "item"
        elif kind not in ("item", "goes on"):
            kind = "text"
        else:
            kind = "goes on"
        yield _Line("item" if kind == "goes on" else kind, *found.span())


def _heading_html(whole: _Text, lines: Sequence[_Line]) -> str:
    return "".join(
        f'<p class="cw-heading">{_inline_html(whole, _after(_HEADING, whole, line), line.end)}</p>' for line in lines
    )


def _list_html(whole: _Text, lines: Sequence[_Line]) -> str:
    items: list[list[_Line]] = []
    for line in lines:
        if _ITEM.match(whole.text, line.start, line.end) or not items:
            items.append([line])
        else:
            items[-1].append(line)
    return f"<ul>{''.join(_item_html(whole, item[0], item[-1].end) for item in items)}</ul>"


def _item_html(whole: _Text, line: _Line, end: int) -> str:
    found = _ITEM.match(whole.text, line.start, line.end)
    number = found["number"] if found else None
    lead = f'<span class="cw-number">{number}.</span> ' if number else ""
    kind = ' class="cw-numbered"' if number else ""
    return f"<li{kind}>{lead}{_inline_html(whole, _after(_ITEM, whole, line), end)}</li>"


def _table_html(whole: _Text, lines: Sequence[_Line]) -> str:
    rules = [bool(_RULE.fullmatch(whole.text, line.start, line.end)) for line in lines]
    has_header = len(rules) > 1 and rules[1]
    rows = [line for line, is_rule in zip(lines, rules, strict=True) if not is_rule]
    shown = (_row_html(whole, row, "th" if has_header and not number else "td") for number, row in enumerate(rows))
    return f'<div class="cw-table"><table>{"".join(shown)}</table></div>'


def _row_html(whole: _Text, line: _Line, tag: str) -> str:
    start = _after(_ROW, whole, line)
    end = start + len(whole.text[start : line.end].rstrip().removesuffix("|"))
    cells = (_inline_html(whole, *cell.span()).strip() for cell in _CELL.finditer(whole.text, start, end))
    return f"<tr>{''.join(f'<{tag}>{cell}</{tag}>' for cell in cells)}</tr>"


def _code_html(whole: _Text, lines: Sequence[_Line]) -> str:
    return f"<pre>{in_html(whole.text[lines[0].start : lines[-1].end])}</pre>"


def _after(pattern: re.Pattern[str], whole: _Text, line: _Line) -> int:
    """Where what `pattern` finds at the beginning of a line ends."""
    found = pattern.match(whole.text, line.start, line.end)
    return found.end() if found else line.start


def _inline_html(whole: _Text, start: int, end: int) -> str:
    parts, position = [], start
    for doubt, why in whole.doubts:
        first, last = max(doubt.start, position), min(doubt.end, end)
        if first < last:
            title = in_html(f"Not borne out: {why}")
            words = _words_html(whole, first, last)
            parts += [
                _words_html(whole, position, first),
                f'<span class="cw-doubted" title="{title}">{words}</span>',
            ]
            position = last
    return "".join([*parts, _words_html(whole, position, end)])


def _words_html(whole: _Text, start: int, end: int) -> str:
    parts, position = [], start
    for found in _INLINE.finditer(whole.text, start, end):
        parts.append(_plain_html(whole, position, found.start()))
        if found["marker"]:
            parts.append(_marker_html(whole, found))
        elif found["bold"]:
            parts.append(f"<strong>{_words_html(whole, *found.span('bold'))}</strong>")
        else:
            parts.append(f"<code>{in_html(found['code'])}</code>")
        position = found.end()
    return "".join([*parts, _plain_html(whole, position, end)])


def _marker_html(whole: _Text, found: re.Match[str]) -> str:
    marker = int(found["marker"])
    if whole.labels is None:
        return f'<span class="cw-chip">{marker}</span>'
    is_quoted = any(quote.start < found.start() < quote.end for quote in whole.quotes)
    if is_quoted or marker not in whole.labels:
        return found[0]
    return chip_html(marker, whole.labels[marker])


def _plain_html(whole: _Text, start: int, end: int) -> str:
    return in_html(" ".join(whole.text[start:end].split("\n")))

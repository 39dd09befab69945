"""Excerpts: quoted words marked in the text around them, as HTML; knows nothing of Streamlit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

from app.web.literal import in_html
from kb.types import JOINT, Citation, Document, Span, Statement

AROUND = 240
"""Characters shown on each side of quoted words."""
_MARKER = re.compile(r"\[(\d+)\]")
_SPACE = re.compile(r"\s")
_FULL_LINE = 40
"""Characters without a column's border that make a line of running text, which goes on in the next line."""
# Not before an item, a heading, a table, a paragraph or anything set in.
_GOES_ON = r"\n(?![\s|#>*+`•–-]|\d+[.)]\s)"
_LINE_END = re.compile(rf"(?<=[^\n|]{{{_FULL_LINE}}}){_GOES_ON}")
_BROKEN_LINE = re.compile(rf"(?<=[^\n]){_GOES_ON}")


def excerpt_html(document: Document, spans: Sequence[Span], *, around: int = AROUND) -> str:
    """The words of `spans` in <mark>, with `around` characters on both sides; a paragraph a stretch."""
    return "".join(
        f'<p class="cw-excerpt">{_stretch_html(document, window, spans)}</p>'
        for window in _windows(document.text, spans, around)
    )


def passage_html(text: str) -> str:
    return f'<p class="cw-excerpt">{in_html(reflowed(text))}</p>'


def answer_html(text: str, citations: Sequence[Citation] | None = None, statements: Sequence[Statement] = ()) -> str:
    """An answer's text with each "[n]" as a chip; of a finished one those of its `citations`, not of its quotes.

    What its sources do not bear out is underlined, and a title says why.
    """
    parts, position = [], 0
    text = _BROKEN_LINE.sub(" ", text)  # Of the same length.
    for statement in statements:
        if statement.problems:
            start, end = statement.span.start, statement.span.end
            why = in_html("Not borne out: " + "; ".join(statement.problems))
            doubted = f'<span class="cw-doubted" title="{why}">{_words_html(text[start:end], citations)}</span>'
            parts += [_words_html(text[position:start], citations), doubted]
            position = end
    return f'<p class="cw-answer">{"".join([*parts, _words_html(text[position:], citations)])}</p>'


def _words_html(text: str, citations: Sequence[Citation] | None) -> str:
    numbers = None if citations is None else {str(citation.marker) for citation in citations}
    quoted = {f'"{_BROKEN_LINE.sub(" ", citation.quote)}"' for citation in citations or ()}
    longest_first = map(re.escape, sorted(quoted, key=len, reverse=True))
    parts = re.split(f"({'|'.join(longest_first)})", text) if quoted else [text]
    shown = (
        in_html(part) if place % 2 else _MARKER.sub(lambda found: _chip(found, numbers), in_html(part))
        for place, part in enumerate(parts)
    )
    return "".join(shown)


def reflowed(text: str) -> str:
    """`text` with a space for each line break that only ends a full line of running text; of the same length."""
    return _LINE_END.sub(" ", text)


def quotes_literally(document: Document, spans: Iterable[Span], quote: str) -> bool:
    """Whether `spans` of the document still say what was quoted."""
    return JOINT.join(document.text[span.start : span.end] for span in spans) == quote


def _chip(marker: re.Match[str], numbers: AbstractSet[str] | None) -> str:
    return f'<span class="cw-chip">{marker[1]}</span>' if numbers is None or marker[1] in numbers else marker[0]


def _windows(text: str, spans: Sequence[Span], around: int) -> list[Span]:
    """Stretches of `text` around `spans`, in order, those that touch joined, cut between words where there are any."""
    windows: list[Span] = []
    for span in sorted(spans, key=lambda each: (each.start, each.end)):
        start, end = max(0, span.start - around), min(len(text), span.end + around)
        if windows and start <= windows[-1].end:
            windows[-1] = Span(windows[-1].start, max(end, windows[-1].end))
        else:
            windows.append(Span(start, end))
    return [_between_words(text, window, spans) for window in windows]


def _between_words(text: str, window: Span, spans: Sequence[Span]) -> Span:
    first = min(span.start for span in spans if span.start >= window.start)
    last = max(span.end for span in spans if span.end <= window.end)
    after_space = _SPACE.search(text, window.start, first) if window.start else None
    spaces = list(_SPACE.finditer(text, last, window.end)) if window.end < len(text) else []
    return Span(after_space.end() if after_space else window.start, spaces[-1].start() if spaces else window.end)


def _stretch_html(document: Document, window: Span, spans: Sequence[Span]) -> str:
    text = reflowed(document.text[max(0, window.start - _FULL_LINE) : window.end])[window.start - window.end :]
    parts, position = [], window.start
    for span in sorted(spans, key=lambda each: (each.start, each.end)):
        start, end = max(span.start, position), min(span.end, window.end)
        if start < end:
            parts.append(in_html(text[position - window.start : start - window.start]))
            parts.append(f"<mark>{in_html(text[start - window.start : end - window.start])}</mark>")
            position = end
    parts.append(in_html(text[position - window.start :]))
    opening = "… " if window.start else ""
    closing = " …" if window.end < len(document.text) else ""
    return f"{opening}{''.join(parts)}{closing}"

"""Excerpts: quoted words marked in the text around them, as HTML; knows nothing of Streamlit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from app.web.literal import in_html
from kb.types import JOINT, Document, Span

AROUND = 240
"""Characters shown on each side of quoted words."""
_SPACE = re.compile(r"\s")
_FULL_LINE = 40
"""Characters without a column's border that make a line of running text, which goes on in the next line."""
# Not before an item, a heading, a table, a paragraph or anything set in.
_GOES_ON = r"\n(?![\s|#>*+`•–-]|\d+[.)]\s)"
_LINE_END = re.compile(rf"(?<=[^\n|]{{{_FULL_LINE}}}){_GOES_ON}")


def excerpt_html(document: Document, spans: Sequence[Span], *, around: int = AROUND) -> str:
    """The words of `spans` in <mark>, with `around` characters on both sides; a paragraph a stretch."""
    return "".join(
        f'<p class="cw-excerpt">{_stretch_html(document, window, spans)}</p>'
        for window in _windows(document.text, spans, around)
    )


def passage_html(text: str) -> str:
    return f'<p class="cw-excerpt">{in_html(reflowed(text))}</p>'


def reflowed(text: str) -> str:
    """`text` with a space for each line break that only ends a full line of running text; of the same length."""
    return _LINE_END.sub(" ", text)


def quotes_literally(document: Document, spans: Iterable[Span], quote: str) -> bool:
    """Whether `spans` of the document still say what was quoted."""
    return JOINT.join(document.text[span.start : span.end] for span in spans) == quote


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

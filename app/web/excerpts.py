"""Excerpts: quoted words marked in the text around them, as HTML; knows nothing of Streamlit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from app.web.literal import in_html
from kb.types import Document, Span

AROUND = 400
"""Characters shown on each side of quoted words."""
_MARKER = re.compile(r"\[(\d+)\]")
_SPACE = re.compile(r"\s")


def excerpt_html(document: Document, spans: Sequence[Span], *, around: int = AROUND) -> str:
    """The words of `spans` in <mark>, with `around` characters on both sides; a paragraph a stretch."""
    return "".join(
        f'<p class="cw-excerpt">{_stretch_html(document, window, spans)}</p>'
        for window in _windows(document.text, spans, around)
    )


def answer_html(text: str) -> str:
    """An answer's text with each "[n]" as a chip."""
    return f'<p class="cw-answer">{_MARKER.sub(_chip, in_html(text))}</p>'


def quotes_literally(document: Document, spans: Iterable[Span], quote: str) -> bool:
    """Whether `spans` of the document still say what was quoted."""
    return " ... ".join(document.text[span.start : span.end] for span in spans) == quote


def _chip(marker: re.Match[str]) -> str:
    return f'<span class="cw-chip">{marker[1]}</span>'


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
    text = _reflowed(document, window)
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


def _reflowed(document: Document, window: Span) -> str:
    """The text of `window`, of the same length: inside paragraphs a line break becomes a space."""
    text = document.text[window.start : window.end]
    for block in document.blocks:
        if block.kind == "paragraph" and block.start < window.end and window.start < block.end:
            start, end = max(block.start, window.start) - window.start, min(block.end, window.end) - window.start
            text = text[:start] + text[start:end].replace("\n", " ") + text[end:]
    return text

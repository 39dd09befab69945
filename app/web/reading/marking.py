"""Pieces of a document's text as HTML, the quoted words of it in <mark>; what stands there is never markup itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.web.literal import in_html
from app.web.reading.excerpts import reflowed
from kb.types import Span


@dataclass(frozen=True, slots=True)
class Words:
    """Characters from `start` on of a document's text, those of `spans` to be marked; all offsets are the document's.

    `text` is as it was read, `flowing` of the same length, without the line breaks that only end a full line.
    """

    start: int
    text: str
    flowing: str
    spans: tuple[Span, ...]

    def __getitem__(self, where: slice) -> str:
        return self.text[where.start - self.start : where.stop - self.start]

    def html(self, start: int, end: int) -> str:
        """The words start..end of running text."""
        return self._html(self.flowing, start, end)

    def exact_html(self, start: int, end: int) -> str:
        """The same with all of its lines."""
        return self._html(self.text, start, end)

    def unseen(self, start: int, end: int) -> str:
        """What only says how the words around it are set: it is there, but does not show, nor is it in <mark>."""
        inside = self._html(self.text, start, end, '<span class="cw-quoted">', "</span>")
        return f'<span class="cw-unseen">{inside}</span>' if start < end else ""

    def is_quoted(self, start: int, end: int) -> bool:
        """Whether some of it is."""
        return any(span.start < end and start < span.end for span in self.spans)

    def _html(self, text: str, start: int, end: int, opening: str = "<mark>", closing: str = "</mark>") -> str:
        parts, position = [], start
        for span in self.spans:
            first, last = max(span.start, position), min(span.end, end)
            if first < last:
                parts.append(in_html(text[position - self.start : first - self.start]))
                parts.append(f"{opening}{in_html(text[first - self.start : last - self.start])}{closing}")
                position = last
        return "".join([*parts, in_html(text[position - self.start : max(position, end) - self.start])])


def words_of(text: str, start: int, end: int, spans: Sequence[Span]) -> Words:
    """The characters start..end of a document's `text`."""
    inside = [span for span in spans if span.start < end and start < span.end]
    ordered = tuple(sorted(inside, key=lambda span: (span.start, span.end)))
    return Words(start, text[start:end], reflowed(text[start:end]), ordered)

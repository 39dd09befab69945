"""The names of OpenDocument's elements, and the numbers of its lists, counted as their items go by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from lxml.etree import _Element

from ingest.readers.office.numerals import numeral

_ODF = "{{urn:oasis:names:tc:opendocument:xmlns:{}:1.0}}"
CHART, DRAW, META, OFFICE, PRESENTATION, STYLE, TABLE, TEXT = (
    _ODF.format(name) for name in ("chart", "drawing", "meta", "office", "presentation", "style", "table", "text")
)
_ID = "{http://www.w3.org/XML/1998/namespace}id"
_NUMERALS = {"1": "decimal", "a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}


class Level(NamedTuple):
    """A level of a list: how its numbers look; one without numerals has none, or is a bullet."""

    written_as: str = "none"
    before: str = ""
    after: str = ""
    shown: int = 1
    start: int = 1
    is_bullet: bool = True

    @classmethod
    def of(cls, element: _Element) -> Level:
        return cls(
            written_as=_NUMERALS.get(element.get(f"{STYLE}num-format", ""), "none"),
            before=element.get(f"{STYLE}num-prefix", ""),
            after=element.get(f"{STYLE}num-suffix", ""),
            shown=number(element, f"{TEXT}display-levels", 1),
            start=number(element, f"{TEXT}start-value", 1),
            is_bullet=element.tag not in (f"{TEXT}list-level-style-number", f"{TEXT}outline-level-style"),
        )

    def label(self, digits: Sequence[str]) -> str:
        """What stands before an item; `digits` are the numbers of its level and those above it that are shown."""
        if self.is_bullet:
            return "-"
        return f"{self.before}{'.'.join(filter(None, digits))}{self.after}".strip() if self.written_as != "none" else ""


_BULLET = Level()


class Item(NamedTuple):
    """A paragraph, heading or table of a list; only the first of an item has its number or bullet before it."""

    element: _Element
    label: str
    depth: int


class ListNumbers:
    """Counts the lists of a document as its items go by."""

    def __init__(self, styles: Iterable[_Element]) -> None:
        self._levels = {
            style.get(f"{STYLE}name", ""): {
                number(level, f"{TEXT}level", 1): Level.of(level) for level in style if level.get(f"{TEXT}level")
            }
            for style in styles
            if style.tag in (f"{TEXT}list-style", f"{TEXT}outline-style")
        }
        self._styles_of_lists: dict[str, str] = {}
        """By the ids of lists, for those that go on with another's numbers."""
        self._outline = next((style.get(f"{STYLE}name", "") for style in styles if "outline" in str(style.tag)), "")
        self._counters: dict[str, dict[int, int]] = {}

    def items(self, element: _Element) -> Iterator[Item]:
        """The paragraphs, headings and tables of a list, with the numbers of its items."""
        return _items(element, self._begun(element), 1, self.label)

    def items_on_slide(self, element: _Element, counted: dict[int, tuple[Level, int]]) -> Iterator[Item]:
        """The same on a slide, where numbers go on as long as they look the same, whatever list they are in.

        `counted` is what has been counted in a text box, for each level.
        """

        def label(style: str, level: int, start: int | None) -> str:
            about = self._levels.get(style, {}).get(level, _BULLET)
            before, last = counted.get(level, (about, about.start - 1))
            number = start or (last + 1 if before == about else about.start)
            for deeper in [other for other in counted if other > level]:
                del counted[deeper]
            counted[level] = about, number
            return about.label([numeral(number, about.written_as)])

        return _items(element, element.get(f"{TEXT}style-name", ""), 1, label)

    def _begun(self, element: _Element) -> str:
        """The style of a list, whose numbers start anew unless they are to go on with those of another."""
        continued = self._styles_of_lists.get(element.get(f"{TEXT}continue-list", ""))
        style = element.get(f"{TEXT}style-name", "") if continued is None else continued
        if continued is None and element.get(f"{TEXT}continue-numbering") != "true":
            self._counters.pop(style, None)
        if _ID in element.attrib:
            self._styles_of_lists[element.get(_ID, "")] = style
        return style

    def label(self, style: str, level: int, start: int | None = None) -> str:
        """The number of the next item of a list at a level (1 is the outermost), "-" for a bullet."""
        levels = self._levels.get(style, {})
        about = levels.get(level, _BULLET)
        counters = self._counters.setdefault(style, {})
        for above in range(1, level):
            # A level that is skipped counts as begun.
            counters.setdefault(above, levels.get(above, _BULLET).start)
        counters[level] = counters.get(level, about.start - 1) + 1 if start is None else start
        for deeper in [other for other in counters if other > level]:
            del counters[deeper]
        shown = range(max(level - about.shown + 1, 1), level + 1)
        return about.label([numeral(counters[part], levels.get(part, _BULLET).written_as) for part in shown])

    def heading_label(self, level: int) -> str:
        """The number of the next heading, "" where headings have none."""
        return self.label(self._outline, level) if level in self._levels.get(self._outline, {}) else ""


def _items(element: _Element, style: str, level: int, label: Callable[[str, int, int | None], str]) -> Iterator[Item]:
    for item in element:
        is_first = item.tag == f"{TEXT}list-item"
        for child in item:
            if child.tag == f"{TEXT}list":
                yield from _items(child, child.get(f"{TEXT}style-name", style), level + 1, label)
            elif child.tag == f"{TABLE}table":
                yield Item(child, "", level - 1)
            elif child.tag in (f"{TEXT}p", f"{TEXT}h"):
                start = number(item, f"{TEXT}start-value", 0) or None
                yield Item(child, label(style, level, start), level - 1) if is_first else Item(child, "", level)
                is_first = False


def number(element: _Element, name: str, default: int) -> int:
    said = element.get(name, "")
    return int(said) if said.isdecimal() else default

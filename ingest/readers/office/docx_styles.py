"""What the styles and lists of a Word document say of its paragraphs: headings, captions, hidden text, numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from lxml.etree import _Element

from ingest.readers.office.numerals import numeral

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_HEADING_NAME = re.compile(r"heading (\d)", re.IGNORECASE)
_PLACES = re.compile(r"%(\d)")
_OFF = frozenset({"0", "false", "off", "none"})
_BODY_LEVEL = 9
_NO_LIST = "0"


@dataclass(frozen=True, slots=True)
class Style:
    """A style with what it inherits.

    `level` is that of a heading (1 is the outermost), 0 for text; `numbering` the list and its level, if it is in one.
    """

    name: str = ""
    level: int = 0
    is_caption: bool = False
    is_hidden: bool = False
    list_id: str = ""
    list_level: str = ""


class Styles:
    """The styles of a document by their ids."""

    def __init__(self, root: _Element | None) -> None:
        self._elements = {} if root is None else {style.get(f"{W}styleId", ""): style for style in root}
        self._known: dict[str, Style] = {}

    def __getitem__(self, style_id: str | None) -> Style:
        if not style_id or style_id not in self._elements:
            return Style()
        if style_id not in self._known:
            # Entered before what it is based on is looked up, which may be itself.
            self._known[style_id] = Style()
            self._known[style_id] = self._resolved(self._elements[style_id])
        return self._known[style_id]

    def chain(self, style_id: str | None) -> Iterator[_Element]:
        """A style and those that it is based on, as the file has them."""
        seen: set[str] = set()
        while style_id and style_id in self._elements and style_id not in seen:
            seen.add(style_id)
            yield self._elements[style_id]
            style_id = value(self._elements[style_id], "basedOn")

    def _resolved(self, element: _Element) -> Style:
        base = self[value(element, "basedOn")]
        name = value(element, "name") or ""
        heading = _HEADING_NAME.fullmatch(name)
        style = replace(base, name=name, is_caption=base.is_caption or name.lower() == "caption")
        style = replace(style, level=int(heading.group(1)) if heading else style.level)
        style = replace(style, level=outline_level(element, style.level))
        style = replace(style, is_hidden=is_on(element.find(f"{W}rPr/{W}vanish"), style.is_hidden))
        return replace(
            style,
            list_id=value(element, "pPr/numPr/numId") or style.list_id,
            list_level=value(element, "pPr/numPr/ilvl") or style.list_level,
        )


def value(element: _Element, path: str) -> str | None:
    """The w:val of what lies at `path` below an element."""
    found = element.find("/".join(f"{W}{name}" for name in path.split("/")))
    return None if found is None else found.get(f"{W}val")


def is_on(switch: _Element | None, inherited: bool = False) -> bool:
    """What a property without a value, or with "0", switches on or off."""
    return inherited if switch is None else says_on(switch.get(f"{W}val", "1"))


def says_on(word: str) -> bool:
    return word not in _OFF


def outline_level(element: _Element, inherited: int) -> int:
    """The level of a heading that a style's or paragraph's own properties say, else the inherited one."""
    said = value(element, "pPr/outlineLvl")
    if said is None or not said.isdecimal():
        return inherited
    return int(said) + 1 if int(said) < _BODY_LEVEL else 0


class Level(NamedTuple):
    """A level of a list: how its numbers look, and after which level (1 is the outermost) they start anew."""

    start: int
    written_as: str
    text: str
    restarts_after: int | None
    is_legal: bool
    style: str

    @classmethod
    def of(cls, element: _Element) -> Level:
        restarts = value(element, "lvlRestart")
        return cls(
            start=int(value(element, "start") or "1"),
            written_as=value(element, "numFmt") or "decimal",
            text=value(element, "lvlText") or "",
            restarts_after=None if restarts is None else int(restarts),
            is_legal=is_on(element.find(f"{W}isLgl")),
            style=value(element, "pStyle") or "",
        )


class ListNumbers:
    """Counts the lists of a document as its paragraphs go by."""

    def __init__(self, root: _Element | None, styles: Styles) -> None:
        self._styles = styles
        self._abstract: dict[str, _Element] = {}
        self._lists: dict[str, _Element] = {}
        for element in () if root is None else root:
            if element.tag == f"{W}abstractNum":
                self._abstract[element.get(f"{W}abstractNumId", "")] = element
            elif element.tag == f"{W}num":
                self._lists[element.get(f"{W}numId", "")] = element
        self._levels: dict[str, dict[int, Level]] = {}
        self._counters: dict[str, dict[int, int]] = {}
        self._begun: set[str] = set()

    def next_label(self, paragraph: _Element, style_id: str | None) -> tuple[str, int]:
        """The number of a paragraph as people see it ("-" for a bullet, "" where it has none), and its level."""
        style = self._styles[style_id]
        list_id = value(paragraph, "pPr/numPr/numId") or style.list_id
        if list_id == _NO_LIST or list_id not in self._lists:
            return "", 0
        levels = self._levels_of(list_id)
        own = value(paragraph, "pPr/numPr/ilvl") or style.list_level
        linked = next((level for level, about in levels.items() if style_id and about.style == style_id), 0)
        level = int(own) if own else linked
        return (self._counted(list_id, level, levels) if level in levels else ""), level

    def _counted(self, list_id: str, level: int, levels: dict[int, Level]) -> str:
        counters = self._counters.setdefault(self._abstract_id(list_id), {})
        if list_id not in self._begun:
            self._begun.add(list_id)
            for overridden, start in _restarts(self._lists[list_id]):
                counters[overridden] = start - 1
        for above in [other for other in levels if other < level]:
            # A level that is skipped counts as begun.
            counters.setdefault(above, levels[above].start)
        counters[level] = counters.get(level, levels[level].start - 1) + 1
        for deeper in [other for other in counters if other > level and other in levels]:
            after = levels[deeper].restarts_after
            if after is None or level < after:
                del counters[deeper]
        return _label(levels, level, counters)

    def _levels_of(self, list_id: str) -> dict[int, Level]:
        if list_id not in self._levels:
            levels = self._abstract_levels(self._abstract_id(list_id))
            for override in self._lists[list_id].iterfind(f"{W}lvlOverride/{W}lvl"):
                levels[int(override.get(f"{W}ilvl", "0"))] = Level.of(override)
            self._levels[list_id] = levels
        return self._levels[list_id]

    def _abstract_id(self, list_id: str) -> str:
        """The definition that a list counts by; one may stand for the list of a style, which has the definition."""
        abstract_id = value(self._lists[list_id], "abstractNumId") or ""
        abstract = self._abstract.get(abstract_id)
        link = None if abstract is None else value(abstract, "numStyleLink")
        linked = self._lists.get(self._styles[link].list_id) if link else None
        return abstract_id if linked is None else value(linked, "abstractNumId") or ""

    def _abstract_levels(self, abstract_id: str) -> dict[int, Level]:
        abstract = self._abstract.get(abstract_id)
        if abstract is None:
            return {}
        return {int(element.get(f"{W}ilvl", "0")): Level.of(element) for element in abstract.iterfind(f"{W}lvl")}


def _restarts(element: _Element) -> Iterator[tuple[int, int]]:
    for override in element.iterfind(f"{W}lvlOverride"):
        start = value(override, "startOverride")
        if start is not None:
            yield int(override.get(f"{W}ilvl", "0")), int(start)


def _label(levels: dict[int, Level], level: int, counters: dict[int, int]) -> str:
    about = levels[level]
    if about.written_as == "bullet":
        return "-"

    def written(place: re.Match[str]) -> str:
        named = int(place.group(1)) - 1
        if named not in levels:
            return ""
        form = "decimal" if about.is_legal else levels[named].written_as
        return numeral(counters[named], form)

    return _PLACES.sub(written, about.text).strip()

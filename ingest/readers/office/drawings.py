"""Charts, diagrams and pictures of Office Open XML files as text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lxml.etree import _Element

A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
DGM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"

_GENERATED = re.compile(
    r"\s*(?:Description automatically generated.*|(?:KI-generierte|AI-generated) [^.\n]*\.?|Automatisch generierte .*)",
    re.IGNORECASE | re.DOTALL,
)
_FILE_NAME = re.compile(r"\S+\.(?:png|jpe?g|gif|bmp|tiff?|emf|wmf|svg|webp|pict?)", re.IGNORECASE)
_NUMBERED = re.compile(r"\w+ ?\d*")
_QUOTED = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.')
_DATE = re.compile(r"yy|(?<![a-z])d{1,4}(?![a-z])")
_DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - a day of a calendar, not a moment
_LAST_DAY = 2_958_465


def shown(alternatives: _Element) -> Iterable[_Element]:
    """What stands in the one of mc:AlternateContent that is shown: a fallback says the same for old programs."""
    choice = alternatives.find(f"{MC}Choice")
    found = alternatives.find(f"{MC}Fallback") if choice is None else choice
    return () if found is None else found


def picture_says(description: str) -> str:
    """A picture's alternative text; "" where it only repeats a file's name or a number, as programs write it."""
    text = " ".join(_GENERATED.sub("", description).split())
    return "" if _FILE_NAME.fullmatch(text) or _NUMBERED.fullmatch(text) else text


def diagram_items(model: _Element) -> Iterator[tuple[int, str]]:
    """The texts of a SmartArt diagram with their depth (0 is the outermost), in the order of its outline."""
    points = {point.get("modelId", ""): point for point in model.iter(f"{DGM}pt")}
    below: dict[str, list[tuple[int, str]]] = {}
    for link in model.iter(f"{DGM}cxn"):
        if link.get("type", "parOf") == "parOf":
            order = int(link.get("srcOrd", "0"))
            below.setdefault(link.get("srcId", ""), []).append((order, link.get("destId", "")))
    waiting = [(-1, name) for name, point in points.items() if point.get("type") == "doc"]
    seen: set[str] = set()
    while waiting:
        depth, name = waiting.pop()
        if name in seen or name not in points:
            continue
        seen.add(name)
        text = drawn_text(points[name])
        if text:
            yield max(depth, 0), text
        waiting.extend((depth + 1, child) for _, child in sorted(below.get(name, ()), reverse=True))


def drawn_text(element: _Element) -> str:
    """The text of the paragraphs within a drawing, on one line."""
    paragraphs = ("".join(text.text or "" for text in part.iter(f"{A}t")) for part in element.iter(f"{A}p"))
    return " ".join(" ".join(paragraphs).split())


@dataclass(frozen=True, slots=True)
class Chart:
    """What a chart shows: its title, and a table whose first row names the series."""

    title: str
    rows: list[list[str]]


@dataclass(frozen=True, slots=True)
class _Series:
    """One series: its values by the index of their category, and more values of each (the size of a bubble)."""

    name: str
    categories: Mapping[int, str]
    values: Sequence[Mapping[int, str]]

    @property
    def indices(self) -> list[int]:
        return sorted(set(self.categories).union(*self.values))


def chart_of(root: _Element) -> Chart:
    """What is in a chart part (c:chartSpace), as far as its file keeps the values that it shows."""
    series = [_series(element) for element in root.iter(f"{C}ser")]
    title = root.find(f"{C}chart/{C}title")
    return Chart("" if title is None else _named(title), _table(series, *_axes(root)) if series else [])


def _axes(root: _Element) -> tuple[str, str]:
    """The titles of the axes of categories and of values."""
    titles = {"catAx": "", "dateAx": "", "valAx": ""}
    found = [
        (name, _named(title))
        for name in titles
        for axis in root.iter(f"{C}{name}")
        if (title := axis.find(f"{C}title")) is not None
    ]
    across = [text for name, text in found if name != "valAx"]
    values = [text for name, text in found if name == "valAx"]
    if not across and sum(1 for _ in root.iter(f"{C}valAx")) > 1 and len(values) > 1:
        # A scatter chart has two axes of values.
        return values[0], values[1]
    return "".join(across[:1]), "".join(values[:1])


def _series(element: _Element) -> _Series:
    name = element.find(f"{C}tx")
    categories = next(iter(_found(element, "cat", "xVal")), None)
    return _Series(
        name="" if name is None else _named(name),
        categories={} if categories is None else _points(categories),
        values=[_points(values) for values in _found(element, "val", "yVal", "bubbleSize")],
    )


def _found(element: _Element, *names: str) -> list[_Element]:
    return [child for name in names for child in element.iterfind(f"{C}{name}")]


def _named(element: _Element) -> str:
    """A title or a name: written there, or taken from the cells that it refers to."""
    return drawn_text(element) or " ".join(" ".join(value.text or "" for value in element.iter(f"{C}v")).split())


def _points(element: _Element) -> dict[int, str]:
    """Values by index; those of categories in several levels are joined, the outer first."""
    levels = list(element.iter(f"{C}lvl"))
    if not levels:
        return _level(element)
    inner, *outer = [_level(level) for level in levels]
    for level in outer:
        starts = sorted(level)
        inner = {
            index: f"{next((level[start] for start in reversed(starts) if start <= index), '')} {text}".strip()
            for index, text in inner.items()
        }
    return inner


def _level(element: _Element) -> dict[int, str]:
    code = next((found.text or "" for found in element.iter(f"{C}formatCode")), "")
    return {
        int(point.get("idx", "0")): _shown(point.findtext(f"{C}v") or "", point.get("formatCode", code))
        for point in element.iter(f"{C}pt")
    }


def _shown(value: str, code: str) -> str:
    """A number as its format shows it, as far as percent and days go, else without the noise of binary fractions."""
    try:
        number = float(value)
    except ValueError:
        return value
    plain = _QUOTED.sub("", code.split(";")[0]).lower()
    if "%" in plain:
        places = len(plain.partition(".")[2].partition("%")[0])
        return f"{number * 100:.{min(places, 10)}f}%"
    if _DATE.search(plain) and 0 < number < _LAST_DAY:
        return (_DAY_ZERO + timedelta(days=int(number))).date().isoformat()
    return f"{number:.10g}" if abs(number) < 1e10 else f"{number:.0f}" if abs(number) < 1e16 else value


def _table(series: Sequence[_Series], across: str, values: str) -> list[list[str]]:
    """A row for each category where all series have the same ones and a single value each, else one for each point."""
    shared = series[0].categories
    if all(each.categories == shared and len(each.values) == 1 for each in series):
        rows = sorted(set().union(*(each.indices for each in series)))
        names = [each.name or values or "value" for each in series]
        if values and any(each.name for each in series):
            across = f"{across} / {values}" if across else values
        return [
            [across or ("category" if shared else "number"), *names],
            *([shared.get(row, str(row + 1)), *(each.values[0].get(row, "") for each in series)] for row in rows),
        ]
    extent = max(len(each.values) for each in series)
    return [
        ["series", across or "x", *[values or "y", "size"][:extent]],
        *(
            [each.name, each.categories.get(row, str(row + 1)), *(column.get(row, "") for column in each.values)]
            for each in series
            for row in each.indices
        ),
    ]

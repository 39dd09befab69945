"""Takes text out of web pages that is there and cannot be seen: without size, in its background's colour, off the page.

Styles are followed as far as a page itself settles them. Where scripts or style sheets of other files have a say, only
what an element's own style says of its size counts: what looks hidden may be about to appear.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from lxml.html import HtmlElement

_DECLARATION = re.compile(r"([\w-]+)\s*:\s*([^;{}]+)")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_COMMENT = re.compile(r"/\*.*?\*/|<!--|-->", re.DOTALL)
_SIMPLE = re.compile(r"(\w*)(?:([.#])([\w-]+))?")
_LENGTH = re.compile(r"(-?(?:\d+\.?\d*|\.\d+))\s*(px|pt|em|rem|%|)")
_POINTS = {"px": 0.75, "pt": 1.0, "em": 12.0, "rem": 12.0, "%": 0.12, "": 0.75}
_UNREADABLE = 1.5
"""Points: letters of this size are a line."""
_OFF = 900.0
"""Points left of or above the page at which things are put to be out of sight."""
_RGB = re.compile(r"rgba?\(\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*(?:,\s*([\d.]+)\s*)?\)")
_HEX = re.compile(r"#([0-9a-f]{3}|[0-9a-f]{6})")
_NAMED = {"white": (255, 255, 255), "black": (0, 0, 0), "snow": (255, 250, 250), "ivory": (255, 255, 240)}
_NOTHING = re.compile(r"0*\.?0*(?:px|pt|em|rem|%)?|1px")
_CLIPPED = re.compile(r"rect\((?:[01](?:px)?[\s,)]+){4}")
_AS_AROUND = ("transparent", "none", "inherit", "initial")
_ALIKE = 24
"""Of 255, in each of red, green and blue: text that differs less from what is behind it is not seen."""
_SUSPECT = re.compile(
    r"font-size\s*:\s*[01.]|(?<![\w-])color\s*[:=]|opacity\s*:\s*0|text-indent\s*:\s*-|(?:left|top|margin[\w-]*)\s*:\s*-|"
    r"(?:height|width)\s*:\s*[01.]|clip\s*:\s*rect|display\s*:\s*none|visibility\s*:\s*hidden",
    re.IGNORECASE,
)
_PICTURES = re.compile(r"<(?:img|svg|canvas|picture|video|image)\b|background", re.IGNORECASE)
_WITHIN_LINES = frozenset({"a", "b", "em", "font", "i", "small", "span", "strong", "u"})

Colour = tuple[int, int, int]
_Style = dict[str, str]


@dataclass(frozen=True, slots=True)
class _Look:
    """How the text in an element is shown; None where that is not known. `is_gone`: with all that is within."""

    points: float | None = 12.0
    colour: Colour | None = (0, 0, 0)
    behind: Colour | None = (255, 255, 255)
    is_gone: bool = False

    @property
    def is_unseen(self) -> bool:
        if self.is_gone or (self.points is not None and self.points <= _UNREADABLE):
            return True
        if self.colour is None or self.behind is None:
            return False
        return all(abs(one - other) < _ALIKE for one, other in zip(self.colour, self.behind, strict=True))


@dataclass(frozen=True, slots=True)
class _Page:
    """What holds for all of a page: its sheet, None where that does not settle all; if it may show pictures."""

    sheet: Mapping[str, _Style] | None
    has_pictures: bool


def remove_unseen(root: HtmlElement, markup: str) -> None:
    """Takes the text out of the page `root`, made of `markup`, that nobody sees; the elements stay."""
    if not _SUSPECT.search(markup):
        return
    page = _Page(_sheet(root), _PICTURES.search(markup) is not None)
    waiting = [(root, _Look() if page.sheet is not None else _Look(colour=None, behind=None))]
    while waiting:
        element, around = waiting.pop()
        look = _look(element, around, page)
        if look.is_unseen:
            element.text = None
        for child in element:
            if look.is_unseen and child.tail:
                child.tail = " "
            if isinstance(child.tag, str):
                waiting.append((child, look))


def _look(element: HtmlElement, around: _Look, page: _Page) -> _Look:
    own = _declared(element.get("style", ""))
    if page.sheet is None:
        if element.get("class") or element.tag not in _WITHIN_LINES:
            # A sheet of another file may say something of it.
            around = _Look(points=None, colour=None, behind=None)
    else:
        names = (element.tag, *(f".{name}" for name in element.get("class", "").split()), f"#{element.get('id', '')}")
        styles = [page.sheet[key] for name in names for key in (name, f"{element.tag}{name}") if key in page.sheet]
        own = {key: value for style in (*styles, own) for key, value in style.items()}
        around = replace(around, is_gone=around.is_gone or _is_gone(own))
    return _coloured(replace(around, points=_points(own, around.points)), element, own, page)


def _coloured(look: _Look, element: HtmlElement, own: Mapping[str, str], page: _Page) -> _Look:
    colour = own.get("color") or element.get("color")
    behind = own.get("background-color") or own.get("background") or element.get("bgcolor")
    has_picture = "background-image" in own or element.get("background") is not None or element.tag == "mark"
    if has_picture or (page.has_pictures and own.get("position") in ("absolute", "fixed")):
        look = replace(look, behind=None)
    if behind and behind not in _AS_AROUND:
        look = replace(look, behind=_colour(behind))
    if colour == "transparent" and not page.has_pictures and page.sheet is not None:
        return replace(look, points=0.0)
    if colour and colour not in _AS_AROUND:
        return replace(look, colour=_colour(colour))
    # Links have a colour of their own.
    return replace(look, colour=None) if element.tag == "a" else look


def _points(own: Mapping[str, str], around: float | None) -> float | None:
    size = own.get("font-size")
    if size is None:
        return around
    length = _LENGTH.fullmatch(size)
    if length is None:
        return None
    number, unit = float(length[1]), length[2]
    if unit in ("em", "%"):
        # Of what is around: nothing of something is nothing.
        return 0.0 if number == 0 else None if around is None else around * (number if unit == "em" else number / 100)
    return number * _POINTS[unit]


def _is_gone(own: Mapping[str, str]) -> bool:
    """Whether an element is out of sight with all that is in it, whatever that says of itself."""
    if own.get("display") == "none" or _NOTHING.fullmatch(own.get("opacity", "1")):
        return True
    is_placed = own.get("position") in ("absolute", "fixed")
    if is_placed and (
        any(_is_off(own.get(side, "")) for side in ("left", "top")) or _CLIPPED.match(own.get("clip", ""))
    ):
        return True
    if _is_off(own.get("text-indent", "")):
        return True
    is_cut = own.get("overflow") == "hidden"
    return is_cut and any(
        _NOTHING.fullmatch(own.get(side, "1")) for side in ("height", "max-height", "width", "max-width")
    )


def _is_off(length: str) -> bool:
    found = _LENGTH.fullmatch(length)
    return found is not None and float(found[1]) * _POINTS[found[2]] <= -_OFF


def _sheet(page: HtmlElement) -> dict[str, _Style] | None:
    """The rules of a page's own style sheets by their selectors; None where others have a say too, or code has."""
    if page.xpath("//script | //link[contains(@rel, 'stylesheet')]"):
        return None
    sheet: dict[str, _Style] = {}
    for style in page.iter("style"):
        text = _COMMENT.sub("", style.text_content())
        if "@" in text:
            return None
        for selectors, declarations in _RULE.findall(text):
            for selector in selectors.split(","):
                if not _SIMPLE.fullmatch(selector.strip()):
                    return None
                sheet.setdefault(selector.strip(), {}).update(_declared(declarations))
    return sheet


def _declared(text: str) -> _Style:
    return {name.lower(): value.replace("!important", "").strip().lower() for name, value in _DECLARATION.findall(text)}


def _colour(text: str) -> Colour | None:
    """A colour, None where it is written in another way, or lets others shine through."""
    if text in _NAMED:
        return _NAMED[text]
    if found := _HEX.fullmatch(text):
        digits = found[1] if len(found[1]) == 6 else "".join(digit * 2 for digit in found[1])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    if (found := _RGB.fullmatch(text)) and found[4] in (None, "1", "1.0"):
        return min(int(found[1]), 255), min(int(found[2]), 255), min(int(found[3]), 255)
    return None

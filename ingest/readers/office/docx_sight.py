"""Tells which text of a Word document is there and cannot be seen: white on white paper, or in letters without size."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml.etree import _Element

from ingest.readers.office.docx_styles import Styles, W, value

_HALF_POINTS = 3
"""Letters of this size, 1.5 points, are a line."""
_WHITE = re.compile(r"(?:[EF][0-9A-F]){3}", re.IGNORECASE)
_NO_FILL = re.compile(r"auto|(?:[EF][0-9A-F]){3}", re.IGNORECASE)
_BOX = f"{W}txbxContent"


class Sight:
    """Looks at the runs of one document, the parts of whose root say what is behind them."""

    def __init__(self, root: _Element, styles: Styles) -> None:
        self._styles = styles
        self._has_background = root.find(f"{W}background") is not None

    def misses(self, run: _Element) -> bool:
        """Whether nobody sees what stands in a run; a table's style and a box are taken to put a colour behind it."""
        about = list(self._properties(run))
        size = next((said for each in about if (said := value(each, "sz"))), "")
        if size.isdecimal() and int(size) <= _HALF_POINTS:
            return True
        colour = next((said for each in about if (said := value(each, "color"))), "")
        return bool(_WHITE.fullmatch(colour)) and not (self._has_background or self._is_on_colour(run, about))

    def _properties(self, run: _Element) -> Iterator[_Element]:
        """What is said of the letters of a run: by itself, then by its style, then by that of its paragraph."""
        yield from run.iterfind(f"{W}rPr")
        for style in self._styles.chain(value(run, "rPr/rStyle")):
            yield from style.iterfind(f"{W}rPr")
        for style in self._styles.chain(self._paragraph_style(run)):
            yield from style.iterfind(f"{W}rPr")

    def _paragraph_style(self, run: _Element) -> str | None:
        paragraph = next(run.iterancestors(f"{W}p"), None)
        return None if paragraph is None else value(paragraph, "pPr/pStyle")

    def _is_on_colour(self, run: _Element, about: list[_Element]) -> bool:
        if any(_is_filled(each) or each.find(f"{W}highlight") is not None for each in about):
            return True
        for style in self._styles.chain(self._paragraph_style(run)):
            if any(map(_is_filled, style.iterfind(f"{W}pPr"))):
                return True
        for around in run.iterancestors():
            properties = around.find(f"{around.tag}Pr") if isinstance(around.tag, str) else None
            if around.tag == _BOX or (properties is not None and _is_filled(properties)):
                return True
            if around.tag == f"{W}tbl" and value(around, "tblPr/tblStyle"):
                return True
        return False


def _is_filled(properties: _Element) -> bool:
    """Whether properties put a colour behind what they are of."""
    shade = properties.find(f"{W}shd")
    if shade is None:
        return False
    is_plain = _NO_FILL.fullmatch(shade.get(f"{W}fill", "auto")) is not None
    return not is_plain or shade.get(f"{W}val", "clear") not in ("clear", "nil")

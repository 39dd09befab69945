"""A page as HTML with everything in it: no script, no file beside it, no address that a browser would open."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from eval.pages import tables
from eval.pages.charts import chart
from eval.pages.page import Figure, Page

_WIDTH = re.compile(r'<svg [^>]*?width="([\d.]+)')
_COLUMN = 480
"""Pixels."""


def page_html(page: Page) -> str:
    """Whatever the page says is text, never mark-up; the charts are our own."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    drawn = [_Drawn(figure, chart(figure)) for figure in page.figures]
    return environment.get_template("page.html").render(page=page, tables=tables, drawn=drawn)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A figure with its chart."""

    figure: Figure
    svg: str

    @property
    def is_wide(self) -> bool:
        """Whether it needs more than a column of the page."""
        width = _WIDTH.search(self.svg)
        return width is not None and float(width[1]) > _COLUMN

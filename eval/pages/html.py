"""A page as HTML with everything in it: no script, no file beside it, no address that a browser would open."""

from __future__ import annotations

from pathlib import Path

from eval.pages import tables
from eval.pages.charts import chart
from eval.pages.page import Page


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
    return environment.get_template("page.html").render(page=page, tables=tables, chart=chart)

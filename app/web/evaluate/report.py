"""A report on one run or two, as elements of the page."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

import streamlit as st

from app.web.evaluate.elements import chart_html, example_html, table_html
from app.web.literal import in_html
from eval.comparison import compare_runs
from eval.pages import tables
from eval.pages.charts import chart
from eval.pages.comparison import comparison_page
from eval.pages.formats import FORMATS
from eval.pages.page import Figure, Group, Page
from eval.pages.run import run_page
from eval.runs import load_run

_KEPT = 20
_NAMES = {".html": "HTML", ".md": "Markdown", ".json": "JSON"}
_TYPES = {".html": "text/html", ".md": "text/markdown", ".json": "application/json"}


@st.cache_data(max_entries=_KEPT, show_spinner="Reading the run…")
def report_of(  # `changed` is a part of what its result is remembered by
    run: Path,
    changed: float,  # noqa: ARG001
    against: Path | None = None,
) -> tuple[Page, tuple[str, ...]]:
    """The report on `run`, or on it compared with the earlier run `against`, and the pictures of its figures.

    Raises UserError for a file that is no run, and for two runs that have nothing to compare.
    """
    page = run_page(load_run(run))
    if against:
        page = comparison_page(compare_runs(load_run(against), load_run(run)))
    return page, tuple(map(chart, page.figures))


def show_report(page: Page, pictures: Iterable[str], *, key: str) -> None:
    st.html(f'<h2 class="cw-report">{in_html(page.title)}</h2>{"".join(map(_quiet, page.about))}')
    _show_downloads(page, key)
    if page.comparisons:
        _show_table("What can be told apart", tables.verdicts(page), tables.verdicts_note(page))
    _show_table("Measures", tables.measures(page), tables.measures_note(page))
    if (trust := tables.trust(page)).rows:
        _show_table("How far to trust the judge", trust, tables.trust_note(page))
    if page.latencies:
        _show_table("Time", tables.latencies(page), "Milliseconds a query: the median, and what 95 of 100 stay below.")
    _show_figures(list(zip(page.figures, pictures, strict=True)))
    for group in page.groups:
        _show_group(group)
    if page.differing():
        _show_table("What differs", tables.differing(page), wraps=True)
    _show_making(page)


def _show_table(heading: str, table: tables.Table, note: str = "", *, wraps: bool = False) -> None:
    shown = table_html(table, name=heading, wraps=wraps)
    st.html(f'<h3 class="cw-heading">{in_html(heading)}</h3>{shown}{_quiet(note)}')


def _show_figures(drawn: list[tuple[Figure, str]]) -> None:
    """As many in a row as there is room for."""
    if drawn:
        cells = (f'<div class="cw-figure">{chart_html(figure, svg)}</div>' for figure, svg in drawn)
        st.html(f'<div class="cw-figures">{"".join(cells)}</div>')


def _show_group(group: Group) -> None:
    shown = "" if len(group.examples) == group.count else f"{len(group.examples)} of "
    examples = (example_html(example, is_open=not place) for place, example in enumerate(group.examples))
    st.html(
        f'<h3 class="cw-heading">{in_html(group.title)} <span class="cw-small">{shown}{group.count:,}</span></h3>'
        f"{''.join(examples)}"
    )


def _show_making(page: Page) -> None:
    st.html('<h3 class="cw-heading">How to make it again</h3>')
    for source in page.sources:
        for command in source.commands():
            st.code(command, language=None, wrap_lines=True)
    facts = table_html(tables.facts(page), name="What the run says of itself", wraps=True)
    st.html(f"{_quiet(tables.settings_note(page))}{facts}")


def _show_downloads(page: Page, key: str) -> None:
    with st.container(horizontal=True):
        for ending, written in FORMATS.items():
            st.download_button(
                f"Download {_NAMES[ending]}",
                data=partial(written, page),
                file_name=f"report{ending}",
                mime=_TYPES[ending],
                on_click="ignore",
                key=f"{key}-download{ending.removeprefix('.')}",
            )


def _quiet(text: str) -> str:
    return f'<p class="cw-small">{in_html(text)}</p>' if text else ""

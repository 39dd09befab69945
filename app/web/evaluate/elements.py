"""Parts of a report as HTML: tables, charts, questions with their passages; knows nothing of Streamlit."""

from __future__ import annotations

import re
from base64 import b64encode

from app.web.literal import in_html
from eval.pages import tables
from eval.pages.page import Example, Figure, Passage, Side
from eval.pages.tables import Table

_TELLING = {"better": "cw-better", "worse": "cw-worse"}
# A picture in a page has no colours from it, but knows whether it stands on dark or on light.
_INK = "<style>svg{color:#31333f}@media (prefers-color-scheme:dark){svg{color:#fafafa}}</style>"
_SIZE = re.compile(r'<svg [^>]*?width="([\d.]+)" height="([\d.]+)"')


def table_html(table: Table, *, name: str, wraps: bool = False) -> str:
    """A table that scrolls sideways where it is wider than the page; its first column names the rows.

    One that `wraps` has cells of several lines instead.
    """
    style = "cw-grid cw-wrapped" if wraps else "cw-grid"
    head = "".join(f'<th scope="col">{in_html(cell)}</th>' for cell in table.header)
    rows = "".join(f"<tr>{''.join(map(_cell, range(len(row)), row))}</tr>" for row in table.rows)
    return (
        f'<div class="cw-scroll" tabindex="0" role="region" aria-label="{in_html(name)}">'
        f'<table class="{style}"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def chart_html(figure: Figure, svg: str) -> str:
    """The drawn `figure` as a picture in its own size, with the numbers behind it."""
    drawn = _SIZE.search(svg)
    size = f' width="{float(drawn[1]):.0f}" height="{float(drawn[2]):.0f}"' if drawn else ""
    inked = re.sub(r"(<svg [^>]*>)", rf"\1{_INK}", svg, count=1)
    picture = f"data:image/svg+xml;base64,{b64encode(inked.encode()).decode()}"
    label = f"Chart: {figure.title}; its numbers stand below"
    note = f'<p class="cw-small">{in_html(figure.note)}</p>' if figure.note else ""
    return (
        f'<h3 class="cw-heading">{in_html(figure.title)}</h3>'
        f'<div class="cw-scroll"><img class="cw-chart" src="{picture}" alt="{in_html(label)}"{size}></div>{note}'
        f'<details class="cw-numbers"><summary>In numbers</summary>'
        f"{table_html(tables.figures(figure), name=figure.title)}</details>"
    )


def example_html(example: Example, *, is_open: bool) -> str:
    """A question, and what each side made of it beside one another."""
    change = "" if example.change is None else f' <span class="cw-small">{example.change:+.2f}</span>'
    accepted = f'<p class="cw-small">Accepted: {in_html("; ".join(example.accepted))}</p>' if example.accepted else ""
    opened = " open" if is_open else ""
    return (
        f'<details class="cw-example"{opened}><summary>{in_html(example.question)}{change}</summary>'
        f'{accepted}<div class="cw-sides">{"".join(map(_side_html, example.sides))}</div></details>'
    )


def _cell(column: int, text: str) -> str:
    if column == 0:
        return f'<th scope="row">{in_html(text)}</th>'
    telling = f' class="{_TELLING[text]}"' if text in _TELLING else ""
    return f"<td{telling}>{in_html(text)}</td>"


def _side_html(side: Side) -> str:
    words = f"<p>{in_html(side.words)}</p>" if side.words else ""
    passages = "".join(map(_passage_html, side.passages)) or '<li class="cw-small">nothing</li>'
    status = f' <span class="cw-small">{in_html(side.status)}</span>' if side.status else ""
    return f"<div><p><b>{in_html(side.name)}</b>{status}</p>{words}<ol>{passages}</ol></div>"


def _passage_html(passage: Passage) -> str:
    relevant = ' <span class="cw-better">relevant</span>' if passage.relevant else ""
    place = f"<b>{in_html(passage.place)}</b>{relevant}<br>" if passage.place else ""
    return f"<li>{place}{in_html(passage.text)}</li>"

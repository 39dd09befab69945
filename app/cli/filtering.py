"""The options by which a search is kept to some of the passages, the same wherever one searches."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from kb.filters import Filter

_DAY = ["%Y-%m-%d"]

In = Annotated[
    list[str] | None,
    typer.Option("--in", metavar="NAME", help="Only this file, or folder with all in it; may be given several times."),
]
Type = Annotated[
    list[str] | None, typer.Option("--type", metavar="TYPE", help="Only this kind of document: pdf, word, email, ...")
]
Since = Annotated[
    datetime | None,
    typer.Option(formats=_DAY, metavar="YYYY-MM-DD", help="Only what was modified on that day or since."),
]
Until = Annotated[
    datetime | None, typer.Option(formats=_DAY, metavar="YYYY-MM-DD", help="Only what was modified up to that day.")
]
Heading = Annotated[
    list[str] | None, typer.Option(metavar="TEXT", help="Only passages under a heading in which this stands.")
]
Tag = Annotated[list[str] | None, typer.Option(metavar="TAG", help="Only documents with this tag.")]


def filter_of(
    *,
    sources: Sequence[str] | None,
    types: Sequence[str] | None,
    since: datetime | None,
    until: datetime | None,
    headings: Sequence[str] | None,
    tags: Sequence[str] | None,
) -> Filter:
    """The filter that the options stand for."""
    from kb.filters import Filter

    return Filter(
        sources=tuple(sources or ()),
        types=tuple(types or ()),
        since=since.date() if since else None,
        until=until.date() if until else None,
        headings=tuple(headings or ()),
        tags=tuple(tags or ()),
    )

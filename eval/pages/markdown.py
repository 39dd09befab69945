"""A page as Markdown. What documents and questions say is written so that no reader of Markdown takes it for more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from eval.pages import tables
from eval.pages.page import Example, Figure, Group, Page, Passage, Side
from eval.pages.tables import Table

_SPECIAL = re.compile(
    r"""[\\`*{|~$^]            # code, emphasis, cells, formulas
    |(?<![^\W_])_|_(?![^\W_])  # emphasis, which no underscore within a word is
    |\[(?=\[)|\](?=[(\[:])     # links
    |:(?=//)|(?<=www)\.|@(?=[\w-]+\.)  # what some take for links
    |\#(?=\#*$)               # the end of a heading
    """,
    re.VERBOSE | re.IGNORECASE,
)
_LEADING = re.compile(r"^(\d*)([-+=#.)\[])")
"""What would begin a list, a heading, a rule or a definition."""


def page_markdown(page: Page) -> str:
    """The page without charts, but with the numbers behind them."""
    return "\n".join(_lines(page))


def literal(text: str) -> str:
    """`text` as one line that reads as it stands where a paragraph or an item of a list begins."""
    return _LEADING.sub(r"\1\\\2", inline(text))


def inline(text: str) -> str:
    """The same within a line, a heading or a cell of a table.

    Tags and entities are written as HTML's entities: not every Markdown knows that a backslash stops a tag.
    """
    return _SPECIAL.sub(r"\\\g<0>", escape(" ".join(text.split()), quote=False))


def _lines(page: Page) -> Iterator[str]:
    yield from (f"# {inline(page.title)}", "")
    for line in page.about:
        yield from (literal(line), "")
    if page.comparisons:
        yield from (
            "## What can be told apart",
            "",
            *_table(tables.verdicts(page)),
            literal(tables.verdicts_note(page)),
            "",
        )
    yield from ("## Measures", "", *_table(tables.measures(page)))
    if page.latencies:
        yield from ("## Time", "", *_table(tables.latencies(page)))
    for figure in page.figures:
        yield from _figure(figure)
    for group in page.groups:
        yield from _group(group)
    if page.differing():
        yield from ("## What differs", "", *_table(tables.differing(page)))
    yield from ("## How to make it again", "")
    for source in page.sources:
        yield from _code(source.command) if source.command else ()
    yield from _table(tables.facts(page))


def _figure(figure: Figure) -> Iterator[str]:
    yield from (f"## {inline(figure.title)}", "", *_table(tables.figures(figure)))
    if figure.note:
        yield from (literal(figure.note), "")


def _group(group: Group) -> Iterator[str]:
    yield from (f"## {inline(group.title)} ({group.count:,})", "")
    for example in group.examples:
        yield from _example(example)


def _example(example: Example) -> Iterator[str]:
    change = "" if example.change is None else f" ({example.change:+.2f})"
    yield from (f"### {inline(example.question)}{change}", "")
    if example.accepted:
        yield from (f"Accepted: {'; '.join(map(inline, example.accepted))}", "")
    for side in example.sides:
        yield from _side(side)


def _side(side: Side) -> Iterator[str]:
    heading = ": ".join(filter(None, (inline(side.name), side.status)))
    yield from (f"**{heading}**", "")
    if side.words:
        yield from (literal(side.words), "")
    yield from (f"{number}. {_passage(one)}" for number, one in enumerate(side.passages, start=1))
    yield from ("Nothing.", "") if not side.passages else ("",)


def _passage(passage: Passage) -> str:
    parts = ("*relevant*" if passage.relevant else "", literal(passage.place), literal(passage.text))
    return ": ".join(filter(None, parts))


def _table(table: Table) -> Iterator[str]:
    yield from (_row(tuple(map(inline, table.header))), _row(("---",) * len(table.header)))
    yield from (_row(tuple(map(inline, row))) for row in table.rows)
    yield ""


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _code(text: str) -> Iterator[str]:
    """Indented, because any fence could stand in the text."""
    yield from (f"    {line}" for line in text.splitlines())
    yield ""

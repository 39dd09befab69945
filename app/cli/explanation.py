"""How a trace is shown to people: the stages of a search, where each put the passages, and what became of these."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from app.cli.output import one_line, paragraph, show, table
from app.cli.passages import place

if TYPE_CHECKING:
    from citewell.trace import StageTrace, Standing, Trace
    from kb.types import Chunk

SIDE_BY_SIDE = 5
"""Stages in a table of ranks, so that it fits a terminal of 80 columns."""


def show_search(trace: Trace) -> None:
    """The stages of a search, and where they put its hits."""
    _show_stages(trace)
    _show_ranks(trace, [hit.chunk for hit in trace.hits])


def show_answer(trace: Trace, name: Callable[[str], str]) -> None:
    """What became of the passages in an answer, and how they were found; `name` is how people see a source."""
    if trace.passages:
        show("\nPassages:", style="dim")
        rows = (
            (f"{number}", place(name(use.chunk.source), use.chunk.anchor), use.state, f"{use.tokens}", f"{use.used}")
            for number, use in enumerate(trace.passages, start=1)
        )
        show(table(("", "place", "in the answer", "tokens", "quoted"), rows, numbers=("", "tokens", "quoted")))
    if trace.stages:
        _show_stages(trace)
    for note in trace.notes:
        show(paragraph(one_line(note)))
    _show_ranks(trace, [use.chunk for use in trace.passages])


def _show_stages(trace: Trace) -> None:
    """The stages, each before its inner ones, with the time that is their own and what they have to say."""
    show("\nStages of the search:", style="dim")
    rows = (
        (f"{number}", stage.name, f"{1000 * stage.seconds:.1f}", f"{len(stage.hits)}")
        for number, stage in enumerate(trace.stages, start=1)
    )
    show(table(("", "stage", "ms", "found"), rows, numbers=("", "ms", "found")))
    for number, stage in enumerate(trace.stages, start=1):
        if stage.query != trace.query:
            show(paragraph(f"{number} was asked: {one_line(stage.query)}", style="dim"))
        for note in stage.notes:
            show(paragraph(f"{number}: {one_line(note)}"))


def _show_ranks(trace: Trace, chunks: Sequence[Chunk]) -> None:
    """Rank and score of each passage in each stage, a few stages side by side."""
    numbered = list(enumerate(trace.stages, start=1))
    for first in range(0, len(numbered) if chunks else 0, SIDE_BY_SIDE):
        part = numbered[first : first + SIDE_BY_SIDE]
        header = ["", *(_heading(number, stage) for number, stage in part)]
        rows = (
            (f"{row}", *(_ranked(stage.place(chunk.id)) for _, stage in part)) for row, chunk in enumerate(chunks, 1)
        )
        show("\nRank and score of each passage in each stage:", style="dim")
        show(table(header, rows, numbers=header))


def _heading(number: int, stage: StageTrace) -> str:
    return f"{number} {stage.path[-1]}"


def _ranked(found: Standing | None) -> str:
    return f"{found.rank:>3} {found.score:>7.3f}" if found else "-"

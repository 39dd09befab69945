"""The tables of a page as words, for whatever shows them."""

from __future__ import annotations

from dataclasses import dataclass

from eval.pages.page import Figure, Page


@dataclass(frozen=True, slots=True)
class Table:
    """Every row has a cell for each name of the header."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


VERDICTS = (
    *("configuration", "against", "metric", "difference", "p (Holm)", "verdict", "won / lost / tied", "detectable"),
)


def verdicts(page: Page) -> Table:
    """What can be told apart."""
    return Table(
        VERDICTS,
        tuple(
            (
                *(one.b, one.a, one.metric, str(one.difference), one.p_text, one.verdict),
                f"{one.won:,} / {one.lost:,} / {one.tied:,}",
                one.detectable_text,
            )
            for one in page.comparisons
        ),
    )


def verdicts_note(page: Page) -> str:
    """How to read them."""
    return (
        "Differences of means over the same queries, with 95% bootstrap intervals; p-values are corrected for "
        f"{page.family:,} comparisons. Detectable is the true difference that 4 of 5 such datasets would show."
    )


def measures(page: Page) -> Table:
    """A metric a row, a configuration a column."""
    metrics = dict.fromkeys(metric for found in page.estimates.values() for metric in found)
    rows = [(metric, *(str(found.get(metric, "-")) for found in page.estimates.values())) for metric in metrics]
    return Table(("metric", *page.estimates), tuple(rows))


def latencies(page: Page) -> Table:
    """A configuration a row, the stages of its time below it."""
    rows = [
        (name if place == 0 else f"- {stage}", f"{latency.p50:.1f}", f"{latency.p95:.1f}")
        for name, stages in page.latencies.items()
        for place, (stage, latency) in enumerate(stages.items())
    ]
    return Table(("ms a query", "p50", "p95"), tuple(rows))


def figures(figure: Figure) -> Table:
    """The numbers behind a chart."""
    header = tuple(figure.rows[0]) if figure.rows else ()
    return Table(header, tuple(tuple(map(_cell, row.values())) for row in figure.rows))


def facts(page: Page) -> Table:
    """What each run says of itself."""
    return Table(("", *_names(page)), tuple((name, *values) for name, values in page.facts().items()))


def differing(page: Page) -> Table:
    """What two runs do not have in common."""
    return Table(("", *_names(page)), tuple((name, *values) for name, values in page.differing().items()))


def _names(page: Page) -> tuple[str, ...]:
    return tuple(source.name for source in page.sources)


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return (
        f"{value:,.0f}" if (float(value).is_integer() and abs(value) >= 2) or isinstance(value, int) else f"{value:.3f}"
    )

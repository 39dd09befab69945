"""The tables of a page as words, for whatever shows them."""

from __future__ import annotations

from dataclasses import dataclass

from eval.comparison import LOWER_IS_BETTER, Comparison
from eval.judging.agreement import Agreement
from eval.pages.page import Figure, Page


@dataclass(frozen=True, slots=True)
class Table:
    """Every row has a cell for each name of the header."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def verdicts(page: Page) -> Table:
    """What can be told apart; the configurations are named where there are several pairs."""
    header = ("metric", "difference", "p (Holm)", "verdict", "detectable", "won / lost / tied")
    rows = [_verdict(comparison) for comparison in page.comparisons]
    if len(page.pairs()) == 1:
        return Table(header, tuple(rows))
    named = [(one.b, one.a, *row) for one, row in zip(page.comparisons, rows, strict=True)]
    return Table(("configuration", "against", *header), tuple(named))


def verdicts_note(page: Page) -> str:
    """How to read them."""
    pairs = page.pairs()
    of = f" of {pairs[0][1]} against {pairs[0][0]}" if len(pairs) == 1 else ""
    return (
        f"Differences of means{of} over the same queries, with 95% bootstrap intervals. p is corrected "
        f"(Holm) for the {page.correction}. Detectable is the true difference that 4 of 5 such datasets would show "
        "by an uncorrected p."
    )


def measures(page: Page) -> Table:
    """A metric a row, a configuration a column."""
    metrics = dict.fromkeys(metric for found in page.estimates.values() for metric in found)
    rows = [(metric, *(str(found.get(metric, "-")) for found in page.estimates.values())) for metric in metrics]
    return Table(("metric", *page.estimates), tuple(rows))


def measures_note(page: Page) -> str:
    """How to read them."""
    metrics = dict.fromkeys(metric for found in page.estimates.values() for metric in found)
    less = [metric for metric in metrics if metric.removesuffix("_fitted") in LOWER_IS_BETTER]
    note = "With 95% bootstrap intervals over the questions."
    return f"{note} Less is better in {', '.join(less)}." if less else note


def trust(page: Page) -> Table:
    """How far each judge agrees with itself and with people, a metric a row; no rows where nobody judged."""
    rows = [
        (
            *([source.name] if source.name else []),
            metric,
            f"{one.judged:,}",
            _agreement(one.itself),
            _agreement(one.people),
        )
        for source in page.sources
        if source.judge
        for metric, one in source.judge.agreement.items()
    ]
    named = ("run",) if any(source.name for source in page.sources) else ()
    return Table((*named, "metric", "judged", "agrees with itself", "agrees with people"), tuple(rows))


def trust_note(page: Page) -> str:
    """How to read it."""
    judges = [source.judge for source in page.sources if source.judge]
    unchecked = (
        "" if all(judge.checked_by_people for judge in judges) else " Nobody has checked where people are missing."
    )
    return (
        "Shares of verdicts that are the same, with 95% bootstrap intervals, and Cohen's kappa. Itself: asked a second "
        f"time, with quotes and accepted answers in the opposite order.{unchecked}"
    )


def settings_note(page: Page) -> str:
    """What the commands leave out; empty where that is nothing."""
    return (
        "With the settings below in a file, given by --settings." if any(one.settings for one in page.sources) else ""
    )


def latencies(page: Page) -> Table:
    """A configuration a row, a stage a column; empty cells for stages that it does not have."""
    stages = dict.fromkeys(stage for found in page.latencies.values() for stage in found)
    rows = [(name, *(str(found.get(stage, "")) for stage in stages)) for name, found in page.latencies.items()]
    return Table(("p50 / p95 ms", *stages), tuple(rows))


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


def _verdict(comparison: Comparison) -> tuple[str, ...]:
    return (
        comparison.metric,
        str(comparison.difference),
        comparison.p_text,
        comparison.verdict,
        comparison.detectable_text,
        f"{comparison.won:,} / {comparison.lost:,} / {comparison.tied:,}",
    )


def _agreement(found: Agreement | None) -> str:
    return "-" if found is None else str(found)


def _names(page: Page) -> tuple[str, ...]:
    return tuple(source.name for source in page.sources)


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"

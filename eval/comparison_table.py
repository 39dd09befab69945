"""A comparison of two runs as a Markdown table, and below it what to know."""

from __future__ import annotations

from collections.abc import Iterator

from eval.comparison import Comparison, ComparisonReport, correction
from eval.report import markdown_table

_HEADER = ("metric", "A", "B", "B - A", "p (Holm)", "verdict on B", "won / lost / tied", "detectable")


def comparison_table(report: ComparisonReport) -> str:
    """A metric a row, after the configuration's name where there are several."""
    names = {comparison.b for comparison in report.comparisons}
    if len(names) == 1:
        table = markdown_table(_HEADER, [_row(comparison) for comparison in report.comparisons])
    else:
        rows = [(comparison.b, *_row(comparison)) for comparison in report.comparisons]
        table = markdown_table(("configuration", *_HEADER), rows)
    heading = f"**{report.a.dataset}**: differences over the same queries, with 95% intervals"
    return "\n".join([heading, "", *table, "", *_notes(report)])


def _row(comparison: Comparison) -> tuple[str, ...]:
    return (
        comparison.metric,
        f"{comparison.mean_a:.3f}",
        f"{comparison.mean_b:.3f}",
        str(comparison.difference),
        comparison.p_text,
        comparison.verdict,
        f"{comparison.won:,} / {comparison.lost:,} / {comparison.tied:,}",
        comparison.detectable_text,
    )


def what_is_compared(report: ComparisonReport) -> Iterator[str]:
    """The two runs, and over how many queries."""
    pairs = {(comparison.a, comparison.b) for comparison in report.comparisons}
    name_a, name_b = next(iter(pairs)) if len(pairs) == 1 else ("", "")
    yield f"A: {name_a + ' of ' if name_a else ''}{report.a.path}"
    yield f"B: {name_b + ' of ' if name_b else ''}{report.b.path}"
    yield f"Queries compared: {_span([comparison.queries for comparison in report.comparisons])}."
    left_out = [comparison.left_out for comparison in report.comparisons]
    if any(left_out):
        yield f"Left out, because one run alone has them: {_span(left_out)}."


def _notes(report: ComparisonReport) -> Iterator[str]:
    yield from what_is_compared(report)
    yield f"The verdict is at the 5% level, with p corrected (Holm) for the {correction(report.comparisons)}."
    yield "Detectable: the true difference that 4 of 5 such datasets would show by an uncorrected p."


def _span(counts: list[int]) -> str:
    """ "225", "180 to 225": metrics need not be of the same queries."""
    return f"{min(counts):,}" if min(counts) == max(counts) else f"{min(counts):,} to {max(counts):,}"

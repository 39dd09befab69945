"""The page of a comparison of two runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from eval.comparison import Comparison, ComparisonReport, correction, main_comparisons
from eval.comparison_table import what_is_compared
from eval.latency import Latency
from eval.pages.examples import Compared, changes
from eval.pages.figures import Estimates, answer_figures, difference_figures, latency_figure
from eval.pages.kept import Kept, kept
from eval.pages.page import Figure, Group, Page
from eval.pages.run import source

Value = TypeVar("Value")
Pairs = tuple[tuple[str, str], ...]


def comparison_page(report: ComparisonReport) -> Page:
    """Raises UserError for a run that keeps something else than `citewell eval` writes."""
    known = kept(report.a), kept(report.b)
    pairs = tuple(dict.fromkeys((one.a, one.b) for one in report.comparisons))
    named = tuple(replace(one, a=_a(one.a), b=_b(one.b)) for one in report.comparisons)
    estimates = _of_both(pairs, report.a.estimates(), report.b.estimates())
    latencies = _of_both(pairs, known[0].latencies(), known[1].latencies())
    return Page(
        title=f"{report.a.dataset}: two runs compared",
        about=tuple(what_is_compared(report)),
        comparisons=named,
        correction=correction(named),
        estimates=estimates,
        latencies=latencies,
        figures=tuple(_figures(named, estimates, latencies, known)),
        groups=tuple(group for pair in pairs for group in _groups(report, pair, known)),
        sources=(source(report.a, known[0], "A"), source(report.b, known[1], "B")),
    )


def _figures(
    comparisons: tuple[Comparison, ...],
    estimates: Estimates,
    latencies: Mapping[str, Mapping[str, Latency]],
    known: tuple[Kept, Kept],
) -> Iterator[Figure]:
    yield from difference_figures(comparisons)
    for metric in dict.fromkeys(one.metric for one in main_comparisons(comparisons)):
        means = {name: found[metric] for name, found in estimates.items() if metric in found}
        yield from latency_figure(metric, means, latencies)
    sides = zip((_a, _b), known, strict=True)
    yield from answer_figures({named(one.generator): one for named, one in sides if one.generator})


def _groups(report: ComparisonReport, pair: tuple[str, str], known: tuple[Kept, Kept]) -> Iterator[Group]:
    a, b = pair
    comparisons = [one for one in report.comparisons if (one.a, one.b) == pair]
    sides = Compared.of(_a(a), a, report.a, known[0]), Compared.of(_b(b), b, report.b, known[1])
    yield from changes(*sides, comparisons)


def _of_both(pairs: Pairs, a: Mapping[str, Value], b: Mapping[str, Value]) -> dict[str, Value]:
    """What is known of the configurations compared, under their names on the page."""
    sides = [side for one, other in pairs for side in ((_a(one), a.get(one)), (_b(other), b.get(other)))]
    return {name: value for name, value in sides if value}


def _a(name: str) -> str:
    return f"A: {name}"


def _b(name: str) -> str:
    return f"B: {name}"

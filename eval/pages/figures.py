"""The figures of a page: each only where the run has the numbers for it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from eval.comparison import MAIN_METRICS, REFERENCE, Comparison
from eval.latency import Latency
from eval.pages.kept import Kept, KeptAnswer, RiskPoint
from eval.pages.page import WHOLE, Figure
from eval.statistics import Estimate

Estimates = Mapping[str, Mapping[str, Estimate]]
OUTCOMES = ("right", "wrong", "the documents do not say")
_AT_DEPTH = re.compile(r"(?:quote_)?recall@(\d+)")
_AT_TOKENS = re.compile(r"quote_recall@(\d+)t")
_BINS = 10


def search_figures(estimates: Estimates, latencies: Mapping[str, Mapping[str, Latency]]) -> Iterator[Figure]:
    """What configurations of a run reach, what each stage adds, at what price, and how that grows with depth."""
    main = next((metric for metric in MAIN_METRICS if all(metric in found for found in estimates.values())), None)
    if main and len(estimates) > 1:
        means = {name: found[main] for name, found in estimates.items()}
        yield Figure("means", f"{main} by configuration", main, _means(means), "Means with 95% intervals.")
        yield from _stages(main, means)
        yield from latency_figure(main, means, latencies)
    yield from _curves("How deep one has to look", "results looked at", _AT_DEPTH, estimates)
    yield from _curves("What a reader's tokens buy", "tokens handed to the generator", _AT_TOKENS, estimates)


def latency_figure(
    metric: str, means: Mapping[str, Estimate], latencies: Mapping[str, Mapping[str, Latency]]
) -> Iterator[Figure]:
    """Quality with its interval against the median time of a query."""
    if means.keys() <= latencies.keys():
        rows = [{**row, "p50 ms": latencies[str(row["configuration"])][WHOLE].p50} for row in _means(means)]
        yield Figure("latency", "Quality against time", metric, tuple(rows))


def answer_figures(sides: Mapping[str, Kept]) -> Iterator[Figure]:
    """How risk grows with coverage, a line for each of `sides`, and how sure right and wrong answers are."""
    curves = {name: kept.risk_coverage for name, kept in sides.items() if len(kept.risk_coverage) > 1}
    if curves:
        note = "From the most to the least confident answer; answering what the documents do not say is wrong."
        rows = tuple(row for name, curve in curves.items() for row in _risk(name, curve))
        yield Figure("risk", "Risk and coverage", "share of answers wrong", rows, note)
    for name, kept in sides.items():
        title = "Confidence of right and wrong answers" + (f": {name}" if len(sides) > 1 else "")
        note = "Of every question, its answer given or withheld. At best, the wrong ones stand on the left."
        if rows := _confidences(kept.answers):
            yield Figure("confidence", title, "questions", rows, note)


def difference_figures(comparisons: Sequence[Comparison]) -> Iterator[Figure]:
    """The paired differences of each two configurations, a row a metric."""
    for a, b in dict.fromkeys((comparison.a, comparison.b) for comparison in comparisons):
        rows = tuple(_difference(one) for one in comparisons if (one.a, one.b) == (a, b))
        note = "Differences of means over the same queries, with 95% intervals that are not corrected for their number."
        yield Figure("differences", f"{b} less {a}", "difference", rows, note)


def _means(means: Mapping[str, Estimate]) -> tuple[dict[str, str | float], ...]:
    return tuple(
        {"configuration": name, "mean": one.mean, "low": one.low, "high": one.high} for name, one in means.items()
    )


def _stages(metric: str, means: Mapping[str, Estimate]) -> Iterator[Figure]:
    """What fusing adds to the best single mode, and what each stage adds that is put on top ("hybrid+rerank")."""
    chain = sorted((name for name in means if f"{name}+".startswith(f"{REFERENCE}+")), key=len)
    others = [name for name in means if name not in chain]
    if not others or chain[:1] != [REFERENCE]:
        return
    names = [max(others, key=lambda name: means[name].mean), *chain]
    rows: list[dict[str, str | float]] = [{"stage": names[0], "from": 0.0, "to": means[names[0]].mean}]
    rows += [{"stage": name, "from": means[before].mean, "to": means[name].mean} for before, name in pairwise(names)]
    note = f"From the best of the others to {REFERENCE} and what is built on it. The axis does not begin at 0."
    yield Figure("stages", "What each stage adds", metric, tuple(rows), note)


def _curves(title: str, depth: str, pattern: re.Pattern[str], estimates: Estimates) -> Iterator[Figure]:
    curves = {name: list(_curve(found, pattern)) for name, found in estimates.items()}
    if all(len(points) > 1 for points in curves.values()):
        rows: list[dict[str, str | float]] = [
            {"configuration": name, depth: x, "recall": y} for name, points in curves.items() for x, y in points
        ]
        yield Figure("depth", title, depth, tuple(rows))


def _curve(found: Mapping[str, Estimate], pattern: re.Pattern[str]) -> Iterator[tuple[int, float]]:
    for metric, estimate in found.items():
        if match := pattern.fullmatch(metric):
            yield int(match[1]), estimate.mean


def _risk(name: str, curve: Sequence[RiskPoint]) -> Iterator[dict[str, str | float]]:
    for point in curve:
        yield {"configuration": name, "coverage": point.coverage, "risk": point.risk, "threshold": point.threshold}


def _confidences(answers: Sequence[KeptAnswer]) -> tuple[dict[str, str | float], ...]:
    """How many questions have each outcome at each tenth of confidence; none unless all have one."""
    known = [(one.confidence, _outcome(one)) for one in answers if one.confidence is not None and one.right is not None]
    counts = Counter((min(int(confidence * _BINS), _BINS - 1), outcome) for confidence, outcome in known)
    return tuple(
        {
            "confidence from": tenth / _BINS,
            "to": (tenth + 1) / _BINS,
            **{name: counts[tenth, name] for name in OUTCOMES},
        }
        for tenth in range(_BINS if known else 0)
    )


def _outcome(answer: KeptAnswer) -> str:
    if not answer.answerable:
        return OUTCOMES[2]
    return OUTCOMES[0] if answer.right else OUTCOMES[1]


def _difference(comparison: Comparison) -> dict[str, str | float]:
    found = comparison.difference
    return {
        "metric": comparison.metric,
        "difference": found.mean,
        "low": found.low,
        "high": found.high,
        "verdict": comparison.verdict,
    }

"""A run as one page that opens offline: what can be told apart, measures, charts, questions won and lost."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import cast

from eval import charts
from eval.comparison import MAIN_METRICS, REFERENCE, Comparison, compare_with_reference, correction, main_comparisons
from eval.runs import Run
from eval.statistics import Estimate
from kb.text.plurals import counted

Row = Mapping[str, object]
EXAMPLES = 5
_AT_DEPTH = re.compile(r"(?:quote_)?recall@(\d+)")
_AT_TOKENS = re.compile(r"quote_recall@(\d+)t")


def report_page(run: Run) -> str:
    """HTML with everything in it: no script, no file beside it, no address that a browser would open."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    estimates = run.estimates()
    compared = compare_with_reference(run.values)
    kind = f"answers by {run.content['generator']}" if "generator" in run.content else "retrieval"
    return environment.get_template("report.html").render(
        title=f"{run.dataset}: {kind}",
        about=", ".join(_counts(run.content)),
        verdicts=[_verdict(comparison) for comparison in main_comparisons(compared)],
        correction=correction(compared),
        configs=list(estimates),
        measures=_measures(estimates),
        charts=list(_charts(run, estimates)),
        examples=list(_examples(run, compared)),
        command=run.content.get("command"),
        facts=[*_flat(run.fingerprint, "fingerprint"), *_flat(run.content.get("settings"), "settings")]
        or [("settings", "the defaults")],
    )


@dataclass(frozen=True, slots=True)
class _Chart:
    title: str
    svg: str
    note: str = ""


def _counts(content: Row) -> Iterator[str]:
    for key, name in (("questions", "question"), ("documents", "document"), ("chunks", "passage")):
        if isinstance(count := content.get(key), int):
            yield counted(count, name)


def _verdict(comparison: Comparison) -> Row:
    return {
        "a": comparison.a,
        "b": comparison.b,
        "metric": comparison.metric,
        "difference": str(comparison.difference),
        "p": comparison.p_text,
        "verdict": comparison.verdict,
        "kind": comparison.verdict if comparison.verdict in ("better", "worse") else "",
        "detectable": comparison.detectable_text,
    }


def _measures(estimates: Mapping[str, Mapping[str, Estimate]]) -> list[Row]:
    metrics = dict.fromkeys(metric for found in estimates.values() for metric in found)
    return [{"metric": name, "cells": [_cell(found.get(name)) for found in estimates.values()]} for name in metrics]


def _cell(estimate: Estimate | None) -> Row:
    if estimate is None:
        return {"mean": "-", "interval": ""}
    return {"mean": f"{estimate.mean:.3f}", "interval": f"{estimate.low:.3f} to {estimate.high:.3f}"}


def _charts(run: Run, estimates: Mapping[str, Mapping[str, Estimate]]) -> Iterator[_Chart]:
    """Those that the run has the numbers for."""
    main = next((metric for metric in MAIN_METRICS if all(metric in found for found in estimates.values())), None)
    if main and len(estimates) > 1:
        means = {name: found[main] for name, found in estimates.items()}
        yield _Chart(f"{main} by configuration", charts.means_chart(main, means), "Means with 95% intervals.")
        yield from _steps(main, means)
        yield _against_time(run, main, means)
    for title, pattern, depth in (
        ("How deep one has to look", _AT_DEPTH, "results looked at"),
        ("What a reader's tokens buy", _AT_TOKENS, "tokens handed to the generator"),
    ):
        curves = {name: list(_curve(found, pattern)) for name, found in estimates.items()}
        if all(len(points) > 1 for points in curves.values()):
            yield _Chart(title, charts.depth_chart("recall", curves, depth=depth))
    curve = run.content.get("risk_coverage")
    if isinstance(curve, list) and len(curve) > 1:
        note = "From the most to the least confident answer; answering what the documents do not say is wrong."
        yield _Chart("Risk and coverage", charts.risk_chart(cast("list[Mapping[str, float]]", curve)), note)


def _steps(metric: str, means: Mapping[str, Estimate]) -> Iterator[_Chart]:
    """What fusing adds to the best single mode, and what each stage adds that is put on top ("hybrid+rerank")."""
    chain = sorted((name for name in means if f"{name}+".startswith(f"{REFERENCE}+")), key=len)
    others = [name for name in means if name not in chain]
    if not others or chain[:1] != [REFERENCE]:
        return
    names = [max(others, key=lambda name: means[name].mean), *chain]
    steps = [charts.Step(names[0], 0.0, means[names[0]].mean)]
    steps += [charts.Step(name, means[before].mean, means[name].mean) for before, name in pairwise(names)]
    note = f"From the best of the others to {REFERENCE} and what is built on it. The axis does not begin at 0."
    yield _Chart("What each stage adds", charts.waterfall_chart(metric, steps), note)


def _against_time(run: Run, metric: str, means: Mapping[str, Estimate]) -> _Chart:
    configs = cast("Mapping[str, Mapping[str, Mapping[str, float]]]", run.content["configs"])
    points = {name: (configs[name]["latency_ms"]["p50"], mean) for name, mean in means.items()}
    return _Chart("Quality against time", charts.latency_chart(metric, points))


def _curve(found: Mapping[str, Estimate], pattern: re.Pattern[str]) -> Iterator[tuple[float, float]]:
    for metric, estimate in found.items():
        if match := pattern.fullmatch(metric):
            yield float(match[1]), estimate.mean


def _examples(run: Run, compared: Sequence[Comparison]) -> Iterator[Row]:
    """The questions that a configuration gained and lost most against the reference, with what each found."""
    queries, found = run.content.get("queries"), run.content.get("found")
    if not isinstance(queries, dict) or not isinstance(found, dict):
        return
    for comparison in main_comparisons(compared):
        one, other = run.values[comparison.a], run.values[comparison.b]
        change = {
            query: other[query][comparison.metric] - one[query][comparison.metric] for query in one if query in other
        }
        order = sorted(change, key=lambda query: (change[query], query))
        sides = (comparison.a, comparison.b)
        for title, chosen in (
            (f"Where {comparison.a} does better than {comparison.b}", [q for q in order if change[q] < 0]),
            (f"Where {comparison.b} does better than {comparison.a}", [q for q in reversed(order) if change[q] > 0]),
        ):
            if chosen:
                examples = [_example(run, query, sides, change[query]) for query in chosen[:EXAMPLES]]
                yield {"title": f"{title} ({len(chosen):,})", "examples": examples}


def _example(run: Run, query: str, sides: Sequence[str], change: float) -> Row:
    queries = cast("Mapping[str, str]", run.content["queries"])
    found = cast("Mapping[str, Mapping[str, Sequence[str]]]", run.content["found"])
    passages = cast("Mapping[str, Mapping[str, str]]", run.content["passages"])
    return {
        "query": queries[query],
        "change": f"{abs(change):.2f}",
        "sides": [{"name": name, "passages": [passages[one] for one in found[name].get(query, ())]} for name in sides],
    }


def _flat(value: object, prefix: str) -> list[tuple[str, str]]:
    if not isinstance(value, Mapping):
        return [] if value is None else [(prefix, str(value))]
    return [pair for key, inner in value.items() for pair in _flat(inner, f"{prefix}.{key}")]

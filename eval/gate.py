"""What a run has to reach: bounds of means, and no metric worse than in an earlier run beyond chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import isfinite

from eval.answer_metrics import COUNTS
from eval.comparison import WORSE, Comparison, compare_runs
from eval.runs import Run, listed
from eval.statistics import Estimate, estimates
from kb.errors import UserError

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Bound:
    """What the mean of a configuration's metric may be at least, or at most."""

    config: str
    metric: str
    value: float
    is_least: bool = True

    @property
    def kind(self) -> str:
        return "minimum" if self.is_least else "maximum"


@dataclass(frozen=True, slots=True)
class BoundCheck:
    """Passed when the mean over the queries keeps within the bound, wherever its interval lies."""

    bound: Bound
    estimate: Estimate

    @property
    def passed(self) -> bool:
        beyond = self.estimate.mean - self.bound.value
        return beyond >= -_ROUNDING if self.bound.is_least else beyond <= _ROUNDING

    def as_json(self) -> dict[str, object]:
        bound = self.bound
        required = {"config": bound.config, "metric": bound.metric, bound.kind: bound.value}
        return {"check": bound.kind, "passed": self.passed, **required, **asdict(self.estimate)}

    def __str__(self) -> str:
        bound = self.bound
        found = f"{bound.config}.{bound.metric}: {self.estimate}"
        if self.passed:
            return f"{found}, at {'least' if bound.is_least else 'most'} {bound.value:g}"
        side = "below" if bound.is_least else "above"
        return f"{found}, {side} {bound.value:g} by {abs(bound.value - self.estimate.mean):.2g}"


@dataclass(frozen=True, slots=True)
class BaselineCheck:
    """Passed when the metric is not worse than in the baseline, after correction for all that is compared."""

    comparison: Comparison

    @property
    def passed(self) -> bool:
        return self.comparison.verdict != WORSE

    def as_json(self) -> dict[str, object]:
        return {"check": "baseline", "passed": self.passed, "config": self.comparison.b, **self.comparison.as_json()}

    def __str__(self) -> str:
        found = self.comparison
        over = f", over {found.queries:,} of {found.queries + found.left_out:,} queries" if found.left_out else ""
        return f"{found.b}.{found.metric}: {found.difference} against the baseline, {found.verdict}{over}"


Check = BoundCheck | BaselineCheck


def bound(words: str, *, is_least: bool) -> Bound:
    """The bound that `CONFIG.METRIC=NUMBER` asks for; raises UserError for anything else."""
    name, _, number = words.partition("=")
    config, _, metric = name.strip().rpartition(".")
    try:
        value = float(number)
    except ValueError:
        value = float("nan")
    if not config or not metric or not isfinite(value):
        raise UserError(f'"{words}" is no bound: write CONFIGURATION.METRIC=NUMBER, as in "hybrid.ndcg@10=0.70".')
    return Bound(config, metric, value, is_least)


def check(run: Run, *, bounds: Sequence[Bound], baseline: Run | None = None) -> list[Check]:
    """The bounds in their order, then each metric of each configuration that the run shares with `baseline`.

    Raises UserError for a name that the run lacks, for nothing to check, and for a baseline that does not compare.
    """
    if not bounds and baseline is None:
        raise UserError("There is nothing to check; give a minimum, a maximum, a baseline, or several of them.")
    if baseline:
        _require_queries(run, baseline)
    reached = [BoundCheck(one, _estimate(run, one)) for one in bounds]
    kept = compare_runs(baseline, run).comparisons if baseline else ()
    return [*reached, *map(BaselineCheck, kept)]


def _require_queries(run: Run, baseline: Run) -> None:
    """A run on fewer queries would pass for want of evidence."""
    shared = run.values.keys() & baseline.values.keys()
    if not shared:
        raise UserError(
            f"The baseline has {listed(baseline.values)} and the run {listed(run.values)}: "
            "nothing can be held against it without a configuration that both have."
        )
    for config in sorted(shared):
        missing = baseline.values[config].keys() - run.values[config].keys()
        if missing:
            of = f'{len(missing):,} of the {len(baseline.values[config]):,} queries of "{config}"'
            raise UserError(f"{run.path} lacks {of} that the baseline has: run it on the same questions.")


def _estimate(run: Run, bound: Bound) -> Estimate:
    """From the queries' values; for a metric that is no mean of these (an area, say) as the run states it."""
    queries = run.config(bound.config).values()
    metrics = dict.fromkeys(metric for row in queries for metric in row)
    if bound.metric in metrics:
        values = [row[bound.metric] for row in queries if bound.metric in row]
        return estimates({bound.metric: values}, counts=COUNTS)[bound.metric]
    stated = run.estimates().get(bound.config, {})
    if bound.metric not in stated:
        known = listed(metrics | dict.fromkeys(stated))
        raise UserError(f'{run.path} has no metric "{bound.metric}" under "{bound.config}"; it has {known}.')
    return stated[bound.metric]

"""What a run has to reach: least means, and no metric worse than in an earlier run beyond chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import isfinite

from eval.comparison import WORSE, Comparison, compare_runs
from eval.runs import Run, listed
from eval.statistics import Estimate, estimates
from kb.errors import UserError

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Minimum:
    """The least mean that a metric of a configuration may have."""

    config: str
    metric: str
    value: float


@dataclass(frozen=True, slots=True)
class MinimumCheck:
    """Passed when the mean over the queries is not below the minimum, wherever its interval lies."""

    minimum: Minimum
    estimate: Estimate

    @property
    def passed(self) -> bool:
        return self.estimate.mean >= self.minimum.value - _ROUNDING

    def as_json(self) -> dict[str, object]:
        required = {"config": self.minimum.config, "metric": self.minimum.metric, "minimum": self.minimum.value}
        return {"check": "minimum", "passed": self.passed, **required, **asdict(self.estimate)}

    def __str__(self) -> str:
        found = f"{self.minimum.config}.{self.minimum.metric}: {self.estimate}"
        if self.passed:
            return f"{found}, at least {self.minimum.value:g}"
        return f"{found}, below {self.minimum.value:g} by {self.minimum.value - self.estimate.mean:.2g}"


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


Check = MinimumCheck | BaselineCheck


def minimum(words: str) -> Minimum:
    """The minimum that `CONFIG.METRIC=NUMBER` asks for; raises UserError for anything else."""
    name, _, number = words.partition("=")
    config, _, metric = name.strip().rpartition(".")
    try:
        value = float(number)
    except ValueError:
        value = float("nan")
    if not config or not metric or not isfinite(value):
        raise UserError(f'"{words}" is no minimum: write CONFIGURATION.METRIC=NUMBER, as in "hybrid.ndcg@10=0.70".')
    return Minimum(config, metric, value)


def check(run: Run, *, minima: Sequence[Minimum], baseline: Run | None = None) -> list[Check]:
    """The minima in their order, then each metric of each configuration that the run shares with `baseline`.

    Raises UserError for a name that the run lacks, for nothing to check, and for a baseline that does not compare.
    """
    if not minima and baseline is None:
        raise UserError("There is nothing to check; give a minimum, a baseline, or both.")
    reached = [MinimumCheck(minimum, _estimate(run, minimum)) for minimum in minima]
    kept = compare_runs(baseline, run).comparisons if baseline else ()
    return [*reached, *map(BaselineCheck, kept)]


def _estimate(run: Run, minimum: Minimum) -> Estimate:
    queries = run.config(minimum.config).values()
    metrics = dict.fromkeys(metric for row in queries for metric in row)
    if minimum.metric not in metrics:
        raise UserError(
            f'{run.path} has no metric "{minimum.metric}" under "{minimum.config}"; it has {listed(metrics)}.'
        )
    values = [row[minimum.metric] for row in queries if minimum.metric in row]
    return estimates({minimum.metric: values})[minimum.metric]

"""Means over queries and of paired differences: how far off they could be, had other queries been asked."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
POWER = 0.80
RESAMPLES = 2000
DIFFERENCE_RESAMPLES = 10_000
"""A p-value's tail takes more resamples than the ends of an interval."""
_BATCH_CELLS = 1_000_000
_DECIMALS = 12
"""Resampled means that agree so far are one mean, summed in another order."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over queries, and the interval that holds the true mean in 95 of 100 such datasets."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, slots=True)
class Difference:
    """A mean of paired differences and its interval; `p` is two-sided, against a true mean of 0.

    `detectable` is the true mean that 4 of 5 such datasets would tell from 0 at the 5% level; None where the
    differences do not vary, which says nothing of how they would.
    """

    mean: float
    low: float
    high: float
    p: float
    detectable: float | None

    def __str__(self) -> str:
        return f"{self.mean:+z.3f} [{self.low:z.3f}, {self.high:z.3f}]"


def estimates(
    values: Mapping[str, Sequence[float]],
    *,
    counts: Container[str] = (),
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, Estimate]:
    """The mean of each metric with its bootstrap interval; every sequence holds one value a query, in the same order.

    Percentile intervals over resampled queries. The percentile bootstrap is too narrow for few queries, by the factor
    sqrt((n-1)/n) and by taking a normal's quantile for a t's; its level is widened to make up for both (Hesterberg,
    "What Teachers Should Know About the Bootstrap", 2015, section 4.1.3). Where resampled means coincide, as with
    values of 0 and 1, the percentiles are those of the mid-distribution function, without which an interval reaches
    half a step too far at either end (Ma, Genton and Parzen, "Asymptotic properties of sample quantiles of discrete
    distributions", 2011). Metrics share their resamples, so equal values get equal intervals.

    Where all queries have the same value, there is no spread to resample, and other queries may yet have another one.
    The interval is then Clopper and Pearson's for the share of queries that have it, with the others anywhere between 0
    and 1: of 50 queries that all succeed, 1.000 [0.929, 1.000]. For a metric of zeros and ones that is exact; for one
    that is graded between them it holds at least as often. It needs these bounds: a metric that is named in `counts`,
    because it may exceed 1, has its value for its interval, and so has a value beyond them.

    Few queries tell little of what is rare: of 50 that succeed at 50% or more, the interval holds that rate in 96 of
    100 datasets on average over the rates, in 89 at the worst of them, which is 92.5%.
    """
    queries = _queries(values)
    tail = widened_tail(level, queries)
    found = {name: means.estimate(tail) for name, means in _resampled(values, resamples=resamples, seed=seed)}
    alike = {name: column[0] for name, column in values.items() if name not in counts and _are_one_share(column)}
    return found | {name: _unvaried(value, queries, level) for name, value in alike.items()}


def differences(
    values: Mapping[str, Sequence[float]], *, resamples: int = DIFFERENCE_RESAMPLES, seed: int = 0
) -> dict[str, Difference]:
    """The mean of each sequence of paired differences, one a query: its 95% interval, p-value and what it could show.

    `p` inverts the interval of `estimates`: it is 1 - L for the level L at which the interval just reaches 0, so that
    p < .05 where the 95% interval leaves 0 out; with fewer than four queries, whose resamples cannot tell so small a
    tail, it may be larger. A tail that not one resample reaches is a normal's of their spread, which makes `p` that of
    Student's paired t-test.

    `detectable` is (t_.975 + t_.80) sd / sqrt(n), with Student's t of n - 1 degrees of freedom (Bloom, "Minimum
    Detectable Effects", Evaluation Review 19, 1995).
    """
    queries = _queries(values)
    tail = widened_tail(LEVEL, queries)
    result = {}
    for name, found in _resampled(values, resamples=resamples, seed=seed):
        estimate = found.estimate(tail)
        p = _p_value(found.tail_beyond_zero(least=1 / (resamples + 1)), queries)
        result[name] = Difference(
            estimate.mean, estimate.low, estimate.high, p, _detectable(np.asarray(values[name], dtype=np.float64))
        )
    return result


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values in their order, corrected so that 5% is the chance of any false one among all below .05.

    The i-th smallest of m is multiplied by m - i + 1, and is no smaller than those before it and at most 1 (Holm, "A
    Simple Sequentially Rejective Multiple Test Procedure", 1979).
    """
    corrected = [1.0] * len(p_values)
    largest = 0.0
    for place, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[index]))
        corrected[index] = largest
    return corrected


@dataclass(frozen=True, slots=True)
class _Means:
    """A mean, the standard deviation of the means of resampled queries, their different values in ascending order, and
    their mid-distribution function: the share of resamples with a smaller mean and half of those with the same."""

    mean: float
    spread: float
    resampled: NDArray[np.float64]
    shares: NDArray[np.float64]

    def estimate(self, tail: float) -> Estimate:
        """The interval that leaves out `tail` of the resamples at either end."""
        low, high = np.interp((tail, 1 - tail), self.shares, self.resampled)
        return Estimate(self.mean, float(low), float(high))

    def tail_beyond_zero(self, *, least: float) -> float:
        """The tail that an interval with one end at 0 leaves out; a half where 0 is in the middle.

        `least` is the smallest that the resamples can tell.
        """
        from scipy.stats import norm

        if not self.resampled.any():
            return 0.5
        below = float(np.interp(0.0, self.resampled, self.shares, left=0.0, right=1.0))
        tail = min(below, 1 - below)
        if tail >= least or self.spread == 0:
            return max(tail, least)
        return min(least, float(norm.cdf(-abs(self.mean) / self.spread)))


def _resampled(values: Mapping[str, Sequence[float]], *, resamples: int, seed: int) -> Iterator[tuple[str, _Means]]:
    """Each metric's mean over the queries and over those of `resamples` other draws of as many."""
    if not values:
        return
    table = np.array(list(values.values()), dtype=np.float64)
    varied = np.ptp(table, axis=1) > 0
    drawn = iter(_drawn_means(table[varied], resamples=resamples, seed=seed) if varied.any() else ())
    for name, mean, varies in zip(values, table.mean(axis=1), varied, strict=True):
        yield name, _means(float(mean), next(drawn) if varies else np.array([mean]))


def _are_one_share(column: Sequence[float]) -> bool:
    return 0 <= column[0] <= 1 and np.ptp(column) == 0


def _unvaried(value: float, queries: int, level: float) -> Estimate:
    """Of all queries, at least a share has the `value` that these have (Clopper and Pearson, 1934)."""
    from scipy.stats import binomtest

    share = float(binomtest(queries, queries).proportion_ci(level, method="exact").low)
    return Estimate(float(value), value * share, 1 - (1 - value) * share)


def _means(mean: float, drawn: NDArray[np.float64]) -> _Means:
    different, counts = np.unique(drawn.round(_DECIMALS) if len(drawn) > 1 else drawn, return_counts=True)
    return _Means(mean, float(drawn.std()), different, (np.cumsum(counts) - counts / 2) / counts.sum())


def _drawn_means(table: NDArray[np.float64], *, resamples: int, seed: int) -> NDArray[np.float64]:
    """The means of each row of `table`, whose columns are the queries, over each draw of queries."""
    from scipy.stats import bootstrap

    queries = table.shape[1]
    found: NDArray[np.float64] = bootstrap(
        (np.arange(queries),),
        _mean_of_drawn(table),
        n_resamples=resamples,
        batch=max(1, _BATCH_CELLS // queries),
        vectorized=True,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).bootstrap_distribution
    return found


def _mean_of_drawn(table: NDArray[np.float64]) -> Callable[..., NDArray[np.float64]]:
    """The statistic that SciPy resamples: the means of the rows of `table` over the queries drawn.

    Counting how often each query was drawn turns the means of all metrics into one matrix product: 20 metrics of
    6,000 queries take 0.5 s, where averaging the drawn values takes 1.3 s and grows with the number of metrics.
    """
    queries = table.shape[1]

    def means(drawn: NDArray[np.int64], axis: int = -1) -> NDArray[np.float64]:  # noqa: ARG001 (SciPy names it)
        rows = np.atleast_2d(drawn)
        cells = (rows + queries * np.arange(len(rows))[:, None]).ravel()
        counts = np.bincount(cells, minlength=queries * len(rows)).reshape(len(rows), queries)
        result: NDArray[np.float64] = table @ counts.T.astype(np.float64) / queries
        return result if drawn.ndim > 1 else result[:, 0]

    return means


def _queries(values: Mapping[str, Sequence[float]]) -> int:
    """How many values each metric has."""
    queries = len(next(iter(values.values()), [0.0]))
    if queries == 0:
        raise ValueError("a mean needs at least one value")
    return queries


def widened_tail(level: float, n: int) -> float:
    """The share of resamples to leave out at either end for an interval as wide as Student's t of `level`."""
    from scipy.stats import norm, t

    if n == 1:
        return 0.0
    return float(norm.cdf(-sqrt(n / (n - 1)) * t.ppf((1 + level) / 2, n - 1)))


def _p_value(tail: float, n: int) -> float:
    """1 - level of the interval that leaves out `tail` at either end: the inverse of `widened_tail`."""
    from scipy.stats import norm, t

    if n == 1:
        return 1.0
    return 2 * float(t.sf(-norm.ppf(tail) * sqrt((n - 1) / n), n - 1))


def _detectable(values: NDArray[np.float64]) -> float | None:
    from scipy.stats import t

    n = len(values)
    if n == 1 or np.ptp(values) == 0:
        return None
    return float((t.ppf((1 + LEVEL) / 2, n - 1) + t.ppf(POWER, n - 1)) * values.std(ddof=1) / sqrt(n))

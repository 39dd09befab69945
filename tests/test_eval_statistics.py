"""Intervals and p-values agree with the textbook where there is one, and are quick and the same every time."""

from __future__ import annotations

import warnings
from math import log, sqrt
from time import perf_counter

import numpy as np
import pytest
from scipy.stats import binom, bootstrap, norm, t, ttest_1samp

from eval.statistics import Difference, Estimate, differences, estimates, holm


def test_agrees_with_students_interval() -> None:
    values = np.random.default_rng(1).normal(0.5, 0.2, size=400)
    found = estimates({"m": values.tolist()}, resamples=10_000)["m"]
    half = float(t.ppf(0.975, 399)) * values.std(ddof=1) / sqrt(400)
    assert found.mean == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - half, abs=0.06 * half)
    assert found.high == pytest.approx(values.mean() + half, abs=0.06 * half)


def test_is_scipys_percentile_interval_but_for_the_widened_level() -> None:
    values = np.random.default_rng(2).random(3000)
    found = estimates({"m": values.tolist()})["m"]
    plain = bootstrap((values,), np.mean, n_resamples=2000, method="percentile", rng=np.random.default_rng(0))
    assert found.low == pytest.approx(plain.confidence_interval.low, abs=2e-4)
    assert found.high == pytest.approx(plain.confidence_interval.high, abs=2e-4)


@pytest.mark.parametrize(
    ("values", "low", "high"),
    # The share s of queries alike: s^n = .025, and the others between 0 and 1.
    [
        ([1.0] * 50, 0.025 ** (1 / 50), 1),
        ([0.0] * 50, 0, 1 - 0.025 ** (1 / 50)),
        ([0.5] * 20, 0.5 * 0.025 ** (1 / 20), 1 - 0.5 * 0.025 ** (1 / 20)),
        ([1.0], 0.025, 1),
    ],
)
def test_without_spread_the_interval_is_that_of_the_share_alike(values: list[float], low: float, high: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = estimates({"flat": values, "other": [0.0] * len(values)})["flat"]
    assert (found.mean, found.low, found.high) == pytest.approx((values[0], low, high))


@pytest.mark.parametrize("value", [0.0, 1.0, 2.0, -1.0])
def test_a_count_without_spread_has_no_bounds_to_reach(value: float) -> None:
    assert estimates({"m": [value] * 50}, counts={"m"})["m"] == Estimate(value, value, value)
    assert (estimates({"m": [value] * 50})["m"].low < value) == (value == 1)


def test_a_level_of_its_own() -> None:
    assert estimates({"m": [1.0] * 10}, level=0.8)["m"].low == pytest.approx(0.1 ** (1 / 10))


def test_two_queries_reach_from_one_to_the_other() -> None:
    assert estimates({"m": [0.0, 1.0]})["m"] == Estimate(0.5, 0.0, 1.0)


def test_is_the_same_every_time_and_beside_other_metrics() -> None:
    values = np.random.default_rng(3).random(60).tolist()
    alone = estimates({"m": values})["m"]
    assert estimates({"n": values, "flat": [1.0] * 60, "m": values})["m"] == alone
    assert estimates({"m": values}, seed=1)["m"] != alone


def test_covers_the_truth() -> None:
    random = np.random.default_rng(4)
    datasets = {str(index): (random.random(50) < 0.7).astype(float).tolist() for index in range(400)}
    covered = np.mean([found.low <= 0.7 <= found.high for found in estimates(datasets, resamples=1000).values()])
    assert 0.92 <= covered <= 0.98


def test_no_values_is_a_mistake() -> None:
    assert estimates({}) == {}
    with pytest.raises(ValueError, match="at least one"):
        estimates({"m": []})


def test_many_queries_take_a_moment() -> None:
    table = {str(index): np.random.default_rng(index).random(6000).tolist() for index in range(20)}
    estimates({"warm": [0.0, 1.0]})
    began = perf_counter()
    estimates(table)
    assert perf_counter() - began < 10


def test_p_is_that_of_the_resampled_means_at_the_widened_level() -> None:
    found = differences({"m": [1.0] * 12 + [-1.0] * 4})["m"]
    # A resample's mean is below 0 with fewer than 8 of 16 draws from the 12, which a binomial knows; half of 8 counts.
    tail = binom.cdf(7, 16, 0.75) + binom.pmf(8, 16, 0.75) / 2
    assert found.mean == 0.5
    assert found.p == pytest.approx(2 * t.sf(-norm.ppf(tail) * sqrt(15 / 16), 15), rel=0.1)


def test_means_summed_in_another_order_are_equal() -> None:
    whole, tenths = (differences({"m": [step] * 12 + [-step] * 4})["m"] for step in (1.0, 0.1))
    assert tenths.p == pytest.approx(whole.p)
    assert (tenths.low, tenths.high) == pytest.approx((whole.low / 10, whole.high / 10))


def test_p_agrees_with_students() -> None:
    values = np.random.default_rng(5).normal(0.05, 0.4, size=300)
    found = differences({"m": values.tolist()})["m"]
    assert found.p == pytest.approx(ttest_1samp(values, 0).pvalue, rel=0.1)


@pytest.mark.parametrize("queries", [4, 5, 10, 60])
def test_p_is_below_5_percent_where_the_interval_leaves_zero_out(queries: int) -> None:
    random = np.random.default_rng(queries)
    rows = np.where(random.random((500, queries)) < 0.5, 0.0, random.normal(1.2 / sqrt(queries), 0.5, (500, queries)))
    found = differences({str(index): row for index, row in enumerate(rows.round(2).tolist())}).values()
    different = [each.p < 0.05 for each in found]
    assert different == [each.low > 0 or each.high < 0 for each in found]
    assert 0.02 < np.mean(different) < 0.98


def test_differences_mirror_when_the_sides_change_places() -> None:
    values = np.random.default_rng(6).normal(0.1, 0.4, size=50)
    there, back = differences({"m": values.tolist()})["m"], differences({"m": (-values).tolist()})["m"]
    assert (back.low, back.high, back.p) == pytest.approx((-there.high, -there.low, there.p))
    assert back.detectable == there.detectable


def test_no_difference_at_all() -> None:
    assert differences({"m": [0.0] * 30})["m"] == Difference(0.0, 0.0, 0.0, p=1.0, detectable=None)


def test_a_few_queries_show_nothing() -> None:
    assert differences({"m": [0.5]})["m"] == Difference(0.5, 0.5, 0.5, p=1.0, detectable=None)
    for queries in (2, 3):
        assert differences({"m": [0.5] * queries})["m"].p > 0.05
        assert differences({"m": [0.5, 0.4, 0.1][:queries]})["m"].p > 0.05
    assert differences({"m": [0.5] * 30})["m"].p < 0.002


def test_p_beyond_what_resamples_tell_is_students() -> None:
    values = np.random.default_rng(7).normal(0.5, 0.2, size=40)
    found = differences({"m": values.tolist()})["m"].p
    assert 0 < found < 1e-12
    assert log(found) == pytest.approx(log(ttest_1samp(values, 0).pvalue), rel=0.02)


def test_detectable_by_hand() -> None:
    # sd 1.290994, over sqrt(4) 0.645497; t_.975 with 3 degrees of freedom 3.182446, t_.80 0.978472.
    assert differences({"m": [1.0, 2.0, 3.0, 4.0]})["m"].detectable == pytest.approx(2.685861, abs=1e-5)


def test_holm_by_hand() -> None:
    # In ascending order .005 x 4, .01 x 3, .03 x 2, .04 x 1; the last is not below the one before.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.6]) == [1.0, 1.0]
    assert holm([0.04]) == [0.04]
    assert holm([]) == []


def test_how_they_read() -> None:
    assert str(Estimate(0.4567, 0.4, 0.5)) == "0.457 [0.400, 0.500]"
    assert str(Difference(0.0631, 0.0401, 0.0869, 0.001, 0.03)) == "+0.063 [0.040, 0.087]"
    assert str(Difference(-0.0001, -0.02, -0.0001, 0.04, 0.03)) == "+0.000 [-0.020, 0.000]"

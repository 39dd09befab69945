"""Intervals agree with the textbook where there is one, cover the truth, and are quick and the same every time."""

from __future__ import annotations

import warnings
from math import sqrt
from time import perf_counter

import numpy as np
import pytest
from scipy.stats import bootstrap, t

from eval.statistics import Estimate, estimates


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


@pytest.mark.parametrize("values", [[0.3], [0.1] * 7, [1.0] * 50])
def test_without_spread_the_interval_is_the_mean(values: list[float]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = estimates({"flat": values, "other": [0.0] * len(values)})["flat"]
    assert found.low == found.mean == found.high == pytest.approx(values[0])


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

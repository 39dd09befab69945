"""Intervals, p-values and detectable differences keep their promises on datasets whose truth is known.

CITEWELL_HEAVY=1 makes it 2,000 datasets a case, held to the promises themselves; fewer are allowed two standard
deviations of their count beyond them. `pytest -s` shows the figures.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu, t

from eval.abstention import Judged, aurc, auroc
from eval.comparison import Comparison, compare_with_reference
from eval.statistics import Difference, Estimate, differences, estimates

IS_HEAVY = bool(os.environ.get("CITEWELL_HEAVY"))
DATASETS = 2000 if IS_HEAVY else 400
BATCH = 400
DISAGREEING = 0.4
"""The share of queries on which the two configurations differ, or may."""
Table = NDArray[np.float64]
Flags = NDArray[np.bool_]


def graded(random: np.random.Generator, shape: tuple[int, int]) -> Table:
    """Like nDCG: a fifth of the queries find nothing, the others anything up to 1."""
    return np.where(random.random(shape) < 0.2, 0.0, random.beta(1.2, 1.0, shape))


GRADED_MEAN = 0.8 * 1.2 / 2.2


def binary_differences(random: np.random.Generator, shape: tuple[int, int], shift: float) -> Table:
    drawn = random.random(shape)
    won, lost = (DISAGREEING + shift) / 2, (DISAGREEING - shift) / 2
    return (drawn < won).astype(float) - (drawn > 1 - lost)


def graded_differences(random: np.random.Generator, shape: tuple[int, int], shift: float) -> Table:
    differ = random.random(shape) < DISAGREEING
    return np.where(differ, graded(random, shape) - graded(random, shape), 0.0) + shift


def binary_spread(shift: float) -> float:
    return sqrt(DISAGREEING - shift**2)


def graded_spread(shift: float) -> float:
    """Of the difference of two values, on a share of the queries; E[x^2] of a beta is a(a+1) / ((a+b)(a+b+1))."""
    return sqrt(DISAGREEING * 2 * (0.8 * 1.2 * 2.2 / (2.2 * 3.2) - GRADED_MEAN**2))


def batches(table: Table) -> Iterator[dict[str, Table]]:
    for start in range(0, len(table), BATCH):
        yield {str(start + index): row for index, row in enumerate(table[start : start + BATCH])}


def compared(table: Table) -> list[Difference]:
    return [found for batch in batches(table) for found in differences(batch).values()]


def allowance(share: float, datasets: int = DATASETS) -> float:
    return 0.0 if IS_HEAVY else 2 * sqrt(share * (1 - share) / datasets)


@pytest.mark.parametrize("queries", [50, 300, 3000])
@pytest.mark.parametrize("rate", [0.5, 0.7, 0.9, None], ids=["half", "most", "nearly all", "graded"])
def test_intervals_cover_the_true_mean(queries: int, rate: float | None) -> None:
    random = np.random.default_rng(queries)
    shape = (DATASETS, queries)
    table = graded(random, shape) if rate is None else (random.random(shape) < rate).astype(float)
    truth = GRADED_MEAN if rate is None else rate
    found = [estimate for batch in batches(table) for estimate in estimates(batch).values()]
    covered = float(np.mean([estimate.low <= truth <= estimate.high for estimate in found]))
    print(f"coverage {queries} {rate or 'graded'} {covered:.2%}")  # noqa: T201
    assert 0.935 - allowance(0.95) <= covered <= 0.965 + allowance(0.95)


@pytest.mark.parametrize("rate", [0.97, 0.98, 0.99, 0.995])
def test_what_seldom_fails_is_covered_though_it_may_not_fail_at_all(rate: float) -> None:
    """At 99%, 50 queries all succeed in 61 of 100 datasets."""
    table = (np.random.default_rng(50).random((DATASETS, 50)) < rate).astype(float)
    found = [estimate for batch in batches(table) for estimate in estimates(batch).values()]
    covered = float(np.mean([estimate.low <= rate <= estimate.high for estimate in found]))
    print(f"coverage 50 {rate} {covered:.2%}")  # noqa: T201
    assert covered >= 0.935 - allowance(0.95)


@pytest.mark.parametrize("queries", [50, 300, 3000])
@pytest.mark.parametrize(
    ("drawn", "spread"),
    [(binary_differences, binary_spread), (graded_differences, graded_spread)],
    ids=["binary", "graded"],
)
def test_comparisons_find_what_is_there_and_seldom_what_is_not(
    queries: int,
    drawn: Callable[[np.random.Generator, tuple[int, int], float], Table],
    spread: Callable[[float], float],
) -> None:
    random = np.random.default_rng(queries)
    equal = compared(drawn(random, (DATASETS, queries), 0.0))
    false = float(np.mean([found.p < 0.05 for found in equal]))

    # The difference d with d = (t_.975 + t_.80) sd(d) / sqrt(n): what a dataset like this says that it could show.
    detectable = 0.0
    for _ in range(20):
        quantiles = t.ppf(0.975, queries - 1) + t.ppf(0.8, queries - 1)
        detectable = float(quantiles * spread(detectable) / sqrt(queries))
    different = compared(drawn(random, (DATASETS, queries), detectable))
    true = float(np.mean([found.p < 0.05 for found in different]))

    print(f"{drawn.__name__} {queries}: equal {false:.2%}, detectable {detectable:.3f}, found {true:.2%}")  # noqa: T201
    assert 0.035 - allowance(0.05) <= false <= 0.065 + allowance(0.05)
    assert np.median([found.detectable for found in different]) == pytest.approx(detectable, rel=0.03)
    assert true >= 0.77 - allowance(0.8)
    assert all((found.p < 0.05) == (found.low > 0 or found.high < 0) for found in equal + different)


def disagreeing(random: np.random.Generator, reference: Table, shift: float = 0.0) -> Table:
    differ = random.random(len(reference)) < DISAGREEING
    return np.where(differ, graded(random, (1, len(reference)))[0], reference) + shift


def queries_of(values: Table) -> dict[str, dict[str, float]]:
    """A main metric and others that follow from it, as those of a ranking do."""
    others = {f"success@{k}": values > 1 - k / 10 for k in range(1, 10)}
    return {
        str(query): {"ndcg@10": value, "map": value**2, **{name: float(held[query]) for name, held in others.items()}}
        for query, value in enumerate(values.tolist())
    }


def differ_falsely(found: Sequence[Comparison], *, main: bool) -> bool:
    return any(each.p_holm < 0.05 for each in found if each.b != "better" and (each.metric == "ndcg@10") is main)


@pytest.mark.parametrize("queries", [50, 300] if IS_HEAVY else [50])
@pytest.mark.parametrize("shift", [0.0, 0.3], ids=["all equal", "one better"])
def test_a_family_says_seldom_that_anything_differs_which_does_not(queries: int, shift: float) -> None:
    """Modes against one reference, in the main metric and apart from it in the others, as `eval retrieval` does."""
    random = np.random.default_rng(queries)
    datasets = DATASETS if IS_HEAVY else 200
    wrong = []
    for _ in range(datasets):
        reference = graded(random, (1, queries))[0]
        modes = {"dense": disagreeing(random, reference), "lexical": disagreeing(random, reference)}
        modes |= (
            {"hybrid": reference, "better": disagreeing(random, reference, shift)} if shift else {"hybrid": reference}
        )
        found = compare_with_reference({name: queries_of(values) for name, values in modes.items()})
        wrong.append([differ_falsely(found, main=main) for main in (True, False)])
    in_main, in_others = np.mean(wrong, axis=0)
    print(f"family {queries} {shift}: in the main metric {in_main:.2%}, in the others {in_others:.2%}")  # noqa: T201
    assert in_main <= 0.065 + allowance(0.05, datasets)
    assert in_others <= 0.065 + allowance(0.05, datasets)


@dataclass(frozen=True)
class Beliefs:
    """Confidences and what came of them, one a question; half can be answered, rightly the more, the more confident."""

    answerable: Flags
    confidence: Table
    right: Flags

    def judged(self) -> list[Judged]:
        rows = enumerate(zip(self.answerable.tolist(), self.confidence.tolist(), self.right.tolist(), strict=True))
        return [Judged(str(index), str(index), *row) for index, row in rows]


def beliefs(random: np.random.Generator, questions: int, told_apart: float) -> Beliefs:
    answerable = random.random(questions) < 0.5
    confidence = (1 / (1 + np.exp(-random.normal(told_apart * answerable, 1.0)))).round(2)
    return Beliefs(answerable, confidence, answerable & (random.random(questions) < 0.5 + confidence / 2))


def true_auroc(many: Beliefs) -> float:
    kinds = many.confidence[many.answerable], many.confidence[~many.answerable]
    return float(mannwhitneyu(*kinds).statistic / (len(kinds[0]) * len(kinds[1])))


def true_aurc(many: Beliefs) -> float:
    order = np.argsort(-many.confidence)
    return float((np.cumsum(~many.right[order]) / np.arange(1, len(order) + 1)).mean())


@pytest.mark.parametrize("questions", [200, 1000] if IS_HEAVY else [200])
@pytest.mark.parametrize("told_apart", [0.5, 1.0, 2.5])
@pytest.mark.parametrize(("area", "true_area"), [(auroc, true_auroc), (aurc, true_aurc)], ids=["auroc", "aurc"])
def test_intervals_of_areas_cover_the_true_area(
    area: Callable[[Sequence[Judged]], Estimate | None],
    true_area: Callable[[Beliefs], float],
    told_apart: float,
    questions: int,
) -> None:
    random = np.random.default_rng(questions)
    datasets = 1000 if IS_HEAVY else 60
    truth = true_area(beliefs(random, 1_000_000, told_apart))
    found = [area(beliefs(random, questions, told_apart).judged()) for _ in range(datasets)]
    covered = float(np.mean([each is not None and each.low <= truth <= each.high for each in found]))
    print(f"area {area.__name__} {questions} {truth:.3f}: coverage {covered:.1%}")  # noqa: T201
    assert 0.93 - allowance(0.95, datasets) <= covered <= 0.97 + allowance(0.95, datasets)

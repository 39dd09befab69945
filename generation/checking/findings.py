"""What speaks against a sentence and how much it weighs: together the findings decide whether it is marked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

NOT_SAID = "the cited passages do not say this"
# The coefficients of a logistic model, as multiples of what it takes to be marked, fitted to the labelled drafts of
# tests/drafts (development and validation, none below zero); what has 1.0 was not fitted and speaks alone. Fitted and
# cut at 5% on nine tenths of the passages and asked of the other: 71% of the false caught, 5.5% of the true marked.
WEIGHTS = {
    "absent": 1.0,
    "ordered": 1.0,
    "derived": 0.3,
    "figure elsewhere": 2.1,
    "name elsewhere": 3.1,
    "contrary": 1.7,
    "denied": 2.6,
    "undenied": 1.95,
    "degree": 2.8,
    "overclaimed": 3.0,
    "unreserved": 2.0,
    "replaced": 2.2,
    "exchanged": 2.6,
    "exchanged words": 1.75,
    "gap": 3.5,
    "thin": 3.2,
}
_WORTH_TELLING = 0.4
"""Share of the heaviest finding's weight that another must have to be named beside it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that speaks against a sentence: its kind, one of WEIGHTS, and a phrase for people.

    `strength` is 1, or less where a kind has degrees.
    """

    kind: str
    phrase: str
    strength: float = 1.0

    @property
    def weight(self) -> float:
        return WEIGHTS[self.kind] * self.strength


def doubt(findings: Iterable[Finding]) -> float:
    """The sum of the weights, each kind counted once: from 1 on a sentence is not borne out."""
    heaviest: dict[str, float] = {}
    for finding in findings:
        heaviest[finding.kind] = max(finding.weight, heaviest.get(finding.kind, 0.0))
    return sum(heaviest.values())


def problems(findings: Iterable[Finding]) -> tuple[str, ...]:
    """The phrases of what weighs most, heaviest first; none where the doubt is below 1."""
    ranked = sorted(findings, key=lambda finding: -finding.weight)
    if doubt(ranked) < 1.0:
        return ()
    told = [one.phrase for one in ranked if one.weight >= _WORTH_TELLING * ranked[0].weight]
    return (NOT_SAID,) if NOT_SAID in told else tuple(dict.fromkeys(told))

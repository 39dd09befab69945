"""How far two judges agree on the same things, beyond what chance would have them agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass

from eval.statistics import Estimate, estimates

Pair = tuple[Hashable, Hashable]


@dataclass(frozen=True, slots=True)
class Agreement:
    """`raw` is the share of the `count` things that both call the same; `kappa` is None where it is undefined."""

    count: int
    raw: Estimate
    kappa: float | None

    def __str__(self) -> str:
        kappa = "kappa undefined" if self.kappa is None else f"kappa {self.kappa:.2f}"
        return f"{self.raw}, {kappa}, n = {self.count:,}"

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def agreement(pairs: Sequence[Pair]) -> Agreement | None:
    """Of what each of the two says; None where there is nothing that both judged."""
    if not pairs:
        return None
    same = [float(one == other) for one, other in pairs]
    return Agreement(len(pairs), estimates({"same": same})["same"], cohens_kappa(pairs))


def cohens_kappa(pairs: Sequence[Pair]) -> float | None:
    """(p_o - p_e) / (1 - p_e): observed agreement against that of two who only keep to their own frequencies.

    None where both always say one and the same, which leaves chance nothing to explain (Cohen, "A Coefficient of
    Agreement for Nominal Scales", 1960).
    """
    count = len(pairs)
    one, other = (Counter(side) for side in zip(*pairs, strict=True))
    same = sum(a == b for a, b in pairs) * count
    expected = sum(one[verdict] * other[verdict] for verdict in one)
    return None if expected == count**2 else (same - expected) / (count**2 - expected)

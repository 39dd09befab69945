"""How long a retriever takes, and each stage of one that is made of several; it does not know what the stages do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np

from kb.protocols import Retriever
from kb.types import Hit


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds a query."""

    p50: float
    p95: float

    def __str__(self) -> str:
        return f"{self.p50:.1f} / {self.p95:.1f}"


def latency(seconds: Sequence[float]) -> Latency:
    """The quantiles of `seconds`, one value a query, interpolated between neighbours."""
    p50, p95 = (1000 * float(quantile) for quantile in np.quantile(seconds, (0.5, 0.95)))
    return Latency(p50, p95)


def stage_latencies(laps: Sequence[Mapping[str, float]]) -> dict[str, Latency]:
    """The latency of each stage, `laps` holding its seconds in each query; none where there is one stage only."""
    names = list(dict.fromkeys(name for lap in laps for name in lap))
    if len(names) < 2:
        return {}
    return {name: latency([lap.get(name, 0.0) for lap in laps]) for name in names}


def latency_json(whole: Latency, stages: Mapping[str, Latency] | None = None) -> dict[str, object]:
    """Rounded to microseconds; the stages only where there are several."""
    inner = {"stages": {name: _rounded(stage) for name, stage in stages.items()}} if stages else {}
    return {**_rounded(whole), **inner}


def _rounded(whole: Latency) -> dict[str, float]:
    return {"p50": round(whole.p50, 3), "p95": round(whole.p95, 3)}


@dataclass(slots=True)
class StageClock:
    """Times stages within one another. Each counts only the time that none of its inner ones takes."""

    _seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    _inner: list[float] = field(default_factory=lambda: [0.0])
    """How long the inner stages took so far, for each stage under way, the innermost last."""

    def timed(self, stage: str, retriever: Retriever) -> Retriever:
        """`retriever`, with its time counted as that of `stage`."""
        return _Timed(stage, retriever, self)

    def lap(self) -> dict[str, float]:
        """The seconds of each stage since the last lap, in the order in which they ended."""
        seconds = dict(self._seconds)
        self._seconds.clear()
        return seconds

    def count(self, stage: str, retrieve: Callable[[], list[Hit]]) -> list[Hit]:
        self._inner.append(0.0)
        began = perf_counter()
        hits = retrieve()
        seconds = perf_counter() - began
        self._seconds[stage] += seconds - self._inner.pop()
        self._inner[-1] += seconds
        return hits


@dataclass(frozen=True, slots=True)
class _Timed:
    stage: str
    retriever: Retriever
    clock: StageClock

    def retrieve(self, query: str, k: int) -> list[Hit]:
        return self.clock.count(self.stage, lambda: self.retriever.retrieve(query, k))

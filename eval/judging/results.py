"""What a language model made of a run's answers, and how far it can be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from eval.judging.agreement import Agreement
from eval.judging.measures import Verdict
from eval.metrics import Values
from eval.statistics import Estimate

PREFIX = "judge_"
"""What the names of its metrics begin with."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict on the answer to the question `id`, with the reply that it was read from."""

    id: str
    measure: str
    again: bool
    verdict: Verdict
    reply: str


@dataclass(frozen=True, slots=True)
class MeasureResult:
    """`passed` and `refused` are shares of the `count` answers that were judged; a refusal has not passed.

    `itself` is the judge's agreement with itself, asked a second time, and `people` that with labels; None: not tried.
    """

    measure: str
    count: int
    passed: Estimate
    refused: Estimate
    itself: Agreement | None
    people: Agreement | None

    @property
    def estimates(self) -> dict[str, Estimate]:
        return {f"{PREFIX}{self.measure}": self.passed, f"{PREFIX}refused_{self.measure}": self.refused}


@dataclass(frozen=True, slots=True)
class JudgeReport:
    """The results of a judge, named as in the settings and by its `model`, on the answers of the run `judged`.

    `abstained` counts the questions without an answer, which are not judged, `labels_left_out` the lines of labels
    that speak of other answers, `calls` what was asked this time. `values` maps a question's id to its metrics, `run`
    is the file that holds them, beside all that the judged run holds.
    """

    dataset: str
    generator: str
    llm: str
    model: str
    answers: int
    abstained: int
    results: Sequence[MeasureResult]
    values: Mapping[str, Values]
    labels_left_out: int
    calls: int
    seconds: float
    judged: Path
    run: Path

    @property
    def is_checked(self) -> bool:
        """Whether there are labels by people."""
        return any(result.people for result in self.results)

    def as_json(self) -> dict[str, object]:
        return {
            "dataset": self.dataset,
            "generator": self.generator,
            "metrics": self.metrics(),
            "judge": self.audit(),
            "calls": self.calls,
            "seconds": round(self.seconds, 3),
            "judged": str(self.judged),
            "run": str(self.run),
        }

    def metrics(self) -> dict[str, object]:
        return {name: asdict(found) for result in self.results for name, found in result.estimates.items()}

    def audit(self) -> dict[str, object]:
        """Who judged how much, and how far that agrees with itself and with people."""
        return {
            "llm": self.llm,
            "model": self.model,
            "answers": self.answers,
            "abstained": self.abstained,
            "checked_by_people": self.is_checked,
            "labels_left_out": self.labels_left_out,
            "agreement": {
                f"{PREFIX}{result.measure}": {
                    "judged": result.count,
                    "itself": asdict(result.itself) if result.itself else None,
                    "people": asdict(result.people) if result.people else None,
                }
                for result in self.results
            },
        }

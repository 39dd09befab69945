"""What an evaluation of answers found, and how it is written down for other programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from eval.latency import Latency, latency_json
from eval.metrics import Values
from eval.results import EvidenceCounts, reasons_json
from eval.statistics import Estimate


@dataclass(frozen=True, slots=True)
class AnswerReport:
    """The results on a dataset and what they stand on.

    `estimates` maps a metric to its mean over the questions that it speaks of, None where there are none. `curve` is
    the risk-coverage curve, `thresholds` are those fitted without the documents that they were tried on, `threshold`
    is fitted to all questions (of one kind alone it says nothing), `recalled` counts the answers of an interrupted
    run. `values` maps a question's id to its metrics, `failed` and `skipped` a file without documents to the reason.
    `drafts` of the dataset's questions nobody has accepted yet.
    """

    dataset: str
    generator: str
    questions: int
    answerable: int
    estimates: Mapping[str, Estimate | None]
    quote_words_median: float | None
    latency: Latency
    stages: Mapping[str, Latency]
    curve: Sequence[Mapping[str, float]]
    thresholds: Sequence[float]
    threshold: float
    values: Mapping[str, Values]
    fingerprint: Mapping[str, str]
    settings: Mapping[str, object]
    failed: Mapping[str, str]
    skipped: Mapping[str, str]
    evidence: EvidenceCounts
    drafts: int
    recalled: int
    seconds: float
    run: Path

    def as_json(self) -> dict[str, object]:
        """The contract's object, and after its keys what else is known."""
        metrics: dict[str, object] = {
            name: asdict(estimate) if estimate else None for name, estimate in self.estimates.items()
        }
        return {
            "dataset": self.dataset,
            "generator": self.generator,
            "metrics": {**metrics, "quote_words_median": self.quote_words_median},
            "latency_ms": latency_json(self.latency, self.stages),
            "questions": self.questions,
            "answerable": self.answerable,
            "risk_coverage": list(self.curve),
            "fitted_thresholds": list(self.thresholds),
            "fitted_threshold": self.threshold,
            "fingerprint": dict(self.fingerprint),
            "settings": dict(self.settings),
            "failed": reasons_json(self.failed),
            "skipped": reasons_json(self.skipped),
            "evidence": asdict(self.evidence),
            "drafts": self.drafts,
            "recalled": self.recalled,
            "seconds": round(self.seconds, 3),
            "run": str(self.run),
        }

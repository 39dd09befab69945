"""What an evaluation of retrieval found, and how it is written down for other programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from eval.comparison import Comparison
from eval.evidence import Target
from eval.latency import Latency, latency_json
from eval.metrics import Values
from eval.statistics import Estimate
from kb.types import Chunk


@dataclass(frozen=True, slots=True)
class EvidenceCounts:
    """How much of the evidence can be judged how deeply: pieces in all, with a page named, with the quote located."""

    items: int
    with_page: int
    located: int


def evidence_counts(targets: Iterable[Target]) -> EvidenceCounts:
    found = list(targets)
    return EvidenceCounts(
        items=len(found),
        with_page=sum(target.pages is not None for target in found),
        located=sum(bool(target.quotes) for target in found),
    )


@dataclass(frozen=True, slots=True)
class ConfigResult:
    """One retriever's result. `values` maps a query's id to its metrics, `found` to its first passages.

    `stages` are those of a retriever that is made of several.
    """

    name: str
    estimates: Mapping[str, Estimate]
    latency: Latency
    values: Mapping[str, Values]
    stages: Mapping[str, Latency] = field(default_factory=dict)
    found: Mapping[str, Sequence[Chunk]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RetrievalReport:
    """The results on a dataset and what they stand on. `failed` maps a file that could not be ingested to the reason,
    `skipped` one that holds nothing to ingest; `drafts` counts those of the dataset's questions that nobody has
    accepted yet; `run` is the file that holds each query's values, `comparisons` say what of the differences is
    chance."""

    dataset: str
    questions: int
    configs: tuple[ConfigResult, ...]
    evidence: EvidenceCounts | None
    documents: int
    chunks: int
    fingerprint: Mapping[str, str]
    failed: Mapping[str, str]
    skipped: Mapping[str, str]
    seconds: float
    run: Path
    comparisons: tuple[Comparison, ...] = ()
    drafts: int = 0

    def as_json(self) -> dict[str, object]:
        """The contract's object, and after its keys what else is known."""
        return {
            "dataset": self.dataset,
            "configs": {result.name: _config_json(result) for result in self.configs},
            "questions": self.questions,
            "drafts": self.drafts,
            "evidence": asdict(self.evidence) if self.evidence else None,
            "documents": self.documents,
            "chunks": self.chunks,
            "fingerprint": dict(self.fingerprint),
            "failed": reasons_json(self.failed),
            "skipped": reasons_json(self.skipped),
            "seconds": round(self.seconds, 3),
            "run": str(self.run),
            "comparisons": [comparison.as_json() for comparison in self.comparisons],
        }


def reasons_json(reasons: Mapping[str, str]) -> list[dict[str, str]]:
    """Files with the reasons why they did not become documents, as `citewell ingest` writes them."""
    return [{"source": source, "reason": reason} for source, reason in reasons.items()]


def _config_json(result: ConfigResult) -> dict[str, object]:
    metrics: dict[str, object] = {name: asdict(estimate) for name, estimate in result.estimates.items()}
    return {**metrics, "latency_ms": latency_json(result.latency, result.stages)}

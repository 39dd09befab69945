"""Evaluation of contexts: whether what a language model is given to read holds the evidence, at several budgets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from citewell import Settings
from eval.bases import CachedBase, Progress, open_base, reasons
from eval.datasets import QuestionDataset, load_dataset
from eval.evidence import Target
from eval.metrics import BUDGETS
from eval.statistics import Estimate, estimates
from eval.tasks import evenly, located
from kb.errors import DatasetError
from kb.settings import changed
from kb.types import Span

PLAIN = {"context.join": 0, "context.section": 0.0, "context.compress": 1.0}
"""The passages as they were found, as many as fit."""


@dataclass(frozen=True, slots=True)
class ContextReport:
    """`recall` maps a budget of tokens to the recall of "plain" and of "context", as the settings have it.

    `failed` says why files did not become documents, by their sources.
    """

    dataset: str
    questions: int
    recall: dict[int, dict[str, Estimate]]
    failed: dict[str, str]

    def as_json(self) -> dict[str, object]:
        return {
            "dataset": self.dataset,
            "questions": self.questions,
            "budgets": {
                str(tokens): {
                    name: {"mean": value.mean, "low": value.low, "high": value.high} for name, value in row.items()
                }
                for tokens, row in self.recall.items()
            },
        }


def evaluate_context(
    folder: Path,
    *,
    settings: Settings | None = None,
    home: Path | None = None,
    budgets: Sequence[int] = BUDGETS,
    limit: int | None = None,
    progress: Progress = lambda *_: None,
) -> ContextReport:
    """Builds the context of each answerable question of the dataset in `folder`; `limit` takes that many, evenly.

    Raises DatasetError for a dataset without such questions.
    """
    chosen = settings or Settings()
    dataset = load_dataset(folder)
    if not isinstance(dataset, QuestionDataset) or not dataset.answerable:
        raise DatasetError(f"{dataset.folder} has no questions with evidence: use eval retrieval.")
    with (
        open_base(dataset, settings=chosen, home=home) as cached,
        open_base(dataset, settings=changed(chosen, PLAIN), home=home) as plain,
    ):
        ingested = cached.fill(lambda done, total: progress("ingest", done, total))
        values = _values(dataset, {"plain": plain, "context": cached}, budgets, limit, progress)
    questions = len(next(iter(values[budgets[0]].values())))
    recall = {tokens: estimates(columns) for tokens, columns in values.items()}
    return ContextReport(dataset.name, questions, recall, reasons(ingested.failed))


def _values(
    dataset: QuestionDataset,
    bases: dict[str, CachedBase],
    budgets: Sequence[int],
    limit: int | None,
    progress: Progress,
) -> dict[int, dict[str, list[float]]]:
    """The recall of each question, by budget and name of the base."""
    document = lru_cache(maxsize=8)(bases["context"].base.document)
    questions = evenly(dataset.answerable, limit)
    values: dict[int, dict[str, list[float]]] = {tokens: {name: [] for name in bases} for tokens in budgets}
    for done, question in enumerate(questions, start=1):
        targets = located(dataset, question, document)
        for tokens, columns in values.items():
            for name, cached in bases.items():
                passages = cached.base.context(question.text, tokens=tokens).passages
                places = [(passage.source, span) for passage in passages for span in passage.spans]
                columns[name].append(context_recall(places, targets))
        progress("context", done, len(questions))
    return values


def context_recall(places: Sequence[tuple[str, Span]], targets: Sequence[Target]) -> float:
    """The share of `targets` that the spans hold: an accepted answer whole, or without one, half of the quote.

    `places` are sources and spans of their texts that do not overlap.
    """
    return sum(_holds(places, target) for target in targets) / len(targets)


def _holds(places: Sequence[tuple[str, Span]], target: Target) -> bool:
    spans = [span for source, span in places if source == target.source]
    if target.answers:
        return any(span.start <= one.start and one.end <= span.end for span in spans for one in target.answers)
    return any(2 * _covered(spans, quote) >= quote.end - quote.start for quote in target.quotes)


def _covered(spans: Sequence[Span], quote: Span) -> int:
    return sum(max(0, min(span.end, quote.end) - max(span.start, quote.start)) for span in spans)


def context_table(report: ContextReport) -> str:
    """Recall with its interval by budget, as a table in Markdown."""
    names = list(next(iter(report.recall.values())))
    lines = [f"| tokens | {' | '.join(names)} |", f"|---:|{'---|' * len(names)}"]
    lines += [f"| {tokens} | {' | '.join(str(row[name]) for name in names)} |" for tokens, row in report.recall.items()]
    return "\n".join([f"Evidence held by the context of {report.questions} questions of {report.dataset}", "", *lines])

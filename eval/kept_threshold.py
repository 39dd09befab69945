"""From an evaluation of answers to the threshold that is kept with a base."""

from __future__ import annotations

from pathlib import Path

from citewell import Settings
from citewell.threshold import FittedThreshold, deciding
from eval.answer_results import AnswerReport
from eval.datasets import QuestionDataset, load_dataset
from eval.statistics import Estimate
from kb.errors import DatasetError


def require_both_kinds(folder: Path) -> None:
    """Raises DatasetError where there is nothing to fit a threshold to: both kinds of questions are needed."""
    dataset = load_dataset(folder)
    if isinstance(dataset, QuestionDataset):
        _require(dataset.name, sum(one.answerable for one in dataset.questions), len(dataset.questions))


def kept_threshold(report: AnswerReport, settings: Settings, mode: str | None) -> FittedThreshold:
    """What is fitted to all questions of `report`, with the errors it makes on documents it was not fitted to.

    Raises DatasetError where the questions asked are all of one kind.
    """
    _require(report.dataset, report.answerable, report.questions)
    answer = settings.answer.model_copy(update={"mode": mode} if mode else {})
    return FittedThreshold(
        value=report.threshold,
        dataset=report.dataset,
        answerable=report.answerable,
        unanswerable=report.questions - report.answerable,
        abstained_on_answerable=_mean(report.estimates["abstained_on_answerable_fitted"]),
        answered_on_unanswerable=_mean(report.estimates["answered_on_unanswerable_fitted"]),
        decided_by=deciding(settings, answer, report.fingerprint),
    )


def _require(dataset: str, answerable: int, questions: int) -> None:
    if 0 < answerable < questions:
        return
    lacking = "answer" if not answerable else "do not answer"
    raise DatasetError(
        f"No threshold can be fitted to {dataset}: it has no questions that its documents {lacking}; add some to its "
        'questions.jsonl ("answerable": true or false).'
    )


def _mean(estimate: Estimate | None) -> float | None:
    return estimate.mean if estimate else None

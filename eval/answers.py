"""Evaluation of answers: a dataset's questions asked of the product, to metrics with intervals."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from shlex import join
from time import perf_counter

import numpy as np

from citewell import KnowledgeBase, Settings, __version__
from eval.abstention import Errors, Judged, aurc, auroc, fitted_errors, risk_coverage
from eval.answer_metrics import (
    answer_values,
    citation_values,
    cites_evidence,
    holds_answer,
    median_or_none,
    quote_words,
)
from eval.answer_results import AnswerReport
from eval.bases import CachedBase, open_base
from eval.datasets import Question, QuestionDataset, load_dataset
from eval.evidence import Target
from eval.journal import Answered, Journal, journal
from eval.metrics import Values
from eval.results import evidence_counts
from eval.runs import write_run
from eval.statistics import Estimate, estimates
from eval.tasks import evenly, located
from kb.errors import DatasetError, UserError
from kb.types import Answer, Citation, Document

METRICS = (
    "answer_in_first_quote",
    "answer_in_quotes",
    "evidence_in_quotes",
    "exact_match",
    "f1",
    "verbatim_rate",
    "citation_precision",
    "citation_recall",
    "unsupported_numbers",
    "abstained_on_answerable",
    "answered_on_unanswerable",
)
"""Means over questions, each over those that it speaks of."""
Progress = Callable[[str, int, int], None]
Lookup = Callable[[str], Document | None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A question, what the product said to it, and what it would have said, had it not abstained."""

    question: Question
    answer: Answer
    unguarded: Answer
    seconds: float


def evaluate_answers(
    folder: Path,
    *,
    mode: str | None = None,
    settings: Settings | None = None,
    home: Path | None = None,
    limit: int | None = None,
    progress: Progress = lambda *_: None,
) -> AnswerReport:
    """Asks the questions of the dataset in `folder`, which must have the knowledge-base layout.

    The base is the one that `evaluate_retrieval` keeps; `mode` is the search mode, else the settings'; `limit` takes
    that many questions, spread evenly. Interrupted, it goes on the next time with the questions not yet asked.
    Raises DatasetError for a broken dataset or one without questions to ask.
    """
    if limit is not None and limit < 1:
        raise UserError(f"A limit of {limit} questions leaves nothing to measure; give 1 or more.")
    began = perf_counter()
    dataset = load_dataset(folder)
    if not isinstance(dataset, QuestionDataset):
        raise DatasetError(f"{dataset.folder} judges rankings of documents and has no answers: use eval retrieval.")
    with open_base(dataset, settings=settings or Settings(), home=home) as cached:
        failed = cached.fill(lambda done, total: progress("ingest", done, total))
        questions = evenly(dataset.questions, limit)
        with journal(cached.runs / "answers-in-progress.jsonl", _identity(dataset, cached, mode)) as noted:
            outcomes = _outcomes(cached.base, questions, mode, noted, progress)
            recalled = noted.recalled
        elapsed = perf_counter() - began
        command = _command(dataset, mode, limit)
        return _report(dataset, outcomes, cached, failed, command=command, recalled=recalled, seconds=elapsed)


def _identity(dataset: QuestionDataset, cached: CachedBase, mode: str | None) -> str:
    """Of what decides an answer, besides the question: the program, its settings, and the documents."""
    settings = cached.settings.model_dump(mode="json", include={"answer", "modes"})
    files = sorted((str(file), file.stat()) for file in dataset.content.rglob("*") if file.is_file())
    content = blake2b(repr([(name, stat.st_size, stat.st_mtime_ns) for name, stat in files]).encode(), digest_size=16)
    return json.dumps((__version__, mode, settings, cached.base.status().fingerprint, content.hexdigest()))


def _outcomes(
    base: KnowledgeBase, questions: Sequence[Question], mode: str | None, noted: Journal, progress: Progress
) -> list[Outcome]:
    """Asks what the journal does not know; the first question, which loads models, is not timed the first time."""
    base.ask(questions[0].text, mode=mode).answer()
    outcomes = []
    for done, question in enumerate(questions, start=1):
        answered = noted.recall(question.id, question.text)
        if answered is None:
            answered = _asked(base, question.text, mode)
            noted.note(question.id, answered)
        outcomes.append(Outcome(question, answered.answer, answered.unguarded, answered.seconds))
        progress("answers", done, len(questions))
    return outcomes


def _asked(base: KnowledgeBase, text: str, mode: str | None) -> Answered:
    began = perf_counter()
    answer = base.ask(text, mode=mode).answer()
    seconds = perf_counter() - began
    unguarded = base.ask(text, mode=mode, threshold=0.0).answer() if answer.abstained else answer
    return Answered(answer, unguarded, seconds)


def _report(
    dataset: QuestionDataset,
    outcomes: Sequence[Outcome],
    cached: CachedBase,
    failed: Mapping[str, str],
    *,
    command: str,
    recalled: int,
    seconds: float,
) -> AnswerReport:
    document = lru_cache(maxsize=8)(cached.base.document)
    targets = {outcome.question.id: located(dataset, outcome.question, document) for outcome in outcomes}
    values = {outcome.question.id: _values(outcome, targets[outcome.question.id], document) for outcome in outcomes}
    judged = [_judged(outcome, targets[outcome.question.id]) for outcome in outcomes]
    errors = fitted_errors(judged)
    report = AnswerReport(
        dataset=dataset.name,
        generator=outcomes[0].answer.generator,
        questions=len(outcomes),
        answerable=sum(outcome.question.answerable for outcome in outcomes),
        estimates={**_means(values), "abstention_auroc": auroc(judged), "aurc": aurc(judged), **_fitted(errors)},
        quote_words_median=median_or_none(
            list(chain.from_iterable(quote_words(outcome.answer.citations) for outcome in outcomes))
        ),
        latency=_latency(outcomes),
        curve=risk_coverage(judged),
        thresholds=errors.thresholds if errors else (),
        values=values,
        answers=[_said(outcome) for outcome in outcomes],
        fingerprint=cached.base.status().fingerprint,
        settings=cached.settings.model_dump(mode="json", exclude_defaults=True),
        failed=failed,
        evidence=evidence_counts(
            target for outcome in outcomes if outcome.question.answerable for target in targets[outcome.question.id]
        ),
        recalled=recalled,
        seconds=seconds,
        run=cached.runs / f"answers-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.json",
    )
    write_run(
        report.run,
        {
            **report.as_json(),
            "command": command,
            "values": {report.generator: report.values},
            "answers": list(report.answers),
        },
    )
    return report


def _values(outcome: Outcome, targets: Sequence[Target], document: Lookup) -> Values:
    """A question's metrics, each only where it speaks of the question."""
    answer, question = outcome.answer, outcome.question
    silent = float(answer.abstained)
    values: Values = {}
    if question.answerable:
        values |= answer_values(answer, question.answers) if question.answers else {}
        values["evidence_in_quotes"] = float(any(cites_evidence(one, targets) for one in answer.citations))
        values["abstained_on_answerable"] = silent
    else:
        values["answered_on_unanswerable"] = 1 - silent
    if not answer.abstained:
        values |= citation_values(answer, [_is_verbatim(citation, document) for citation in answer.citations])
    return values


def _is_verbatim(citation: Citation, document: Lookup) -> bool:
    """Looked up here and not taken from `citation.verified`, which is the product's own word."""
    found = document(citation.source)
    if found is None or not citation.spans:
        return False
    parts = [found.text[span.start : span.end] for span in citation.spans]
    return all(parts) and " ... ".join(parts) == citation.quote


def _judged(outcome: Outcome, targets: Sequence[Target]) -> Judged:
    """Right is an answer whose quotes hold an accepted one, or evidence where no accepted answer stands in that.

    Evidence that stands nowhere in the documents says nothing, if there are accepted answers.
    """
    question, citations = outcome.question, outcome.unguarded.citations
    placed = any(target.quotes for target in targets)
    if any(target.answers for target in targets) or (question.answers and not placed):
        right = any(holds_answer(citation.quote, question.answers) for citation in citations)
    else:
        right = any(cites_evidence(citation, targets) for citation in citations)
    return Judged(
        id=question.id,
        group=question.evidence[0].source if question.evidence else question.id,
        answerable=question.answerable,
        confidence=outcome.answer.confidence or 0.0,
        right=question.answerable and right,
    )


def _means(values: Mapping[str, Values]) -> dict[str, Estimate | None]:
    columns = {metric: [row[metric] for row in values.values() if metric in row] for metric in METRICS}
    return {metric: estimates({metric: column})[metric] if column else None for metric, column in columns.items()}


def _fitted(errors: Errors | None) -> dict[str, Estimate | None]:
    names = ("abstained_on_answerable", "answered_on_unanswerable")
    if errors is None:
        return {f"{name}_fitted": None for name in names}
    found = (errors.abstained_on_answerable, errors.answered_on_unanswerable)
    return {
        f"{name}_fitted": estimates({name: list(rates.values())})[name]
        for name, rates in zip(names, found, strict=True)
    }


def _latency(outcomes: Sequence[Outcome]) -> dict[str, tuple[float, float]]:
    stages = {"whole": [outcome.seconds for outcome in outcomes]}
    for stage in outcomes[0].answer.timings:
        stages[stage] = [outcome.answer.timings[stage] for outcome in outcomes]
    return {name: _quantiles(seconds) for name, seconds in stages.items()}


def _quantiles(seconds: Sequence[float]) -> tuple[float, float]:
    p50, p95 = (1000 * float(quantile) for quantile in np.quantile(seconds, (0.5, 0.95)))
    return p50, p95


def _said(outcome: Outcome) -> dict[str, object]:
    question, answer = outcome.question, outcome.answer
    return {
        "id": question.id,
        "question": question.text,
        "answers": list(question.answers),
        "answerable": question.answerable,
        "answer": answer.text,
        "abstained": answer.abstained,
        "confidence": answer.confidence,
        "quotes": [citation.quote for citation in answer.citations],
        "withheld": [citation.quote for citation in outcome.unguarded.citations] if answer.abstained else [],
    }


def _command(dataset: QuestionDataset, mode: str | None, limit: int | None) -> str:
    options = [*(["--mode", mode] if mode else []), *(["--limit", str(limit)] if limit else [])]
    return join(["citewell", "eval", "answers", str(dataset.folder), *options])

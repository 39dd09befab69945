"""Evaluation of answers: a dataset's questions asked of the product, to metrics with intervals."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from shlex import join
from statistics import median
from time import perf_counter

from citewell import IngestReport, KnowledgeBase, Settings, __version__
from eval.abstention import Errors, aurc, auroc, best_threshold, fitted_errors, risk_coverage
from eval.answer_metrics import COUNTS
from eval.answer_results import AnswerReport
from eval.bases import CachedBase, Progress, open_base, reasons
from eval.datasets import Question, QuestionDataset, digest, load_dataset
from eval.journal import Answered, Journal, journal
from eval.latency import latency, stage_latencies
from eval.metrics import Values
from eval.outcomes import Lookup, Outcome, judged, outcome_values, record
from eval.results import evidence_counts
from eval.runs import save_run
from eval.statistics import Estimate, estimates
from eval.tasks import evenly, located
from kb.errors import DatasetError, UserError
from kb.settings import plain
from kb.text.words import words

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
    "statements_borne_out",
    "abstained_on_answerable",
    "answered_on_unanswerable",
)
"""Means over questions, each over those that it speaks of."""
_NO_MATTER = ("evaluation", "ingest", "store")
"""Settings that decide no answer about a base that is there: the documents in it count as they were read."""


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
        ingested = cached.fill(lambda done, total: progress("ingest", done, total))
        questions = evenly(dataset.questions, limit)
        with journal(cached.runs / "answers-in-progress.jsonl", _identity(dataset, cached, mode)) as noted:
            answered = _answers(cached.base, questions, mode, noted, progress)
        document = lru_cache(maxsize=8)(cached.base.document)
        outcomes = [
            Outcome(question, said, located(dataset, question, document))
            for question, said in zip(questions, answered, strict=True)
        ]
        report = _report(
            dataset, outcomes, cached, document, ingested, recalled=noted.recalled, seconds=perf_counter() - began
        )
    kept = {
        **report.as_json(),
        "dataset_digest": digest(dataset),
        "command": _command(dataset, mode, limit),
        "values": {report.generator: report.values},
        "answers": [record(outcome) for outcome in outcomes],
    }
    save_run(report.run, kept)
    return report


def _identity(dataset: QuestionDataset, cached: CachedBase, mode: str | None) -> str:
    """Of what decides an answer, besides the question: the program, its settings, and the documents."""
    settings = {name: value for name, value in plain(cached.settings).items() if name not in _NO_MATTER}
    files = sorted((str(file), file.stat()) for file in dataset.content.rglob("*") if file.is_file())
    prompts = sorted((file.name, file.read_bytes()) for file in _own_prompts(cached.settings))
    content = [(name, stat.st_size, stat.st_mtime_ns) for name, stat in files]
    return json.dumps(
        (__version__, mode, _digest((settings, prompts)), cached.base.status().fingerprint, _digest(content))
    )


def _own_prompts(settings: Settings) -> list[Path]:
    """The files that replace the prompts."""
    return list(Path(settings.answer.prompts).expanduser().glob("*.txt")) if settings.answer.prompts else []


def _digest(value: object) -> str:
    """Not the value itself: settings may hold keys of services, which are written nowhere."""
    return blake2b(repr(value).encode(), digest_size=16).hexdigest()


def _answers(
    base: KnowledgeBase, questions: Sequence[Question], mode: str | None, noted: Journal, progress: Progress
) -> list[Answered]:
    """Asks what the journal does not know; the first question, which loads models, is not timed the first time."""
    base.ask(questions[0].text, mode=mode, fresh=True).answer()
    found = []
    for done, question in enumerate(questions, start=1):
        answered = noted.recall(question.id, question.text)
        if answered is None:
            answered = _asked(base, question.text, mode)
            noted.note(question.id, answered)
        found.append(answered)
        progress("answers", done, len(questions))
    return found


def _asked(base: KnowledgeBase, text: str, mode: str | None) -> Answered:
    """Each answer is one of now, with its time, none that is remembered."""
    began = perf_counter()
    answer = base.ask(text, mode=mode, fresh=True).answer()
    seconds = perf_counter() - began
    # Without any confidence nothing was withheld: a language model, say, found no answer itself.
    was_withheld = answer.abstained and answer.confidence
    unguarded = base.ask(text, mode=mode, threshold=0.0, fresh=True).answer() if was_withheld else answer
    return Answered(answer, unguarded, seconds)


def _report(
    dataset: QuestionDataset,
    outcomes: Sequence[Outcome],
    cached: CachedBase,
    document: Lookup,
    ingested: IngestReport,
    *,
    recalled: int,
    seconds: float,
) -> AnswerReport:
    answerable = [outcome for outcome in outcomes if outcome.question.answerable]
    answers = [outcome.answered.answer for outcome in outcomes]
    values = {outcome.question.id: outcome_values(outcome, document) for outcome in outcomes}
    beliefs = [judged(outcome) for outcome in outcomes]
    errors = fitted_errors(beliefs)
    lengths = [len(words(citation.quote)) for answer in answers for citation in answer.citations]
    return AnswerReport(
        dataset=dataset.name,
        generator=answers[0].generator,
        questions=len(outcomes),
        answerable=len(answerable),
        estimates={**_means(values), "abstention_auroc": auroc(beliefs), "aurc": aurc(beliefs), **_fitted(errors)},
        quote_words_median=float(median(lengths)) if lengths else None,
        latency=latency([outcome.answered.seconds for outcome in outcomes]),
        stages=stage_latencies([answer.timings for answer in answers]),
        curve=risk_coverage(beliefs),
        thresholds=errors.thresholds if errors else (),
        threshold=best_threshold(beliefs),
        values=values,
        fingerprint=cached.base.status().fingerprint,
        settings=cached.settings.model_dump(mode="json", exclude_defaults=True),
        failed=reasons(ingested.failed),
        skipped=reasons(ingested.skipped),
        evidence=evidence_counts(target for outcome in answerable for target in outcome.targets),
        drafts=dataset.drafts,
        recalled=recalled,
        seconds=seconds,
        run=cached.runs / f"answers-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.json",
    )


def _means(values: Mapping[str, Values]) -> dict[str, Estimate | None]:
    columns = {metric: [row[metric] for row in values.values() if metric in row] for metric in METRICS}
    return {
        metric: estimates({metric: column}, counts=COUNTS)[metric] if column else None
        for metric, column in columns.items()
    }


def _fitted(errors: Errors | None) -> dict[str, Estimate | None]:
    names = ("abstained_on_answerable", "answered_on_unanswerable")
    if errors is None:
        return {f"{name}_fitted": None for name in names}
    found = (errors.abstained_on_answerable, errors.answered_on_unanswerable)
    return {
        f"{name}_fitted": estimates({name: list(rates.values())})[name]
        for name, rates in zip(names, found, strict=True)
    }


def _command(dataset: QuestionDataset, mode: str | None, limit: int | None) -> str:
    options = [*(["--mode", mode] if mode else []), *(["--limit", str(limit)] if limit else [])]
    return join(["citewell", "eval", "answers", str(dataset.folder), *options])

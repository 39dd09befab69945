"""Evaluation of retrieval: a dataset through the product's own ingest and retrievers, to metrics with intervals."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from time import perf_counter

from citewell import KnowledgeBase, Settings
from eval.bases import CachedBase, open_base
from eval.comparison import compare_with_reference
from eval.datasets import Dataset, Query, QuestionDataset, load_dataset
from eval.latency import StageClock, latency, stage_latencies
from eval.results import ConfigResult, EvidenceCounts, RetrievalReport
from eval.statistics import estimates
from eval.tasks import EvidenceTask, RankingTask, Task, evidence_task, ranking_task
from eval.tokens import token_count
from eval.trec import make_folder, write_judgements, write_run
from kb.errors import DatasetError, UserError
from kb.protocols import Retriever
from kb.types import Hit

CONFIGS = ("dense", "lexical", "hybrid")
Progress = Callable[[str, int, int], None]
"""Told the stage ("ingest" or a configuration's name), how much of it is done, and of how much."""


def evaluate_retrieval(
    folder: Path,
    *,
    configs: Sequence[str] = CONFIGS,
    settings: Settings | None = None,
    home: Path | None = None,
    limit: int | None = None,
    trec: Path | None = None,
    progress: Progress = lambda *_: None,
) -> RetrievalReport:
    """Runs each of `configs` (names of search modes) on the dataset in `folder`.

    The base is kept in `home`, else in the user's cache, so that a second run embeds nothing; `limit` takes that many
    queries, spread evenly. The rankings are written to the folder `trec`, if one is given, and with them the judgements
    of a dataset that judges whole documents.
    Raises DatasetError for a broken dataset and UserError for an unknown mode, no query, or a folder not to write to.
    """
    if limit is not None and limit < 1:
        raise UserError(f"A limit of {limit} queries leaves nothing to measure; give 1 or more.")
    began = perf_counter()
    dataset = load_dataset(folder)
    with open_base(dataset, settings=settings or Settings(), home=home) as cached:
        clock = StageClock()
        retrievers = {name: cached.base.retriever(name, stage=clock.timed) for name in configs}
        if trec:
            make_folder(trec)
        failed = cached.fill(lambda done, total: progress("ingest", done, total))
        task = _task(dataset, cached.base, limit)
        if trec and isinstance(task, RankingTask):
            write_judgements(trec, {query.id: task.judgements[query.id] for query in task.queries})
        results = tuple(
            _result(_Timed(name, retriever, clock, len(task.queries), progress), task, trec)
            for name, retriever in retrievers.items()
        )
        return _report(dataset, task, results, cached, failed, seconds=perf_counter() - began)


@dataclass(slots=True)
class _Timed:
    """Asks a retriever, whose stages `clock` times.

    `seconds` holds how long each query's first answer took, `stages` how long its stages did, by the query's id.
    """

    name: str
    retriever: Retriever
    clock: StageClock
    total: int
    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)
    stages: dict[str, dict[str, float]] = field(default_factory=dict)

    def ask(self, query: Query, k: int) -> Sequence[Hit]:
        self.clock.lap()
        began = perf_counter()
        hits = self.retriever.retrieve(query.text, k)
        self.seconds.setdefault(query.id, perf_counter() - began)
        self.stages.setdefault(query.id, self.clock.lap())
        self.progress(self.name, len(self.seconds), self.total)
        return hits


def _result(timed: _Timed, task: Task, trec: Path | None) -> ConfigResult:
    """The first retrieval, which loads models and opens indexes, is not timed."""
    timed.retriever.retrieve(task.queries[0].text, 1)
    judged = task.judged(timed.ask)
    if trec:
        write_run(trec, timed.name, {query: verdict.ranking for query, verdict in judged.items()})
    values = {query: verdict.values for query, verdict in judged.items()}
    metrics = next(iter(values.values()))
    columns = {metric: [row[metric] for row in values.values()] for metric in metrics}
    whole, stages = latency(list(timed.seconds.values())), stage_latencies(list(timed.stages.values()))
    return ConfigResult(timed.name, estimates(columns), whole.p50, whole.p95, values, stages)


def _task(dataset: Dataset, base: KnowledgeBase, limit: int | None) -> Task:
    if not isinstance(dataset, QuestionDataset):
        return ranking_task(dataset, limit=limit)
    if not dataset.answerable:
        raise DatasetError(f"{dataset.folder / 'questions.jsonl'} holds no answerable question: add one to search for.")
    document, tokens = lru_cache(maxsize=8)(base.document), lru_cache(maxsize=None)(token_count)
    return evidence_task(dataset, document=document, tokens=tokens, limit=limit)


def _report(
    dataset: Dataset,
    task: Task,
    results: tuple[ConfigResult, ...],
    cached: CachedBase,
    failed: Mapping[str, str],
    *,
    seconds: float,
) -> RetrievalReport:
    status = cached.base.status()
    report = RetrievalReport(
        dataset=dataset.name,
        questions=len(task.queries),
        configs=results,
        evidence=_evidence_counts(task) if isinstance(task, EvidenceTask) else None,
        documents=status.documents,
        chunks=status.chunks,
        fingerprint=status.fingerprint,
        failed=failed,
        seconds=seconds,
        run=cached.runs / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.json",
        comparisons=compare_with_reference({result.name: result.values for result in results}),
    )
    _save(report)
    return report


def _evidence_counts(task: EvidenceTask) -> EvidenceCounts:
    targets = [target for targets in task.targets.values() for target in targets]
    return EvidenceCounts(
        items=len(targets),
        with_page=sum(target.pages is not None for target in targets),
        located=sum(bool(target.quotes) for target in targets),
    )


def _save(report: RetrievalReport) -> None:
    """Writes the report with each query's values, for comparisons of one run with another."""
    report.run.parent.mkdir(parents=True, exist_ok=True)
    values = {result.name: result.values for result in report.configs}
    report.run.write_text(json.dumps({**report.as_json(), "values": values}, ensure_ascii=False), encoding="utf-8")

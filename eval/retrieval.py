"""Evaluation of retrieval: a dataset through the product's own ingest and retrievers, to metrics with intervals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from pathlib import Path
from shlex import join
from textwrap import shorten
from time import perf_counter

from citewell import IngestReport, KnowledgeBase, Settings
from eval.bases import CachedBase, Progress, open_base, reasons
from eval.comparison import compare_with_reference
from eval.datasets import Dataset, Query, QuestionDataset, digest, load_dataset
from eval.latency import StageClock, latency, stage_latencies
from eval.query_vectors import QueryVectors
from eval.results import ConfigResult, EvidenceCounts, RetrievalReport, evidence_counts
from eval.runs import save_run
from eval.statistics import estimates
from eval.tasks import EvidenceTask, RankingTask, Task, evidence_task, ranking_task
from eval.tokens import token_count
from eval.trec import make_folder, write_judgements, write_run
from kb.errors import DatasetError, UserError
from kb.protocols import Retriever
from kb.types import Chunk, Hit

CONFIGS = ("dense", "lexical", "hybrid")
SHOWN = 5
EXCERPT = 300
"""How many of each query's passages are kept with a run, and how many characters of each."""


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
        clock, vectors = StageClock(), QueryVectors()
        retrievers = {name: cached.base.retriever(name, stage=clock.timed, embedding=vectors.kept) for name in configs}
        if trec:
            make_folder(trec)
        ingested = cached.fill(lambda done, total: progress("ingest", done, total))
        task = _task(dataset, cached.base, limit)
        if trec and isinstance(task, RankingTask):
            write_judgements(trec, {query.id: task.judgements[query.id] for query in task.queries})
        results = tuple(
            _result(_Timed(name, retriever, clock, vectors, len(task.queries), progress), task, trec)
            for name, retriever in retrievers.items()
        )
        return _report(dataset, task, results, cached, ingested, limit=limit, seconds=perf_counter() - began)


@dataclass(slots=True)
class _Timed:
    """Asks a retriever, whose stages `clock` times; only the first answer to a query has to embed it.

    `seconds` holds how long each query's first answer took, `stages` how long its stages did, `found` its first
    passages, by the query's id.
    """

    name: str
    retriever: Retriever
    clock: StageClock
    vectors: QueryVectors
    total: int
    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)
    stages: dict[str, dict[str, float]] = field(default_factory=dict)
    found: dict[str, tuple[Chunk, ...]] = field(default_factory=dict)

    def ask(self, query: Query, k: int) -> Sequence[Hit]:
        if query.id not in self.seconds:
            self.vectors.forget()
        self.clock.lap()
        began = perf_counter()
        hits = self.retriever.retrieve(query.text, k)
        self.seconds.setdefault(query.id, perf_counter() - began)
        self.stages.setdefault(query.id, self.clock.lap())
        self.found.setdefault(query.id, tuple(hit.chunk for hit in hits[:SHOWN]))
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
    return ConfigResult(timed.name, estimates(columns), whole, values, stages, timed.found)


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
    ingested: IngestReport,
    *,
    limit: int | None,
    seconds: float,
) -> RetrievalReport:
    status = cached.base.status()
    report = RetrievalReport(
        dataset=dataset.name,
        questions=len(task.queries),
        configs=results,
        evidence=_evidence(task),
        documents=status.documents,
        chunks=status.chunks,
        fingerprint=status.fingerprint,
        failed=reasons(ingested.failed),
        skipped=reasons(ingested.skipped),
        drafts=dataset.drafts if isinstance(dataset, QuestionDataset) else 0,
        seconds=seconds,
        run=cached.runs / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.json",
        comparisons=compare_with_reference({result.name: result.values for result in results}),
    )
    _save(report, dataset, task, cached.settings, limit)
    return report


def _evidence(task: Task) -> EvidenceCounts | None:
    return evidence_counts(chain.from_iterable(task.targets.values())) if isinstance(task, EvidenceTask) else None


def _save(report: RetrievalReport, dataset: Dataset, task: Task, settings: Settings, limit: int | None) -> None:
    """Writes the report with each query's values and first passages, for comparisons of one run with another."""
    chunks = {chunk.id: chunk for result in report.configs for found in result.found.values() for chunk in found}
    configs = ",".join(result.name for result in report.configs)
    limited = ["--limit", str(limit)] if limit else []
    kept = {
        **report.as_json(),
        "dataset_digest": digest(dataset),
        "command": join(["citewell", "eval", "retrieval", str(dataset.folder), "--configs", configs, *limited]),
        "settings": settings.model_dump(mode="json", exclude_defaults=True),
        "values": {result.name: result.values for result in report.configs},
        "queries": {query.id: query.text for query in task.queries},
        "found": {
            result.name: {query: [chunk.id for chunk in found] for query, found in result.found.items()}
            for result in report.configs
        },
        "relevant": _relevant(report, task),
        "passages": {name: _excerpt(chunk, dataset.content) for name, chunk in chunks.items()},
    }
    save_run(report.run, kept)


def _relevant(report: RetrievalReport, task: Task) -> dict[str, list[str]]:
    """Of each query's passages, found by whatever configuration, the ids of those that are relevant."""
    found: dict[str, dict[str, Chunk]] = defaultdict(dict)
    for result in report.configs:
        for query, chunks in result.found.items():
            found[query] |= {chunk.id: chunk for chunk in chunks}
    return {
        query: [name for name, chunk in chunks.items() if task.is_relevant(query, chunk)]
        for query, chunks in found.items()
    }


def _excerpt(chunk: Chunk, content: Path) -> dict[str, str]:
    """Where a passage stands within the dataset, and how it begins."""
    source = chunk.source.removeprefix(f"{content}/").removeprefix(f"{content}#")
    place = f"{source}, {chunk.anchor.label}" if chunk.anchor else source
    return {"place": place, "text": shorten(chunk.text, EXCERPT, placeholder=" …")}

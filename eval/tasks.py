"""What a dataset asks of a retriever, and how the hits that come back are judged: one task for each layout."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol, TypeVar

from eval.datasets import Query, Question, QuestionDataset, RankingDataset
from eval.evidence import Target, first_ranks, locate
from eval.metrics import DOCUMENTS, PASSAGES, Values, documents, evidence_values, ranking_values
from kb.types import Document, Hit

Item = TypeVar("Item")
Ask = Callable[[Query, int], Sequence[Hit]]
"""Asks a retriever: the best k passages for a query."""


class Task(Protocol):
    """Queries with a judge."""

    @property
    def queries(self) -> tuple[Query, ...]: ...

    def values(self, ask: Ask) -> dict[str, Values]:
        """Each query's value of each metric, every query with the same metrics in the same order."""
        ...


@dataclass(frozen=True, slots=True)
class RankingTask:
    """Rank the documents; `prefix` is what their sources have before their ids."""

    queries: tuple[Query, ...]
    judgements: Mapping[str, Mapping[str, int]]
    prefix: str

    def values(self, ask: Ask) -> dict[str, Values]:
        run = {query.id: self._ranking(query, ask) for query in self.queries}
        return ranking_values({query.id: self.judgements[query.id] for query in self.queries}, run)

    def _ranking(self, query: Query, ask: Ask) -> dict[str, float]:
        """Asks for ever more passages until they come from 100 documents, or there are no more.

        What the deeper answers add comes below what the first one found, because a fused ranking's top can change with
        the depth it is asked for, and the first answer's is the one that people see.
        """
        ranking: dict[str, None] = {}
        k = DOCUMENTS
        while True:
            hits = ask(query, k)
            ranking |= dict.fromkeys(documents(hits, prefix=self.prefix, query=query.id))
            if len(ranking) >= DOCUMENTS or len(hits) < k:
                return {document: -float(rank) for rank, document in enumerate(islice(ranking, DOCUMENTS))}
            k *= 2


@dataclass(frozen=True, slots=True)
class EvidenceTask:
    """Find the evidence; `targets` maps a question's id to the pieces of it, `tokens` measures a passage."""

    queries: tuple[Query, ...]
    targets: Mapping[str, tuple[Target, ...]]
    tokens: Callable[[str], int]

    def values(self, ask: Ask) -> dict[str, Values]:
        return {query.id: evidence_values(self._ranks(query, ask(query, PASSAGES))) for query in self.queries}

    def _ranks(self, query: Query, hits: Sequence[Hit]) -> dict[str, tuple[int | None, ...]]:
        return first_ranks([hit.chunk for hit in hits], self.targets[query.id], tokens=self.tokens)


def ranking_task(dataset: RankingDataset, *, limit: int | None = None) -> RankingTask:
    queries = evenly(dataset.queries, limit)
    return RankingTask(queries, dataset.judgements, prefix=f"{dataset.content.resolve()}#")


def evidence_task(
    dataset: QuestionDataset,
    *,
    document: Callable[[str], Document | None],
    tokens: Callable[[str], int],
    limit: int | None = None,
) -> EvidenceTask:
    """The answerable questions of `dataset`; `document` looks up an ingested file by its absolute path."""
    questions = evenly(dataset.answerable, limit)
    queries = tuple(Query(question.id, question.text) for question in questions)
    targets = {question.id: located(dataset, question, document) for question in questions}
    return EvidenceTask(queries, targets, tokens)


def evenly(items: Sequence[Item], limit: int | None) -> tuple[Item, ...]:
    """At most `limit` of `items`, spread over the whole, because files group questions by document."""
    if limit is None or limit >= len(items):
        return tuple(items)
    return tuple(items[index * len(items) // limit] for index in range(limit))


def located(
    dataset: QuestionDataset, question: Question, document: Callable[[str], Document | None]
) -> tuple[Target, ...]:
    """The pieces of a question's evidence within the ingested files, which `document` looks up by absolute path."""
    sources = [str((dataset.content / item.source).resolve()) for item in question.evidence]
    return tuple(
        locate(item, question.answers, source=source, document=document(source))
        for item, source in zip(question.evidence, sources, strict=True)
    )

"""What a dataset asks of a retriever, and how the hits that come back are judged: one task for each layout."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from eval.datasets import Dataset, Query, Question, QuestionDataset, RankingDataset
from eval.evidence import DEPTHS, Target, first_ranks, locate
from eval.metrics import BUDGETS, DOCUMENTS, PASSAGES, Values, documents, evidence_values, ranking_values
from kb.types import Chunk, Document, Hit

Item = TypeVar("Item")
Ask = Callable[[Query, int], Sequence[Hit]]
"""Asks a retriever: the best k passages for a query."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What was judged of a query, best first: ids of documents, or of passages; and the value of each metric."""

    ranking: tuple[str, ...]
    values: Values


class Task(Protocol):
    """Queries with a judge."""

    @property
    def queries(self) -> tuple[Query, ...]: ...

    def judged(self, ask: Ask) -> dict[str, Judged]:
        """The verdict on each query, by its id; every query has the same metrics in the same order."""
        ...

    def is_relevant(self, query: str, passage: Chunk) -> bool:
        """Whether the passage is what the query of that id asks for."""
        ...


@dataclass(frozen=True, slots=True)
class RankingTask:
    """Rank the documents; `prefix` is what their sources have before their ids."""

    queries: tuple[Query, ...]
    judgements: Mapping[str, Mapping[str, int]]
    prefix: str

    def judged(self, ask: Ask) -> dict[str, Judged]:
        rankings = {query.id: self._ranking(query, ask) for query in self.queries}
        run = {query: {name: -float(rank) for rank, name in enumerate(found)} for query, found in rankings.items()}
        values = ranking_values({query: self.judgements[query] for query in rankings}, run)
        return {query: Judged(ranking, values[query]) for query, ranking in rankings.items()}

    def is_relevant(self, query: str, passage: Chunk) -> bool:
        """Whether its document is judged to be, with a grade of 1 or more."""
        document = passage.source.removeprefix(self.prefix)
        return document != query and self.judgements[query].get(document, 0) >= 1

    def _ranking(self, query: Query, ask: Ask) -> tuple[str, ...]:
        """The first 100 documents."""

        def found(hits: Iterable[Hit]) -> list[str]:
            return documents(hits, prefix=self.prefix, query=query.id)

        hits = _deepened(ask, query, DOCUMENTS, enough=lambda hits: len(found(hits)) >= DOCUMENTS)
        return tuple(found(hits)[:DOCUMENTS])


@dataclass(frozen=True, slots=True)
class EvidenceTask:
    """Find the evidence; `targets` maps a question's id to the pieces of it, `tokens` measures a passage."""

    queries: tuple[Query, ...]
    targets: Mapping[str, tuple[Target, ...]]
    tokens: Callable[[str], int]

    def judged(self, ask: Ask) -> dict[str, Judged]:
        return {query.id: self._judged(query, ask) for query in self.queries}

    def is_relevant(self, query: str, passage: Chunk) -> bool:
        """Whether it finds a piece of evidence by its words, as for quote_recall."""
        return any(first_ranks([passage], self.targets[query], tokens=self.tokens)["quote"])

    def _judged(self, query: Query, ask: Ask) -> Judged:
        """Of the first 20 passages, and of as many more as the largest budget of tokens holds."""
        hits = _deepened(ask, query, PASSAGES, enough=lambda hits: sum(self._lengths(hits)) > BUDGETS[-1])
        ranks = first_ranks([hit.chunk for hit in hits], self.targets[query.id], tokens=self.tokens)
        return Judged(tuple(hit.chunk.id for hit in hits), evidence_values(ranks, lengths=self._lengths(hits)))

    def _lengths(self, hits: Iterable[Hit]) -> list[int]:
        return [self.tokens(hit.chunk.text) for hit in hits]


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


def metric_names(dataset: Dataset) -> list[str]:
    """The metrics that retrieval is judged by on such a dataset, in their order."""
    if isinstance(dataset, QuestionDataset):
        return list(evidence_values(dict.fromkeys(DEPTHS, (None,)), lengths=()))
    return list(ranking_values({"query": {"document": 1}}, {})["query"])


def evenly(items: Sequence[Item], limit: int | None) -> tuple[Item, ...]:
    """At most `limit` of `items`, spread over the whole, because files group questions by document."""
    if limit is None or limit >= len(items):
        return tuple(items)
    return tuple(items[index * len(items) // limit] for index in range(limit))


def _deepened(ask: Ask, query: Query, k: int, *, enough: Callable[[Sequence[Hit]], bool]) -> list[Hit]:
    """Asks for k passages, then for ever more, until they are `enough` or there are no more.

    What the deeper answers add comes below what the first one found, because a fused ranking's top can change with the
    depth it is asked for, and the first answer's is the one that people see.
    """
    found: dict[str, Hit] = {}
    while True:
        hits = ask(query, k)
        found |= {hit.chunk.id: hit for hit in hits}
        if enough(list(found.values())) or len(hits) < k:
            return list(found.values())
        k *= 2


def located(
    dataset: QuestionDataset, question: Question, document: Callable[[str], Document | None]
) -> tuple[Target, ...]:
    """The pieces of a question's evidence within the ingested files, which `document` looks up by absolute path."""
    sources = [str((dataset.content / item.source).resolve()) for item in question.evidence]
    return tuple(
        locate(item, question.answers, source=source, document=document(source))
        for item, source in zip(question.evidence, sources, strict=True)
    )

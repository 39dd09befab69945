"""Retrieval quality a query: ranked documents against graded judgements, ranked passages against evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

from eval.evidence import DEPTHS
from kb.types import Hit

DOCUMENTS = 100
"""How deep a ranking of documents is judged: as deep as recall@100 looks; `map` is over these."""
PASSAGES = 20
"""How many passages are judged: as many as the deepest recall@k of evidence looks at."""
BUDGETS = (500, 1000, 2000)
"""Tokens that a generator may be handed, for quote_recall@500t and so on."""
_CUTOFFS = (1, 5, 10, 20)

Values = dict[str, float]
"""One query's value of each metric, by the metric's name."""
Ranks = Mapping[str, tuple[int | None, ...]]
"""At each depth ("file", "page", "quote"), the 1-based rank at which each piece of evidence is first found."""


def documents(hits: Iterable[Hit], *, prefix: str, query: str) -> list[str]:
    """The ids of the documents that `hits` come from, each at its best passage's place.

    A document's id is its source without `prefix`. The document that bears the query's id is left out, because such a
    query was made from it.
    """
    found = dict.fromkeys(hit.chunk.source.removeprefix(prefix) for hit in hits)
    return [document for document in found if document != query]


def ranking_values(
    judgements: Mapping[str, Mapping[str, int]], run: Mapping[str, Mapping[str, float]]
) -> dict[str, Values]:
    """Per judged query ndcg@10, recall@k, mrr@10, map and success@k, as trec_eval computes them.

    Gains are the grades themselves, relevant is a grade of 1 or more, equal scores are ordered by descending document
    id, and a query without a ranking scores 0. success@k is 1 where any of the first k is relevant. mrr@10 is
    trec_eval's recip_rank where that is at least 1/10: the library's own cutoff breaks ties the other way round.
    """
    from ir_measures import AP, RR, R, Success, iter_calc, nDCG

    names = {
        nDCG @ 10: "ndcg@10",
        **{R @ k: f"recall@{k}" for k in (1, 5, 10, 20, 100)},
        RR: "mrr@10",
        AP: "map",
        **{Success @ k: f"success@{k}" for k in (1, 5, 10)},
    }
    grades = {query: dict(row) for query, row in judgements.items()}
    scores = {query: dict(run[query]) for query in grades if query in run}
    found: dict[str, Values] = {query: dict.fromkeys(names.values(), 0.0) for query in grades}
    for metric in iter_calc(list(names), grades, scores):
        found[metric.query_id][names[metric.measure]] = float(metric.value)
    return {query: {**values, "mrr@10": _within_ten(values["mrr@10"])} for query, values in found.items()}


def evidence_values(ranks: Ranks, *, lengths: Sequence[int]) -> Values:
    """One question's recall@k at each depth, k counting passages, its quote_recall@Nt, and mrr@10 of the evidence.

    Recall is the share of the question's evidence found among the first k passages, or among the first ones that N
    tokens hold; `lengths` are the tokens of the passages by rank. The reciprocal rank is that of the first passage that
    finds any quote, 0 beyond rank 10.
    """
    recalls = {f"{depth}_recall@{k}": _share(ranks[depth], k) for depth in DEPTHS for k in _CUTOFFS}
    within = {f"quote_recall@{budget}t": _share(ranks["quote"], fitting(lengths, budget)) for budget in BUDGETS}
    reciprocal = max((1 / rank for rank in ranks["quote"] if rank is not None), default=0.0)
    return {**recalls, **within, "mrr@10": _within_ten(reciprocal)}


def fitting(lengths: Iterable[int], budget: int) -> int:
    """How many of the first passages hold at most `budget` tokens together.

    The first one that does not fit whole ends the list, though a shorter one below it would fit: a generator that is
    handed a list cut at its budget sees just these. A first passage longer than the budget leaves none.
    """
    return sum(total <= budget for total in accumulate(lengths))


def _share(ranks: tuple[int | None, ...], k: int) -> float:
    return sum(rank is not None and rank <= k for rank in ranks) / len(ranks)


def _within_ten(reciprocal_rank: float) -> float:
    return reciprocal_rank if reciprocal_rank >= 1 / 10 else 0.0

"""Metrics equal values worked out by hand."""

from __future__ import annotations

from math import log2

import pytest

from eval.metrics import documents, evidence_values, ranking_values
from kb.types import Chunk, Hit


def hit(source: str, score: float, start: int = 0) -> Hit:
    return Hit(Chunk(f"{source}-{start}", source, source, "text", start, start + 4), score)


def test_graded_ranking_by_hand() -> None:
    values = ranking_values({"q": {"a": 2, "b": 1, "c": 1, "n": 0}}, {"q": {"n": 0.9, "a": 0.8, "x": 0.7, "b": 0.6}})
    gain = 2 / log2(3) + 1 / log2(5)
    ideal = 2 / log2(2) + 1 / log2(3) + 1 / log2(4)
    assert values["q"] == pytest.approx(
        {
            "ndcg@10": gain / ideal,
            "recall@10": 2 / 3,
            "recall@100": 2 / 3,
            "mrr@10": 1 / 2,
            "map": (1 / 2 + 2 / 4) / 3,
        }
    )


def test_cutoffs_at_ten_and_a_hundred() -> None:
    ranking = {f"x{index:03}": 1000.0 - index for index in range(120)}
    tenth = ranking_values({"q": {"x009": 1}}, {"q": ranking})["q"]
    eleventh = ranking_values({"q": {"x010": 1}}, {"q": ranking})["q"]
    beyond = ranking_values({"q": {"x100": 1}}, {"q": ranking})["q"]
    assert (tenth["mrr@10"], tenth["recall@10"]) == pytest.approx((0.1, 1))
    assert (eleventh["mrr@10"], eleventh["recall@10"], eleventh["recall@100"]) == (0, 0, 1)
    assert eleventh["map"] == pytest.approx(1 / 11)
    assert beyond["recall@100"] == 0


def test_equal_scores_are_ordered_by_descending_id_in_every_metric() -> None:
    values = ranking_values({"q": {"a": 1}}, {"q": {"a": 0.5, "b": 0.5}})["q"]
    assert (values["mrr@10"], values["map"]) == (0.5, 0.5)
    assert values["ndcg@10"] == pytest.approx(1 / log2(3))


def test_every_judged_query_counts_and_no_other() -> None:
    values = ranking_values({"q": {"a": 1}, "silent": {"a": 1}}, {"q": {"a": 1.0}, "unjudged": {"a": 1.0}})
    assert values.keys() == {"q", "silent"}
    assert set(values["q"].values()) == {1.0}
    assert set(values["silent"].values()) == {0.0}


def test_document_stands_where_its_best_passage_does_and_the_querys_own_nowhere() -> None:
    hits = [hit("c#q", 0.9), hit("c#b", 0.8), hit("c#a", 0.7), hit("c#b", 0.6, start=9)]
    assert documents(hits, prefix="c#", query="q") == ["b", "a"]


def test_evidence_by_hand() -> None:
    values = evidence_values({"file": (1, 1, None), "page": (2, 6, None), "quote": (None, 6, 15)})
    assert {name: values[name] for name in values if name.startswith("file")} == {
        f"file_recall@{k}": pytest.approx(2 / 3) for k in (1, 5, 10, 20)
    }
    assert [values[f"page_recall@{k}"] for k in (1, 5, 10, 20)] == pytest.approx([0, 1 / 3, 2 / 3, 2 / 3])
    assert [values[f"quote_recall@{k}"] for k in (1, 5, 10, 20)] == pytest.approx([0, 0, 1 / 3, 2 / 3])
    assert values["mrr@10"] == pytest.approx(1 / 6)


@pytest.mark.parametrize(("rank", "expected"), [(1, 1.0), (10, 0.1), (11, 0.0), (None, 0.0)])
def test_reciprocal_rank_ends_at_ten(rank: int | None, expected: float) -> None:
    assert evidence_values({"file": (1,), "page": (1,), "quote": (rank,)})["mrr@10"] == expected

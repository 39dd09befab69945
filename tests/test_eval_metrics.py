"""Metrics equal values worked out by hand."""

from __future__ import annotations

import random
import re
from math import log2
from pathlib import Path

import pytest

from eval.answers import METRICS
from eval.evidence import DEPTHS
from eval.judging.measures import MEASURES
from eval.metrics import documents, evidence_values, fitting, ranking_values
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
            "recall@1": 0,
            **{f"recall@{k}": 2 / 3 for k in (5, 10, 20, 100)},
            "mrr@10": 1 / 2,
            "map": (1 / 2 + 2 / 4) / 3,
            "success@1": 0,
            "success@5": 1,
            "success@10": 1,
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


def reference(judgements: dict[str, dict[str, int]], run: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """trec_eval itself, on the queries that were answered; mrr@10 on a run cut at ten in trec_eval's order."""
    from pytrec_eval import RelevanceEvaluator

    cut = {
        query: dict(sorted(found.items(), key=lambda pair: (pair[1], pair[0]), reverse=True)[:10])
        for query, found in run.items()
    }
    wanted = {"ndcg_cut.10", "recall.1,5,10,20,100", "map", "success.1,5,10"}
    whole = RelevanceEvaluator(judgements, wanted).evaluate(run)
    first_ten = RelevanceEvaluator(judgements, {"recip_rank"}).evaluate(cut)
    names = {"ndcg_cut_10": "ndcg@10", "map": "map", "recall_": "recall@", "success_": "success@"}

    def renamed(name: str) -> str:
        start = next(start for start in names if name.startswith(start))
        return name.replace(start, names[start])

    return {
        query: {"mrr@10": first_ten[query]["recip_rank"]} | {renamed(name): value for name, value in values.items()}
        for query, values in whole.items()
    }


@pytest.mark.parametrize("seed", range(20))
def test_random_runs_are_judged_as_trec_eval_does(seed: int) -> None:
    """Scores that tie, grades from below 0 up, documents without a judgement, queries without an answer."""
    random_ = random.Random(seed)  # noqa: S311
    names = [f"d{index}" for index in range(150)]
    judgements = {
        f"q{query}": {name: random_.choice([-1, 0, 0, 1, 1, 2, 3]) for name in random_.sample(names, 20)} | {"d0": 1}
        for query in range(15)
    }
    run = {
        query: {name: random_.randint(0, 12) / 4 for name in random_.sample(names, random_.choice([0, 4, 40, 130]))}
        for query in [*list(judgements)[2:], "unjudged"]
    }
    expected = reference(judgements, run)
    values = ranking_values(judgements, run)
    assert values.keys() == judgements.keys()
    for query, row in values.items():
        assert row == pytest.approx(expected.get(query, dict.fromkeys(row, 0.0)), abs=1e-6)


def test_every_judged_query_counts_and_no_other() -> None:
    values = ranking_values({"q": {"a": 1}, "silent": {"a": 1}}, {"q": {"a": 1.0}, "unjudged": {"a": 1.0}})
    assert values.keys() == {"q", "silent"}
    assert set(values["q"].values()) == {1.0}
    assert set(values["silent"].values()) == {0.0}


def test_document_stands_where_its_best_passage_does_and_the_querys_own_nowhere() -> None:
    hits = [hit("c#q", 0.9), hit("c#b", 0.8), hit("c#a", 0.7), hit("c#b", 0.6, start=9)]
    assert documents(hits, prefix="c#", query="q") == ["b", "a"]


def test_evidence_by_hand() -> None:
    ranks = {"file": (1, 1, None), "page": (2, 6, None), "quote": (None, 6, 15)}
    values = evidence_values(ranks, lengths=[100] * 20)
    assert {name: values[name] for name in values if name.startswith("file")} == {
        f"file_recall@{k}": pytest.approx(2 / 3) for k in (1, 5, 10, 20)
    }
    assert [values[f"page_recall@{k}"] for k in (1, 5, 10, 20)] == pytest.approx([0, 1 / 3, 2 / 3, 2 / 3])
    assert [values[f"quote_recall@{k}"] for k in (1, 5, 10, 20)] == pytest.approx([0, 0, 1 / 3, 2 / 3])
    assert [values[f"quote_recall@{n}t"] for n in (500, 1000, 2000)] == pytest.approx([0, 1 / 3, 2 / 3])
    assert values["mrr@10"] == pytest.approx(1 / 6)


@pytest.mark.parametrize(("rank", "expected"), [(1, 1.0), (10, 0.1), (11, 0.0), (None, 0.0)])
def test_reciprocal_rank_ends_at_ten(rank: int | None, expected: float) -> None:
    values = evidence_values({"file": (1,), "page": (1,), "quote": (rank,)}, lengths=[1] * 11)
    assert values["mrr@10"] == expected


@pytest.mark.parametrize(
    ("lengths", "passages"),
    [
        ([], 0),
        ([300, 200], 2),
        ([300, 201], 1),
        ([300, 201, 10], 1),
        ([501], 0),
        ([501, 10], 0),
        ([100] * 9, 5),
    ],
)
def test_a_budget_ends_before_the_first_passage_that_does_not_fit_whole(lengths: list[int], passages: int) -> None:
    assert fitting(lengths, 500) == passages


def test_every_metric_is_explained() -> None:
    text = (Path(__file__).parents[1] / "docs" / "metrics.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    explained = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    searches = [*ranking_values({"q": {"d": 1}}, {})["q"], *evidence_values(dict.fromkeys(DEPTHS, (None,)), lengths=())]
    fitted = [f"{name}_fitted" for name in METRICS if "abstained_on" in name or "answered_on" in name]
    judged = [f"judge_{refused}{measure.name}" for refused in ("", "refused_") for measure in MEASURES]
    areas = ["abstention_auroc", "aurc", "quote_words_median"]
    assert explained == {re.sub(r"^(file|page|quote)_recall@\d+$", r"\1_recall@k", name) for name in searches} | {
        *METRICS,
        *fitted,
        *judged,
        *areas,
    }

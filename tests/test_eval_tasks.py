"""A task asks as deep as its metrics look, and takes queries from all over the dataset."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.datasets import Evidence, Query, Question, QuestionDataset, RankingDataset
from eval.tasks import evenly, evidence_task, ranking_task
from kb.types import Chunk, Document, Hit


def ranked_hits(corpus: Path, documents: int, passages: int) -> list[Hit]:
    """`passages` of each document in a row, best document first."""
    return [
        Hit(
            Chunk(f"{rank}-{part}", str(rank), f"{corpus}#{rank}", "text", part, part + 1), 1 / (rank * passages + part)
        )
        for rank in range(1, documents + 1)
        for part in range(passages)
    ]


def ranking_dataset(folder: Path, judged: str) -> RankingDataset:
    return RankingDataset("tiny", folder, (Query("q", "which"),), {"q": {judged: 1}})


def test_asks_until_a_hundred_documents_are_ranked(tmp_path: Path) -> None:
    task = ranking_task(ranking_dataset(tmp_path, "90"))
    hits = ranked_hits(tmp_path / "corpus.jsonl", documents=150, passages=3)
    asked: list[int] = []

    def ask(query: Query, k: int) -> list[Hit]:
        asked.append(k)
        return hits[:k]

    judged = task.judged(ask)["q"]
    values = judged.values
    assert asked == [100, 200, 400]
    assert judged.ranking == tuple(str(rank) for rank in range(1, 101))
    assert values["recall@100"] == 1
    assert values["map"] == pytest.approx(1 / 90)


def test_stops_asking_when_there_is_no_more(tmp_path: Path) -> None:
    task = ranking_task(ranking_dataset(tmp_path, "7"))
    hits = ranked_hits(tmp_path / "corpus.jsonl", documents=40, passages=3)
    asked: list[int] = []

    def ask(query: Query, k: int) -> list[Hit]:
        asked.append(k)
        return hits[:k]

    assert task.judged(ask)["q"].values["mrr@10"] == pytest.approx(1 / 7)
    assert asked == [100, 200]


def test_judges_the_top_of_the_first_answer(tmp_path: Path) -> None:
    task = ranking_task(ranking_dataset(tmp_path, "5"))
    hits = ranked_hits(tmp_path / "corpus.jsonl", documents=60, passages=2)

    def ask(query: Query, k: int) -> list[Hit]:
        return hits[:k] if k == 100 else hits[k - 1 :: -1]

    assert task.judged(ask)["q"].values["mrr@10"] == pytest.approx(1 / 5)


def test_only_answerable_questions_are_asked_and_evidence_found_in_the_ingested_text(tmp_path: Path) -> None:
    evidence = (Evidence("a.md", None, "blue whale"), Evidence("b.md", None, "anywhere"))
    questions = (
        Question("n1", "Which whale?", ("blue",), True, evidence),
        Question("n2", "Which fish?", (), False, ()),
    )
    source = str((tmp_path / "documents" / "a.md").resolve())
    document = Document("d", source, "a", "The blue  whale.", "text/markdown", "")
    task = evidence_task(
        QuestionDataset("tiny", tmp_path, questions),
        document={source: document}.get,
        tokens=len,
    )
    hit = Hit(Chunk("c", "d", source, "The blue  whale.", 0, 16), 1.0)

    def ask(query: Query, k: int) -> list[Hit]:
        return [hit]

    judged = task.judged(ask)
    assert list(judged) == ["n1"]
    assert judged["n1"].values["quote_recall@1"] == 0.5
    assert judged["n1"].values["mrr@10"] == 1


def test_asks_for_as_many_passages_as_the_largest_budget_holds(tmp_path: Path) -> None:
    """Passages of 50 tokens: 40 of them make 2,000, and the 30th, which holds the answer, stands within."""
    source = str((tmp_path / "documents" / "a.md").resolve())
    text = "".join(f"passage {rank:02} ".ljust(50, ".") for rank in range(1, 101))
    document = Document("d", source, "a", text, "text/markdown", "")
    question = Question("n1", "Where?", ("passage 30",), True, (Evidence("a.md", None, text[1450:1500]),))
    task = evidence_task(QuestionDataset("tiny", tmp_path, (question,)), document={source: document}.get, tokens=len)
    hits = [
        Hit(Chunk(f"c{start}", "d", source, text[start : start + 50], start, start + 50), 1 - start / 5000)
        for start in range(0, 5000, 50)
    ]
    asked: list[int] = []

    def ask(query: Query, k: int) -> list[Hit]:
        asked.append(k)
        return hits[:k]

    judged = task.judged(ask)["n1"]
    assert asked == [20, 40, 80]
    assert judged.ranking == tuple(hit.chunk.id for hit in hits[:80])
    assert [judged.values[f"quote_recall@{budget}"] for budget in ("20", "1000t", "2000t")] == [0, 0, 1]


@pytest.mark.parametrize(("limit", "expected"), [(None, "abcdef"), (9, "abcdef"), (3, "ace"), (4, "abde"), (1, "a")])
def test_a_limit_takes_from_all_over(limit: int | None, expected: str) -> None:
    assert "".join(evenly("abcdef", limit)) == expected

"""Evaluation of contexts: recall by hand, and a small dataset from its files to the table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.context import context_recall, context_table, evaluate_context
from eval.evidence import Target
from kb.errors import DatasetError
from kb.types import Span

ANSWERED = Target("/a", None, quotes=(Span(100, 200),), answers=(Span(120, 130), Span(300, 310)))
QUOTED = Target("/b", None, quotes=(Span(0, 100),), answers=())


@pytest.mark.parametrize(
    ("places", "recall"),
    [
        ([("/a", Span(120, 130))], 0.5),
        ([("/a", Span(121, 400))], 0.5),
        ([("/a", Span(121, 309)), ("/b", Span(0, 49))], 0.0),
        ([("/b", Span(0, 120))], 0.5),
        ([("/b", Span(0, 25)), ("/b", Span(75, 100)), ("/a", Span(0, 130))], 1.0),
        ([("/b", Span(100, 300)), ("/a", Span(0, 125)), ("/a", Span(125, 200))], 0.0),
        ([], 0.0),
    ],
)
def test_recall_by_hand(places: list[tuple[str, Span]], recall: float) -> None:
    assert context_recall(places, [ANSWERED, QUOTED]) == recall


def test_a_dataset_gives_a_table_of_plain_and_built_contexts(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    questions = []
    for number in range(3):
        quote = f"The berth fee of harbour {number} is {number + 4} crowns a night."
        (tmp_path / "documents" / f"{number}.md").write_text(f"# Harbour {number}\n\n{quote} Dogs are welcome there.")
        questions.append(
            {
                "id": f"q{number}",
                "question": f"What is the berth fee of harbour {number}?",
                "answers": [f"{number + 4} crowns"],
                "answerable": True,
                "evidence": [{"source": f"{number}.md", "page": None, "quote": quote}],
            }
        )
    (tmp_path / "questions.jsonl").write_text("\n".join(json.dumps(question) for question in questions))
    report = evaluate_context(tmp_path, home=tmp_path / "home", budgets=(30, 200), limit=2)
    assert report.questions == 2
    assert {tokens: list(row) for tokens, row in report.recall.items()} == {
        30: ["plain", "context"],
        200: ["plain", "context"],
    }
    assert report.recall[200]["context"].mean == 1.0
    assert context_table(report).splitlines()[2].startswith("| tokens | plain | context |")
    assert list(report.as_json()) == ["dataset", "questions", "budgets"]


def test_a_dataset_of_rankings_has_no_contexts(tmp_path: Path) -> None:
    (tmp_path / "qrels").mkdir()
    (tmp_path / "corpus.jsonl").write_text('{"_id": "d", "title": "", "text": "word"}\n')
    (tmp_path / "queries.jsonl").write_text('{"_id": "q", "text": "word"}\n')
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\td\t1\n")
    with pytest.raises(DatasetError, match="eval retrieval"):
        evaluate_context(tmp_path, home=tmp_path / "home")

"""The page of a run: everything in it, nothing from elsewhere, and what it says is what the run says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from eval.page import report_page

from eval.answers import evaluate_answers
from eval.retrieval import evaluate_retrieval
from eval.runs import load_run

TOPICS = {
    "whale": "The blue whale reaches thirty metres. It feeds on krill in cold seas.",
    "lamp": "A tungsten filament glows at about 2,500 degrees. Argon keeps it from burning.",
    "bread": "Rye dough needs a sour starter. The loaf bakes for an hour.",
    "clock": "A pendulum clock keeps time by gravity. Its escapement ticks twice a swing.",
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dataset") / "things"
    (folder / "documents").mkdir(parents=True)
    rows = []
    for name, text in TOPICS.items():
        (folder / "documents" / f"{name}.md").write_text(f"# {name}\n\n{text}\n", encoding="utf-8")
        quote = text.split(". ")[0] + "."
        evidence = [{"source": f"{name}.md", "page": None, "quote": quote}]
        rows.append({"id": name, "question": f"What of the <b>{name}</b>?", "answers": [quote], "evidence": evidence})
    unanswerable = {"answerable": False, "answers": []}
    rows += [{"id": f"n{number}", "question": f"Who sang aria {number}?", **unanswerable} for number in range(3)]
    (folder / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


def addresses(page: str) -> set[str]:
    """What a browser might open; the names of XML's vocabularies are none of it."""
    return {one for one in re.findall(r"(?:https?:)?//[\w.][^\s\"'<>]*", page) if "www.w3.org" not in one}


def test_the_page_of_a_retrieval_run_needs_nothing_else(dataset: Path, tmp_path: Path) -> None:
    report = evaluate_retrieval(dataset, home=tmp_path / "cache")
    page = report_page(load_run(report.run))
    assert addresses(page) == set()
    assert not re.search(r"<script|<link|<img|@import|url\(", page)
    assert page.count("<svg") >= 4
    for result in report.configs:
        estimate = result.estimates["quote_recall@5"]
        assert f"{estimate.mean:.3f} <small>{estimate.low:.3f} to {estimate.high:.3f}</small>" in page
    for comparison in report.comparisons:
        if comparison.metric == "quote_recall@5":
            assert comparison.verdict in page
    assert f"citewell eval retrieval {dataset}" in page


def test_questions_won_and_lost_stand_beside_each_other_and_are_text(dataset: Path, tmp_path: Path) -> None:
    report = evaluate_retrieval(dataset, configs=["dense", "lexical"], home=tmp_path / "cache")
    kept = json.loads(report.run.read_text(encoding="utf-8"))
    assert [*kept["queries"]] == [*TOPICS]
    assert {*kept["found"]["dense"]["whale"]} <= kept["passages"].keys()
    kept["values"]["lexical"]["whale"]["quote_recall@5"] = 0.0
    kept["values"]["dense"]["whale"]["quote_recall@5"] = 1.0
    report.run.write_text(json.dumps(kept), encoding="utf-8")
    page = report_page(load_run(report.run))
    assert "Where dense does better than lexical (1)" in page
    assert "What of the &lt;b&gt;whale&lt;/b&gt;?" in page
    assert "<b>whale</b>?" not in page
    assert "whale.md" in page


def test_stages_are_what_is_built_on_one_another(dataset: Path, tmp_path: Path) -> None:
    report = evaluate_retrieval(dataset, home=tmp_path / "cache")
    kept = json.loads(report.run.read_text(encoding="utf-8"))
    for name, mean in (("dense", 0.2), ("lexical", 0.3), ("hybrid", 0.5)):
        kept["configs"][name]["quote_recall@5"]["mean"] = mean
    kept["configs"]["hybrid+more"] = {**kept["configs"]["hybrid"], "quote_recall@5": {"mean": 0.4, "low": 0, "high": 1}}
    kept["values"]["hybrid+more"] = kept["values"]["hybrid"]
    kept["found"]["hybrid+more"] = kept["found"]["hybrid"]
    report.run.write_text(json.dumps(kept), encoding="utf-8")
    page = report_page(load_run(report.run))
    waterfall = page[page.index("What each stage adds") : page.index("Quality against time")]
    assert re.findall(r">(dense|lexical|hybrid[+a-z]*)</text>", waterfall) == ["lexical", "hybrid", "hybrid+more"]
    assert re.findall(r">([+−-]?0\.\d{3})</text>", waterfall) == ["0.300", "+0.200", "-0.100"]


def test_the_page_of_an_answers_run_has_its_risk_curve(dataset: Path, tmp_path: Path) -> None:
    report = evaluate_answers(dataset, home=tmp_path / "cache")
    page = report_page(load_run(report.run))
    assert "things: answers by extractive" in page
    assert "share of questions answered" in page
    assert "answer_in_first_quote" in page
    assert addresses(page) == set()

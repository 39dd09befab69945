"""Results are written as the contract says, and as a table that says what to know."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from eval.latency import Latency
from eval.report import retrieval_table
from eval.results import ConfigResult, EvidenceCounts, RetrievalReport
from eval.statistics import Estimate

ESTIMATES = {"file_recall@1": Estimate(0.5, 0.25, 0.75), "page_recall@1": Estimate(0.5, 0.25, 0.75)}
REPORT = RetrievalReport(
    dataset="tiny",
    questions=2,
    configs=(
        ConfigResult("dense", ESTIMATES, Latency(4.26, 9.5), {"n1": {"file_recall@1": 1.0, "page_recall@1": 1.0}}),
    ),
    evidence=EvidenceCounts(items=3, with_page=2, located=2),
    documents=1200,
    chunks=2400,
    fingerprint={"embedder": "e", "splitter": "s"},
    failed={"/d/broken.pdf": "It is damaged."},
    skipped={},
    seconds=1.23456,
    run=Path("/cache/run.json"),
)


def test_one_thing_is_no_several() -> None:
    one = replace(REPORT, questions=1, documents=1, chunks=1, evidence=EvidenceCounts(1, 0, 1))
    heading, *lines = retrieval_table(one).splitlines()
    assert heading.startswith("**tiny**: 1 question, 1 document, 1 passage;")
    assert "Located in the documents: 1 of 1 evidence quote." in lines
    assert "1 file could not be ingested:" in lines


def test_json_has_the_contracts_shape() -> None:
    written = REPORT.as_json()
    assert written["dataset"] == "tiny"
    assert written["configs"] == {
        "dense": {
            "file_recall@1": {"mean": 0.5, "low": 0.25, "high": 0.75},
            "page_recall@1": {"mean": 0.5, "low": 0.25, "high": 0.75},
            "latency_ms": {"p50": 4.26, "p95": 9.5},
        }
    }
    assert written["evidence"] == {"items": 3, "with_page": 2, "located": 2}
    assert written["failed"] == [{"source": "/d/broken.pdf", "reason": "It is damaged."}]


def test_table_lines_up_and_names_what_to_know() -> None:
    lines = retrieval_table(REPORT).splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert len({len(line) for line in table}) == 1
    assert table[2].split("|")[2].strip() == "0.500 [0.250, 0.750]"
    assert [row.split("|")[1].strip() for row in table[2:]] == ["file_recall@1", "page_recall@1", "p50 / p95 ms"]
    assert "2 questions, 1,200 documents, 2,400 passages" in lines[0]
    assert any("2 of 3 evidence quotes" in line for line in lines)
    assert "- /d/broken.pdf: It is damaged." in lines


def test_stages_stand_below_the_whole_and_are_left_out_where_there_are_none() -> None:
    stages = {"dense": Latency(3.1234, 4.0), "fusion": Latency(0.5, 0.6)}
    hybrid = replace(REPORT.configs[0], name="hybrid", stages=stages)
    report = replace(REPORT, configs=(*REPORT.configs, hybrid))
    configs = report.as_json()["configs"]
    assert isinstance(configs, dict)
    assert configs["hybrid"]["latency_ms"] == {
        "p50": 4.26,
        "p95": 9.5,
        "stages": {"dense": {"p50": 3.123, "p95": 4.0}, "fusion": {"p50": 0.5, "p95": 0.6}},
    }
    assert "stages" not in configs["dense"]["latency_ms"]
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in retrieval_table(report).splitlines() if "|" in line
    ]
    assert rows[-2:] == [["- dense", "", "3.1 / 4.0"], ["- fusion", "", "0.5 / 0.6"]]


def test_page_rows_are_left_out_where_no_evidence_names_a_page() -> None:
    table = retrieval_table(replace(REPORT, evidence=EvidenceCounts(items=3, with_page=0, located=3)))
    assert "page_recall" not in table
    assert "file_recall" in table

"""End to end over both layouts: the product's own ingest and retrievers, numbers that can be checked by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.report import retrieval_table
from eval.results import RetrievalReport
from eval.retrieval import evaluate_retrieval
from eval.runs import load_run
from kb.errors import UserError

WHALES = "# Whales\n\nThe blue whale reaches thirty metres. It feeds on krill in cold seas.\n"
LAMPS = "# Lamps\n\nA tungsten filament glows at about 2,500 degrees. Argon keeps it from burning.\n"


def write_rows(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all tests: the model is made ready for this machine once, and bases are told apart by their datasets."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def question_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "animals and lamps"
    (folder / "documents").mkdir(parents=True)
    (folder / "documents" / "whales.md").write_text(WHALES, encoding="utf-8")
    (folder / "documents" / "lamps.md").write_text(LAMPS, encoding="utf-8")
    (folder / "documents" / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing more")
    whale = {"source": "whales.md", "page": None, "quote": "The blue whale reaches thirty metres."}
    lamp = {"source": "lamps.md", "page": None, "quote": "A tungsten filament glows at about 2,500 degrees."}
    write_rows(
        folder / "questions.jsonl",
        [
            {"id": "1", "question": "krill whale", "answers": ["thirty"], "answerable": True, "evidence": [whale]},
            {"id": "2", "question": "whale seas", "answers": ["2,500"], "answerable": True, "evidence": [lamp]},
            {"id": "3", "question": "Who?", "answers": [], "answerable": False, "evidence": []},
        ],
    )
    return folder


@pytest.fixture
def ranking_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "ranking"
    (folder / "qrels").mkdir(parents=True)
    write_rows(
        folder / "corpus.jsonl",
        [
            {"_id": "d1", "title": "Whales", "text": "The blue whale feeds on krill."},
            {"_id": "d2", "title": "Lamps", "text": "A tungsten filament glows."},
            {"_id": "d3", "title": "Welding", "text": "Argon surrounds the tungsten electrode of a welding torch."},
        ],
    )
    write_rows(
        folder / "queries.jsonl",
        [
            {"_id": "q1", "text": "krill"},
            {"_id": "d3", "text": "Argon surrounds the tungsten electrode of a welding torch."},
            {"_id": "q3", "text": "filament"},
        ],
    )
    rows = "query-id\tcorpus-id\tscore\nq1\td1\t1\nd3\td2\t1\nq3\td1\t1\n"
    (folder / "qrels" / "test.tsv").write_text(rows, encoding="utf-8")
    return folder


def means(report: RetrievalReport, config: str) -> dict[str, float]:
    (result,) = (result for result in report.configs if result.name == config)
    return {metric: estimate.mean for metric, estimate in result.estimates.items()}


def test_questions_from_files_to_numbers(question_folder: Path, cache: Path) -> None:
    stages: list[str] = []

    def progress(stage: str, done: int, total: int) -> None:
        stages.append(stage)
        assert 0 <= done <= total

    report = evaluate_retrieval(question_folder, home=cache, progress=progress)
    # Words alone lead the first question to its only passage, and the second to the wrong file and nothing else.
    lexical = means(report, "lexical")
    assert [lexical[f"{depth}_recall@20"] for depth in ("file", "page", "quote")] == [0.5, 0.5, 0.5]
    assert lexical["mrr@10"] == 0.5
    # Two passages in all, so that meaning finds every one of them among twenty.
    assert means(report, "dense")["quote_recall@20"] == 1
    assert means(report, "hybrid")["quote_recall@1"] == 0.5

    written = report.as_json()
    assert (written["dataset"], written["questions"], written["documents"]) == ("animals and lamps", 2, 2)
    assert written["evidence"] == {"items": 2, "with_page": 0, "located": 2}
    assert {(found.a, found.b) for found in report.comparisons} == {("hybrid", "dense"), ("hybrid", "lexical")}
    assert [Path(source).name for source in report.failed] == ["broken.pdf"]
    assert {*stages} >= {"dense", "lexical", "hybrid"}
    assert "broken.pdf" in retrieval_table(report)


def test_values_of_each_query_are_kept(question_folder: Path, cache: Path) -> None:
    report = evaluate_retrieval(question_folder, configs=["lexical"], home=cache)
    kept = json.loads(report.run.read_text(encoding="utf-8"))
    assert kept["configs"] == report.as_json()["configs"]
    assert {query: values["quote_recall@5"] for query, values in kept["values"]["lexical"].items()} == {"1": 1, "2": 0}


def test_ranking_from_a_corpus_to_numbers(ranking_folder: Path, cache: Path) -> None:
    report = evaluate_retrieval(ranking_folder, home=cache)
    # q1 finds d1; d3 would find itself first, which does not count, and then d2; q3 finds only the wrong document.
    metrics = "ndcg@10 recall@1 recall@5 recall@10 recall@20 recall@100 mrr@10 map success@1 success@5 success@10"
    assert means(report, "lexical") == pytest.approx(dict.fromkeys(metrics.split(), 2 / 3))
    assert means(report, "dense")["recall@10"] == 1
    assert report.as_json()["documents"] == 3


def test_runs_in_trecs_format_give_the_figures_of_the_report(ranking_folder: Path, cache: Path, tmp_path: Path) -> None:
    import ir_measures

    # Ids with white space and percent signs, one of which would be the other's encoding.
    corpus = [("d 1", "The blue whale feeds on krill."), ("d%201", "A krill is small."), ("d2", "Argon and krill.")]
    write_rows(ranking_folder / "corpus.jsonl", [{"_id": name, "title": "", "text": text} for name, text in corpus])
    write_rows(
        ranking_folder / "queries.jsonl", [{"_id": "q 1", "text": "krill whale"}, {"_id": "q2", "text": "nonesuch"}]
    )
    rows = "query-id\tcorpus-id\tscore\nq 1\td2\t1\nq 1\td 1\t2\nq2\td2\t1\n"
    (ranking_folder / "qrels" / "test.tsv").write_text(rows, encoding="utf-8")
    folder = tmp_path / "new" / "runs"
    report = evaluate_retrieval(ranking_folder, home=cache, trec=folder)
    measures = {"ndcg@10": "nDCG@10", "recall@100": "R@100", "mrr@10": "RR", "map": "AP", "success@1": "Success@1"}
    for config in ("dense", "lexical", "hybrid"):
        found = ir_measures.calc_aggregate(
            [ir_measures.parse_measure(name) for name in measures.values()],
            ir_measures.read_trec_qrels(str(folder / "qrels.txt")),
            ir_measures.read_trec_run(str(folder / f"{config}.trec")),
        )
        expected = means(report, config)
        assert {name: found[ir_measures.parse_measure(measure)] for name, measure in measures.items()} == (
            pytest.approx({name: expected[name] for name in measures})
        )
    first = (folder / "lexical.trec").read_text(encoding="utf-8").splitlines()[0]
    assert first == "q%201 Q0 d%201 1 -1 lexical"


def test_passages_in_trecs_format_are_those_of_the_base(question_folder: Path, cache: Path, tmp_path: Path) -> None:
    report = evaluate_retrieval(question_folder, configs=["lexical", "dense"], home=cache, trec=tmp_path)
    lines = [line.split() for line in (tmp_path / "lexical.trec").read_text(encoding="utf-8").splitlines()]
    assert [(query, rank, tag) for query, _, _, rank, _, tag in lines] == [("1", "1", "lexical"), ("2", "1", "lexical")]
    dense = [line.split()[2] for line in (tmp_path / "dense.trec").read_text(encoding="utf-8").splitlines()]
    assert {chunk for _, _, chunk, *_ in lines} <= {*dense}
    assert len({*dense}) == report.chunks
    assert not (tmp_path / "qrels.txt").exists()


def test_a_folder_for_runs_that_cannot_be(question_folder: Path, cache: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match=r"No runs can be written to .*file: File exists; name another folder"):
        evaluate_retrieval(question_folder, configs=["lexical"], home=cache, trec=tmp_path / "file")


def test_what_is_fused_tells_the_latency_of_its_stages(question_folder: Path, cache: Path) -> None:
    report = evaluate_retrieval(question_folder, configs=["dense", "hybrid"], home=cache, limit=1)
    dense, hybrid = report.configs
    assert dense.stages == {}
    assert list(hybrid.stages) == ["lexical", "dense", "fusion"]
    # Of the one query that is timed, and not of the one before it that loads the model.
    assert 0 < sum(stage.p50 for stage in hybrid.stages.values()) <= hybrid.latency.p50


def test_second_run_keeps_what_is_unchanged_and_follows_the_folder(question_folder: Path, cache: Path) -> None:
    def lexical() -> RetrievalReport:
        return evaluate_retrieval(question_folder, configs=["lexical"], home=cache)

    first = lexical()
    (question_folder / "documents" / "broken.pdf").unlink()
    (question_folder / "documents" / "lamps.md").write_text(
        LAMPS + "\nThe whale lives in the seas.\n", encoding="utf-8"
    )
    second = lexical()
    assert (first.documents, second.documents) == (2, 2)
    assert second.failed == {}
    assert first.run != second.run
    assert means(second, "lexical")["file_recall@20"] == 1


def test_limit_and_unknown_mode(question_folder: Path, cache: Path) -> None:
    report = evaluate_retrieval(question_folder, configs=["lexical"], home=cache, limit=1)
    assert report.questions == 1
    whole = evaluate_retrieval(question_folder, configs=["lexical"], home=cache)
    assert load_run(report.run).digest == load_run(whole.run).digest != ""
    assert means(report, "lexical")["mrr@10"] == 1
    with pytest.raises(UserError, match="nothing to measure"):
        evaluate_retrieval(question_folder, home=cache, limit=0)
    with pytest.raises(UserError, match="sparse"):
        evaluate_retrieval(question_folder, configs=["sparse"], home=cache)

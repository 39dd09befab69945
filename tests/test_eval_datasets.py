"""Both layouts are recognised and read; what is wrong in one is named with its file and line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from app.cli.main import main
from eval.datasets import Evidence, Query, QuestionDataset, RankingDataset, digest, load_dataset
from kb.errors import DatasetError

DOCUMENTS = [{"_id": "d1", "title": "One", "text": "first"}, {"_id": "d2", "title": "", "text": ""}]
QUERIES = [{"_id": "q1", "text": "which is first"}, {"_id": "q2", "text": "never judged"}]
QUESTION = {
    "id": "n1",
    "question": "Which?",
    "answers": ["this"],
    "answerable": True,
    "evidence": [{"source": "a.md", "page": None, "quote": "this one"}],
}


def write_rows(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def ranking_folder(folder: Path, *, qrels: str = "q1\td1\t2\n") -> Path:
    (folder / "qrels").mkdir(parents=True)
    write_rows(folder / "corpus.jsonl", DOCUMENTS)
    write_rows(folder / "queries.jsonl", QUERIES)
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + qrels, encoding="utf-8")
    return folder


def question_folder(folder: Path, *rows: dict[str, object]) -> Path:
    (folder / "documents").mkdir()
    (folder / "documents" / "a.md").write_text("this one", encoding="utf-8")
    write_rows(folder / "questions.jsonl", list(rows))
    return folder


def test_ranking_layout_keeps_only_judged_queries(tmp_path: Path) -> None:
    dataset = load_dataset(ranking_folder(tmp_path))
    assert isinstance(dataset, RankingDataset)
    assert dataset.queries == (Query("q1", "which is first"),)
    assert dataset.judgements == {"q1": {"d1": 2}}
    assert dataset.content == tmp_path.resolve() / "corpus.jsonl"


def test_question_layout_keeps_unanswerable_questions_apart(tmp_path: Path) -> None:
    unanswerable = {"id": "n2", "question": "Why?", "answers": [], "answerable": False, "evidence": []}
    dataset = load_dataset(question_folder(tmp_path, QUESTION, unanswerable))
    assert isinstance(dataset, QuestionDataset)
    assert [question.id for question in dataset.questions] == ["n1", "n2"]
    assert [question.id for question in dataset.answerable] == ["n1"]
    assert dataset.questions[0].evidence == (Evidence("a.md", None, "this one"),)


def test_judgement_of_the_document_that_bears_the_querys_id_is_left_out(tmp_path: Path) -> None:
    ranking_folder(tmp_path, qrels="q1\td1\t1\n")
    write_rows(tmp_path / "corpus.jsonl", [*DOCUMENTS, {"_id": "q1", "title": "", "text": "itself"}])
    (tmp_path / "qrels" / "test.tsv").write_text("q\td\ts\nq1\tq1\t1\nq1\td1\t1\n", encoding="utf-8")
    dataset = load_dataset(tmp_path)
    assert isinstance(dataset, RankingDataset)
    assert dataset.judgements == {"q1": {"d1": 1}}
    (tmp_path / "qrels" / "test.tsv").write_text("q\td\ts\nq1\tq1\thigh\n", encoding="utf-8")
    with pytest.raises(DatasetError, match='line 2: the score "high"'):
        load_dataset(tmp_path)


@pytest.mark.parametrize(
    ("qrels", "complaint"),
    [
        ("q9\td1\t1\n", 'line 2: no query has the id "q9"'),
        ("q1\td1\t1\nq1\td9\t1\n", 'line 3: no document has the id "d9"'),
        ("q1\td1\t1\nq1\td1\t1\n", "line 3: the pair"),
        ("q1 d1 1\n", "line 2: expected three columns"),
        ("q1\td1\thigh\n", 'line 2: the score "high"'),
        ("q1\td1\t1.0\n", 'line 2: the score "1.0" is not a whole number'),
        ("q1\td1\t1_0\n", 'line 2: the score "1_0" is not a whole number'),
        ("q1\td1\t" + 5000 * "9" + "\n", "line 2: the score 9{40} is beyond"),
        ("q1\td1\t99999999999999999999\n", "line 2: the score 99999999999999999999 is beyond 1,000,000"),
        ("", "holds no judgement"),
    ],
)
def test_broken_judgements(tmp_path: Path, qrels: str, complaint: str) -> None:
    with pytest.raises(DatasetError, match=complaint):
        load_dataset(ranking_folder(tmp_path, qrels=qrels))


@pytest.mark.parametrize(("rows", "number"), [("q1\td1\t1\n", 1), ("\nq1\td1\t1\n", 2), ("q1\td1\t1.5\n", 1)])
def test_judgements_without_header(tmp_path: Path, rows: str, number: int) -> None:
    ranking_folder(tmp_path)
    (tmp_path / "qrels" / "test.tsv").write_text(rows, encoding="utf-8")
    with pytest.raises(DatasetError, match=f"line {number}: expected a header"):
        load_dataset(tmp_path)


def test_marks_at_the_beginning_line_ends_and_blank_lines_do_not_matter(tmp_path: Path) -> None:
    plain = load_dataset(ranking_folder(tmp_path / "plain"))
    other = ranking_folder(tmp_path / "other")
    for name in ("corpus.jsonl", "queries.jsonl", "qrels/test.tsv"):
        text = (other / name).read_text(encoding="utf-8").replace("\n", "\n\n")
        (other / name).write_text("\n" + text, encoding="utf-8-sig", newline="\r\n")
    found = load_dataset(other)
    assert isinstance(plain, RankingDataset)
    assert isinstance(found, RankingDataset)
    assert (found.queries, found.judgements) == (plain.queries, plain.judgements)


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl", "qrels/test.tsv"])
def test_what_is_not_utf8_is_named_by_its_line(tmp_path: Path, name: str) -> None:
    file = ranking_folder(tmp_path) / name
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([lines[0], b"caf\xe9\n"]))
    with pytest.raises(DatasetError, match=rf"{name}, line 2: not UTF-8 text; save the file in that encoding\.$"):
        load_dataset(tmp_path)
    file.write_text("".join(line.decode() for line in lines), encoding="utf-16")
    with pytest.raises(DatasetError, match=f"{name}, line 1: not UTF-8"):
        load_dataset(tmp_path)


@pytest.mark.parametrize("row", ['{"id": "n\x00"}', "\x00", '{"id": "n', "{'id': 1}"])
def test_what_is_not_json_is_named_by_its_line(tmp_path: Path, row: str) -> None:
    question_folder(tmp_path, QUESTION)
    (tmp_path / "questions.jsonl").write_text(json.dumps(QUESTION) + "\n" + row, encoding="utf-8")
    with pytest.raises(
        DatasetError, match=r"questions.jsonl, line 2: not valid JSON \([A-Z].*[a-z] at column \d+\)\.$"
    ):
        load_dataset(tmp_path)


@pytest.mark.parametrize(
    ("file", "rows", "complaint"),
    [
        ("corpus.jsonl", [*DOCUMENTS, DOCUMENTS[0]], r'corpus.jsonl, line 3: the id "d1" stands there a second time'),
        ("queries.jsonl", [QUERIES[0], QUERIES[0]], r'queries.jsonl, line 2: the id "q1"'),
        ("queries.jsonl", [{"_id": "q1", "text": "  "}], 'line 1: "text" is empty'),
        ("queries.jsonl", [{"_id": 1, "text": "x"}], 'line 1: "_id" must be there and be a text'),
        ("corpus.jsonl", [{"_id": "d1", "text": "x", "title": 1}], 'line 1: "title" must be there and be a text'),
        ("corpus.jsonl", [{"_id": "d1", "text": "x", "titel": "y"}], 'line 1: the key "titel" .* name it "title"'),
        ("queries.jsonl", [{"_id": "q\ud800", "text": "x"}], 'line 1: "_id" holds half of a surrogate pair'),
        ("queries.jsonl", [], r"queries.jsonl holds no query"),
        ("corpus.jsonl", [], r"corpus.jsonl holds no document"),
    ],
)
def test_broken_rows(tmp_path: Path, file: str, rows: list[dict[str, object]], complaint: str) -> None:
    ranking_folder(tmp_path)
    write_rows(tmp_path / file, rows)
    with pytest.raises(DatasetError, match=complaint):
        load_dataset(tmp_path)


@pytest.mark.parametrize("file", ["corpus.jsonl", "queries.jsonl", "qrels/test.tsv"])
def test_missing_file(tmp_path: Path, file: str) -> None:
    (ranking_folder(tmp_path) / file).unlink()
    with pytest.raises(DatasetError, match=f"lacks the file .*{file}"):
        load_dataset(tmp_path)
    (tmp_path / file).mkdir()
    with pytest.raises(DatasetError, match=f"{file} cannot be read"):
        load_dataset(tmp_path)


def test_documents_without_questions(tmp_path: Path) -> None:
    (question_folder(tmp_path, QUESTION) / "questions.jsonl").unlink()
    with pytest.raises(DatasetError, match=r"lacks the file .*questions.jsonl"):
        load_dataset(tmp_path)


@pytest.mark.parametrize("text", ['{"a":' * 100_000, '{"a":' + "9" * 5000 + "}"])
def test_json_beyond_what_is_read(tmp_path: Path, text: str) -> None:
    (ranking_folder(tmp_path) / "queries.jsonl").write_text(text + "\n")
    with pytest.raises(DatasetError, match=r"queries.jsonl, line 1: not JSON that can be read"):
        load_dataset(tmp_path)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"evidence": [{"source": "b.md", "page": None, "quote": "x"}]}, 'holds no file "b.md"'),
        ({"evidence": [{"source": "b" * 5000, "page": None, "quote": "x"}]}, "holds no file"),
        ({"evidence": [{"source": "../questions.jsonl", "page": None, "quote": "x"}]}, "holds no file"),
        ({"evidence": [{"source": "a.md", "page": 0, "quote": "x"}]}, "the page 0 is neither"),
        ({"evidence": [{"source": "a.md", "page": None, "quote": ""}]}, '"quote" is empty'),
        ({"evidence": []}, "needs at least one entry"),
        ({"question": ""}, '"question" is empty'),
        ({"answerable": "yes"}, '"answerable" must be true or false'),
        ({"answers": [""]}, 'every entry of "answers"'),
        ({"evidence": [{"source": "a.md", "pages": 3, "quote": "x"}]}, 'the key "pages" .* name it "page"'),
    ],
)
def test_broken_question(tmp_path: Path, change: dict[str, object], complaint: str) -> None:
    with pytest.raises(DatasetError, match=rf"questions.jsonl, line 1: .*{complaint}"):
        load_dataset(question_folder(tmp_path, {**QUESTION, **change}))


def test_a_key_that_is_misspelt_is_told_and_a_note_of_ones_own_is_not(tmp_path: Path) -> None:
    rest = {key: value for key, value in QUESTION.items() if key != "answers"}
    question_folder(tmp_path, {**QUESTION, "answer": "this"}, {**rest, "id": "n2", "tags": ["short"]})
    load_dataset(tmp_path)
    write_rows(tmp_path / "questions.jsonl", [QUESTION, {**rest, "id": "n2", "answer": ["this"]}])
    with pytest.raises(DatasetError, match=r'line 2: the key "answer" .*; name it "answers" if that is meant\.$'):
        load_dataset(tmp_path)


def test_the_digest_is_of_what_is_asked_and_held_to_be_right(tmp_path: Path) -> None:
    def questions(name: str, *rows: dict[str, object]) -> str:
        (tmp_path / name).mkdir()
        return digest(load_dataset(question_folder(tmp_path / name, *rows)))

    second = {**QUESTION, "id": "n2"}
    whole = questions("whole", QUESTION, second)
    assert questions("turned round", second, QUESTION) == whole
    changes: list[dict[str, object]] = [{"answers": ["one"]}, {"question": "Why?"}, {"answerable": False}, {"id": "n3"}]
    others = {questions(f"other{number}", QUESTION, second | change) for number, change in enumerate(changes)}
    assert len({whole, questions("fewer", QUESTION), *others}) == 2 + len(changes)
    rankings = {digest(load_dataset(ranking_folder(tmp_path / grade, qrels=f"q1\td1\t{grade}\n"))) for grade in "12"}
    assert len(rankings) == 2
    (tmp_path / "1" / "qrels" / "test.tsv").write_text("q\td\ts\nq1\td1\t2\n", encoding="utf-8")
    assert digest(load_dataset(tmp_path / "1")) == digest(load_dataset(tmp_path / "2"))


def test_duplicate_question(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match='line 2: the id "n1"'):
        load_dataset(question_folder(tmp_path, QUESTION, QUESTION))


def test_malformed_json_counts_blank_lines(tmp_path: Path) -> None:
    question_folder(tmp_path, QUESTION)
    (tmp_path / "questions.jsonl").write_text(json.dumps(QUESTION) + "\n\n{oops\n", encoding="utf-8")
    with pytest.raises(DatasetError, match="line 3: not valid JSON"):
        load_dataset(tmp_path)


@pytest.mark.parametrize("name", [".", "missing"])
def test_folder_that_is_no_dataset(tmp_path: Path, name: str) -> None:
    with pytest.raises(DatasetError, match="not a dataset" if name == "." else "There is no folder"):
        load_dataset(tmp_path / name)


def test_questions_without_documents(tmp_path: Path) -> None:
    write_rows(tmp_path / "questions.jsonl", [QUESTION])
    with pytest.raises(DatasetError, match="no folder documents"):
        load_dataset(tmp_path)


@pytest.mark.parametrize(
    ("file", "content", "place"),
    [
        ("qrels/test.tsv", "q\td\ts\nq9\td1\t1\n", "qrels/test.tsv, line 2: "),
        ("qrels/test.tsv", "q\td\ts\nq1\td1\t1\nq1\td9\t1\n", "qrels/test.tsv, line 3: "),
        ("corpus.jsonl", 2 * (json.dumps(DOCUMENTS[0]) + "\n"), "corpus.jsonl, line 2: "),
        ("queries.jsonl", 2 * (json.dumps(QUERIES[0]) + "\n"), "queries.jsonl, line 2: "),
        ("queries.jsonl", json.dumps(QUERIES[0] | {"text": ""}) + "\n", "queries.jsonl, line 1: "),
        ("queries.jsonl", "", "queries.jsonl holds no query"),
        ("queries.jsonl", None, "queries.jsonl."),
        ("qrels/test.tsv", None, "qrels/test.tsv."),
        ("corpus.jsonl", None, "corpus.jsonl."),
    ],
)
def test_the_command_tells_what_is_broken_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], file: str, content: str | None, place: str
) -> None:
    path = ranking_folder(tmp_path) / file
    if content is None:
        path.unlink()
    else:
        path.write_text(content, encoding="utf-8")
    assert main(["--json", "eval", "retrieval", str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert f"{tmp_path.resolve()}/{place}" in err
    assert len(err.splitlines()) == 1
    assert err.endswith(".\n")

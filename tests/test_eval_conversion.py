"""SQuAD's form becomes a dataset that is evaluated as any other; what is wrong in it is named with its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from app.cli.main import main
from eval.conversion import Conversion, convert_squad
from eval.datasets import Evidence, Question, QuestionDataset, load_dataset
from kb.errors import DatasetError, UserError

WHALE = "The blue whale reaches thirty metres. It feeds on *krill*."
LAMP = "A tungsten filament glows\nat about 2,500 degrees.\u2028It is bright."


def answer(text: str, context: str) -> dict[str, object]:
    return {"text": text, "answer_start": context.find(text)}


def article(title: str, context: str, *questions: dict[str, object]) -> dict[str, object]:
    return {"title": title, "paragraphs": [{"context": context, "qas": list(questions)}]}


def squad() -> dict[str, object]:
    """Both versions' forms: the first article has answers only, the second says what is impossible."""
    long = {"id": "w1", "question": "How long?", "answers": [answer("thirty", WHALE), answer("thirty metres", WHALE)]}
    again = {"id": 2, "question": "What does it eat?", "answers": [answer("krill", WHALE), answer("krill", WHALE)]}
    hot = {"id": "l1", "question": "How hot?", "is_impossible": False, "answers": [answer("2,500", LAMP)]}
    dear = {
        "id": "l2",
        "question": "How dear?",
        "is_impossible": True,
        "answers": [],
        "plausible_answers": [answer("2,500", LAMP)],
    }
    whales, lamps = article("Blue_whale", WHALE, long, again), article("blue_whale", LAMP, hot, dear)
    return {"version": "v2.0", "data": [whales, lamps]}


def written(folder: Path, content: object) -> Path:
    path = folder / "squad.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_articles_become_documents_and_paragraphs_evidence(tmp_path: Path) -> None:
    target = tmp_path / "new" / "dataset"
    done = convert_squad(written(tmp_path, squad()), target)
    assert done == Conversion(documents=2, questions=4, answerable=3, answers=5, misplaced=0)
    assert {path.name: path.read_bytes().decode() for path in (target / "documents").iterdir()} == {
        "Blue_whale.md": f"# Blue whale\n\n{WHALE}\n",
        "blue_whale-2.md": f"# blue whale\n\n{LAMP}\n",
    }
    dataset = load_dataset(target)
    assert isinstance(dataset, QuestionDataset)
    whale, lamp = Evidence("Blue_whale.md", None, WHALE), Evidence("blue_whale-2.md", None, LAMP)
    assert dataset.questions == (
        Question("w1", "How long?", ("thirty", "thirty metres"), True, (whale,)),
        Question("2", "What does it eat?", ("krill",), True, (whale,)),
        Question("l1", "How hot?", ("2,500",), True, (lamp,)),
        Question("l2", "How dear?", (), False, ()),
    )
    assert sorted(path.name for path in target.iterdir()) == ["documents", "questions.jsonl"]
    assert [path.name for path in target.parent.iterdir()] == ["dataset"]


def test_the_same_file_gives_the_same_bytes(tmp_path: Path) -> None:
    file = written(tmp_path, squad())
    for name in ("one", "two"):
        convert_squad(file, tmp_path / name)
    assert len(list((tmp_path / "one").rglob("*.*"))) == 3
    for path in (tmp_path / "one").rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes()


def test_the_whole_way_to_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, target = written(tmp_path, squad()), tmp_path / "dataset"
    assert main(["--json", "eval", "convert", str(file), str(target)]) == 0
    out, err = capsys.readouterr()
    counts = {"documents": 2, "questions": 4, "answerable": 3, "answers": 5, "misplaced": 0}
    assert json.loads(out) == {"target": str(target), **counts}
    assert err == ""
    home = ["--home", str(tmp_path / "home"), "--json"]
    assert main([*home, "eval", "retrieval", str(target), "--configs", "dense"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["questions"] == 3
    assert report["evidence"] == {"items": 3, "with_page": 0, "located": 3}
    # Two short passages in all: each is found, and both fit.
    assert report["configs"]["dense"]["quote_recall@500t"]["mean"] == 1


def test_answers_that_stand_elsewhere_are_counted_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = {
        "data": [
            article(
                "T",
                WHALE,
                {
                    "id": "1",
                    "question": "Q",
                    "answers": [{"text": "thirty", "answer_start": 0}, answer("krill", WHALE)],
                },
                {"id": "2", "question": "Q", "answers": [{"text": ".", "answer_start": -1}]},
                {"id": "3", "question": "Q", "answers": [{"text": "krill", "answer_start": 10**30}]},
            )
        ]
    }
    assert main(["eval", "convert", str(written(tmp_path, content)), str(tmp_path / "dataset")]) == 0
    out, err = capsys.readouterr()
    assert out == f"1 document and 3 questions, 3 of them answerable, in {tmp_path / 'dataset'}\n"
    assert err == "Not in their paragraph at answer_start, and kept: 3 of 4 answers.\n"
    assert len((tmp_path / "dataset" / "questions.jsonl").read_text().splitlines()) == 3


def test_answers_to_what_is_impossible_are_not_taken(tmp_path: Path) -> None:
    question = {"id": "1", "question": "Q", "is_impossible": True, "answers": [answer("krill", WHALE)]}
    done = convert_squad(written(tmp_path, {"data": [article("T", WHALE, question)]}), tmp_path / "dataset")
    assert done == Conversion(documents=1, questions=1, answerable=0, answers=0, misplaced=0)


def test_a_repeated_paragraph_is_written_once_and_a_question_without_answers_is_unanswerable(tmp_path: Path) -> None:
    paragraphs = [
        {"context": WHALE, "qas": [{"id": "1", "question": "Q", "answers": [answer("krill", WHALE)]}]},
        {"context": WHALE, "qas": [{"id": "2", "question": "Q", "answers": []}]},
    ]
    done = convert_squad(written(tmp_path, {"data": [{"title": "T", "paragraphs": paragraphs}]}), tmp_path / "dataset")
    assert (done.questions, done.answerable) == (2, 1)
    assert (tmp_path / "dataset" / "documents" / "T.md").read_text() == f"# T\n\n{WHALE}\n"


@pytest.mark.parametrize(
    ("title", "heading"),
    [
        ("Fr%C3%A9d%C3%A9ric_Chopin", "Frédéric Chopin"),
        ("100%_cotton", "100% cotton"),
        ("snake_case in words", "snake_case in words"),
        ("two\nlines", "two lines"),
        ("%FF", "%FF"),
        ("a\x00b", "a b"),
        ("___", "untitled"),
    ],
)
def test_headings_are_titles_in_words(tmp_path: Path, title: str, heading: str) -> None:
    question = {"id": "1", "question": "Q", "answers": [answer("krill", WHALE)]}
    convert_squad(written(tmp_path, {"data": [article(title, WHALE, question)]}), tmp_path / "dataset")
    (path,) = (tmp_path / "dataset" / "documents").iterdir()
    assert path.read_text(encoding="utf-8").splitlines()[0] == f"# {heading}"


def first(content: dict[str, object], *path: str) -> dict[str, object]:
    """The first entry of the list under each key in turn."""
    entry = content
    for key in path:
        entry = entry[key][0]  # type: ignore[index]
    return entry


QUESTION = ("data", "paragraphs", "qas")
ANSWER = (*QUESTION, "answers")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda c: c.pop("data"), ': "data" must be there and be a list.'),
        (lambda c: c.update(data=[1]), ", data[0]: expected a JSON object."),
        (lambda c: c.update(data=[]), " holds no question: nothing could be measured with it."),
        (lambda c: c["data"][1].pop("title"), ', data[1]: "title" must be there and be a text.'),
        (lambda c: c["data"][1].pop("paragraphs"), ', data[1]: "paragraphs" must be there and be a list.'),
        (lambda c: first(c, "data", "paragraphs").pop("qas"), ', data[0].paragraphs[0]: "qas" must be there'),
        (lambda c: first(c, "data", "paragraphs").update(context=" "), ', data[0].paragraphs[0]: "context" is empty.'),
        (lambda c: first(c, "data", "paragraphs").update(context="a\0b"), '.paragraphs[0]: "context" holds a NUL'),
        (lambda c: first(c, *QUESTION).pop("id"), ', data[0].paragraphs[0].qas[0]: "id" must be there and be a text.'),
        (lambda c: first(c, *QUESTION).update(id="2"), ', data[0].paragraphs[0].qas[1]: the id "2" stands there a sec'),
        (lambda c: first(c, *QUESTION).update(id="l2"), ', data[1].paragraphs[0].qas[1]: the id "l2" stands there a'),
        (lambda c: first(c, *QUESTION).pop("answers"), ', data[0].paragraphs[0].qas[0]: "answers" must be there'),
        (lambda c: first(c, *QUESTION).update(question=""), ', data[0].paragraphs[0].qas[0]: "question" is empty.'),
        (lambda c: first(c, *QUESTION).update(is_impossible=0), '.qas[0]: "is_impossible" must be true or false.'),
        (lambda c: first(c, *QUESTION).update(is_impossible=False, answers=[]), ".qas[0]: a question that is not impo"),
        (lambda c: first(c, *ANSWER).pop("text"), ', data[0].paragraphs[0].qas[0].answers[0]: "text" must be there'),
        (lambda c: first(c, *ANSWER).update(text=""), '.answers[0]: "text" is empty.'),
        (lambda c: first(c, *ANSWER).update(text="\ud800"), '.answers[0]: "text" holds half of a surrogate pair'),
        (lambda c: first(c, *ANSWER).pop("answer_start"), '.answers[0]: "answer_start" must be there and be a whole n'),
    ],
)
def test_what_is_broken_is_named_with_its_place_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Callable[[dict[str, object]], None], complaint: str
) -> None:
    content = squad()
    change(content)
    file, target = written(tmp_path, content), tmp_path / "dataset"
    with pytest.raises(DatasetError) as error:
        convert_squad(file, target)
    assert f"{file}" in str(error.value)
    assert complaint in str(error.value)
    assert main(["--json", "eval", "convert", str(file), str(target)]) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"{error.value}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["squad.json"]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b'{"data":\n[}', r"squad.json, line 2: not valid JSON \(Expecting value at column 2\)"),
        (b"[]", 'squad.json: expected a JSON object with "data"'),
        (b"\xff{}", "is not UTF-8 text"),
        (b"[" * 100_000, "it nests too deeply"),
        (b'{"data":' + b"9" * 5000 + b"}", "a number is too long"),
    ],
)
def test_what_is_no_squad(tmp_path: Path, content: bytes, complaint: str) -> None:
    (tmp_path / "squad.json").write_bytes(content)
    with pytest.raises(DatasetError, match=complaint):
        convert_squad(tmp_path / "squad.json", tmp_path / "dataset")


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="There is no file"):
        convert_squad(tmp_path / "squad.json", tmp_path / "dataset")
    with pytest.raises(DatasetError, match="cannot be read: Is a directory"):
        convert_squad(tmp_path, tmp_path / "dataset")


def test_a_target_that_is_taken(tmp_path: Path) -> None:
    file, target = written(tmp_path, squad()), tmp_path / "dataset"
    target.mkdir()
    convert_squad(file, target)
    before = {path: path.read_bytes() for path in target.rglob("*.*")}
    with pytest.raises(UserError, match="dataset is not empty"):
        convert_squad(file, target)
    with pytest.raises(UserError, match=r"squad.json is not empty"):
        convert_squad(file, file)
    with pytest.raises(UserError, match="cannot be looked at: File name too long; name another folder"):
        convert_squad(file, tmp_path / ("x" * 300))
    with pytest.raises(UserError, match=r"cannot be written: .*; name another folder"):
        convert_squad(file, file / "below")
    assert {path: path.read_bytes() for path in target.rglob("*.*")} == before


def test_what_fails_midway_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path, squad())

    def full(self: Path, *_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(UserError, match="dataset cannot be written: No space left on device"):
        convert_squad(file, tmp_path / "dataset")
    assert [path.name for path in tmp_path.iterdir()] == ["squad.json"]

"""Answers judged: statements and what they cite, words against those accepted, and abstention, worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from citewell import KnowledgeBase, Settings
from eval.abstention import Judged, aurc, auroc, best_threshold, fitted_errors, risk_coverage
from eval.answer_metrics import answer_values, citation_values, cites_evidence, holds_answer, supports, token_f1
from eval.answer_results import AnswerReport
from eval.answers import evaluate_answers
from eval.evidence import Target
from eval.report import answers_table
from eval.statements import Statement, statements
from kb.errors import DatasetError
from kb.settings import GeneratorSettings
from kb.types import Answer, Citation, Span

WHALES = "# Whales\n\nThe blue whale reaches thirty metres. It feeds on krill in cold seas.\n"
LAMPS = "# Lamps\n\nA tungsten filament glows at about 2,500 degrees. Argon keeps it from burning.\n"


def answer(text: str, *quotes: str, abstained: bool = False) -> Answer:
    citations = tuple(
        Citation(number, f"c{number}", "a.md", "A", None, (Span(0, len(quote)),), quote, verified=True)
        for number, quote in enumerate(quotes, start=1)
    )
    return Answer("?", text, abstained=abstained, citations=citations)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "It is red. It is small [1]. It sinks. [2][3]",
            [("It is red.", ()), ("It is small.", (1,)), ("It sinks.", (2, 3))],
        ),
        ('"One. Two." [1]\n\n"Three." [2]', [('"One. Two."', (1,)), ('"Three."', (2,))]),
        ("鯨魚很大。牠吃磷蝦 [1]。", [("鯨魚很大。", ()), ("牠吃磷蝦。", (1,))]),
        ("", []),
        ("No citation", [("No citation", ())]),
    ],
)
def test_statements_and_what_they_cite(text: str, expected: list[tuple[str, tuple[int, ...]]]) -> None:
    assert statements(text) == [Statement(*one) for one in expected]


def test_words_of_an_answer() -> None:
    said = answer(
        '"The blue whale reaches thirty metres." [1]\n\n"Krill." [2]', "The blue whale reaches thirty metres.", "Krill."
    )
    values = answer_values(said, ["krill"])
    assert (values["answer_in_first_quote"], values["answer_in_quotes"], values["exact_match"]) == (0, 1, 0)
    # Six words, of which one is accepted, by it alone: precision 1/6, recall 1; articles do not count.
    assert values["f1"] == pytest.approx(2 / 7)
    assert answer_values(answer("Thirty metres! [1]", "thirty metres"), ["x", "the thirty metres"])["exact_match"] == 1
    assert set(answer_values(answer("No.", abstained=True), ["no"]).values()) == {0}


def test_tokens_of_chinese_are_characters() -> None:
    # 藍鯨 in 藍鯨很大: two of four characters, and both of two.
    assert token_f1("藍鯨很大。", "藍鯨") == pytest.approx(2 * (2 / 4) * 1 / (2 / 4 + 1))
    assert token_f1("BM25 演算法", "BM25") == pytest.approx(2 * (1 / 4) * 1 / (1 / 4 + 1))


@pytest.mark.parametrize(
    ("quote", "accepted", "holds"),
    [
        ("It weighs 150 tonnes.", "150", True),
        ("It weighs 150 tonnes.", "15", False),
        ("In ﬁve “steps”", 'five "steps"', True),
        ("那是藍鯨的家", "藍鯨", True),
        ("Frances went home.", "France", False),
        ("Capital expenditures: 1,577", "$1577.00", True),
        ("Capital expenditures: 11,577", "$1577.00", False),
        ("It grew by 8 percent", "8%", True),
        ("word " * 59 + "krill", "krill", True),
        ("word " * 60 + "krill", "krill", False),
    ],
)
def test_whether_a_quote_holds_the_answer(quote: str, accepted: str, holds: bool) -> None:
    assert holds_answer(quote, [accepted]) is holds


def test_support_wants_the_numbers_and_most_words() -> None:
    quote = "The blue whale reaches a length of 30 metres."
    assert supports([quote], "The blue whale reaches 30 metres.")
    assert not supports([quote], "The blue whale reaches 31 metres.")
    assert not supports([quote], "Fin whales dive deep.")
    assert not supports([], "The blue whale reaches 30 metres.")


def test_citations_of_an_answer() -> None:
    text = "Whales eat krill [1][2]. Lamps glow at 2,500 degrees [3]. Both are warm."
    said = answer(text, "Whales eat krill.", "Bread is baked.", "Lamps glow.")
    values = citation_values(said, [True, True, False])
    # Of three statements only the first is held by what it cites; of three citations only its first is needed.
    assert values == pytest.approx(
        {"citation_recall": 1 / 3, "citation_precision": 1 / 3, "unsupported_numbers": 1, "verbatim_rate": 2 / 3}
    )
    halves = answer("Whales eat krill and swim in cold seas [1][2].", "Whales eat krill.", "They swim in cold seas.")
    assert citation_values(halves, [])["citation_precision"] == 1
    assert citation_values(answer("Whales eat krill."), []) == {"citation_recall": 0, "unsupported_numbers": 0}


def test_a_quote_cites_evidence_where_half_of_the_shorter_overlaps() -> None:
    target = Target("a.md", None, (Span(5, 15),), ())
    (ten,) = answer("x [1]", "0123456789").citations
    assert cites_evidence(ten, [target])
    assert not cites_evidence(ten, [Target("a.md", None, (Span(6, 16),), ())])
    assert not cites_evidence(ten, [Target("b.md", None, (Span(0, 10),), ())])


def judged(rows: list[tuple[float, bool, bool]]) -> list[Judged]:
    return [
        Judged(str(number), f"d{number % 4}", answerable, confidence, right)
        for number, (confidence, answerable, right) in enumerate(rows)
    ]


def test_areas_worked_out_by_hand() -> None:
    some = judged([(0.9, True, True), (0.8, False, False), (0.7, True, False), (0.7, True, True)])
    area = auroc(some)
    assert area is not None
    # One of three answerable questions lies above the unanswerable one.
    assert area.mean == pytest.approx(1 / 3)
    risk = aurc(some)
    assert risk is not None
    # Risks 0, 1/2, then half an error more for each of the two that are equally believed: 1.5/3 and 2/4.
    assert risk.mean == pytest.approx((0 + 1 / 2 + 1.5 / 3 + 2 / 4) / 4)
    assert risk.low <= risk.mean <= risk.high
    assert [point["risk"] for point in risk_coverage(some)][-1] == 0.5
    assert auroc(judged([(0.5, True, True)])) is None


def test_auroc_is_that_of_scikit_learn() -> None:
    from sklearn.metrics import roc_auc_score

    random = np.random.default_rng(5)
    truth = random.random(300) < 0.6
    scores = np.round(random.random(300) + 0.3 * truth, 1)
    found = auroc(
        judged([(float(score), bool(answerable), True) for score, answerable in zip(scores, truth, strict=True)])
    )
    assert found is not None
    assert found.mean == pytest.approx(roc_auc_score(truth, scores), abs=1e-9)
    assert found.low < found.mean < found.high


def test_a_threshold_is_fitted_on_other_documents() -> None:
    assert best_threshold(judged([(0.9, True, True), (0.6, True, True), (0.4, False, False)])) == pytest.approx(0.5)
    assert best_threshold(judged([(0.9, True, True), (0.2, True, True)])) == 0
    # The last document's answerable question is doubted more than any unanswerable one, which its own fit would see.
    odd = [
        Judged("a", "d1", True, 0.9, True),
        Judged("b", "d1", False, 0.3, False),
        Judged("c", "d2", True, 0.8, True),
        Judged("d", "d2", False, 0.4, False),
        Judged("e", "d3", True, 0.1, True),
    ]
    errors = fitted_errors(odd)
    assert errors is not None
    assert errors.abstained_on_answerable == {"a": 0, "c": 0, "e": 1}
    assert errors.answered_on_unanswerable["d"] == 0
    assert len(errors.thresholds) == 3
    assert fitted_errors(odd[:2]) is None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "animals"
    (place / "documents").mkdir(parents=True)
    (place / "documents" / "whales.md").write_text(WHALES, encoding="utf-8")
    (place / "documents" / "lamps.md").write_text(LAMPS, encoding="utf-8")
    whale = {"source": "whales.md", "page": None, "quote": "The blue whale reaches thirty metres."}
    lamp = {"source": "lamps.md", "page": None, "quote": "A tungsten filament glows at about 2,500 degrees."}
    rows = [
        {"id": "w", "question": "How long is the blue whale?", "answers": ["thirty metres"], "evidence": [whale]},
        {"id": "l", "question": "At what heat does a tungsten filament glow?", "answers": ["9"], "evidence": [lamp]},
        {"id": "n", "question": "Who painted the ceiling of the opera in Paris?", "answerable": False, "answers": []},
    ]
    (place / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return place


def test_from_questions_to_numbers(folder: Path, tmp_path: Path) -> None:
    report = evaluate_answers(folder, home=tmp_path / "cache")
    means = {name: estimate and estimate.mean for name, estimate in report.estimates.items()}
    # The accepted answer to the second question does not stand in its sentence; the third is declined.
    assert (means["answer_in_first_quote"], means["answer_in_quotes"], means["evidence_in_quotes"]) == (0.5, 0.5, 1)
    assert (means["abstained_on_answerable"], means["answered_on_unanswerable"]) == (0, 0)
    assert (means["verbatim_rate"], means["citation_recall"], means["citation_precision"]) == (1, 1, 1)
    assert (means["abstention_auroc"], means["unsupported_numbers"]) == (1, 0)
    written = report.as_json()
    assert (written["dataset"], written["generator"], written["answerable"]) == ("animals", "extractive", 2)
    kept = json.loads(report.run.read_text(encoding="utf-8"))
    assert kept["values"]["extractive"]["w"]["answer_in_quotes"] == 1
    assert [one["abstained"] for one in kept["answers"]] == [False, False, True]
    assert "answer_in_quotes" in answers_table(report)


def interrupted(stage: str, done: int, total: int) -> None:
    """Ctrl-C after the second answer."""
    if (stage, done) == ("answers", 2):
        raise KeyboardInterrupt


def test_an_interrupted_run_goes_on_where_it_stopped(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        evaluate_answers(folder, home=tmp_path / "cache", progress=interrupted)
    (noted,) = (tmp_path / "cache").glob(".runs/*/answers-in-progress.jsonl")
    head, first, second = noted.read_text(encoding="utf-8").splitlines()
    # What was said to the first question is changed in the journal, so that it shows in the report; the second is cut.
    changed = {**json.loads(first), "seconds": 1234.5}
    noted.write_text("\n".join([head, json.dumps(changed), second[:40]]), encoding="utf-8")
    report = evaluate_answers(folder, home=tmp_path / "cache")
    whole = evaluate_answers(folder, home=tmp_path / "cache")
    assert report.latency.p95 > 1_000_000 > whole.latency.p95
    assert (report.estimates, report.values) == (whole.estimates, whole.values)
    kept, anew = (json.loads(one.run.read_text(encoding="utf-8"))["answers"] for one in (report, whole))
    assert kept == anew
    assert not noted.exists()
    assert (report.recalled, whole.recalled) == (1, 0)
    assert "Taken from a run that was interrupted" in answers_table(report)


def test_an_edited_document_is_asked_again(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        evaluate_answers(folder, home=tmp_path / "cache", progress=interrupted)
    whales = folder / "documents" / "whales.md"
    whales.write_text(WHALES.replace("thirty", "eighty"), encoding="utf-8")
    report = evaluate_answers(folder, home=tmp_path / "cache")
    assert report.recalled == 0
    assert "eighty" in json.loads(report.run.read_text(encoding="utf-8"))["answers"][0]["answer"]
    assert report.evidence.located == 1
    assert "Not found in the documents: 1 of 2" in answers_table(report)


def test_a_limited_run_keeps_what_it_does_not_use(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        evaluate_answers(folder, home=tmp_path / "cache", progress=interrupted)
    assert evaluate_answers(folder, home=tmp_path / "cache", limit=1).recalled == 1
    assert evaluate_answers(folder, home=tmp_path / "cache").recalled == 2


def test_questions_without_accepted_answers_count_by_their_evidence(folder: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    rows[1]["answers"] = []
    (folder / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    report = evaluate_answers(folder, home=tmp_path / "cache")
    assert report.estimates["answer_in_quotes"] is not None
    assert report.estimates["answer_in_quotes"].mean == 1
    assert "f1" not in report.values["l"]


def test_what_was_answered_under_other_settings_is_asked_again(folder: Path, tmp_path: Path) -> None:
    silent = Settings(answer={"threshold": 1.0})  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        evaluate_answers(folder, home=tmp_path / "cache", settings=silent, progress=interrupted)
    report = evaluate_answers(folder, home=tmp_path / "cache")
    assert report.estimates["abstained_on_answerable"] is not None
    assert report.estimates["abstained_on_answerable"].mean == 0


def test_keys_of_services_count_as_settings_and_are_written_nowhere(folder: Path, tmp_path: Path) -> None:
    def under(key: str, **options: Any) -> AnswerReport:
        named = GeneratorSettings(llm="some:Model", llm_options={"api_key": key})
        settings = Settings(generator=named, answer={"by": "extractive"})  # type: ignore[arg-type]
        return evaluate_answers(folder, home=tmp_path / "cache", settings=settings, **options)

    with pytest.raises(KeyboardInterrupt):
        under("a secret", progress=interrupted)
    (noted,) = (tmp_path / "cache").glob(".runs/*/answers-in-progress.jsonl")
    assert "a secret" not in noted.read_text(encoding="utf-8")
    assert under("a secret", limit=1).recalled == 1
    assert under("another", limit=1).recalled == 0


def test_the_threshold_of_the_settings_decides_and_changes_no_area(folder: Path, tmp_path: Path) -> None:
    """What an abstention withheld is judged all the same, or the areas would depend on where a threshold lies."""
    silent = Settings(answer={"threshold": 1.0})  # type: ignore[arg-type]
    usual = evaluate_answers(folder, home=tmp_path / "cache")
    strict = evaluate_answers(folder, home=tmp_path / "cache", settings=silent)
    estimates = strict.estimates
    assert estimates["abstained_on_answerable"] is not None
    assert estimates["abstained_on_answerable"].mean == 1
    assert (estimates["aurc"], estimates["abstention_auroc"]) == (
        usual.estimates["aurc"],
        usual.estimates["abstention_auroc"],
    )
    assert estimates["verbatim_rate"] is None
    assert strict.quote_words_median is None
    kept = json.loads(strict.run.read_text(encoding="utf-8"))
    assert kept["answers"][0]["withheld"] == ["The blue whale reaches thirty metres."]


def test_an_answer_without_candidates_is_an_abstention_at_any_threshold(tmp_path: Path) -> None:
    with KnowledgeBase.open(home=tmp_path / "home", create=True) as base:
        assert base.ask("Is there anything?", threshold=0.0).answer().abstained


def test_a_ranking_dataset_has_no_answers(tmp_path: Path) -> None:
    (tmp_path / "qrels").mkdir()
    (tmp_path / "corpus.jsonl").write_text('{"_id": "d", "title": "", "text": "t"}\n')
    (tmp_path / "queries.jsonl").write_text('{"_id": "q", "text": "t"}\n')
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\td\t1\n")
    with pytest.raises(DatasetError, match="eval retrieval"):
        evaluate_answers(tmp_path, home=tmp_path / "cache")

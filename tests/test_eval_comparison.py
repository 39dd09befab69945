"""Runs against each other and against what they have to reach: by hand, as a table, and by the command."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from app.cli.main import main
from eval.comparison import Pair, compare, compare_runs, compare_with_reference, correction, main_comparisons
from eval.comparison_table import comparison_table
from eval.gate import Bound, BoundCheck, bound, check
from eval.latency import Latency
from eval.report import retrieval_table
from eval.results import ConfigResult, RetrievalReport
from eval.runs import Run, load_named, load_run
from kb.errors import UserError

QUERIES = [f"q{number:02}" for number in range(20)]


def values(*, missed: int, metric: str = "ndcg@10") -> dict[str, dict[str, float]]:
    """Twenty queries, of which the first `missed` found nothing, and the others something each of their own."""
    found = {query: 0.0 if index < missed else 0.5 + index / 50 for index, query in enumerate(QUERIES)}
    return {query: {metric: value, "map": value / 2, "mrr@10": 0.5} for query, value in found.items()}


WEAK, STRONG = values(missed=12), values(missed=2)


def written(path: Path, configs: Mapping[str, object], *, dataset: str = "tiny", **more: object) -> Path:
    path.write_text(json.dumps({"dataset": dataset, "values": configs, "fingerprint": {"embedder": "e"}, **more}))
    return path


@dataclass(frozen=True)
class Runs:
    old: Path
    new: Path


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    """The new run is better in hybrid and worse in lexical."""
    return Runs(
        written(tmp_path / "old.json", {"dense": WEAK, "lexical": STRONG, "hybrid": WEAK}),
        written(tmp_path / "new.json", {"hybrid": STRONG, "lexical": WEAK}),
    )


def test_a_comparison_by_hand() -> None:
    a = {"1": {"m": 0.5}, "2": {"m": 0.2}, "3": {"m": 1.0}, "4": {"m": 0.0}, "5": {"m": 1.0}, "only a": {"m": 1.0}}
    b = {"only b": {"m": 0.0}, "5": {}, "4": {"m": 0.25}, "3": {"m": 0.5}, "2": {"m": 0.2}, "1": {"m": 0.75}}
    (found,) = compare([Pair("old", "new", a, b)])
    assert (found.a, found.b, found.metric) == ("old", "new", "m")
    assert (found.mean_a, found.mean_b) == pytest.approx((1.7 / 4, 1.7 / 4))
    assert (found.won, found.lost, found.tied, found.left_out, found.queries) == (2, 1, 1, 3, 4)
    assert found.difference.mean == pytest.approx(0.0)
    assert found.verdict == "not distinguishable"


def test_rounding_is_no_difference() -> None:
    (found,) = compare([Pair("a", "b", {"1": {"m": 0.1 + 0.2}, "2": {"m": 1}}, {"1": {"m": 0.3}, "2": {"m": 1}})])
    assert (found.tied, found.difference.p) == (2, 1.0)


def test_verdicts_follow_the_sign_and_are_mirrored() -> None:
    there = compare([Pair("a", "b", WEAK, STRONG)])
    back = compare([Pair("b", "a", STRONG, WEAK)])
    assert [found.verdict for found in there] == ["better", "better", "not distinguishable"]
    assert [found.verdict for found in back] == ["worse", "worse", "not distinguishable"]
    assert [(found.lost, found.won, found.tied) for found in back] == [(10, 0, 10), (10, 0, 10), (0, 0, 20)]
    assert [found.p_holm for found in there] == pytest.approx([found.p_holm for found in back])


def test_the_order_of_queries_does_not_matter() -> None:
    other_way_round = dict(reversed(STRONG.items()))
    assert compare([Pair("a", "b", WEAK, other_way_round)]) == compare([Pair("a", "b", WEAK, STRONG)])
    back = dict(reversed(WEAK.items()))
    assert compare([Pair("a", "b", back, other_way_round)])[0].difference == (
        compare([Pair("a", "b", WEAK, STRONG)])[0].difference
    )


def test_less_is_better_of_errors() -> None:
    metric = "answered_on_unanswerable"
    found, *_ = compare([Pair("a", "b", values(missed=2, metric=metric), values(missed=12, metric=metric))])
    assert found.difference.mean < 0
    assert (found.verdict, found.won, found.lost) == ("better", 10, 0)


def test_the_main_metric_is_one_family_and_all_others_are_another() -> None:
    alone = compare([Pair("a", "b", WEAK, STRONG)])
    beside = compare([Pair("a", "b", WEAK, STRONG), Pair("a", "c", WEAK, WEAK)])
    assert [found.difference for found in beside[:3]] == [found.difference for found in alone]
    p = alone[0].difference.p
    # The same p-value in ndcg@10 and map: of the main metric's one or two, and of the two or four of the others.
    assert [found.family for found in alone] == [1, 2, 2]
    assert [found.p_holm for found in alone[:2]] == pytest.approx([p, 2 * p])
    assert [found.family for found in beside] == [2, 4, 4, 2, 4, 4]
    assert [found.p_holm for found in beside[:2]] == pytest.approx([2 * p, 4 * p])
    assert [found.p_holm for found in beside[3:]] == [1.0] * 3


def test_what_is_corrected_for_is_said() -> None:
    three, main = compare([Pair("a", "b", WEAK, STRONG)]), "1 comparison in ndcg@10, the main metric"
    assert correction(three) == f"{main}, and apart from these for the 2 in other metrics"
    assert correction(three[:1]) == main
    assert correction(three[1:]) == "2 comparisons"


def test_a_small_p_among_many_is_not_distinguishable() -> None:
    a = {query: {f"m{index}": 0.0 for index in range(20)} for query in QUERIES}
    b = {query: row | {"m0": float(index < 7) - (index == 7)} for index, (query, row) in enumerate(a.items())}
    (single,) = compare([Pair("a", "b", *({q: {"m0": row["m0"]} for q, row in side.items()} for side in (a, b)))])
    many, *_ = compare([Pair("a", "b", a, b)])
    assert single.difference == many.difference
    assert (single.verdict, many.verdict) == ("better", "not distinguishable")


def test_nothing_in_common_is_told() -> None:
    with pytest.raises(UserError, match="no query in common"):
        compare([Pair("a", "b", {"1": {"m": 1.0}}, {"2": {"m": 1.0}})])
    with pytest.raises(UserError, match="no metric in common"):
        compare([Pair("a", "b", {"1": {"m": 1.0}}, {"1": {"n": 1.0}})])
    assert compare([]) == ()


def test_the_reference_is_hybrid_or_the_first() -> None:
    def pairs(*names: str) -> list[tuple[str, str]]:
        found = main_comparisons(compare_with_reference(dict.fromkeys(names, WEAK)))
        return [(each.a, each.b) for each in found]

    assert pairs("dense", "lexical", "hybrid") == [("hybrid", "dense"), ("hybrid", "lexical")]
    assert pairs("dense", "lexical") == [("dense", "lexical")]
    assert pairs("dense") == pairs() == []


def test_a_report_says_what_differs() -> None:
    configs = {"hybrid": STRONG, "dense": WEAK}
    results = tuple(ConfigResult(name, {}, Latency(1.0, 2.0), rows) for name, rows in configs.items())
    report = RetrievalReport("tiny", 20, results, None, 1, 1, {}, {}, {}, 1.0, Path("run.json"))
    report = replace(report, comparisons=compare_with_reference(configs))
    assert "\ndense against hybrid, ndcg@10: -0.315 [" in retrieval_table(report)
    assert retrieval_table(report).count(" against ") == 1
    assert "corrected (Holm) for the 1 comparison in ndcg@10, the main metric, and" in retrieval_table(report)
    comparisons = report.as_json()["comparisons"]
    assert isinstance(comparisons, list)
    assert [(row["metric"], row["verdict"]) for row in comparisons] == [
        ("ndcg@10", "worse"),
        ("map", "worse"),
        ("mrr@10", "not distinguishable"),
    ]
    assert list(report.as_json())[-1] == "comparisons"


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = written(tmp_path / "run.json", {"hybrid": {"1": {"f1": 1, "abstained": None}}})
    run = load_run(path)
    assert run == Run(path, "tiny", {"hybrid": {"1": {"f1": 1.0}}}, {"embedder": "e"})
    assert load_named(str(path)) == (run, None)
    assert load_named(f"{path}:hybrid") == (run, "hybrid")


def test_colons_in_names_of_files_and_configurations(tmp_path: Path) -> None:
    path = written(tmp_path / "12:30.json", {"hybrid:small": WEAK})
    assert load_named(str(path)) == (load_run(path), None)
    assert load_named(f"{path}:hybrid:small") == (load_run(path), "hybrid:small")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not valid JSON"),
        (b'{"dataset": "tiny", "val', "not valid JSON"),
        (b"\xff\xfe\x00", "not valid JSON"),
        (b"[" * 200_000, "not valid JSON"),
        (b"[]", "no JSON object"),
        (b'{"values": {"hybrid": {}}}', '"dataset"'),
        (b'{"dataset": "tiny"}', '"values"'),
        (b'{"dataset": "tiny", "values": {}}', '"values"'),
        (b'{"dataset": "tiny", "values": [1]}', '"values"'),
        (b'{"dataset": "tiny", "values": {"hybrid": 1}}', '"hybrid" are not by query'),
        (b'{"dataset": "tiny", "values": {"hybrid": {"q": 1}}}', '"hybrid", query "q" are no numbers'),
        (b'{"dataset": "tiny", "values": {"hybrid": {"q": {"map": "1"}}}}', "are no numbers"),
        (b'{"dataset": "tiny", "values": {"hybrid": {"q": {"map": NaN}}}}', "are no numbers"),
        (b'{"dataset": "tiny", "values": {"hybrid": {"q": {"map": 1' + b"0" * 400 + b"}}}}", "are no numbers"),
    ],
)
def test_what_is_no_run_is_told_with_the_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(content)
    with pytest.raises(UserError, match=reason) as told:
        load_run(path)
    assert str(path) in str(told.value)


def test_runs_are_compared_in_what_they_share(runs: Runs) -> None:
    old, new = load_run(runs.old), load_run(runs.new)

    def pairs(config_a: str | None = None, config_b: str | None = None) -> list[tuple[str, str]]:
        report = compare_runs(old, new, config_a=config_a, config_b=config_b)
        return list(dict.fromkeys((found.a, found.b) for found in report.comparisons))

    assert pairs() == [("lexical", "lexical"), ("hybrid", "hybrid")]
    assert pairs("dense", "hybrid") == [("dense", "hybrid")]
    assert pairs("hybrid") == pairs(None, "hybrid") == [("hybrid", "hybrid")]
    with pytest.raises(UserError, match=r'new.json has no configuration "dense"; it has hybrid, lexical\.'):
        pairs("dense")


def test_runs_that_do_not_compare(runs: Runs, tmp_path: Path) -> None:
    old = load_run(runs.old)
    with pytest.raises(UserError, match='different datasets, "tiny" and "other"'):
        compare_runs(old, load_run(written(tmp_path / "other.json", {"hybrid": WEAK}, dataset="other")))
    with pytest.raises(UserError, match="no configuration in common"):
        compare_runs(old, load_run(written(tmp_path / "third.json", {"hybrid+rerank": WEAK})))


def test_runs_of_two_datasets_of_one_name_do_not_compare(tmp_path: Path, citewell: Citewell) -> None:
    one, other = (written(tmp_path / f"{name}.json", {"hybrid": WEAK}, dataset_digest=name) for name in "ab")
    old = written(tmp_path / "old.json", {"hybrid": WEAK})
    for arguments in (["compare", one, other], ["gate", one, "--baseline", other]):
        refused = citewell("eval", *arguments)
        assert (refused.code, len(refused.err.splitlines())) == (2, 1)
        assert 'different datasets, though both are named "tiny"' in refused.err
    for before, after in ((one, one), (old, one), (one, old)):
        assert citewell("eval", "compare", before, after).code == 0
        assert citewell("eval", "gate", after, "--baseline", before).code == 0


def test_the_table_lines_up_and_says_what_to_know(runs: Runs) -> None:
    report = compare_runs(load_run(runs.old), load_run(runs.new), config_a="dense", config_b="hybrid")
    lines = comparison_table(report).splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("|")]
    assert len({len(line) for line in lines if line.startswith("|")}) == 1
    assert [row[0] for row in rows[2:]] == ["ndcg@10", "map", "mrr@10"]
    ndcg, _, mrr = rows[2:]
    assert ndcg[1:3] == ["0.324", "0.639"]
    assert ndcg[3].startswith("+0.315 [0.")
    assert ndcg[5:7] == ["better", "10 / 0 / 10"]
    assert mrr[3:] == ["+0.000 [0.000, 0.000]", "1.000", "not distinguishable", "0 / 0 / 20", "-"]
    assert f"A: dense of {runs.old}" in lines
    assert "Queries compared: 20." in lines
    assert not any("Left out" in line for line in lines)
    assert any("for the 1 comparison in ndcg@10, the main metric, and" in line for line in lines)


def test_the_table_names_configurations_and_what_is_left_out(tmp_path: Path, runs: Runs) -> None:
    fewer = {query: row for query, row in STRONG.items() if query != "q19"}
    new = load_run(written(tmp_path / "fewer.json", {"hybrid": fewer, "lexical": STRONG}))
    lines = comparison_table(compare_runs(load_run(runs.old), new)).splitlines()
    assert [line.split("|")[1].strip() for line in lines if line.startswith("|")][2:] == ["lexical"] * 3 + [
        "hybrid"
    ] * 3
    assert "Queries compared: 19 to 20." in lines
    assert "Left out, because one run alone has them: 0 to 1." in lines


def test_minima_hold_by_the_mean(runs: Runs) -> None:
    run = load_run(runs.new)
    mean = sum(row["ndcg@10"] for row in STRONG.values()) / 20
    minima = [Bound("hybrid", "ndcg@10", value) for value in (mean, mean - 0.01, mean + 0.01)]
    assert [found.passed for found in check(run, bounds=minima)] == [True, True, False]
    assert str(check(run, bounds=minima[2:])[0]).endswith("], below 0.649 by 0.01")


def test_a_mean_that_is_the_minimum_but_for_rounding_holds(tmp_path: Path) -> None:
    values = {query: {"f1": value} for query, value in zip("abc", (0.6, 0.7, 0.8), strict=True)}
    run = load_run(written(tmp_path / "run.json", {"hybrid": values}))
    (found,) = check(run, bounds=[bound("hybrid.f1=0.7", is_least=True)])
    assert found.passed
    assert isinstance(found, BoundCheck)
    assert found.estimate.mean < 0.7


def test_the_baseline_holds_but_for_what_is_worse(runs: Runs) -> None:
    checks = check(load_run(runs.new), bounds=(), baseline=load_run(runs.old))
    assert [str(found).split(":")[0] for found in checks if not found.passed] == ["lexical.ndcg@10", "lexical.map"]
    assert len(checks) == 6
    same = load_run(runs.new)
    assert all(found.passed for found in check(same, bounds=(), baseline=same))


def test_a_run_on_fewer_queries_does_not_pass_for_want_of_evidence(runs: Runs) -> None:
    new = load_run(runs.new)
    few = replace(new, values={name: dict([*rows.items()][:1]) for name, rows in new.values.items()})
    with pytest.raises(UserError, match="lacks"):
        check(few, bounds=(), baseline=new)


def test_a_baseline_of_other_configurations_holds_nothing(runs: Runs) -> None:
    new = load_run(runs.new)
    other = replace(new, values={"other": new.values["hybrid"]})
    with pytest.raises(UserError, match="The baseline has other and the run hybrid, lexical"):
        check(new, bounds=(), baseline=other)


def test_maxima_hold_from_below_and_areas_as_they_are_stated(tmp_path: Path) -> None:
    values = {"extractive": {"1": {"abstained_on_answerable": 0.0}, "2": {"abstained_on_answerable": 1.0}}}
    stated = {"aurc": {"mean": 0.3, "low": 0.2, "high": 0.4}, "abstention_auroc": None}
    path = tmp_path / "run.json"
    path.write_text(json.dumps({"dataset": "d", "generator": "extractive", "metrics": stated, "values": values}))
    run = load_run(path)
    bounds = [
        bound(words, is_least=False)
        for words in ("extractive.abstained_on_answerable=0.5", "extractive.aurc=0.3", "extractive.aurc=0.29")
    ]
    found = check(run, bounds=bounds)
    assert [one.passed for one in found] == [True, True, False]
    assert str(found[1]) == "extractive.aurc: 0.300 [0.200, 0.400], at most 0.3"
    assert str(found[2]).endswith("above 0.29 by 0.01")
    assert found[2].as_json()["maximum"] == 0.29
    with pytest.raises(UserError, match="abstained_on_answerable, aurc"):
        check(run, bounds=[bound("extractive.abstention_auroc=1", is_least=True)])


@pytest.mark.parametrize(
    "words", ["", "hybrid", "hybrid=1", "hybrid.map", "hybrid.map=", ".map=1", "a.map=nan", "a.=1"]
)
def test_what_is_no_bound(words: str) -> None:
    with pytest.raises(UserError, match="is no bound"):
        bound(words, is_least=True)
    assert bound("all-MiniLM-L6-v2.1.ndcg@10 = .7", is_least=True) == Bound("all-MiniLM-L6-v2.1", "ndcg@10", 0.7)


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


class Citewell:
    """The command within this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: object) -> Result:
        self._capsys.readouterr()
        code = main([*map(str, arguments)])
        return Result(code, *self._capsys.readouterr())


@pytest.fixture
def citewell(capsys: pytest.CaptureFixture[str]) -> Citewell:
    return Citewell(capsys)


def test_compare_from_the_command(citewell: Citewell, runs: Runs) -> None:
    shown = citewell("eval", "compare", f"{runs.old}:dense", f"{runs.old}:lexical")
    assert (shown.code, shown.err) == (0, "")
    assert "| better " in shown.out
    found = json.loads(citewell("--json", "eval", "compare", runs.old, runs.new).out)
    assert list(found) == ["dataset", "a", "b", "comparisons", "differing"]
    assert found["b"] == {"run": str(runs.new), "fingerprint": {"embedder": "e"}}
    assert [row["family"] for row in found["comparisons"]] == [2, 4, 4, 2, 4, 4]
    first = found["comparisons"][0]
    assert list(first) == [
        *("a", "b", "metric", "mean_a", "mean_b", "difference", "p", "p_holm", "family", "verdict", "detectable"),
        *("queries", "won", "lost", "tied", "left_out"),
    ]
    assert list(first["difference"]) == ["mean", "low", "high"]
    assert first["verdict"] == "worse"


def test_a_comparison_says_what_else_is_different(citewell: Citewell, tmp_path: Path) -> None:
    old = written(tmp_path / "old.json", {"hybrid": WEAK})
    new = written(tmp_path / "new.json", {"hybrid": STRONG})
    assert "Nothing else is different between A and B." in citewell("eval", "compare", old, new).out
    kept = json.loads(new.read_text())
    new.write_text(json.dumps({**kept, "settings": {"answer": {"quotes": 5}}, "fingerprint": {"embedder": "f"}}))
    shown = citewell("eval", "compare", old, new).out
    _, differing = shown.split("Different between A and B:")
    assert [line.strip() for line in differing.strip().splitlines()] == [
        "fingerprint.embedder: e -> f",
        "settings.answer.quotes: the default -> 5",
    ]
    found = json.loads(citewell("--json", "eval", "compare", old, new).out)
    assert found["differing"]["settings.answer.quotes"] == ["the default", "5"]


def test_gate_from_the_command(citewell: Citewell, runs: Runs) -> None:
    held = citewell("eval", "gate", runs.new, "--min", "hybrid.ndcg@10=0.5", "--min", "lexical.map=0.1")
    assert (held.code, held.err) == (0, "")
    assert [line.split()[0] for line in held.out.splitlines()] == ["held", "held"]
    failed = citewell("eval", "gate", runs.new, "--min", "hybrid.ndcg@10=0.7", "--baseline", runs.old)
    assert failed.code == 1
    assert failed.out.splitlines()[0].startswith("FAILED hybrid.ndcg@10: 0.639 [")
    assert failed.err == "3 of 7 checks failed.\n"
    assert citewell("--quiet", "eval", "gate", runs.new, "--baseline", runs.old).err == ""


def test_gate_as_json(citewell: Citewell, runs: Runs) -> None:
    failed = citewell("--json", "eval", "gate", runs.new, "--min", "hybrid.map=0.2", "--baseline", runs.old)
    found = json.loads(failed.out)
    assert (failed.code, found["passed"], failed.err) == (1, False, "")
    least, *kept = found["checks"]
    assert least.pop("mean") == pytest.approx(0.3195)
    assert least.pop("low") < 0.3195 < least.pop("high")
    assert least == {"check": "minimum", "passed": True, "config": "hybrid", "metric": "map", "minimum": 0.2}
    assert {(row["check"], row["config"], row["passed"]) for row in kept} >= {("baseline", "lexical", False)}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["compare", "nowhere.json", "OLD"], "There is no run nowhere.json"),
        (["compare", "OLD", "x" * 5000], "cannot be read"),
        (["compare", "OLD:nonesuch", "NEW"], "it has dense, lexical, hybrid."),
        (["compare", "OLD:dense", "NEW"], "it has hybrid, lexical."),
        (["compare", "OLD"], "Missing argument"),
        (["gate", "OLD"], "nothing to check"),
        (["gate", "OLD/nothing", "--min", "hybrid.map=1"], "There is no run"),
        (["gate", "OLD", "--min", "hybrid.map>1"], "is no bound"),
        (["gate", "OLD", "--min", "nonesuch.map=1"], "it has dense, lexical, hybrid."),
        (["gate", "OLD", "--min", "hybrid.f1=1"], "it has ndcg@10, map, mrr@10."),
        (["gate", "OLD", "--baseline", "nowhere.json"], "There is no run"),
    ],
)
def test_wrong_input_is_told_in_one_sentence(citewell: Citewell, runs: Runs, arguments: list[str], said: str) -> None:
    words = [word.replace("OLD", str(runs.old)).replace("NEW", str(runs.new)) for word in arguments]
    for options in ([], ["--json"]):
        result = citewell(*options, "eval", *words)
        assert (result.code, result.out) == (2, "")
        assert len(result.err.splitlines()) == 1
        assert said in result.err
        assert result.err.rstrip().endswith(".")

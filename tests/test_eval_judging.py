"""A language model as judge: its verdicts, refusals among them, what they cost, and how far they can be trusted."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.llms import CompletionResponse, CompletionResponseGen, CustomLLM, LLMMetadata
from llama_index.core.utils import get_tokenizer
from scripted_llm import logged

from app.cli.main import main
from eval.comparison import compare_runs
from eval.gate import bound, check
from eval.judging.agreement import agreement, cohens_kappa
from eval.judging.cases import given_answers
from eval.judging.labels import Labels, draft_labels, read_labels
from eval.judging.measures import Verdict, five_points, two_points, yes_or_no
from eval.judging.plan import REPLIES, judging
from eval.judging.results import JudgeReport, MeasureResult
from eval.judging.table import cost_text, judge_table
from eval.pages.html import page_html
from eval.pages.run import run_page
from eval.runs import load_run
from kb.errors import DatasetError, SettingsError, UserError
from kb.settings import Settings

SCRIPTED = "scripted_llm:ScriptedLLM"
ABOUT_SUPPORT = r"Information: \"\S+ answer"
ABOUT_RELEVANCE = r"\[RESULT\]"
ABOUT_CORRECTNESS = "## Reference Answer"
APPROVING = [(ABOUT_RELEVANCE, "Fine. [RESULT] 2"), (ABOUT_CORRECTNESS, "5\nThe same."), (ABOUT_SUPPORT, "YES")]


def record(name: str, *, accepted: tuple[str, ...] = ("x",), abstained: bool = False) -> dict[str, object]:
    return {
        "id": name,
        "question": f"{name} question?",
        "answers": list(accepted),
        "answerable": bool(accepted),
        "answer": "The documents do not say." if abstained else f'"{name} answer." [1]',
        "abstained": abstained,
        "quotes": [] if abstained else [f"{name} front.", f"{name} back."],
    }


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Four answers, of which the last to a question that has none, and an abstention."""
    records = [record(name) for name in ("one", "two", "three")]
    records += [record("four", accepted=()), record("five", abstained=True)]
    values = {str(each["id"]): {"f1": 0.5} for each in records}
    content = {
        "dataset": "numbers",
        "generator": "extractive",
        "metrics": {"f1": {"mean": 0.5, "low": 0.5, "high": 0.5}, "aurc": None, "quote_words_median": 3},
        "questions": 5,
        "fingerprint": {"embedder": "e"},
        "values": {"extractive": values},
        "answers": records,
    }
    path = tmp_path / "runs" / "answers.json"
    path.parent.mkdir()
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "prompts.log"


def scripted(log: Path, rules: Sequence[tuple[str, str | None]], **options: object) -> Settings:
    chosen = {"llm": SCRIPTED, "llm_options": {"rules": rules, "log": str(log), **options}}
    return Settings(evaluation=chosen)  # type: ignore[arg-type]


def judged(run: Path, settings: Settings, *, again: int = 0, labels: Labels | None = None) -> JudgeReport:
    with judging(load_run(run), settings=settings, again=again) as session:
        return session.finish(labels=labels)


def result(report: JudgeReport, measure: str) -> MeasureResult:
    return next(each for each in report.results if each.measure == measure)


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("YES", "pass"),
        ("yes.", "pass"),
        (" **Yes**, the first passage says so.", "pass"),
        ("**Answer:** NO", "fail"),
        ("No - it says the opposite.", "fail"),
        ("YES\n\nInformation: something else\nAnswer: NO", "pass"),
        ("<think>Is it? No, or yes?</think>\nNO", "fail"),
        ("", "refused"),
        ("I cannot say yes to that.", "refused"),
        ("As a language model, I am not able to judge.", "refused"),
        ("No idea", "refused"),
        ("Yes and no", "refused"),
        ("YES/NO", "refused"),
        ("yesterday", "refused"),
        ("<think>It would be YES", "refused"),
    ],
)
def test_a_first_word_of_yes_or_no_is_a_verdict(reply: str, verdict: str) -> None:
    assert yes_or_no(reply) is Verdict(verdict)


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("1. Yes. 2. Yes. [RESULT] 2", "pass"),
        ("**[RESULT]:** 1", "fail"),
        ("[RESULT] 0", "fail"),
        ("[RESULT] 2/2", "pass"),
        ("2", "refused"),
        ("[RESULT]", "refused"),
        ("[RESULT] 5", "refused"),
        ("[RESULT] 1, or rather [RESULT] 2", "refused"),
        ("I will not rate this.", "refused"),
    ],
)
def test_two_points_pass(reply: str, verdict: str) -> None:
    assert two_points(reply) is Verdict(verdict)


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("4.0", "pass"),
        ("5\nThe same.", "pass"),
        ("**4**\nNearly.", "pass"),
        ("3.9\nNearly.", "fail"),
        ("Score: 1\nWrong.", "fail"),
        ("2/5", "fail"),
        ("0", "refused"),
        ("10\nGreat!", "refused"),
        ("I would say 4", "refused"),
        ("4 of the 5 facts are wrong", "refused"),
        ("", "refused"),
    ],
)
def test_four_of_five_points_pass(reply: str, verdict: str) -> None:
    assert five_points(reply) is Verdict(verdict)


def test_kappa_is_what_is_left_of_agreement_without_chance() -> None:
    pairs = [("a", "a")] * 20 + [("a", "b")] * 5 + [("b", "a")] * 10 + [("b", "b")] * 15
    # They agree on 35 of 50; by their frequencies (25 of 50 to 30 of 50) chance alone has them agree on half.
    assert cohens_kappa(pairs) == pytest.approx((0.7 - 0.5) / (1 - 0.5))
    found = agreement(pairs)
    assert found is not None
    assert (found.count, found.raw.mean) == (50, pytest.approx(0.7))
    assert found.raw.low < 0.7 < found.raw.high
    assert cohens_kappa([("a", "b"), ("b", "a")]) == -1
    assert cohens_kappa([("a", "a"), ("a", "b")]) == 0
    assert cohens_kappa([("a", "a")] * 3) is None
    assert str(agreement([("a", "a")] * 3)) == "1.000 [0.292, 1.000], kappa undefined, n = 3"
    assert agreement([]) is None


def test_kappa_is_that_of_others() -> None:
    from sklearn.metrics import cohen_kappa_score

    one, other = "ppfrpffprrpfpfpp", "pfffprfprpppffrp"
    assert cohens_kappa(list(zip(one, other, strict=True))) == pytest.approx(cohen_kappa_score(list(one), list(other)))


def test_verdicts_become_metrics_of_a_run(run: Path, log: Path) -> None:
    rules = [
        (r"\[RESULT\].*two question", "[RESULT] 1"),
        (r"\[RESULT\].*three question", "I cannot help with that."),
        (r"## Reference Answer.*three answer", "2\nWrong."),
        (r'Information: "one answer', "NO"),
        *APPROVING,
    ]
    before = run.read_text(encoding="utf-8")
    report = judged(run, scripted(log, rules))
    means = {name: found.mean for each in report.results for name, found in each.estimates.items()}
    assert means == pytest.approx(
        {
            "judge_faithfulness": 3 / 4,
            "judge_refused_faithfulness": 0,
            "judge_relevance": 2 / 4,
            "judge_refused_relevance": 1 / 4,
            "judge_correctness": 2 / 3,
            "judge_refused_correctness": 0,
        }
    )
    assert (report.answers, report.abstained, report.calls) == (4, 1, 11)
    assert run.read_text(encoding="utf-8") == before
    assert report.run.parent == run.parent
    written = load_run(report.run)
    values = written.config("extractive")
    assert values["three"] == {
        "f1": 0.5,
        "judge_faithfulness": 1,
        "judge_refused_faithfulness": 0,
        "judge_relevance": 0,
        "judge_refused_relevance": 1,
        "judge_correctness": 0,
        "judge_refused_correctness": 0,
    }
    assert "judge_correctness" not in values["four"]
    assert values["five"] == {"f1": 0.5}
    replies = {(one["id"], one["measure"]): one["reply"] for one in written.content["verdicts"]}  # type: ignore[attr-defined]
    assert replies["three", "relevance"] == "I cannot help with that."
    table = judge_table(report)
    assert "Nobody has checked this judge" in table
    assert "Abstentions, which nobody judged: 1." in table
    assert "counts as not passed" in table


def test_what_was_judged_can_be_compared_gated_and_shown(run: Path, log: Path) -> None:
    good = load_run(judged(run, scripted(log, APPROVING)).run)
    bad = load_run(judged(run, scripted(log, [], model="silent")).run)
    compared = {each.metric: each for each in compare_runs(good, bad).comparisons}
    assert compared["judge_faithfulness"].mean_b - compared["judge_faithfulness"].mean_a == -1
    assert (compared["judge_refused_relevance"].won, compared["judge_refused_relevance"].lost) == (0, 4)
    (held,) = check(good, bounds=[bound("extractive.judge_correctness=0.9", is_least=True)])
    (failed,) = check(bad, bounds=[bound("extractive.judge_refused_faithfulness=0.1", is_least=False)])
    assert (held.passed, failed.passed) == (True, False)
    page = page_html(run_page(good))
    assert "judge_faithfulness" in page
    assert "How far to trust the judge" in page and "Nobody has checked" in page
    assert f"citewell eval judge {run} --yes" in page
    assert "judge.agreement" not in page


def test_a_judged_run_judged_again_keeps_the_last_judge_alone(run: Path, log: Path) -> None:
    first = judged(run, scripted(log, APPROVING))
    with judging(load_run(first.run), settings=scripted(log, [], model="silent"), limit=1) as session:
        second = session.finish()
    assert second.run.name.count("-judged-") == 1
    assert second.run != first.run
    kept = load_run(second.run)
    assert kept.estimates()["extractive"]["judge_faithfulness"].mean == 0
    assert kept.config("extractive")["one"]["judge_relevance"] == 0
    assert kept.config("extractive")["two"] == {"f1": 0.5}


def test_the_judge_sees_what_people_see(run: Path, log: Path) -> None:
    judged(run, scripted(log, APPROVING))
    support, relevance, correctness = logged(log)[:3]
    assert "one front.\\n\\none back." in support
    assert "one question?" not in support
    assert "one question?" in relevance
    assert "one front." not in relevance
    assert "## Reference Answer\\nx\\n" in correctness


def test_an_error_midway_is_one_sentence_and_the_rest_is_asked_afterwards(run: Path, log: Path) -> None:
    settings = scripted(log, APPROVING, fails=[6, 7])
    with pytest.raises(UserError, match=r'^The language model "scripted" does not answer: Connection refused; .*\.$'):
        judged(run, settings)
    assert len(logged(log)) == 7
    assert not list(run.parent.glob("*-judged-*"))
    # The last of five replies is cut off, as by a crash: that one is asked for again, and none of the other four.
    kept = run.parent / REPLIES
    kept.write_text(kept.read_text(encoding="utf-8")[:-20], encoding="utf-8")
    report = judged(run, settings)
    assert report.calls == 11 - 4 == len(logged(log)) - 7
    assert {each.passed.mean for each in report.results} == {1}
    assert judged(run, settings).calls == 0


def test_an_error_at_the_start_is_no_refusal(run: Path, log: Path) -> None:
    with pytest.raises(UserError, match="does not answer: Connection refused"):
        judged(run, scripted(log, APPROVING, fails=[1]))
    assert (run.parent / REPLIES).read_text(encoding="utf-8") == ""


def test_an_error_that_one_prompt_meets_again_is_a_refusal(run: Path, log: Path) -> None:
    """As filters of contents have it; an error that passes (the second call) is none."""
    rules = [(r"\[RESULT\].*two question", None), *APPROVING]
    report = judged(run, scripted(log, rules, fails=[2]))
    relevance = result(report, "relevance")
    assert (relevance.passed.mean, relevance.refused.mean) == (0.75, 0.25)
    assert result(report, "faithfulness").passed.mean == 1
    # Each error takes two calls more: one that was answered before, and the same again.
    assert len(logged(log)) == 11 + 2 + 2
    assert judged(run, scripted(log, rules, fails=[2])).calls == 0
    verdicts = load_run(report.run).content["verdicts"]
    assert isinstance(verdicts, list)
    assert any("content filter" in one["reply"] for one in verdicts)


def test_ctrl_c_keeps_what_was_judged(run: Path, log: Path) -> None:
    settings = scripted(log, APPROVING, fails=[4], interrupts=True)
    with pytest.raises(KeyboardInterrupt):
        judged(run, settings)
    assert len((run.parent / REPLIES).read_text(encoding="utf-8").splitlines()) == 3


def test_nothing_is_asked_twice_but_of_another_judge(run: Path, log: Path) -> None:
    settings = scripted(log, APPROVING)
    first, second = judged(run, settings), judged(run, settings)
    assert (first.calls, second.calls, first.results) == (11, 0, second.results)
    assert judged(run, scripted(log, APPROVING, model="other")).calls == 11
    content = json.loads(run.read_text(encoding="utf-8"))
    content["answers"][0]["answer"] = '"Another answer." [1]'
    run.write_text(json.dumps(content), encoding="utf-8")
    assert judged(run, settings).calls == 3


def test_the_cost_is_told_before_anything_is_asked(run: Path, log: Path) -> None:
    settings = scripted(log, APPROVING)
    with judging(load_run(run), settings=settings, again=2) as session:
        cost = session.cost()
        assert (cost.judgements, cost.calls, cost.seconds) == (17, 17, None)
        assert not log.exists()
        session.finish()
    sent = sum(len(get_tokenizer()(ast.literal_eval(line))) for line in logged(log))
    assert cost.prompt_tokens == pytest.approx(sent, rel=0.01)
    with judging(load_run(run), settings=settings, again=4) as session:
        more = session.cost()
    assert (more.judgements, more.calls) == (22, 5)
    assert more.seconds is not None
    assert "To ask: 5 calls (17 others are known already, or ask the same)" in cost_text(more)


def test_agreement_with_itself_shows_a_judge_that_goes_by_the_order(run: Path, log: Path) -> None:
    """Of "one" and "two" it passes what it sees first; "three" and "four" it fails either way."""
    rules = [
        *APPROVING[:2],
        (r"Context: (one|two) front", "YES"),
        (ABOUT_SUPPORT, "NO"),
    ]
    report = judged(run, scripted(log, rules), again=4)
    itself = result(report, "faithfulness").itself
    assert itself is not None
    # First two passed and two failed, then all failed: half agree, which is what chance would do as well.
    assert (itself.count, itself.raw.mean, itself.kappa) == (4, 0.5, 0)
    assert [values["judge_faithfulness"] for values in report.values.values()] == [1, 1, 0, 0]
    steady = result(report, "relevance").itself
    assert steady is not None
    assert (steady.raw.mean, steady.kappa) == (1, None)
    assert result(report, "correctness").count == 3
    assert "kappa is undefined where" in judge_table(report)
    assert result(judged(run, scripted(log, rules)), "faithfulness").itself is None


def labelled(path: Path, rows: list[Mapping[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_agreement_with_people_stands_beside_the_verdicts(run: Path, log: Path, tmp_path: Path) -> None:
    rules = [
        (r'Information: "(one|two) answer', "YES"),
        (r'Information: "four answer', "I would rather not say."),
        (ABOUT_SUPPORT, "NO"),
        *APPROVING[:2],
    ]
    labels = labelled(
        tmp_path / "labels.jsonl",
        [
            {"id": "one", "faithful": True, "relevant": True, "answer": '"one answer." [1]'},
            {"id": "two", "faithful": False, "correct": None},
            {"id": "three", "faithful": False},
            {"id": "four", "faithful": True},
            {"id": "five", "faithful": True},
        ],
    )
    report = judged(run, scripted(log, rules), labels=read_labels(labels, given_answers(load_run(run))))
    people = result(report, "faithfulness").people
    assert people is not None
    # The judge says pass, pass, fail, refused; people pass, fail, fail, pass. Two of four agree; by their frequencies
    # chance has (2 * 2 + 1 * 2) / 16 agree.
    assert (people.count, people.raw.mean) == (4, 0.5)
    assert people.kappa == pytest.approx((0.5 - 6 / 16) / (1 - 6 / 16))
    relevance = result(report, "relevance").people
    assert relevance is not None
    assert (relevance.count, relevance.raw.mean, relevance.kappa) == (1, 1, None)
    assert result(report, "correctness").people is None
    assert (report.is_checked, report.labels_left_out) == (True, 1)
    assert "Nobody has checked" not in judge_table(report)
    written = json.loads(report.run.read_text(encoding="utf-8"))
    assert written["judge"]["agreement"]["judge_faithfulness"]["people"]["count"] == 4


def test_labels_are_drafted_filled_in_and_read(run: Path, tmp_path: Path) -> None:
    cases, file = given_answers(load_run(run)), tmp_path / "labels.jsonl"
    assert draft_labels(file, cases, count=2) == 2
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [row["id"] for row in rows] == ["one", "three"]
    assert rows[0]["quotes"] == ["one front.", "one back."]
    assert [rows[0][key] for key in ("faithful", "relevant", "correct")] == [None, None, None]
    with pytest.raises(UserError, match="There is no file"):
        read_labels(tmp_path / "nowhere.jsonl", cases)
    with pytest.raises(UserError, match="labels no answer of the run true or false"):
        read_labels(file, cases)
    with pytest.raises(UserError, match="exists already"):
        draft_labels(file, cases, count=2)
    rows[0]["correct"] = False
    rows[1] |= {"faithful": True, "answer": "what another run said"}
    found = read_labels(labelled(file, rows), cases)
    assert found == Labels({"faithfulness": {}, "relevance": {}, "correctness": {"one": False}}, left_out=1)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"id": "one", "faithful": "yes"}, 'line 1: "faithful" must be true, false or null'),
        ({"faithful": True}, 'line 1: "id" must be there'),
    ],
)
def test_broken_labels_are_told_with_their_line(run: Path, tmp_path: Path, row: dict[str, object], told: str) -> None:
    with pytest.raises(DatasetError, match=told):
        read_labels(labelled(tmp_path / "labels.jsonl", [row]), given_answers(load_run(run)))


class RandomLLM(CustomLLM):
    """A transformer that has learnt nothing, on bytes."""

    _model: Any = None

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="random")

    def complete(self, prompt: str, *_: Any, **__: Any) -> CompletionResponse:
        import torch
        from transformers import GPT2Config, GPT2LMHeadModel

        if self._model is None:
            torch.manual_seed(0)
            config = GPT2Config(vocab_size=256, n_positions=512, n_embd=16, n_layer=2, n_head=2)
            config.bos_token_id = config.eos_token_id = None
            self._model = GPT2LMHeadModel(config).eval()
        ids = torch.tensor([list(prompt.encode()[-400:])])
        said = self._model.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=12, do_sample=True, pad_token_id=0
        )
        return CompletionResponse(text=bytes(said[0, ids.shape[1] :].tolist()).decode("latin-1"))

    def stream_complete(self, *_: Any, **__: Any) -> CompletionResponseGen:
        raise NotImplementedError


def test_the_nonsense_of_a_model_that_learnt_nothing_is_refused(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "random_llm", sys.modules[__name__])
    report = judged(run, Settings(evaluation={"llm": "random_llm:RandomLLM"}), again=2)  # type: ignore[arg-type]
    assert [each.refused.mean for each in report.results] == [1, 1, 1]
    assert [each.passed.mean for each in report.results] == [0, 0, 0]
    assert (report.model, report.calls) == ("random", 17)
    replies = [one["reply"] for one in json.loads(report.run.read_text(encoding="utf-8"))["verdicts"]]
    assert len(set(replies)) > 1


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        (None, "holds no answers to judge"),
        ([{"id": "one"}], "does not hold its answers as"),
        ([record("five", abstained=True)], "it abstained from each of its 1 questions"),
    ],
)
def test_a_run_without_answers_is_told(run: Path, log: Path, answers: object, told: str) -> None:
    content = json.loads(run.read_text(encoding="utf-8"))
    run.write_text(json.dumps({**content, "answers": answers}), encoding="utf-8")
    with pytest.raises(UserError, match=told):
        judged(run, scripted(log, APPROVING))


def test_without_a_language_model_there_is_no_judge(run: Path) -> None:
    with pytest.raises(SettingsError, match="No language model is configured"):
        judged(run, Settings())


def test_from_answers_to_a_judged_run_on_the_command_line(
    tmp_path: Path, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "rivers"
    (folder / "documents").mkdir(parents=True)
    (folder / "documents" / "rivers.md").write_text("# Rivers\n\nThe Danube is 2,850 kilometres long.\n")
    quote = {"source": "rivers.md", "page": None, "quote": "The Danube is 2,850 kilometres long."}
    question = {"id": "q", "question": "How long is the Danube?", "answers": ["2,850 kilometres"], "evidence": [quote]}
    (folder / "questions.jsonl").write_text(json.dumps(question))
    settings = tmp_path / "settings.toml"
    rules = '[["RESULT", "[RESULT] 2"], ["Reference", "5\\n"], ["Context: The Danube", "YES"]]'
    options = f"[evaluation.llm_options]\nlog = '{log}'\nrules = {rules}\n"
    settings.write_text(f'[evaluation]\nllm = "{SCRIPTED}"\n{options}')

    def citewell(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["--home", str(tmp_path / "home"), *map(str, arguments)])
        return code, *capsys.readouterr()

    run = json.loads(citewell("--json", "eval", "answers", folder)[1])["run"]
    code, out, err = citewell("eval", "judge", run)
    assert (code, out) == (2, "")
    assert err.startswith("No language model is configured for evaluation; ")
    code, out, err = citewell("--settings", settings, "--json", "eval", "judge", run)
    assert (code, log.exists()) == (0, False)
    cost = json.loads(out)
    assert list(cost) == ["judgements", "calls", "prompt_tokens", "tokenizer", "seconds", "asked"]
    assert (cost["calls"], cost["asked"]) == (6, False)
    assert "--yes" in err
    assert "To ask: 6 calls, " in citewell("--settings", settings, "eval", "judge", run)[1]

    code, out, _ = citewell("--settings", settings, "--json", "eval", "judge", run, "--yes")
    report = json.loads(out)
    assert report["metrics"]["judge_correctness"] == pytest.approx({"mean": 1.0, "low": 0.025, "high": 1.0})
    assert report["judge"]["agreement"]["judge_relevance"]["itself"]["kappa"] is None
    assert citewell("eval", "gate", report["run"], "--min", "extractive.judge_faithfulness=1")[0] == 0
    # All is known, so that nothing has to be asked, and nobody for leave to ask.
    code, out, err = citewell("--settings", settings, "eval", "judge", run)
    assert (code, err, len(logged(log))) == (0, "", 6)
    assert "Nobody has checked this judge" in out

    labels = tmp_path / "labels.jsonl"
    assert citewell("eval", "judge", run, "--draft-labels", labels)[2].startswith("1 answer to label in ")
    assert citewell("eval", "judge", run, "--draft-labels", labels)[0] == 2
    labels.write_text(labels.read_text().replace("null", "true"))
    out = citewell("--settings", settings, "eval", "judge", run, "--labels", labels)[1]
    assert "1.000 [0.025, 1.000], kappa undefined, n = 1" in out
    assert "Nobody has checked" not in out

    settings.write_text(f'[evaluation]\nllm = "{SCRIPTED}"\n{options}model = "new"\nfails = [8, 9]\n')
    code, out, err = citewell("--settings", settings, "eval", "judge", run, "--yes")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith('The language model "new" does not answer: Connection refused;')

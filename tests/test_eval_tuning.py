"""Tuning: the choice is judged on folds that had no say in it, and ties leave the settings as they are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from citewell import Settings
from citewell.composition import HYBRID
from eval.folds import folds
from eval.tuning.candidates import BASELINE, Candidate, varied
from eval.tuning.choice import nested_choice
from eval.tuning.table import tuning_table
from eval.tuning.tune import tune
from kb.errors import UserError
from kb.settings import AnswerSettings, EvaluationSettings, ModeSettings, changed, load_settings


def test_folds_keep_documents_together_and_are_of_like_size() -> None:
    groups = [*["a"] * 6, *["b"] * 4, *["c"] * 3, "d", "e"]
    fold_of = folds(groups, count=3)
    assert fold_of == {"a": 0, "b": 1, "c": 2, "d": 2, "e": 1}
    assert max(Counter(fold_of[group] for group in groups).values()) == 6


def test_the_held_out_values_are_those_of_the_choice_made_without_them() -> None:
    # "odd" wins by query e alone: without its fold the baseline is chosen, and e is looked at under the baseline.
    columns = {
        "odd": {"a": 0.4, "b": 0.4, "c": 0.4, "d": 0.4, "e": 1.0},
        BASELINE: {"a": 0.5, "b": 0.5, "c": 0.5, "d": 0.5, "e": 0.0},
    }
    choice = nested_choice(columns, baseline=BASELINE, groups={})
    assert choice.chosen == "odd"
    assert sorted(choice.folds) == [BASELINE, "odd", "odd", "odd", "odd"]
    assert choice.held_out == {"a": 0.4, "b": 0.4, "c": 0.4, "d": 0.4, "e": 0.0}
    together = nested_choice(columns, baseline=BASELINE, groups=dict.fromkeys("abcde", "one document"))
    assert together.folds == (BASELINE,)


def test_equals_leave_the_settings_as_they_are() -> None:
    same = dict.fromkeys("abcdef", 0.5)
    assert nested_choice({"other": same, BASELINE: same}, baseline=BASELINE, groups={}).chosen == BASELINE


def test_noise_is_seldom_taken_for_a_gain() -> None:
    """Twenty candidates that differ by chance: the best looks better on all queries, and not on those held out."""
    random = np.random.default_rng(3)
    flattering, honest = [], []
    for _ in range(40):
        values = random.random((21, 60))
        names = [BASELINE, *(f"c{number}" for number in range(20))]
        columns = {
            name: dict(zip(map(str, range(60)), map(float, row), strict=True))
            for name, row in zip(names, values, strict=True)
        }
        choice = nested_choice(columns, baseline=BASELINE, groups={})
        before = float(np.mean(list(columns[BASELINE].values())))
        flattering.append(float(np.mean(list(columns[choice.chosen].values()))) - before)
        honest.append(float(np.mean(list(choice.held_out.values()))) - before)
    assert np.mean(flattering) > 0.05
    assert abs(np.mean(honest)) < 0.02


def test_settings_say_what_was_chosen(tmp_path: Path) -> None:
    mode = ModeSettings(fuse=("dense", "lexical"), weights=(0.35, 0.65), depth=50)
    changes = {
        "modes.hybrid": mode.model_dump(mode="json"),
        "chunking.target_tokens": 128,
        "answer.quotes": 2,
        "answer.threshold": 0.5,
    }
    path = tmp_path / "settings.toml"
    path.write_text(Candidate(changes).as_toml(Settings()), encoding="utf-8")
    settings = load_settings(path)
    assert settings == Candidate(changes).applied(Settings())
    assert settings.modes == {"hybrid": mode}
    assert (settings.chunking.target_tokens, settings.answer.quotes, settings.answer.threshold) == (128, 2, 0.5)
    # A mode is written whole, also where one of its keys was tried.
    path.write_text(Candidate({"modes.hybrid.depth": 7}).as_toml(Settings()), encoding="utf-8")
    assert load_settings(path).modes["hybrid"] == HYBRID.model_copy(update={"depth": 7})


def test_values_to_try_are_read_from_words() -> None:
    assert varied(["answer.passages=[5, 10]", 'embedding.query_prefix = ["", "query: "]']) == {
        "answer.passages": [5, 10],
        "embedding.query_prefix": ["", "query: "],
    }
    assert varied(["a.b=[1]", "c.d=[2]", "a.b=[3, 4]"]) == {"a.b": [1, 3, 4], "c.d": [2]}
    wrong = ("answer.passages", "answer.passages=5", "answer.passages=[]", "=[5]", "answer.passages=[five]")
    for text in (*wrong, "answer.passages=[2024-01-01]", "ingest.seconds=[inf]"):
        with pytest.raises(UserError, match="does not list values"):
            varied([text])


def test_a_mode_of_ones_own_words_has_a_name() -> None:
    assert Candidate({"modes.hybrid": {"fuse": ["dense"]}}).name == 'modes.hybrid = {"fuse": ["dense"]}'


def test_changed_settings_keep_what_is_never_written() -> None:
    settings = Settings(evaluation=EvaluationSettings(llm="package:Model", llm_options={"api_key": "k"}))
    assert settings.evaluation.llm_options == {"api_key": "k"}
    assert changed(settings, {"answer.quotes": 2}).evaluation == settings.evaluation


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Notes in Chinese, which the embedder does not speak: meaning misleads, words find them."""
    folder = tmp_path_factory.mktemp("dataset") / "notes"
    (folder / "documents").mkdir(parents=True)
    random = np.random.default_rng(11)
    rows = []
    for number in range(30):
        letters = "".join(chr(code) for code in random.integers(0x4E00, 0x9000, 40))
        text = f"{letters[:20]}，{letters[20:]}。"
        (folder / "documents" / f"{number}.md").write_text(f"{text}\n", encoding="utf-8")
        evidence = [{"source": f"{number}.md", "page": None, "quote": text}]
        row = {"id": str(number), "question": letters[4:12], "answers": [letters[20:]], "evidence": evidence}
        rows.append(row)
    (folder / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


def test_a_bad_mode_is_made_better_and_a_good_one_left_alone(dataset: Path, tmp_path: Path) -> None:
    meaning = Settings(modes={"hybrid": ModeSettings(fuse=("dense",))})
    tuning = tune(dataset, metric="quote_recall@1", settings=meaning, home=tmp_path / "cache", targets=[32])
    assert len(tuning.estimates) == 1 + 2 * 16
    assert tuning.estimates[BASELINE].mean < 0.6
    assert tuning.helps
    assert (tuning.written != "", tuning.gain.verdict, tuning.gain.queries) == (True, "better", 30)
    assert tuning.gain.mean_b <= max(estimate.mean for estimate in tuning.estimates.values())
    assert "better" in tuning_table(tuning)

    (tmp_path / "good.toml").write_text(tuning.written, encoding="utf-8")
    again = load_settings(tmp_path / "good.toml")
    second = tune(dataset, metric="quote_recall@1", settings=again, home=tmp_path / "cache")
    assert (second.choice.chosen, second.helps, second.written) == (BASELINE, False, "")
    assert "not distinguishable" in tuning_table(second)


def test_the_command_writes_what_helps(dataset: Path, tmp_path: Path) -> None:
    bad, good = tmp_path / "bad.toml", tmp_path / "good.toml"
    bad.write_text('[modes.hybrid]\nfuse = ["dense"]\n')
    command = ["--home", str(tmp_path / "home"), "--settings", str(bad), "--json", "eval", "tune", str(dataset)]
    done = subprocess.run(
        [sys.executable, "-c", "from app.cli.main import main; main()", *command, "--write", str(good)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["helps"]
    assert load_settings(good).modes["hybrid"].fuse == ("dense", "lexical")
    assert good.read_text() == found["settings"]


def test_any_setting_is_a_dimension_and_answers_can_be_won_in(dataset: Path, tmp_path: Path) -> None:
    one = Settings().model_copy(update={"answer": AnswerSettings(mode="dense", passages=1)})
    vary = {"answer.quotes": [1, 3], "answer.mode": ["dense", "lexical"]}
    tuning = tune(dataset, metric="answer_in_quotes", vary=vary, settings=one, home=tmp_path / "cache")
    assert list(tuning.estimates)[:2] == [BASELINE, 'answer.quotes = 1, answer.mode = "dense"']
    assert len(tuning.estimates) == 5
    assert tuning.choice.chosen == 'answer.quotes = 1, answer.mode = "lexical"'
    assert tuning.written == '[answer]\nquotes = 1\nmode = "lexical"\n'
    # Less is better: who abstains on nothing wins.
    shy = tune(
        dataset, metric="abstained_on_answerable", vary={"answer.threshold": [0.0, 1.0]}, home=tmp_path / "cache"
    )
    assert shy.choice.chosen in (BASELINE, "answer.threshold = 0.0")
    assert shy.estimates["answer.threshold = 1.0"].mean > 0.9
    # Searches are compared in the mode that each would answer from, whether it is built in or not.
    modes = tune(dataset, metric="quote_recall@1", vary={"answer.mode": ["dense", "lexical"]}, home=tmp_path / "cache")
    assert modes.estimates['answer.mode = "lexical"'].mean > modes.estimates['answer.mode = "dense"'].mean


def test_what_is_no_setting_is_refused_before_anything_is_ingested(dataset: Path, tmp_path: Path) -> None:
    for key, value, told in (
        ("answer.passages", 5, "name a metric of answers"),
        ("answer.quote", 1, "there are by, strict, drafts, prompts, mode, passages, quotes, threshold"),
        ("answer.quotes", 99, '"answer.quotes" is wrong'),
        ("nonesuch.key", 1, '"nonesuch" is not a setting'),
        ("nonesuch", 1, '"nonesuch" is not a setting; there are embedding'),
        ("answer", 1, '"answer" is a section'),
        ("modes.mine.depth", 5, '"modes.mine" is not a setting'),
    ):
        with pytest.raises(UserError, match=told):
            tune(dataset, vary={key: [value]}, home=tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_an_unknown_metric_is_refused_before_anything_is_ingested(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there are file_recall@1"):
        tune(dataset, metric="nonesuch", home=tmp_path / "cache")
    assert not (tmp_path / "cache").exists()

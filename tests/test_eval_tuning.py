"""Tuning: the choice is judged on folds that had no say in it, and ties leave the settings as they are."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from eval.folds import folds
from eval.tuning import BASELINE, Candidate, nested_choice, tune
from eval.tuning_table import tuning_table
from kb.errors import UserError
from kb.settings import ModeSettings, load_settings


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
    candidate = Candidate(ModeSettings(fuse=("dense", "lexical"), weights=(0.35, 0.65), depth=50), 128)
    path = tmp_path / "settings.toml"
    path.write_text(candidate.as_toml(), encoding="utf-8")
    settings = load_settings(path)
    assert settings.modes == {"hybrid": candidate.mode}
    assert settings.chunking.target_tokens == 128


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Parts that only their numbers tell apart: meaning misleads, words find them."""
    folder = tmp_path_factory.mktemp("dataset") / "parts"
    (folder / "documents").mkdir(parents=True)
    rows = []
    for number in range(30):
        code = f"{(7919 * (number + 3)) % 9000 + 1000}"
        text = f"The bracket of part {code} is made of steel and weighs {number + 3} grams."
        (folder / "documents" / f"{code}.md").write_text(f"{text}\n", encoding="utf-8")
        evidence = [{"source": f"{code}.md", "page": None, "quote": text}]
        row = {"id": code, "question": f"part {code}", "answers": [f"{number + 3} grams"], "evidence": evidence}
        rows.append(row)
    (folder / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


def test_from_a_dataset_to_a_choice(dataset: Path, tmp_path: Path) -> None:
    tuning = tune(dataset, metric="quote_recall@1", home=tmp_path / "cache", targets=[32])
    assert len(tuning.estimates) == 1 + 2 * 16
    best = max(estimate.mean for estimate in tuning.estimates.values())
    assert tuning.estimates[tuning.choice.chosen].mean == best
    assert tuning.gain.queries == 30
    assert tuning.helps == (tuning.candidate is not None and tuning.gain.verdict == "better")
    written = tuning.as_json()
    assert written["chosen"] == tuning.choice.chosen
    assert tuning.gain.verdict in tuning_table(tuning)
    with pytest.raises(UserError, match="there are"):
        tune(dataset, metric="nonesuch", home=tmp_path / "cache")

"""The threshold that an evaluation fits and a base keeps: where it counts, and when it holds no more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.cli.main import main
from citewell import KnowledgeBase, Settings
from citewell.threshold import FittedThreshold
from generation.confidence import THRESHOLD

WHALES = "# Whales\n\nThe blue whale reaches thirty metres. It feeds on krill in cold seas.\n"
LAMPS = "# Lamps\n\nA tungsten filament glows at about 2,500 degrees. Argon keeps it from burning.\n"
ASKED = "How long is the blue whale?"


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    folder = tmp_path / "animals"
    (folder / "documents").mkdir(parents=True)
    (folder / "documents" / "whales.md").write_text(WHALES, encoding="utf-8")
    (folder / "documents" / "lamps.md").write_text(LAMPS, encoding="utf-8")
    rows = [
        {"id": "w", "question": ASKED, "answers": ["thirty metres"], "evidence": [evidence("whales.md", WHALES)]},
        {"id": "n", "question": "Who painted the opera in Paris?", "answerable": False, "answers": []},
    ]
    write(folder, rows)
    return folder


def evidence(source: str, text: str) -> dict[str, object]:
    return {"source": source, "page": None, "quote": text.split("\n\n")[1].split(". ")[0] + "."}


def write(folder: Path, rows: list[dict[str, object]]) -> None:
    (folder / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def run(home: Path, *words: object) -> int:
    return main(["--home", str(home), *map(str, words)])


def ingested(home: Path, dataset: Path) -> None:
    with KnowledgeBase.open(home=home, create=True) as base:
        base.ingest([dataset / "documents"]).wait()


def test_a_fitted_threshold_is_kept_told_and_used(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    ingested(home, dataset)
    assert run(home, "--json", "eval", "answers", dataset, "--keep-threshold") == 0
    fitted = json.loads(capsys.readouterr().out)["fitted_threshold"]
    assert fitted != THRESHOLD

    assert run(home, "--json", "status") == 0
    told = json.loads(capsys.readouterr().out)["threshold"]
    assert (told["value"], told["why"], told["void"]) == (fitted, "fitted to 2 questions of animals", "")
    assert run(home, "status") == 0
    assert f"{fitted:.3f}: fitted to 2 questions of animals" in capsys.readouterr().out


def strict(value: float, base: KnowledgeBase) -> FittedThreshold:
    """A threshold fitted under the settings of `base`."""
    from citewell.threshold import deciding

    decided_by = deciding(base.settings, base.settings.answer, base.status().fingerprint)
    return FittedThreshold(value, "animals", 1, 1, 0.0, 0.0, decided_by)


def test_questions_are_answered_from_the_kept_threshold_on(dataset: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    ingested(home, dataset)
    with KnowledgeBase.open(home=home) as base:
        assert not base.ask(ASKED).answer().abstained
        base.keep_threshold(strict(1.0, base))
        assert base.ask(ASKED).answer().abstained
        assert not base.ask(ASKED, threshold=0.1).answer().abstained
        # Fitted to the confidences of another search.
        assert not base.ask(ASKED, mode="lexical").answer().abstained
    named = Settings(answer={"threshold": 0.1})  # type: ignore[arg-type]
    with KnowledgeBase.open(home=home, settings=named) as base:
        assert not base.ask(ASKED).answer().abstained
        assert base.status().threshold.why == "the settings say so"


def test_a_threshold_is_void_once_what_decides_it_has_changed(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    ingested(home, dataset)
    with KnowledgeBase.open(home=home) as base:
        base.keep_threshold(strict(1.0, base))
    monkeypatch.setenv("CITEWELL_CHUNKING__TARGET_TOKENS", "32")
    assert run(home, "reindex") == 0
    assert "1.000, fitted to 2 questions of animals, does not hold any more (the splitter changed)" in " ".join(
        capsys.readouterr().out.split()
    )
    assert run(home, "ask", ASKED) == 0
    assert "thirty metres" in capsys.readouterr().out
    monkeypatch.delenv("CITEWELL_CHUNKING__TARGET_TOKENS")
    assert run(home, "reindex") == 0
    assert "does not hold" not in capsys.readouterr().out
    assert run(home, "ask", ASKED) == 0
    assert "thirty metres" not in capsys.readouterr().out


def test_one_kind_of_questions_fits_no_threshold(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    ingested(home, dataset)
    rows = [json.loads(line) for line in (dataset / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    for kept, lacking in ((rows[:1], "do not answer"), (rows[1:], "documents answer")):
        write(dataset, kept)
        assert run(home, "eval", "answers", dataset, "--keep-threshold") == 2
        assert lacking in " ".join(capsys.readouterr().err.split())
    assert not (home / ".eval").exists()
    assert run(home, "--kb", "other", "eval", "answers", dataset, "--keep-threshold") == 2
    assert 'no knowledge base "other"' in " ".join(capsys.readouterr().err.split())

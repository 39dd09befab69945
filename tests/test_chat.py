"""Conversations on the command line: asked within, listed, shown, exported, renamed, deleted, typed in lines."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.cli.main import main

TEA = "# Green tea\n\nGreen tea is steeped at 80 degrees for two minutes.\n\n# Black tea\n\nIt takes four minutes.\n"
FIRST, FOLLOW_UP = "How hot is green tea steeped?", "And for how long?"

Run = Callable[..., str]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("chat")
    (folder / "tea.md").write_text(TEA)
    assert main(["--home", str(folder / "home"), "--quiet", "ingest", str(folder / "tea.md")]) == 0
    return folder / "home"


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str, code: int = 0) -> str:
        capsys.readouterr()
        assert main(["--home", str(home), *arguments]) == code
        return capsys.readouterr().out

    return run


def test_questions_within_a_conversation_are_kept_shown_and_taken_along(run: Run) -> None:
    first: dict[str, Any] = json.loads(run("--json", "ask", FIRST, "--conversation", "Tea"))
    assert first["conversation"]["title"] == "Tea"
    assert first["searched"] == FIRST
    assert "Searched as: And for how long? – " in run("ask", FOLLOW_UP, "--conversation", "Tea")
    (listed,) = json.loads(run("--json", "conversations"))
    assert (listed["id"], listed["questions"]) == (first["conversation"]["id"], 2)
    shown = json.loads(run("--json", "conversations", "show", "Tea"))
    assert [turn["question"] for turn in shown["turns"]] == [FIRST, FOLLOW_UP]
    assert shown["turns"][0]["citations"] == [{**one, "also": []} for one in first["citations"]]
    assert not shown["turns"][1]["stopped"]
    text = run("conversations", "show", listed["id"])
    assert text.index(FIRST) < text.index("80 degrees") < text.index(FOLLOW_UP) < text.rindex("two minutes")
    exported = run("conversations", "export", "Tea")
    assert exported.startswith("# Tea\n")
    assert "**tea.md, Green tea**: “Green tea is steeped at 80 degrees for two minutes.”" in exported


def test_conversations_are_renamed_and_deleted_by_name(run: Run) -> None:
    run("ask", FIRST, "--conversation", "Short-lived")
    run("conversations", "rename", "Short-lived", "Gone soon")
    assert "Gone soon" in run("conversations")
    run("conversations", "delete", "Gone soon")
    assert "Gone soon" not in run("conversations")
    run("conversations", "show", "Gone soon", code=2)


def test_an_answer_outside_conversations_says_nothing_of_them(run: Run) -> None:
    assert "conversation" not in json.loads(run("--json", "ask", FIRST))


def test_a_chat_answers_line_by_line_and_begins_no_conversation_without_a_question(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = json.loads(run("--json", "conversations"))
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    assert run("chat") == ""
    assert json.loads(run("--json", "conversations")) == before
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{FIRST}\n\n{FOLLOW_UP}\n"))
    first, second = map(json.loads, run("--json", "chat").splitlines())
    assert first["conversation"]["id"] == second["conversation"]["id"]
    assert second["searched"].startswith(f"{FOLLOW_UP} – ")
    assert "two minutes" in second["answer"]


def test_a_conversation_shows_as_what_a_follow_up_was_searched(run: Run) -> None:
    run("ask", FIRST, "--conversation", "Shown")
    run("ask", FOLLOW_UP, "--conversation", "Shown")
    assert run("conversations", "show", "Shown").count("Searched as: And for how long? – ") == 1


def test_a_chat_takes_the_options_of_ask(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{FIRST}\n"))
    assert json.loads(run("--json", "chat", "--heading", "Black tea"))["abstained"]
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{FIRST}\n"))
    options = ("--heading", "Green tea", "--by", "extractive", "--strict")
    assert not json.loads(run("--json", "chat", *options))["abstained"]


def test_a_chat_in_which_nothing_was_answered_leaves_no_conversation(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    before = run("--json", "conversations")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{FIRST}\n"))
    run("chat", "--in", "no-such-file.md")
    assert run("--json", "conversations") == before


def test_ctrl_c_in_a_chat_stops_the_answer_and_not_the_chat(
    run: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = {"log": str(tmp_path / "log"), "rules": [["tea", "Tea is steeped at 80 degrees [1]."]], "fails": [1]}
    settings = tmp_path / "settings.toml"
    lines = [f"{key} = {json.dumps(value)}" for key, value in {**options, "interrupts": True}.items()]
    head = '[generator]\nllm = "scripted_llm:ScriptedLLM"\n[generator.llm_options]'
    settings.write_text("\n".join([head, *lines]))
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{FIRST}\nHow hot must green tea be?\n"))
    assert main(["--home", str(home), "--settings", str(settings), "chat", "--conversation", "Cut"]) == 0
    said = capsys.readouterr()
    assert "Stopped." in said.err
    assert "Tea is steeped at 80 degrees [1]." in said.out
    shown = json.loads(run("--json", "conversations", "show", "Cut"))
    assert [turn["question"] for turn in shown["turns"]] == ["How hot must green tea be?"]

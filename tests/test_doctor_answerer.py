"""`citewell doctor` on what would answer: which language model, why, whether it can, and where passages go."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import tiny_rerankers
from tiny_generators import tiny_llama
from tiny_servers import END, chunk, said, scripted, streamed

from app.cli.main import main
from citewell.answerer import answerer_record
from kb.settings import GeneratorSettings


def answerer(**settings: Any) -> dict[str, Any]:
    return answerer_record(GeneratorSettings(**settings))


def test_doctor_shows_the_answerer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = tmp_path / "settings.toml"
    with scripted(streamed([chunk("x"), *END])) as server:
        settings.write_text(f'[generator]\nserver = "{server.url}"\nkey = "a-secret"\n')
        assert main(["--settings", str(settings), "--json", "doctor"]) == 0
        record = capsys.readouterr().out
        assert main(["--settings", str(settings), "doctor"]) == 0
        shown = capsys.readouterr().out
    found = json.loads(record)["answerer"]
    assert (found["name"], found["kind"], found["reachable"]) == ("first", "server", True)
    assert (found["models"], found["passages"]) == (["first", "second"], "stay on this machine")
    assert "a-secret" not in record + shown
    assert "first, second" in shown


def test_without_a_language_model_it_is_extractive() -> None:
    found = answerer()
    assert found["name"] == "extractive"
    assert "no language model" in found["why"]


def test_a_server_that_is_away_or_silent_is_not_waited_for() -> None:
    away = answerer(server="http://127.0.0.1:9/v1", model="llama")
    assert (away["name"], away["reachable"]) == ("llama", False)
    assert "No server answers at http://127.0.0.1:9/v1" in away["error"]
    began = time.monotonic()
    with scripted(said(200, ""), models=streamed([3.0])) as server:
        silent = answerer(server=server.url)
        waited = time.monotonic() - began
    assert (silent["reachable"], "has not said within 2 seconds" in silent["error"]) == (False, True)
    assert 1 < silent["waited_seconds"] <= waited < 3


def test_what_is_wrong_with_a_server_is_told() -> None:
    with scripted(said(200, "")) as server:
        unlisted = answerer(server=server.url, model="third")
        assert ("error" in unlisted, "does not list third" in unlisted["note"]) == (False, True)
        assert "note" not in answerer(server=server.url, model="second")
    with scripted(said(200, ""), models=said(404, "")) as server:
        assert "lists no models" in answerer(server=server.url)["note"]
        assert "note" not in answerer(server=server.url, model="any")
    with scripted(said(200, ""), models=said(200, "<html>")) as server:
        assert "speaks another protocol" in answerer(server=server.url)["error"]


def test_a_server_elsewhere_is_sent_passages(monkeypatch: pytest.MonkeyPatch) -> None:
    # A proxy on this machine that nobody runs: the request ends there, before it could leave.
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    plain = answerer(server="http://llm.example.org:8000/v1")
    assert plain["passages"] == "are sent to llm.example.org over the network, unencrypted"
    assert answerer(server="https://llm.example.org/v1")["passages"] == "are sent to llm.example.org over the network"


def test_a_folder_is_looked_at_and_not_loaded(tmp_path: Path) -> None:
    llama = tiny_llama(tmp_path / "llama")
    found = answerer(model=str(llama), device="cpu")
    assert (found["kind"], found["precision"], found["fits"]) == ("model", "fp32", True)
    assert "error" not in found
    (llama / "model.safetensors").unlink()
    assert "holds no weights" in answerer(model=str(llama))["error"]
    assert "is no language model" in answerer(model=str(tiny_rerankers.bert(tmp_path / "bert")))["error"]
    assert "is not there" in answerer(model=str(tmp_path / "nowhere"))["error"]


def test_a_class_of_llama_index_is_made_and_not_asked(tmp_path: Path) -> None:
    log = tmp_path / "log"
    found = answerer(llm="scripted_llm:ScriptedLLM", llm_options={"rules": [], "log": str(log)})
    assert (found["name"], found["kind"], found["why"]) == ("scripted", "llama_index", "generator.llm names it")
    assert not log.exists()
    assert "cannot be imported" in answerer(llm="nonesuch:LLM")["error"]
    assert "two language models" in answerer(llm="scripted_llm:ScriptedLLM", server="http://127.0.0.1:9/v1")["error"]

"""The command line as other programs and people meet it: exit codes, one JSON document, one sentence for an error."""

from __future__ import annotations

import io
import json
import logging
import os
import pty
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import tiny_rerankers

from app.cli.main import main
from app.cli.output import printable, reflowed
from app.cli.passages import snippet
from app.cli.progress import kept_for_later
from app.web.access.passwords import hashed, matches
from kb.settings import ChunkingSettings

RIVERS = """# Rivers

## Length

The Danube is 2,850 kilometres long. It flows through ten countries.

## Mouth

The Danube ends in a delta at the Black Sea. The delta belongs to Romania and Ukraine.
"""
TEA = "Green tea is steeped at 80 degrees.\n\nBlack tea is steeped in boiling water for four minutes.\n"
HIT_KEYS = ["rank", "score", "chunk_id", "source", "page", "anchor", "start", "end", "heading", "text"]
CITATION_KEYS = ["marker", "source", "page", "anchor", "quote", "start", "end", "verified", "also"]
COMMAND = [sys.executable, "-m", "app.cli.main"]


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    def json(self) -> object:
        return json.loads(self.out)


class Citewell:
    """The command within this process, on the home that the tests of this module share."""

    def __init__(self, home: Path, documents: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.home, self.documents, self._capsys = home, documents, capsys

    def __call__(self, *arguments: object) -> Result:
        self._capsys.readouterr()
        code = main(["--home", str(self.home), *map(str, arguments)])
        return Result(code, *self._capsys.readouterr())


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A home with one base, and the folder of its documents."""
    folder = tmp_path_factory.mktemp("cli")
    documents = folder / "documents"
    documents.mkdir()
    (documents / "rivers.md").write_text(RIVERS)
    (documents / "tea.txt").write_text(TEA)
    assert main(["--home", str(folder / "home"), "--quiet", "ingest", str(documents)]) == 0
    return folder / "home", documents


@pytest.fixture
def citewell(shared: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> Citewell:
    return Citewell(*shared, capsys)


def test_help_imports_nothing_heavy() -> None:
    heavy = "{'torch','chromadb','llama_index','streamlit','pydantic','numpy','transformers','openvino','tantivy'}"
    code = f"import sys; from app.cli.main import main; main(['--help']); sys.exit(str({heavy} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "set()"
    working = "ingest watch search ask chat conversations status list remove jobs cache verify reindex"
    around = "doctor bench serve password models eval"
    for name in f"{working} {around}".split():
        assert f"\n  {name} " in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["ingest", "/nowhere/at/all"],
        ["ingest"],
        ["search", "x", "-k", "0"],
        ["search", "x", "--mode", "nonesuch"],
        ["search", " "],
        ["search", "x", "--json"],
        ["ask", ""],
        ["--kb", "nonesuch", "ask", "Why?"],
        ["--kb", "../elsewhere", "status"],
        ["--settings", "/nowhere/settings.toml", "status"],
        ["--sttings", "x"],
        ["remove", "nonesuch.pdf"],
        ["serve", "--port", "0"],
        ["serve", "--address", "0.0.0.0"],  # noqa: S104 - refused
        ["serve", "--address", "192.0.2.1"],
        ["serve", "--address", "kb.example.org"],
        ["serve", "--certificate", "/nowhere.pem"],
        ["serve", "--certificate", "/nowhere.pem", "--key", "/nowhere.key"],
        ["eval", "retrieval", "/nowhere/at/all"],
        ["eval", "retrieval", "/nowhere", "--configs", ","],
        ["nonesuch"],
    ],
)
def test_wrong_input_is_told_in_one_sentence(citewell: Citewell, arguments: list[str]) -> None:
    for options in ([], ["--json"]):
        result = citewell(*options, *arguments)
        assert result.code == 2
        assert result.out == ""
        assert len(result.err.splitlines()) == 1
        assert result.err.rstrip().endswith((".", "`."))


@pytest.mark.parametrize("text", ["not toml", "[answer]\nnonesuch = 1\n", "[answer]\nquotes = 'many'\n"])
def test_a_wrong_settings_file_is_told_in_one_sentence(citewell: Citewell, tmp_path: Path, text: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(text)
    result = citewell("--settings", file, "status")
    assert (result.code, result.out) == (2, "")
    assert len(result.err.splitlines()) == 1
    assert str(file) in result.err


def test_a_global_option_after_the_command_is_told_where_it_goes(citewell: Citewell) -> None:
    assert "before the command's name" in citewell("search", "x", "--json").err


def test_a_question_without_quotes_is_told_to_take_them(citewell: Citewell) -> None:
    assert citewell("ask", "why", "so").err == 'A question of several words goes in quotes: `citewell ask "..."`.\n'


def test_a_missing_path_leaves_no_base_behind(citewell: Citewell) -> None:
    assert citewell("--kb", "typo", "ingest", "/nowhere/at/all").code == 2
    assert not (citewell.home / "typo").exists()


def test_ingest_keeps_the_contract(citewell: Citewell, tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("# Notes\n\nOne sentence that can be found.\n")
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing of the kind")
    (tmp_path / "unknown.xyz").write_bytes(bytes(range(256)))
    first = citewell("--kb", "contract", "--json", "ingest", tmp_path)
    report = first.json()
    assert isinstance(report, dict)
    assert list(report) == [
        *("added", "updated", "unchanged", "moved", "removed", "skipped", "failed"),
        *("documents", "chunks", "seconds", "chunks_per_second"),
    ]
    assert (first.code, report["added"], report["documents"]) == (3, 1, 1)
    assert [entry["source"] for entry in report["failed"]] == [str(tmp_path / "broken.pdf")]
    assert [list(entry) for entry in report["skipped"]] == [["source", "reason"]]
    again = citewell("--kb", "contract", "ingest", tmp_path / "notes.md")
    assert (again.code, again.out, again.err) == (0, "1 unchanged.\n", "")
    failed = citewell("--kb", "contract", "--quiet", "ingest", tmp_path)
    assert (failed.code, failed.out) == (3, "")
    assert failed.err.startswith("Failed: broken.pdf is damaged")


def test_sync_asks_for_yes_where_much_would_go(citewell: Citewell, tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "one.txt").write_text(TEA)
    assert citewell("--kb", "sync", "ingest", folder).code == 0
    (folder / "one.txt").unlink()
    refused = citewell("--kb", "sync", "ingest", "--sync", folder)
    assert (refused.code, "--yes" in refused.err) == (2, True)
    folder.rmdir()
    assert "--yes" in citewell("--kb", "sync", "ingest", "--sync", folder).err
    done = citewell("--kb", "sync", "--json", "ingest", "--sync", "--yes", folder).json()
    assert isinstance(done, dict)
    assert done["removed"] == 1


def test_search_keeps_the_contract(citewell: Citewell) -> None:
    result = citewell("--json", "search", "Where does the Danube end?", "-k", 1, "--mode", "lexical")
    hits = result.json()
    assert isinstance(hits, list)
    assert (result.code, len(hits), list(hits[0])) == (0, 1, HIT_KEYS)
    assert hits[0]["source"] == str(citewell.documents / "rivers.md")
    assert (hits[0]["rank"], hits[0]["page"]) == (1, None)
    assert "Black Sea" in hits[0]["text"]
    assert hits[0]["heading"].startswith("Rivers")


def test_search_shows_people_places_and_words(citewell: Citewell) -> None:
    result = citewell("search", "boiling water")
    assert result.out.startswith("1  tea.txt")
    assert "Black tea is steeped in boiling water" in result.out
    assert "\x1b" not in result.out
    assert citewell("search", "zyzzyva", "--mode", "lexical").err == "Nothing was found.\n"


def test_ask_keeps_the_contract(citewell: Citewell) -> None:
    result = citewell("--json", "ask", "--strict", "How many kilometres long is the Danube?")
    answer = result.json()
    assert isinstance(answer, dict)
    assert list(answer)[:7] == ["question", "answer", "abstained", "citations", "hits", "generator", "timings"]
    assert (result.code, answer["abstained"]) == (0, False)
    citation = answer["citations"][0]
    assert list(citation) == CITATION_KEYS
    assert "2,850" in citation["quote"]
    assert RIVERS[citation["start"] : citation["end"]] == citation["quote"]
    assert list(answer["hits"][0]) == HIT_KEYS


def test_ask_shows_people_the_quoted_words_and_their_place(citewell: Citewell) -> None:
    lines = citewell("ask", "How many kilometres long is the Danube?").out.splitlines()
    assert "[1]" in lines[0]
    place = next(line for line in lines if line.startswith("[1] "))
    assert place.startswith("[1] rivers.md, ")
    assert "“The Danube is 2,850 kilometres long.”" in lines[lines.index(place) + 1]


def test_an_abstention_is_a_result(citewell: Citewell) -> None:
    result = citewell("ask", "Which enzyme splits glycogen in hepatocytes?")
    assert result.code == 0
    assert result.out.startswith("The documents do not say.")
    assert "[1]" not in result.out
    answer = citewell("--json", "ask", "Which enzyme splits glycogen in hepatocytes?").json()
    assert isinstance(answer, dict)
    assert (answer["abstained"], answer["citations"]) == (True, [])


def test_list_and_status(citewell: Citewell) -> None:
    rows = citewell("--json", "list").json()
    assert isinstance(rows, list)
    assert [(row["name"], row["state"], row["reason"]) for row in rows] == [
        ("rivers.md", "ready", ""),
        ("tea.txt", "ready", ""),
    ]
    found = citewell("--json", "status").json()
    assert isinstance(found, dict)
    assert (found["documents"], found["failed"]) == (2, 0)
    assert found["fingerprint"]["embedder"].startswith("all-MiniLM-L6-v2")
    table = citewell("list").out.splitlines()
    assert [line.split()[0] for line in table] == ["document", "rivers.md", "tea.txt"]
    assert all(line == line.rstrip() for line in table)
    assert "documents" in citewell("status").out


def test_remove_purges_and_counts(citewell: Citewell, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text(TEA)
    (tmp_path / "two.txt").write_text("Nothing of note.\n")
    citewell("--kb", "removal", "ingest", tmp_path)
    counts = citewell("--kb", "removal", "--json", "remove", "one.txt").json()
    assert isinstance(counts, dict)
    assert (counts["removed"], counts["documents"]) == (1, 1)
    assert "one.txt" not in citewell("--kb", "removal", "list").out


def test_verify_finds_damage_and_repairs_it(citewell: Citewell, tmp_path: Path) -> None:
    from kb.store.lexical import LexicalIndex
    from kb.store.records import number

    (tmp_path / "one.txt").write_text(TEA)
    citewell("--kb", "damaged", "ingest", tmp_path)
    assert citewell("--kb", "damaged", "--json", "verify").json() == {"consistent": True, "problems": []}
    hits = citewell("--kb", "damaged", "--json", "search", "tea").json()
    assert isinstance(hits, list)
    index = next((citewell.home / "damaged").glob("lexical-*"))
    LexicalIndex(index).write(remove={number(hit["chunk_id"]) for hit in hits}, add=())
    found = citewell("--kb", "damaged", "--json", "verify")
    assert found.code == 1
    assert isinstance(problems := found.json(), dict)
    assert (list(problems), problems["consistent"]) == (["consistent", "problems"], False)
    assert citewell("--kb", "damaged", "verify", "--repair").code == 0
    assert citewell("--kb", "damaged", "verify").out == "Everything agrees.\n"


def test_reindex_goes_over_to_other_settings(citewell: Citewell, tmp_path: Path, shared: tuple[Path, Path]) -> None:
    fresh = Citewell(tmp_path / "home", shared[1], citewell._capsys)
    fresh("--quiet", "ingest", shared[1])
    nothing = fresh("--json", "reindex").json()
    assert isinstance(nothing, dict)
    assert (nothing["documents"], nothing["chunks"]) == (0, 0)
    settings = tmp_path / "settings.toml"
    settings.write_text("[chunking]\ntarget_tokens = 32\n")
    (tmp_path / "more.md").write_text("A heron stands there.\n")
    refused = fresh("--settings", settings, "ingest", tmp_path / "more.md")
    assert (refused.code, refused.out) == (2, "")
    assert "citewell reindex" in refused.err
    report = fresh("--settings", settings, "--json", "reindex").json()
    assert isinstance(report, dict)
    assert report["documents"] == 2
    assert "built with these settings already" in fresh("--settings", settings, "reindex").out


def test_remove_says_what_comes_back(citewell: Citewell, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    for name in ("heron.md", "stork.md"):
        (tmp_path / "new" / name).write_text(f"A {name} stands there.\n")
    citewell("--kb", "removing", "--quiet", "ingest", tmp_path / "new")
    (tmp_path / "new" / "stork.md").unlink()
    gone = citewell("--kb", "removing", "remove", "stork.md")
    assert gone.out == "Removed 1 file with 1 passage; their text is purged from this knowledge base.\n"
    assert gone.err == ""
    there = citewell("--kb", "removing", "remove", "heron.md")
    assert there.err == "What still lies in its folder is added again when that folder is ingested.\n"


def test_settings_that_do_not_exist_are_told_with_those_that_do(citewell: Citewell, tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text("[chunking]\ntokens = 3\n")
    refused = citewell("--settings", settings, "status")
    assert refused.code == 2
    known = ", ".join(ChunkingSettings.model_fields)
    assert refused.err == f'The key "chunking.tokens" in {settings} is not a setting; there are {known}.\n'


def test_bench_measures_documents_of_ones_own(citewell: Citewell, shared: tuple[Path, Path]) -> None:
    report = citewell("--json", "bench", shared[1]).json()
    assert isinstance(report, dict)
    assert (report["documents"], report["chunks"]) == (2, citewell("--json", "status").json()["chunks"])
    assert report["ingest"]["cpu_seconds"] > report["embedding"]["cpu_seconds"] > 0
    assert 0.1 < report["share_of_matrix_rate"] < 1.2, "both in the same precision"
    assert report["query_ms"].keys() == {"dense", "lexical", "hybrid"}
    assert "passages/s" in citewell("bench", shared[1]).out


def test_doctor_says_what_is_used_and_why(citewell: Citewell) -> None:
    found = citewell("--json", "doctor").json()
    assert isinstance(found, dict)
    assert found["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert (found["embedder"]["dimensions"], found["embedder"]["why"] != "") == (384, True)
    assert (found["embedder"]["pooling"], found["embedder"]["pooling_from"]) == ("mean", "1_Pooling/config.json")
    assert (found["embedder"]["query_prefix"], found["embedder"]["query_prefix_from"]) == ("", "")
    assert "default" in found["bases"]
    assert found["settings"]["answer"]["mode"] == "hybrid"
    assert str(citewell.home) in citewell("doctor").out


def test_doctor_says_which_prefixes_are_used_and_where_they_come_from(citewell: Citewell, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('[embedding]\nquery_prefix = "query: "\npassage_prefix = ""\n')
    result = citewell("--settings", tmp_path / "settings.toml", "--json", "doctor").json()
    assert isinstance(result, dict)
    names = ("query_prefix", "query_prefix_from", "passage_prefix", "passage_prefix_from")
    assert [result["embedder"][name] for name in names] == ["query: ", "the settings", "", "the settings"]


def test_doctor_reports_a_missing_model_and_goes_on(citewell: Citewell, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(f'[embedding]\nmodel = "{tmp_path}/nonesuch"\n')
    result = citewell("--settings", tmp_path / "settings.toml", "--json", "doctor")
    assert isinstance(found := result.json(), dict)
    assert (result.code, list(found["embedder"])) == (0, ["model", "error"])


def test_doctor_tries_out_the_reranker_that_the_settings_name(citewell: Citewell, tmp_path: Path) -> None:
    assert isinstance(plain := citewell("--json", "doctor").json(), dict)
    assert plain["reranker"] == {"model": "", "kind": "late interaction", "why": "rerank.model names none"}
    model, settings = tiny_rerankers.bert(tmp_path / "tiny"), tmp_path / "settings.toml"
    settings.write_text(f'[rerank]\nmodel = "{model}"\n')
    record = citewell("--settings", settings, "--json", "doctor").json()
    assert isinstance(record, dict)
    found = record["reranker"]
    assert (found["folder"], found["kind"], found["runtime"]) == (str(model), "cross-encoder", "OpenVINO")
    assert found["passages_per_second"] > 0
    (model / "model.safetensors").unlink()
    shown = citewell("--settings", settings, "doctor")
    assert (shown.code, "holds no weights" in " ".join(shown.out.split())) == (0, True)


def rivers(folder: Path) -> Path:
    """A dataset of one document and one question."""
    dataset = folder / "rivers"
    (dataset / "documents").mkdir(parents=True)
    (dataset / "documents" / "rivers.md").write_text(RIVERS)
    question = {
        "id": "q1",
        "question": "How long is the Danube?",
        "answers": ["2,850 kilometres"],
        "evidence": [{"source": "rivers.md", "page": None, "quote": "The Danube is 2,850 kilometres long."}],
    }
    (dataset / "questions.jsonl").write_text(json.dumps(question))
    return dataset


def test_eval_retrieval_keeps_its_bases_in_the_home_that_was_chosen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset, home = rivers(tmp_path), tmp_path / "home"
    fresh = Citewell(home, dataset, capsys)
    report = fresh("--json", "eval", "retrieval", dataset, "--configs", "lexical,hybrid", "--limit", 5).json()
    assert isinstance(report, dict)
    assert list(report["configs"]) == ["lexical", "hybrid"]
    assert report["configs"]["lexical"]["quote_recall@5"]["mean"] == 1.0
    assert fresh("eval", "retrieval", dataset, "--configs", "nonesuch").code == 2
    assert "quote_recall@5" in fresh("eval", "retrieval", dataset, "--configs", "lexical").out

    page = fresh("--json", "eval", "report", report["run"], "--output", tmp_path / "page.html").json()
    assert isinstance(page, dict)
    assert Path(page["page"]).read_text().startswith("<!DOCTYPE html>")
    assert fresh("eval", "report", dataset / "questions.jsonl").code == 2
    assert fresh("eval", "report", dataset).code == 2
    assert fresh("eval", "report", report["run"], "--output", report["run"]).code == 2
    assert json.loads(Path(report["run"]).read_text())["dataset"] == "rivers"
    assert fresh("eval", "report", report["run"], "--output", tmp_path / "none" / "page.html").code == 2

    settings = tmp_path / "tuned.toml"
    tuned = fresh("--json", "eval", "tune", dataset, "--write", settings).json()
    assert isinstance(tuned, dict)
    assert (tuned["chosen"], tuned["helps"], settings.exists()) == ("as it is", False, False)
    assert fresh("eval", "tune", dataset, "--write", report["run"]).code == 2
    assert fresh("eval", "tune", dataset, "--passages", "many").code == 2

    answers = fresh("--json", "eval", "answers", dataset, "--limit", 5).json()
    assert isinstance(answers, dict)
    assert (answers["dataset"], answers["generator"]) == ("rivers", "extractive")
    assert answers["metrics"]["answer_in_first_quote"] == pytest.approx({"mean": 1.0, "low": 0.025, "high": 1.0})
    assert set(answers["metrics"]) >= {
        *("answer_in_quotes", "exact_match", "f1", "verbatim_rate", "citation_precision", "citation_recall"),
        *("abstention_auroc", "aurc", "abstained_on_answerable", "answered_on_unanswerable", "quote_words_median"),
    }
    assert answers["latency_ms"]["p95"] >= answers["latency_ms"]["p50"] > 0
    assert answers["metrics"]["abstention_auroc"] is None
    assert "No question is unanswerable" in fresh("eval", "answers", dataset).out
    assert fresh("eval", "answers", dataset, "--mode", "nonesuch").code == 2


def test_an_evaluation_tells_of_files_that_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = rivers(tmp_path)
    (dataset / "documents" / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing more")
    (dataset / "documents" / "empty.txt").touch()
    fresh = Citewell(tmp_path / "home", dataset, capsys)
    for words in (["retrieval", dataset, "--configs", "lexical"], ["answers", dataset], ["tune", dataset]):
        evaluated = fresh("--json", "eval", *words)
        found = evaluated.json()
        assert isinstance(found, dict)
        assert (evaluated.code, len(found["failed"])) == (3, 1)
        assert evaluated.err == "1 file of the dataset could not be ingested; the report names them.\n"
    shown = fresh("eval", "answers", dataset).out
    assert "broken.pdf is damaged" in shown
    assert "empty.txt is empty" in shown

    (dataset / "documents" / "broken.pdf").unlink()
    assert fresh("eval", "answers", dataset).code == 0
    (dataset / "documents" / "rivers.md").write_text("")
    for command in ("retrieval", "answers"):
        refused = fresh("eval", command, dataset)
        assert (refused.code, len(refused.err.splitlines())) == (2, 1)
        assert "Not one document of" in refused.err
        assert refused.err.endswith(".txt is empty.\n")


def test_another_writer_is_named_by_its_pid(
    citewell: Citewell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one.txt").write_text(TEA)
    assert citewell("--kb", "locked", "ingest", tmp_path).code == 0
    (tmp_path / "two.txt").write_text("Another writer is at work.\n")
    code = "import sys; from pathlib import Path; from kb.store.lock import exclusive\n"
    code += "with exclusive(Path(sys.argv[1]), wait=5): print('held', flush=True); sys.stdin.read()"
    lock = citewell.home / "locked" / "writer.lock"
    monkeypatch.setenv("CITEWELL_STORE__LOCK_WAIT", "0.1")
    with subprocess.Popen(
        [sys.executable, "-c", code, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        result = citewell("--kb", "locked", "ingest", tmp_path)
        assert (result.code, result.out) == (4, "")
        assert str(holder.pid) in result.err
        assert citewell("--kb", "locked", "--json", "search", "tea").code == 0


def test_stdout_is_one_document_in_a_process_of_its_own(citewell: Citewell) -> None:
    command = [*COMMAND, "--home", str(citewell.home), "--json", "ask", "How long is the Danube?"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0
    assert json.loads(done.stdout)["question"] == "How long is the Danube?"
    assert done.stderr == b""


def test_a_reader_that_went_away_is_no_error(citewell: Citewell) -> None:
    command = [*COMMAND, "--home", str(citewell.home), "list"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_interrupting_an_ingest_keeps_the_base_whole(citewell: Citewell, tmp_path: Path) -> None:
    for file in range(300):
        lines = (f"Paragraph {line} of file {file} says what no other paragraph says.\n\n" * 12 for line in range(20))
        (tmp_path / f"{file}.txt").write_text("".join(lines))
    command = [*COMMAND, "--home", str(citewell.home), "--kb", "stopped", "ingest", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while not (citewell.home / "stopped" / "manifest.sqlite").exists():
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=180)
    assert process.returncode == 130
    assert err == "Stopping: what is finished so far is kept.\n"
    assert citewell("--kb", "stopped", "verify").code == 0


def test_an_interrupted_job_is_cancelled_and_waited_for() -> None:
    """In a process of its own: what else runs in the one of the tests might not bear the signal."""
    program = """
import signal, sys, threading, time, traceback
from app.cli.progress import finish
from citewell.jobs import Job
from ingest.report import IngestReport, Progress

main = threading.main_thread().ident

def work(show, is_cancelled):
    while "result" not in [frame.name for frame in traceback.extract_stack(sys._current_frames()[main])]:
        time.sleep(0.01)
    signal.pthread_kill(main, signal.SIGINT)
    while not is_cancelled():
        time.sleep(0.01)
    return IngestReport(added=1, cancelled=True)

print(finish(Job(work, Progress()), shown=False) == IngestReport(added=1, cancelled=True))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr


def test_an_interrupt_says_that_what_is_done_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), kept_for_later():
        raise KeyboardInterrupt
    assert "the next run goes on from there" in capsys.readouterr().err


def test_serve_listens_here_alone_and_ends_on_interrupt(citewell: Citewell) -> None:
    port = _free_port()
    command = [*COMMAND, "--home", str(citewell.home), "serve", "--port", str(port)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == f"Citewell is at http://127.0.0.1:{port} (Ctrl-C stops it).\n"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=20) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_every_address_needs_names_by_which_it_is_reached(citewell: Citewell, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(f'[web.users]\nanna = "{hashed("a long password")}"\n')
    result = citewell("--settings", file, "serve", "--address", "0.0.0.0")  # noqa: S104 - refused
    assert (result.code, "web.hosts" in result.err) == (2, True)


def test_with_sign_in_the_page_may_be_seen_from_elsewhere(citewell: Citewell, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(f'[web]\nhosts = ["127.0.0.1"]\n[web.users]\nanna = "{hashed("a long password")}"\n')
    port = _free_port()
    begun = [*COMMAND, "--home", str(citewell.home), "--settings", str(file)]
    command = [*begun, "serve", "--address", "0.0.0.0", "--port", str(port)]  # noqa: S104 - what is tested
    with socket.create_server(("127.0.0.1", 0)) as beyond:
        # What asks for a host on the Internet is led here.
        proxy = f"http://127.0.0.1:{beyond.getsockname()[1]}"
        environment = {**os.environ, "http_proxy": proxy, "https_proxy": proxy}
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stderr is not None
            assert "travels unencrypted" in process.stderr.readline()
            assert f":{port}" in process.stderr.readline()
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=20)
            refused.value.close()
            assert refused.value.code == 401
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
        beyond.settimeout(0)
        with pytest.raises(BlockingIOError):
            beyond.accept()


def test_a_password_becomes_a_line_for_the_settings(citewell: Citewell, monkeypatch: pytest.MonkeyPatch) -> None:
    for options in ([], ["--json"]):
        monkeypatch.setattr("sys.stdin", io.StringIO("a long password\n"))
        result = citewell(*options, "password")
        assert result.code == 0 and "a long password" not in result.out + result.err
        line = json.loads(result.out)["password"] if options else result.out.strip()
        assert matches("a long password", line)
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    result = citewell("password")
    assert (result.code, result.out, result.err) == (2, "", "A password has 8 to 1000 characters; choose another.\n")


def test_a_password_is_asked_for_twice_and_never_shown(tmp_path: Path) -> None:
    for answers, said in (("a long password", "scrypt$"), ("something else", "not the same twice")):
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            [*COMMAND, "password"], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        ):
            os.close(theirs)
            heard = b""
            for asked, answer in ((b"Password: ", "a long password"), (b"again: ", answers)):
                while asked not in heard:
                    heard += os.read(ours, 1000)
                os.write(ours, f"{answer}\n".encode())
            while said.encode() not in heard:
                heard += os.read(ours, 1000)
        assert b"a long password" not in heard
        os.close(ours)


def test_a_port_in_use_is_told(citewell: Citewell) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = citewell("serve", "--port", taken.getsockname()[1])
    assert (result.code, "is in use" in result.err) == (2, True)


def test_only_our_own_warnings_are_heard(citewell: Citewell) -> None:
    citewell("--version")
    logging.getLogger("ingest.pipeline").warning("a file is odd\nand has two lines")
    logging.getLogger("chromadb.telemetry").warning("chatter")
    logging.getLogger("ingest.pipeline").info("detail")
    assert citewell._capsys.readouterr().err == "Warning: a file is odd and has two lines\n"


def test_text_from_documents_cannot_steer_the_terminal() -> None:
    assert printable("a\x1b]0;title\x07b\x9b2Jc\u202ed\te\n") == "a]0;titleb2Jcd\te\n"


def test_lines_of_a_table_are_whole_on_a_narrow_terminal() -> None:
    row = "| metric | " + " | ".join(["0.984 [0.939, 1.000]"] * 6) + " |"
    ours, theirs = pty.openpty()
    code = f"from app.cli.output import show_table; show_table({row!r})"
    with os.fdopen(theirs, "w") as terminal:
        subprocess.run([sys.executable, "-c", code], stdout=terminal, env={**os.environ, "COLUMNS": "80"}, check=True)
        assert os.read(ours, 1000).decode() == f"{row}\r\n"
    os.close(ours)


def test_reflowed_text_keeps_paragraphs_and_lists() -> None:
    assert (
        reflowed("one\ntwo  \n three\n\nfour\n- five\n2. six\n7 eight")
        == "one two three\n\nfour\n- five\n2. six 7 eight"
    )


def test_a_snippet_begins_where_the_words_of_the_query_are() -> None:
    text = "The first sentence is long enough. The second one names the heron. The third is of no use."
    assert snippet(text, "herons") == "… The second one names the heron. The third is of no use."
    assert snippet(text, "zebra", length=40) == "The first sentence is long enough. The …"


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(Path.cwd()), os.environ.get("PYTHONPATH")])))
    yield


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

"""Jobs are seen, stopped and taken up again from elsewhere."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.cli.main import main
from citewell import KnowledgeBase
from kb.errors import UserError

FILES = 12
COMMAND = [sys.executable, "-m", "app.cli.main"]
GATED = """
import time
from pathlib import Path
from types import SimpleNamespace


class Gated:
    def load_data(self, file):
        while not Path(file.read_text()).exists():
            time.sleep(0.05)
        return [SimpleNamespace(text="The gate is open.", metadata={})]
"""


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    return tmp_path / "gate"


@pytest.fixture
def folder(tmp_path: Path, gate: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Some text, and a last file whose reader waits for the gate, so that no machine is done with it too soon."""
    folder, modules = tmp_path / "documents", tmp_path / "modules"
    folder.mkdir()
    modules.mkdir()
    (modules / "gated_reader.py").write_text(GATED)
    monkeypatch.syspath_prepend(modules)
    monkeypatch.setenv("PYTHONPATH", str(modules))
    monkeypatch.setenv("CITEWELL_INGEST__READERS", json.dumps({".gated": "gated_reader:Gated"}))
    for number in range(FILES - 1):
        text = "\n\n".join(
            f"Paragraph {part} of note {number} speaks of matter {number * part}. " * 8 for part in range(20)
        )
        (folder / f"note{number}.md").write_text(f"# Note {number}\n\n{text}\n")
    (folder / "z.gated").write_text(str(gate))
    return folder


@contextmanager
def ingesting(folder: Path, home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """An ingest in another process, once it is seen to have done something."""
    command = [*COMMAND, "--home", str(home), "--json", "ingest", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def eventually(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def test_a_job_is_watched_and_cancelled_from_another_process_and_taken_up_again(
    folder: Path, home: Path, gate: Path
) -> None:
    KnowledgeBase.open(home=home, create=True).close()
    with KnowledgeBase.open(home=home) as base:
        with ingesting(folder, home) as process:
            eventually(lambda: any(note.progress.chunks for note in base.jobs()))
            [note] = base.jobs()
            assert (note.state, note.pid, note.errand.paths) == ("running", process.pid, (str(folder),))
            assert (note.progress.files_total, note.progress.current) == (FILES, "")
            with pytest.raises(UserError, match="still running"):
                base.resume(note.id)
            base.cancel(note.id)
            out, _ = process.communicate(timeout=60)
        assert process.returncode == 130
        added = json.loads(out)["added"]
        assert added < FILES
        [note] = base.jobs()
        assert note.state == "interrupted"
        gate.touch()
        report = base.resume(note.id).wait()
        assert (report.added, report.unchanged) == (FILES - added, added)
        assert base.jobs() == []
        assert base.verify().consistent
    assert list((home / "default" / "jobs").iterdir()) == []


def test_a_killed_job_is_interrupted_and_doing_it_again_settles_it(
    folder: Path, home: Path, gate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with KnowledgeBase.open(home=home, create=True) as base:
        with ingesting(folder, home) as process:
            eventually(lambda: any(note.progress.chunks for note in base.jobs()))
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert main(["--home", str(home), "--json", "jobs"]) == 0
        [record] = json.loads(capsys.readouterr().out)
        assert (record["state"], record["kind"], record["paths"]) == ("interrupted", "ingest", [str(folder)])
        gate.touch()
        assert main(["--home", str(home), "--json", "jobs", "--resume", record["id"]]) == 0
        report = json.loads(capsys.readouterr().out)
        assert report["added"] + report["unchanged"] == FILES
        assert main(["--home", str(home), "jobs"]) == 0
        assert "No job is running" in capsys.readouterr().err
        assert base.verify().consistent


def test_a_removed_document_is_not_named_by_an_interrupted_job(folder: Path, home: Path) -> None:
    file = folder / "note7.md"
    with KnowledgeBase.open(home=home, create=True) as base:
        base.ingest([file]).wait()
        file.write_text(file.read_text() + "\nMore.\n")
        job = base.ingest([file])
        job.cancel()
        assert job.wait().cancelled
        assert [note.errand.paths for note in base.jobs()] == [(str(file),)]
        base.remove([str(file)])
        assert base.jobs() == []
        assert all(b"note7" not in path.read_bytes() for path in (home / "default" / "jobs").iterdir())


def test_a_job_that_is_not_there_is_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    KnowledgeBase.open(home=home, create=True).close()
    for option in ("--cancel", "--resume"):
        assert main(["--home", str(home), "jobs", option, "f00"]) == 2
        assert (
            capsys.readouterr().err
            == 'There is no job "f00"; `citewell jobs` lists those that run or were interrupted.\n'
        )

"""A watched folder and its base stay in step, however the files change."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from threading import Event, Thread

import pytest

from citewell import KnowledgeBase, Outcome, Settings
from citewell.knowledge_base import IngestJob
from citewell.watching import Watcher
from kb.settings import StoreSettings
from kb.store.lock import exclusive

WALRUS = "# Walrus\n\nThe tusks of a walrus grow to about one metre in length.\n"
STEAM = "# Steam\n\nJames Watt patented the separate condenser in 1769.\n"
TEA = "# Tea\n\nGreen tea is brewed at about eighty degrees.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "walrus.md").write_text(WALRUS)
    (folder / "steam.md").write_text(STEAM)
    return folder


class Told:
    """What a watcher has told, in order."""

    def __init__(self) -> None:
        self.outcomes: Queue[Outcome] = Queue()
        self.problems: Queue[str] = Queue()

    def next(self) -> tuple[str, str]:
        outcome = self.outcomes.get(timeout=30)
        return outcome.state, Path(outcome.source).name

    def nothing_more(self, seconds: float = 2.5) -> bool:
        try:
            return not self.outcomes.get(timeout=seconds)
        except Empty:
            return True


@contextmanager
def watching(base: KnowledgeBase, *paths: Path) -> Iterator[Told]:
    told, stop = Told(), Event()
    watcher = Watcher(base, paths, on_outcome=told.outcomes.put, on_problem=told.problems.put, stop=stop)
    thread = Thread(target=watcher.run)
    thread.start()
    try:
        yield told
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


@pytest.fixture
def base(tmp_path: Path) -> Iterator[KnowledgeBase]:
    with KnowledgeBase.open(home=tmp_path / "home", create=True) as opened:
        yield opened


def found(base: KnowledgeBase, words: str) -> list[str]:
    return [Path(hit.chunk.source).name for hit in base.search(words, 5, mode="lexical")]


def test_what_is_added_changed_renamed_and_deleted_is_told_and_found(base: KnowledgeBase, folder: Path) -> None:
    with watching(base, folder) as told:
        assert {told.next(), told.next()} == {("added", "walrus.md"), ("added", "steam.md")}
        (folder / "deep").mkdir()
        (folder / "deep" / "tea.md").write_text(TEA)
        assert told.next() == ("added", "tea.md")
        assert found(base, "green tea") == ["tea.md"]
        (folder / "walrus.md").write_text(WALRUS.replace("one metre", "three feet"))
        assert told.next() == ("updated", "walrus.md")
        assert found(base, "feet") == ["walrus.md"]
        (folder / "steam.md").rename(folder / "deep" / "engine.md")
        assert told.next() == ("moved", "engine.md")
        (folder / "walrus.md").unlink()
        assert told.next() == ("removed", "walrus.md")
        assert found(base, "walrus tusks") == []
        assert told.nothing_more()
    assert base.verify().consistent


def test_an_editor_that_saves_by_renaming_is_one_update(base: KnowledgeBase, folder: Path) -> None:
    with watching(base, folder) as told:
        told.next(), told.next()
        for number in range(3):
            (folder / ".walrus.md.swp").write_text("being written")
            partial = folder / "walrus.md~tmp"
            partial.write_text(WALRUS + f"\nSaved {number} times.\n")
            shutil.move(folder / "walrus.md", folder / "walrus.md.bak")
            partial.replace(folder / "walrus.md")
            (folder / "walrus.md.bak").unlink()
            (folder / ".walrus.md.swp").unlink()
            time.sleep(0.1)
        assert told.next() == ("updated", "walrus.md")
        assert found(base, "saved 2 times")[:1] == ["walrus.md"]
        assert told.nothing_more()


def test_a_single_file_is_watched_too(base: KnowledgeBase, folder: Path) -> None:
    with watching(base, folder / "walrus.md") as told:
        assert told.next() == ("added", "walrus.md")
        (folder / "steam.md").write_text(STEAM + "\nChanged.\n")
        (folder / "walrus.md").write_text(TEA)
        assert told.next() == ("updated", "walrus.md")
        assert told.nothing_more()


def test_a_file_that_cannot_be_read_is_told_once(base: KnowledgeBase, folder: Path) -> None:
    with watching(base, folder) as told:
        told.next(), told.next()
        (folder / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing of a PDF follows")
        assert told.next() == ("failed", "broken.pdf")
        (folder / "tea.md").write_text(TEA)
        assert told.next() == ("added", "tea.md")
        assert told.nothing_more()


def test_a_folder_that_vanishes_takes_nothing_with_it_and_is_watched_again_when_it_is_back(
    base: KnowledgeBase, folder: Path
) -> None:
    with watching(base, folder) as told:
        told.next(), told.next()
        away = folder.rename(folder.with_name("unmounted"))
        assert "--yes" in told.problems.get(timeout=30)
        assert len(base.documents()) == 2
        away.rename(folder)
        (folder / "tea.md").write_text(TEA)
        assert told.next() == ("added", "tea.md")
        (folder / "walrus.md").unlink()
        assert told.next() == ("removed", "walrus.md")


def test_a_base_that_somebody_else_writes_to_is_told_and_waited_for(folder: Path, tmp_path: Path) -> None:
    settings = Settings(store=StoreSettings(lock_wait=0.2))
    with KnowledgeBase.open(home=tmp_path / "home", settings=settings, create=True) as base:
        with exclusive(base.folder / "writer.lock", wait=0.0):
            with watching(base, folder) as told:
                assert "is writing" in told.problems.get(timeout=30)
            assert base.documents() == []
        with watching(base, folder) as told:
            assert {told.next(), told.next()} == {("added", "steam.md"), ("added", "walrus.md")}


def test_a_base_in_the_folder_does_not_watch_itself(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with KnowledgeBase.open(home=folder / "bases", create=True) as base:
        looks: list[float] = []
        ingest = base.ingest

        def counted(*given: object, **named: object) -> IngestJob:
            looks.append(time.monotonic())
            return ingest(*given, **named)  # type: ignore[arg-type]

        monkeypatch.setattr(base, "ingest", counted)
        with watching(base, folder) as told:
            told.next(), told.next()
            assert told.nothing_more(4.0)
            before = len(looks)
            assert told.nothing_more(4.0)
            assert len(looks) == before <= 3


def test_the_command_writes_a_line_of_json_for_each_change_and_ends_when_it_is_told_to(
    folder: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    command = [sys.executable, "-m", "app.cli.main", "--home", str(home), "--json", "watch", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [json.loads(process.stdout.readline()) for _ in range(2)]
        assert sorted((line["state"], line["source"]) for line in lines) == [
            ("added", str(folder / "steam.md")),
            ("added", str(folder / "walrus.md")),
        ]
        (folder / "tea.md").write_text(TEA)
        assert json.loads(process.stdout.readline()) == {
            "source": str(folder / "tea.md"),
            "state": "added",
            "reason": "",
        }
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "", "")

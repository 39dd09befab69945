"""A disk that is full, or that may not be written to: one sentence, and a base that is in order afterwards."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from citewell import KnowledgeBase
from kb.errors import UserError

COMMAND = [sys.executable, "-m", "app.cli.main"]
DISK = 24_000_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small disk to fill")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    for number in range(12):
        parts = (f"Paragraph {part} of note {number} speaks of matter {number * 50 + part}." for part in range(20))
        (folder / f"note{number}.md").write_text(f"# Note {number}\n\n" + "\n\n".join(parts) + "\n")
    return folder


def citewell(home: Path, *words: str | Path) -> tuple[int, str, str]:
    done = subprocess.run(
        [*COMMAND, "--home", str(home), *map(str, words)], capture_output=True, text=True, check=False, timeout=120
    )
    return done.returncode, done.stdout, done.stderr


def fill(disk: Path, leaving: int) -> Path:
    """Takes all room but `leaving` bytes."""
    filler = disk / "filler"
    free = shutil.disk_usage(disk).free
    with filler.open("wb") as file:
        file.write(bytes(max(0, free - leaving)))
    return filler


@pytest.mark.parametrize("room", [0, 60_000, 300_000, 800_000])
def test_a_full_disk_is_said_to_be_full_and_leaves_a_base_in_order(disk: Path, folder: Path, room: int) -> None:
    home = disk / "home"
    first = folder / "note0.md"
    assert citewell(home, "ingest", first)[0] == 0
    filler = fill(disk, leaving=room)
    code, _, err = citewell(home, "ingest", folder)
    assert (code, len(err.splitlines())) == (2, 1), err
    assert "is full; make room" in err
    filler.unlink()
    with KnowledgeBase.open(home=home) as base:
        assert base.verify().problems == ()
        assert str(first) in {hit.chunk.source for hit in base.search("matter 7", 300)}
        report = base.ingest([folder]).wait()
        assert report.added + report.unchanged == 12
        assert base.verify().problems == ()
        base.publish()
        assert len(list((home / "default").glob("vectors/*.part"))) == 0
        assert {row.state for row in base.documents()} == {"ready"}


def test_no_base_is_made_on_a_full_disk(disk: Path, folder: Path) -> None:
    filler = fill(disk, leaving=0)
    code, _, err = citewell(disk / "home", "ingest", folder)
    assert (code, len(err.splitlines())) == (2, 1), err
    filler.unlink()
    assert citewell(disk / "home", "ingest", folder)[0] == 0


def test_a_base_that_may_not_be_written_to_is_left_as_it_is(disk: Path, folder: Path) -> None:
    home = disk / "home"
    assert citewell(home, "ingest", folder / "note0.md")[0] == 0
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    for words in (("ingest", folder), ("remove", "note0.md"), ("verify", "--repair"), ("reindex",)):
        code, out, err = citewell(home, *words)
        assert (code, out, len(err.splitlines())) == (2, "", 1), (words, err)
        assert "may not be written to" in err, (words, err)
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    with KnowledgeBase.open(home=home) as base:
        assert base.verify().problems == ()
        assert [row.name for row in base.documents()] == ["note0.md"]


def test_a_folder_of_documents_that_may_not_be_read_keeps_what_was_read_of_it(disk: Path, tmp_path: Path) -> None:
    """A disk that is gone for a while is no reason to forget what was on it."""
    documents = disk / "documents"
    documents.mkdir()
    (documents / "tea.md").write_text("# Tea\n\nGreen tea is brewed at about eighty degrees.\n")
    with KnowledgeBase.open(home=tmp_path / "home", create=True) as base:
        base.ingest([documents]).wait()
        subprocess.run(["umount", str(disk)], check=True)
        with pytest.raises(UserError, match="--yes"):
            base.ingest([documents], sync=True).wait()
        assert [row.name for row in base.documents()] == ["tea.md"]
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(disk)], check=True)

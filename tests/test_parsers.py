"""Files that hang, crash, grow without end or nest without end: each is given up with a true reason, and no other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from citewell import KnowledgeBase, Settings
from kb.settings import IngestSettings

READERS = '''
import os, signal, sys, time
from ingest.readers.source_file import make_document

class Document:
    """A container: each line of the file names one that lies in it."""

    def read(self, file):
        text = file.read().decode()
        yield make_document(file, text=text, title=file.name, media_type="text/plain")
        for line in text.split("\\n"):
            name, _, content = line.partition(": ")
            if content:
                yield file.part(name, content.encode())

class Hanging:
    def read(self, file):
        while True:
            time.sleep(0.1)
        yield

class Busy:
    def read(self, file):
        for number in range(10**12):
            number * number
        yield

class Slow:
    """Takes longer than may pass without a step, but makes steps."""

    def read(self, file):
        for _ in range(25):
            time.sleep(0.1)
            file.page()
        yield make_document(file, text="It took its time.", title="", media_type="text/plain")

class Spawning:
    """Starts a process of its own, and hangs."""

    def read(self, file):
        import subprocess
        child = subprocess.Popen(["sleep", "300"])
        with open(f"{file.path}.child", "w") as noted:
            noted.write(str(child.pid))
        while True:
            time.sleep(0.1)
        yield

class Vanishing:
    """Is deleted by somebody while it is read, and then seems to be damaged."""

    def read(self, file):
        from kb.errors import UnreadableFile
        if b"goes" in file.read():
            file.path.unlink()
            raise UnreadableFile(f"{file.name} is damaged.")
        yield make_document(file, text="A heron was seen.", title="", media_type="text/plain")

class Endless:
    def read(self, file):
        while True:
            file.page()
        yield

class Greedy:
    def read(self, file):
        held = []
        while True:
            held.append(bytearray(10_000_000))
        yield

class Crashing:
    def read(self, file):
        os.kill(os.getpid(), signal.SIGSEGV)
        yield

class Failing:
    def read(self, file):
        raise LookupError("no such thing")
        yield

class Loud:
    def read(self, file):
        print("to standard output")
        sys.stdout.flush()
        os.write(1, b"\\x00\\x01\\x02 to its descriptor")
        yield make_document(file, text="It was loud.", title="", media_type="text/plain")

class Telling:
    """Says which process has read it; takes as long as the file says."""

    def read(self, file):
        time.sleep(float(file.read()))
        yield make_document(file, text=f"Read by {os.getpid()}.", title="", media_type="text/plain")

class Nested:
    def read(self, file):
        yield make_document(file, text=f"Level {file.depth}.", title="", media_type="text/plain")
        yield file.part("inner.nested", b"deeper")

class Many:
    def read(self, file):
        yield make_document(file, text="Many.", title="", media_type="text/plain")
        while True:
            yield file.part("same.txt", b"The same again.")
'''
NAMES = {
    ".box": "Document",
    ".hang": "Hanging",
    ".busy": "Busy",
    ".slow": "Slow",
    ".spawn": "Spawning",
    ".vanish": "Vanishing",
    ".endless": "Endless",
    ".greedy": "Greedy",
    ".crash": "Crashing",
    ".fail": "Failing",
    ".loud": "Loud",
    ".tell": "Telling",
    ".nested": "Nested",
    ".many": "Many",
}
LIMITS = IngestSettings(
    seconds=1.0,
    memory_mb=400,
    pages=50,
    parts=8,
    nesting=3,
    workers=2,
    readers={s: f"odd_readers:{n}" for s, n in NAMES.items()},
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    return folder


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KnowledgeBase]:
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "odd_readers.py").write_text(READERS)
    monkeypatch.syspath_prepend(str(modules))
    with KnowledgeBase.open(home=tmp_path / "home", settings=Settings(ingest=LIMITS), create=True) as opened:
        yield opened


def reasons(base: KnowledgeBase, folder: Path) -> dict[str, str]:
    """Ingests the folder, and gives what could not be read, by name, with the reason."""
    report = base.ingest([folder]).wait()
    return {entry.source.removeprefix(f"{folder}/"): entry.reason for entry in (*report.failed, *report.skipped)}


def test_each_file_that_cannot_be_read_is_given_up_for_a_true_reason_and_all_others_are_read(
    base: KnowledgeBase, folder: Path
) -> None:
    for suffix in NAMES.keys() - {".tell"}:
        (folder / f"a{suffix}").write_text("anything")
    for number in range(5):
        (folder / f"good {number}.md").write_text(f"# Good\n\nThis is document {number}.\n")
    found = reasons(base, folder)
    assert found.pop("a.hang") == (
        "a.hang was given up: for 1 s nothing more of it could be read; raise ingest.seconds to wait longer."
    )
    assert found.pop("a.busy").startswith("a.busy was given up: for 1 s")
    assert found.pop("a.spawn").startswith("a.spawn was given up: for 1 s")
    assert found.pop("a.endless") == "a.endless has more than 50 pages; raise ingest.pages to read it."
    assert found.pop("a.greedy") == "a.greedy needs more memory than it may have; raise ingest.memory_mb to read it."
    assert found.pop("a.crash") == "a.crash was given up: its reader crashed (SIGSEGV)."
    assert found.pop("a.fail") == "a.fail cannot be read: its reader stopped with LookupError."
    assert found.pop("a.nested#inner.nested#inner.nested#inner.nested#inner.nested").startswith(
        "inner.nested lies more"
    )
    assert found.pop("a.many#same.txt (9)").startswith("same.txt and what follows is left out")
    assert found == {}
    ready = {row.name for row in base.documents() if row.state == "ready"}
    assert ready == {
        *(f"good {number}.md" for number in range(5)),
        *("a.box", "a.slow", "a.loud", "a.nested", "a.many", "a.vanish"),
        *("a.nested" + "#inner.nested" * depth for depth in (1, 2, 3)),
        *(f"a.many#same.txt{f' ({number})' if number > 1 else ''}" for number in range(1, 9)),
    }
    assert base.verify().consistent


@pytest.mark.parametrize(("seconds", "parsers"), [(0.0, 1), (0.4, 2)])
def test_another_parser_helps_where_files_take_long(
    base: KnowledgeBase, folder: Path, seconds: float, parsers: int
) -> None:
    assert len(readers_of_four(base, folder, seconds)) == parsers


def test_a_parser_is_kept_however_large_the_process_that_started_it_is(base: KnowledgeBase, folder: Path) -> None:
    ballast = bytearray(LIMITS.memory_mb * 1_000_000)
    assert len(readers_of_four(base, folder, 0.0)) == 1
    assert len(ballast) > 0


def readers_of_four(base: KnowledgeBase, folder: Path, seconds: float) -> set[str]:
    """What the parsers are called that read four files, each of which takes so long."""
    for number in range(4):
        (folder / f"{number}.tell").write_text(str(seconds))
    base.ingest([folder]).wait()
    return {document.text for row in base.documents() if (document := base.document(row.source))}


def test_what_could_not_be_read_is_not_tried_again_until_that_might_help(
    base: KnowledgeBase, folder: Path, tmp_path: Path
) -> None:
    (folder / "a.endless").write_text("anything")
    first = reasons(base, folder)
    began = time.monotonic()
    assert reasons(base, folder) == first
    assert time.monotonic() - began < 0.5, "it was read again"
    more = Settings(ingest=LIMITS.model_copy(update={"pages": 60}))
    with KnowledgeBase.open(home=tmp_path / "home", settings=more) as other:
        assert "more than 60 pages" in reasons(other, folder)["a.endless"]


def test_a_part_that_hangs_or_crashes_is_refused_and_the_other_parts_are_read(
    base: KnowledgeBase, folder: Path
) -> None:
    parts = ("first.txt: One.", "b.hang: x", "second.txt: Two.", "c.crash: x", "d.fail: x", "third.txt: Three.")
    (folder / "letter.box").write_text("\n".join(parts))
    found = reasons(base, folder)
    assert found.keys() == {"letter.box#b.hang", "letter.box#c.crash", "letter.box#d.fail"}
    assert found["letter.box#b.hang"].startswith("b.hang was given up: for 1 s")
    ready = [row.name for row in base.documents() if row.state == "ready"]
    assert ready == ["letter.box", *(f"letter.box#{name}.txt" for name in ("first", "second", "third"))]
    assert reasons(base, folder) == found, "they are told again, but not tried again"
    (folder / "letter.box").write_text("\n".join(part for part in parts if "hang" not in part))
    assert reasons(base, folder).keys() == {"letter.box#c.crash", "letter.box#d.fail"}


def test_what_a_reader_has_started_ends_with_it(base: KnowledgeBase, folder: Path) -> None:
    (folder / "a.spawn").write_text("anything")
    assert reasons(base, folder).keys() == {"a.spawn"}
    child = int((folder / "a.spawn.child").read_text())
    until = time.monotonic() + 10
    while Path(f"/proc/{child}").exists() and "Z" not in Path(f"/proc/{child}/stat").read_text().split()[2]:
        assert time.monotonic() < until, "it outlived its parser"
        time.sleep(0.1)


def test_a_file_that_goes_while_it_is_read_is_not_called_damaged(base: KnowledgeBase, folder: Path) -> None:
    (folder / "a.vanish").write_text("It stays.")
    assert reasons(base, folder) == {}
    (folder / "a.vanish").write_text("It goes.")
    reason = "a.vanish changed, or went out of reach, while it was read; the next ingest reads it again."
    assert reasons(base, folder) == {"a.vanish": reason}
    assert [row.state for row in base.documents()] == ["ready"]
    assert [hit.chunk.text for hit in base.search("heron", 5)] == ["A heron was seen."]


def test_a_cancelled_ingest_does_not_wait_for_a_file_that_hangs(
    base: KnowledgeBase, folder: Path, tmp_path: Path
) -> None:
    patient = Settings(ingest=LIMITS.model_copy(update={"seconds": 300.0}))
    (folder / "a.hang").write_text("anything")
    (folder / "good.md").write_text("# Good\n\nThis is a document.\n")
    with KnowledgeBase.open(home=tmp_path / "home", settings=patient) as other:
        job = other.ingest([folder])
        time.sleep(3)
        began = time.monotonic()
        job.cancel()
        assert job.wait().cancelled
        assert time.monotonic() - began < 5


def test_parsers_end_with_the_process_that_started_them(folder: Path, tmp_path: Path, base: KnowledgeBase) -> None:
    (folder / "a.busy").write_text("anything")
    script = (
        "import sys; from pathlib import Path; from citewell import KnowledgeBase, Settings\n"
        "settings = Settings(ingest={'seconds': 300, 'readers': {'.busy': 'odd_readers:Busy'}})\n"
        "KnowledgeBase.open('other', home=Path(sys.argv[1]), settings=settings, create=True).ingest(sys.argv[2]).wait()"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "home"), str(folder)], env=environment
    ) as parent:
        parsers = eventually_children(parent.pid)
        parent.send_signal(signal.SIGKILL)
    until = time.monotonic() + 10
    while any(Path(f"/proc/{parser}").exists() for parser in parsers):
        assert time.monotonic() < until, "a parser outlived its parent"
        time.sleep(0.1)


def eventually_children(parent: int) -> list[int]:
    """The parser processes of `parent`, once there are some."""
    import psutil

    until = time.monotonic() + 60
    while time.monotonic() < until:
        found = [child.pid for child in psutil.Process(parent).children() if "ingest.parser" in child.cmdline()]
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("no parser was started")

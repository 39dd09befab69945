"""Interrupts changes of a base by SIGKILL and looks at what is there afterwards: the working part of test_kill.py.

`python interruption.py FOLDER` reads points from standard input, one a line, and answers each with a line of JSON:
"count" counts the store operations of the change, a number kills before that operation, "35%" when so much of the time
that it takes has passed. Each attempt is a fork of this process, so that libraries are imported once; nothing is
opened, and no model loaded, before a fork.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import chromadb
import numpy as np
import tantivy

import ingest.indexing
import ingest.pipeline
import kb.store
from citewell import KnowledgeBase, Outcome
from kb.protocols import Vectors
from kb.store.view import View
from kb.types import Chunk

PRELOADED = (chromadb, tantivy)
STORE = str(Path(kb.store.__file__).parent)
WRITERS = tuple(f"{STORE}/{name}.py" for name in ("manifest", "transaction", "vectors"))
STATEMENTS = frozenset({"execute", "executemany"})
CHANGES = {
    *("commit", "rollback", "add_document", "delete_documents_by_query", "garbage_collect_files"),
    *("wait_merging_threads", "upsert", "delete", "create_collection"),
    *("copytree", "rmtree", "rename", "mkdir", "link", "fsync"),
}
"""What changes files, as the store calls it: statements where it writes, other functions anywhere."""
BATCH = 4
"""Passages in a batch, so that a small change is committed in several steps."""
SAME_VECTOR = 0.999
"""Cosine: in another batch a text is embedded with another rounding."""

Result = dict[str, Any]


class Operations:
    """Counts what the store does to its files, and ends the process before operation number `fatal`."""

    def __init__(self, fatal: int, note: Note) -> None:
        self.names: list[str] = []
        self._fatal = fatal
        self._note = note
        self._lock = threading.Lock()

    def watch(self) -> None:
        threading.setprofile(self._seen)
        sys.setprofile(self._seen)

    def _seen(self, frame: FrameType, event: str, argument: object) -> None:
        if event == "c_call":
            name, caller = getattr(argument, "__name__", ""), frame
        elif event == "call":
            name, caller = frame.f_code.co_name, frame.f_back or frame
        else:
            return
        file = caller.f_code.co_filename
        if (name in CHANGES and file.startswith(STORE)) or (name in STATEMENTS and file in WRITERS):
            with self._lock:
                self.names.append(name)
                if len(self.names) == self._fatal:
                    self._note.write(name)
                    os.kill(os.getpid(), signal.SIGKILL)


class Note:
    """A word on the disk that outlives the process that wrote it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.write_text("")

    def write(self, word: str) -> None:
        self._path.write_text(word)

    def read(self) -> str:
        return self._path.read_text()


def make_documents(folder: Path) -> None:
    folder.mkdir()
    for number in range(6):
        (folder / f"note{number}.md").write_text(note_text(number, "first"))
    (folder / "records.jsonl").write_text(records({"heron": "grey", "stork": "white", "crane": "loud"}))
    (folder / "gone.md").write_text(note_text(60, "gone"))


def change_documents(folder: Path) -> None:
    """Files are added, changed, renamed, deleted and emptied; records of a container added, changed and deleted."""
    for number in (7, 8, 9):
        (folder / f"note{number}.md").write_text(note_text(number, "added"))
    for number in (1, 2):
        (folder / f"note{number}.md").write_text(note_text(number, "second"))
    (folder / "note3.md").rename(folder / "renamed.md")
    (folder / "gone.md").unlink()
    (folder / "note4.md").write_text(" \n")
    (folder / "records.jsonl").write_text(records({"heron": "grey", "stork": "black", "ibis": "rare", "egret": "tall"}))


def note_text(number: int, word: str) -> str:
    parts = (
        f"Part {part} of note {number} tells the {word} story of matter {number * 31 + part}." for part in range(3)
    )
    return f"# Note {number}\n\n" + "\n\n## More\n\n".join(parts) + "\n"


def records(words: dict[str, str]) -> str:
    lines = ({"_id": name, "text": f"Record {name} tells of the {word} bird."} for name, word in words.items())
    return "".join(json.dumps(line) + "\n" for line in lines)


def make_change(home: Path, folder: Path, stage: Note, acknowledge: Callable[[Outcome], None]) -> None:
    """What is interrupted: an ingest with all kinds of changes, then a removal, then a publication."""
    with KnowledgeBase.open(home=home, create=True) as base:
        job = base.ingest([folder], sync=True, on_outcome=acknowledge)
        while not job.is_done:
            stage.write(job.progress.stage)
            time.sleep(0.003)
        job.wait()
        stage.write("removing")
        source = str(folder / "note5.md")
        if any(row.source == source for row in base.documents()):
            base.remove([source])
        acknowledge(Outcome(source, "removed"))
        stage.write("publishing more")
        base.publish()
        stage.write("closing")


def content(home: Path) -> Result:
    """All that a base holds, in a form that can be compared, and what is wrong with it."""
    with KnowledgeBase.open(home=home) as base, base._store.view() as view:
        snapshot, folder = view.snapshot, base._store.home
        chunks = {document.source: snapshot.chunks(document.id) for document in snapshot.documents()}
        known = {chunk.id: vector for some in chunks.values() if some for chunk, vector in with_vectors(view, some)}
        held = set(view.lexical.numbers())
        lost = [
            name
            for name, vector in known.items()
            if int(name, 16) not in held or name not in {hit.chunk.id for hit in view.nearest(vector, 5)}
        ]
        in_use = {snapshot.meta("lexical"), *(f"vectors/{name}" for name in snapshot.generation_names())}
        there = {str(path.relative_to(folder)) for part in ("lexical-*", "vectors/*") for path in folder.glob(part)}
        orphans = [f"word {name:x}" for name in held - snapshot.chunk_numbers()]
        return {
            "documents": {
                document.source: [document.sha256, document.title, [chunk.id for chunk in chunks[document.source]]]
                for document in snapshot.documents()
            },
            "files": {record.source: [record.state, record.sha256] for record in snapshot.files()},
            "vectors": {name: vector.tolist() for name, vector in known.items()},
            "lost": lost,
            "waste": sorted(there ^ in_use) + orphans + ["a purge is due"] * bool(snapshot.meta("purge_due")),
            "problems": list(base.verify().problems),
        }


def with_vectors(view: View, chunks: Sequence[Chunk]) -> Iterator[tuple[Chunk, Vectors]]:
    """The passages of one document with their vectors."""
    keys = view.snapshot.embedding_keys(chunks[0].document_id)
    found = view.snapshot.vectors_by_key(keys)
    return ((chunk, found[key]) for chunk, key in zip(chunks, keys, strict=True))


class Attempts:
    """Attempts at one change of one base, each from the same beginning; `reference` is what it comes to undisturbed."""

    def __init__(self, work: Path) -> None:
        self._work = work
        self._folder = work / "documents"
        self._stage = Note(work / "stage")
        self._operation = Note(work / "operation")
        make_documents(self._folder)
        self._before = in_fork(self._prepared)
        change_documents(self._folder)
        home = self._fresh_home("reference")
        self.operations: list[str] = in_fork(lambda: self._counted(home))["names"]
        self.reference = in_fork(lambda: content(home))
        self._seconds = self._duration()

    def interrupted_before(self, operation: int) -> Result:
        home = self._fresh_home(f"operation{operation}")
        _, status = os.waitpid(fork(lambda: self._interrupted(home, operation)), 0)
        return {"operation": self._operation.read(), **self._verdict(home, status)}

    def interrupted_after(self, share: float) -> Result:
        """Kills after this share of the time that the change has taken at its fastest."""
        home = self._fresh_home(f"time{share}")
        began = time.monotonic()
        child = fork(lambda: self._interrupted(home, 0))
        while (passed := time.monotonic() - began) < share * self._seconds:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                self._seconds = passed
                return {"seconds": passed, **self._verdict(home, status)}
            time.sleep(0.001)
        os.kill(child, signal.SIGKILL)
        return {"seconds": passed, **self._verdict(home, os.waitpid(child, 0)[1])}

    def _duration(self) -> float:
        home = self._fresh_home("timed")
        began = time.monotonic()
        in_fork(lambda: self._change(home))
        return time.monotonic() - began

    def _prepared(self) -> Result:
        home = self._work / "before"
        with KnowledgeBase.open(home=home, create=True) as base:
            base.ingest([self._folder]).wait()
        return content(home)

    def _fresh_home(self, name: str) -> Path:
        home = self._work / name
        shutil.copytree(self._work / "before", home)
        return home

    def _counted(self, home: Path) -> Result:
        operations = Operations(0, self._operation)
        operations.watch()
        self._change(home)
        return {"names": operations.names}

    def _interrupted(self, home: Path, fatal: int) -> Result:
        if fatal:
            Operations(fatal, self._operation).watch()
        return self._change(home)

    def _change(self, home: Path) -> Result:
        with (home / "acknowledged").open("a", buffering=1) as file:
            make_change(
                home, self._folder, self._stage, lambda outcome: print(outcome.source, outcome.state, file=file)
            )
        return {}

    def _verdict(self, home: Path, status: int) -> Result:
        """What is wrong right after the interruption, and after the change was made again."""
        lines = (home / "acknowledged").read_text().splitlines() if (home / "acknowledged").exists() else []
        stage = self._stage.read()
        between = in_fork(lambda: content(home))
        in_fork(lambda: self._change(home))
        again = in_fork(lambda: content(home))
        shutil.rmtree(home)
        wrong = [*self._wrong_between(between, [line.rsplit(" ", 1) for line in lines]), *self._wrong_again(again)]
        return {"killed": os.WIFSIGNALED(status), "stage": stage, "acknowledged": len(lines), "wrong": wrong}

    def _wrong_between(self, found: Result, acknowledged: Sequence[Sequence[str]]) -> Iterator[str]:
        before, after, now = (each["documents"] for each in (self._before, self.reference, found))
        for source in now:
            if now[source] not in (before.get(source), after.get(source)):
                yield f"{source} is neither the old document nor the new one"
        for source in before:
            if before[source] == after.get(source) != now.get(source):
                yield f"{source}, which does not change, is gone"
        for source, state in acknowledged:
            if state == "unchanged":
                continue
            for name in (name for name in {*before, *after} if name.split("#")[0] == source):
                if now.get(name) != after.get(name):
                    yield f"{name} was acknowledged as {state}, and is not so"
        yield from _unsound(found)

    def _wrong_again(self, found: Result) -> Iterator[str]:
        for part in ("documents", "files"):
            if found[part] != self.reference[part]:
                yield f"{part} are not those of an undisturbed run"
        if found["vectors"].keys() != self.reference["vectors"].keys():
            yield "there are vectors of other passages"
        for name, vector in self.reference["vectors"].items():
            if float(np.dot(vector, found["vectors"].get(name, vector))) < SAME_VECTOR:
                yield f"the vector of {name} is another"
        yield from found["waste"]
        yield from _unsound(found)


def _unsound(found: Result) -> Iterator[str]:
    yield from (f"{name} is not found" for name in found["lost"])
    yield from found["problems"]


def fork(work: Callable[[], Result], output: int | None = None) -> int:
    """Does `work` in a process of its own, which gives its result as JSON to the file `output`; returns its id."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        result = json.dumps(work()).encode()
        if output is not None:
            with os.fdopen(output, "wb") as file:
                file.write(result)
        code = 0
    except BaseException:  # noqa: BLE001 - told here, and by the exit code
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def in_fork(work: Callable[[], Result]) -> Result:
    reading, writing = os.pipe()
    child = fork(work, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        result = file.read()
    _, status = os.waitpid(child, 0)
    if status:
        raise RuntimeError(f"a step that nobody interrupted failed (status {status})")
    return json.loads(result)


def main(folder: str) -> None:
    for module in (ingest.indexing, ingest.pipeline):
        module.BATCH_CHUNKS, module.LARGEST_BATCH_CHUNKS = BATCH, 2 * BATCH
    attempts = Attempts(Path(folder))
    for point in map(str.strip, sys.stdin):
        if point == "count":
            told = {
                "operations": attempts.operations,
                "documents": len(attempts.reference["documents"]),
                "wrong": [*attempts.reference["waste"], *_unsound(attempts.reference)],
            }
        elif point.endswith("%"):
            told = attempts.interrupted_after(float(point[:-1]) / 100)
        else:
            told = attempts.interrupted_before(int(point))
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])

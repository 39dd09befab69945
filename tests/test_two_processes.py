"""While one process adds and removes documents, another searches: never an error, never half, never missing.

CITEWELL_HEAVY=1 makes it thousands of searches against hundreds of ingests and removals, each with a publication.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from threading import Event, Thread

import pytest

from citewell import KnowledgeBase

IS_HEAVY = bool(os.environ.get("CITEWELL_HEAVY"))
ROUNDS, SEARCHES = (240, 2_500) if IS_HEAVY else (15, 150)
PASSAGES = 6
WRITER = """
import sys, time
from pathlib import Path
from citewell import KnowledgeBase

home, folder, rounds, passages = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])

def text(number):
    sections = (f"# Part {part} of report{number}\\n\\nThe report{number} says in part {part}: "
                + f"shared words on topic {number * 31 % 17} and value {number * 100 + part}. " * 3
                for part in range(passages))
    return "\\n\\n".join(sections)

def tell(*words):
    print(*words, flush=True)
    time.sleep(0.02)  # to be heard before it happens

with KnowledgeBase.open(home=home, create=True) as base:
    for number in range(rounds):
        path = folder / f"report{number}.md"
        path.write_text(text(number))
        tell("adding", number)
        base.ingest([path]).wait()
        tell("added", number)
        if number % 3 == 2:
            gone = number - 2
            tell("removing", gone)
            base.remove([str(folder / f"report{gone}.md")])
            tell("removed", gone)
tell("end", rounds)
"""


class Acknowledged:
    """What the writer has said, so far: the documents that must be seen, and those that may be."""

    def __init__(self) -> None:
        self.must: frozenset[int] = frozenset()
        self.may: frozenset[int] = frozenset()
        self.ended = Event()

    def hear(self, word: str, number: int) -> None:
        if word == "adding":
            self.may |= {number}
        elif word == "added":
            self.must |= {number}
        elif word == "removing":
            self.must -= {number}
        elif word == "removed":
            self.may -= {number}
        else:
            self.ended.set()


@pytest.mark.parametrize("mode", ["lexical", "hybrid"])
def test_a_reader_beside_a_writer_sees_whole_documents_and_all_acknowledged_ones(tmp_path: Path, mode: str) -> None:
    folder, home = tmp_path / "documents", tmp_path / "home"
    folder.mkdir()
    KnowledgeBase.open(home=home, create=True).close()
    heard = Acknowledged()
    command = [sys.executable, "-c", WRITER, str(home), str(folder), str(ROUNDS), str(PASSAGES)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer,
        KnowledgeBase.open(home=home) as base,
    ):
        assert writer.stdout is not None
        listener = Thread(target=lambda: [heard.hear(*_said(line)) for line in writer.stdout or ()])
        listener.start()
        seen_sizes: Counter[int] = Counter()
        done = 0
        while done < SEARCHES or not heard.ended.is_set():
            must_before, may_before = heard.must, heard.may
            hits = base.search("what does the report say on shared words", ROUNDS * PASSAGES * 2, mode=mode)
            must = must_before & heard.must
            may = may_before | heard.may
            found = Counter(int(Path(hit.chunk.source).stem.removeprefix("report")) for hit in hits)
            assert all(count == PASSAGES for count in found.values()), found
            assert must <= found.keys() <= may, (must, found.keys(), may)
            seen_sizes[len(found)] += 1
            done += 1
        listener.join()
    assert writer.returncode == 0
    assert len(seen_sizes) > 5, "the searches did not overlap with the writing"


def _said(line: str) -> tuple[str, int]:
    word, number = line.split()
    return word, int(number)

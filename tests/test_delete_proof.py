"""A removed document leaves no word of itself, nor its name, in any file under the home folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

import pytest
from scripted_generator import ScriptedGenerator

from citewell import KnowledgeBase
from citewell.models import Once
from kb.conversation import FORGOTTEN
from kb.protocols import Message
from kb.settings import Settings, changed
from kb.store.answers import Key
from kb.store.lexical import LexicalIndex
from kb.store.store import Change, Store
from kb.types import Answer

CANARY = "xylographikon"
NAME = "quagmirella-dossier"
SECRET = (
    f"# {CANARY.title()} affair\n\nThe {CANARY} was sold to {CANARY}os in 1931.\n\n## Later\n\nNobody saw it again.\n"
)
KEPT = "# Tea\n\nGreen tea is brewed at about eighty degrees.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    for number in range(8):
        (folder / f"tea {number}.md").write_text(f"{KEPT}\nCup number {number} of the day.\n")
    (folder / f"{NAME}.md").write_text(SECRET)
    return folder


def traces(home: Path) -> list[str]:
    """Where the secret or its file's name still stands: raw, compressed, or as a term of any segment."""
    return [
        *(
            f"{word} in {path.relative_to(home)}"
            for path in files(home)
            for word in (CANARY, NAME)
            if holds(path, word)
        ),
        *(f"a segment with deletions in {folder.name}" for folder in home.glob("*/lexical-*") if has_deletions(folder)),
        *(f"a term of {folder.name}" for folder in home.glob("*/lexical-*") if knows_terms(folder)),
    ]


def files(home: Path) -> list[Path]:
    return [path for path in home.rglob("*") if path.is_file()]


def holds(path: Path, word: str) -> bool:
    content = path.read_bytes().lower()
    forms = (word.encode(), word.encode("utf-16-le"), word.encode("utf-16-be"))
    return any(form in content or form in inflated(path) for form in forms)


def inflated(path: Path) -> bytes:
    """What deflate streams that begin anywhere in the file hold, zlib's and gzip's."""
    content, found = path.read_bytes(), bytearray()
    for header, window in ((b"\x78\x9c", 15), (b"\x78\x01", 15), (b"\x78\xda", 15), (b"\x1f\x8b\x08", 31)):
        start = content.find(header)
        while start >= 0:
            with suppress(zlib.error):
                found += zlib.decompressobj(window).decompress(content[start:])
            start = content.find(header, start + 1)
    return bytes(found).lower()


def has_deletions(folder: Path) -> bool:
    """Whether a segment keeps deleted passages, or files of a segment lie about that is not in use."""
    segments = json.loads((folder / "meta.json").read_text())["segments"]
    used = {segment["segment_id"].replace("-", "") for segment in segments}
    lying_about = [path for path in folder.iterdir() if len(path.stem) == 32 and path.stem not in used]
    return bool(lying_about) or any(segment["deletes"] for segment in segments)


def knows_terms(folder: Path) -> bool:
    searcher = LexicalIndex(folder).searcher(0)
    return any(searcher.passages_with(term) for term in (CANARY, CANARY + "o", "quagmirella", "dossier", "1931"))


def test_the_checks_see_what_is_there(folder: Path, home: Path) -> None:
    with KnowledgeBase.open(create=True) as base:
        base.ingest([folder]).wait()
    found = " ".join(traces(home))
    assert all(place in found for place in ("default/manifest.sqlite", ".store", "a term of lexical-0"))
    store = Store.open(home / "default", create=False)
    store.commit(Change(removed_files=(str(folder / f"{NAME}.md"),)), {})
    assert traces(home), "removed, but not settled yet"
    assert store.settle()
    assert traces(home) == []
    store.close()


def test_nothing_of_a_removed_document_stays_behind(folder: Path, home: Path) -> None:
    with KnowledgeBase.open(create=True) as base:
        base.ingest([folder]).wait()
        assert base.search(f"who bought the {CANARY}", 1)[0].chunk.source.endswith(f"{NAME}.md")
        report = base.remove([f"{NAME}.md"])
        assert (report.removed, report.purged) == (1, True)
        for mode in ("dense", "lexical", "hybrid"):
            assert all(NAME not in hit.chunk.source for hit in base.search(CANARY, 50, mode=mode))
        assert traces(home) == []
        assert base.verify().consistent
        assert len(base.search("green tea", 50, mode="lexical")) == 8
    assert traces(home) == []


def test_nothing_of_a_file_that_is_gone_stays_behind_after_a_sync(folder: Path, home: Path) -> None:
    with KnowledgeBase.open(create=True) as base:
        base.ingest([folder]).wait()
        (folder / f"{NAME}.md").unlink()
        (folder / "tea 0.md").write_text(KEPT + "\nA better cup.\n")
        assert base.ingest([folder], sync=True).wait().removed == 1
        assert traces(home) == []
        assert base.verify().consistent


def test_nothing_of_a_removed_document_stays_in_remembered_answers(folder: Path, home: Path) -> None:
    with KnowledgeBase.open(create=True) as base:
        base.ingest([folder]).wait()
        said = f"The {CANARY} was sold to {CANARY}os in 1931 [1][2][3]."
        base._models.generator = Once(lambda: ScriptedGenerator(said))
        assert base.ask(f"Who bought the {CANARY} in 1931?", by="model").answer().statements
        assert any("answers.sqlite" in trace for trace in traces(home))
        base.remove([f"{NAME}.md"])
        assert traces(home) == []


def test_no_memory_of_the_process_gets_into_the_vectors(folder: Path, home: Path) -> None:
    """Fresh memory is filled with a pattern here, in place of what once stood in it."""
    command = [sys.executable, "-m", "app.cli.main", "--home", str(home), "ingest", str(folder)]
    subprocess.run(command, check=True, env={**os.environ, "GLIBC_TUNABLES": "glibc.malloc.perturb=90"})
    paths = [path for path in files(home / "default" / "vectors") if path.suffix == ".bin"]
    assert len(paths) == 4
    assert all(bytes([90 ^ 255]) * 8 not in path.read_bytes() for path in paths)


def test_many_removals_leave_nothing_and_purge_together(folder: Path, home: Path) -> None:
    for number in range(20):
        (folder / f"{NAME} {number}.md").write_text(SECRET.replace("1931", f"{number}"))
    with KnowledgeBase.open(create=True) as base:
        for path in sorted(folder.iterdir()):
            base.ingest([path]).wait()
        sources = [row.source for row in base.documents() if NAME in row.name]
        assert base.remove(sources).removed == 21
        assert traces(home) == []
        assert base.verify().consistent


class Gossip:
    """A language model that says the secret without a word of where it has it from."""

    name = "gossip"

    def stream(self, _: Sequence[Message], **__: object) -> Iterator[str]:
        yield from ("Cups are counted every day [1]. ", f"By the way, there was a {CANARY} affair. ", "The end.")


def test_conversations_forget_what_they_quoted_from_a_removed_document(
    folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with KnowledgeBase.open(create=True) as base:
        base.ingest([folder]).wait()
        begun = base.conversations.start()
        assert CANARY in base.ask("What was sold in 1931?", conversation=begun.id).answer().text
        followed = base.ask("Who saw it again?", conversation=begun.id)
        assert CANARY in followed.searched.casefold()
        followed.answer()
        base.ask("How is green tea brewed?", conversation=begun.id).answer()
        monkeypatch.setattr(base._models, "generator", Gossip)
        told = base.ask("What was sold in 1931, and which cups?", conversation=begun.id, by="model").answer()
        assert CANARY in told.text
        stopped = base.ask("Which affair was there in 1931?", conversation=begun.id, by="model")
        assert CANARY in "".join(islice(stopped, 4))
        stopped.close()
        assert any(path.name.startswith("conversations") and holds(path, CANARY) for path in files(home))
        assert base.remove([f"{NAME}.md"]).purged
        assert traces(home) == []
        turns = base.conversations.open(begun.id).turns
        assert [turn.is_forgotten for turn in turns] == [True, True, False, True, True]
        assert turns[0].answer.notes == (FORGOTTEN,)
        assert "eighty degrees" in turns[2].answer.text


def test_an_answer_that_is_still_being_given_when_its_document_goes_is_not_kept(folder: Path, home: Path) -> None:
    with KnowledgeBase.open(create=True) as base:
        base.ingest([folder]).wait()
        begun = base.conversations.start()
        under_way = base.ask("What was sold in 1931?", conversation=begun.id)
        base.remove([f"{NAME}.md"])
        assert CANARY in under_way.answer().text
        assert traces(home) == []
        (turn,) = base.conversations.open(begun.id).turns
        assert turn.is_forgotten


def test_a_deleted_conversation_and_one_that_gives_way_to_newer_ones_leave_nothing(folder: Path, home: Path) -> None:
    settings = changed(Settings(), {"conversations.limit": 1})
    with KnowledgeBase.open(create=True, settings=settings) as base:
        base.ingest([folder]).wait()
        for forget in (base.conversations.delete, lambda _: base.conversations.start()):
            begun = base.conversations.start("Affairs")
            base.ask(f"When was the {CANARY} sold?", conversation=begun.id).answer()
            forget(begun.id)
            kept = [path for path in files(home / "default") if path.name.startswith("conversations")]
            assert kept
            assert not any(holds(path, CANARY) for path in kept)


def test_what_was_removed_by_a_process_that_died_is_forgotten_with_the_next_change(folder: Path, home: Path) -> None:
    with KnowledgeBase.open(create=True) as base:
        base.ingest([folder]).wait()
        begun = base.conversations.start()
        base.ask("What was sold in 1931?", conversation=begun.id).answer()
        base._store.commit(Change(removed_files=(str(folder / f"{NAME}.md"),)), {})
        assert any("conversations" in trace for trace in traces(home))
        base.ingest([folder / "tea 0.md"]).wait()
        assert traces(home) == []


def test_nothing_of_many_remembered_answers_stays_behind_where_others_are_kept(folder: Path, home: Path) -> None:
    """SQLite moves rows about in its pages, and leaves copies there when it deletes only some of them."""
    with KnowledgeBase.open(create=True) as base:
        base.ingest([folder]).wait()
        store = base._store

        def keep(number: int, words: str) -> None:
            with store.manifest.snapshot() as snapshot:
                state = snapshot.state
            key = Key(f"{number * 37 % 101} {words}", "")
            answer = Answer(key.wording, f"{words} text " * (number * 53 % 300), abstained=False)
            store.answers.keep(key, answer, state=state, limit=60)

        for number in range(150):
            keep(number, CANARY)
        store.commit(Change(removed_files=(str(folder / f"{NAME}.md"),)), {})
        for number in range(10):
            keep(number, "tea")
        assert store.settle()
        assert traces(home) == []
        assert len(base.remembered()) == 10

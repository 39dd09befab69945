"""A base built anew with other settings: it answers meanwhile, takes changes along, and needs no sources."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from citewell import KnowledgeBase, Settings
from kb.errors import FingerprintMismatch, Locked
from kb.settings import ChunkingSettings, EmbeddingSettings
from kb.store.store import STAGED

SMALL = Settings(chunking=ChunkingSettings(target_tokens=32))
FOREIGN = Settings(embedding=EmbeddingSettings(passage_prefix="passage: "))
"""Vectors of the same dimensions that mean something else."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    for number in range(6):
        paragraphs = (
            f"Report {number} says in part {part} that the value is {number * 10 + part}." for part in range(9)
        )
        (folder / f"report{number}.md").write_text(f"# Report {number}\n\n" + "\n\n".join(paragraphs) + "\n")
    (folder / "table.md").write_text("# Rivers\n\n| river | km |\n|---|---|\n| Rhine | 1233 |\n| Elbe | 1094 |\n")
    return folder


@pytest.fixture
def home(tmp_path: Path, folder: Path) -> Path:
    home = tmp_path / "home"
    with KnowledgeBase.open(home=home, create=True) as base:
        base.ingest([folder]).wait()
    shutil.move(folder, folder.with_name("moved away"))
    return home


def passages(base: KnowledgeBase) -> list[tuple[str, int, int, str]]:
    return [
        (Path(chunk.source).name, chunk.start, chunk.end, chunk.context.table)
        for row in base.documents()
        for chunk in base.passages(row.source)
    ]


def fresh(folder: Path, tmp_path: Path, settings: Settings) -> list[tuple[str, int, int, str]]:
    """The passages of a new base of the same documents."""
    with KnowledgeBase.open(home=tmp_path / "fresh", settings=settings, create=True) as base:
        base.ingest([folder.with_name("moved away")]).wait()
        return passages(base)


@pytest.mark.parametrize("settings", [SMALL, FOREIGN], ids=["passages", "vectors"])
def test_other_settings_are_refused_until_the_base_is_built_anew(
    home: Path, folder: Path, tmp_path: Path, settings: Settings
) -> None:
    with KnowledgeBase.open(home=home, settings=settings) as base:
        (tmp_path / "new.md").write_text("# New\n\nSomething new.\n")
        with pytest.raises(FingerprintMismatch, match="citewell reindex"):
            base.ingest([tmp_path / "new.md"]).wait()
        report = base.reindex().wait()
        assert (report.documents, report.cancelled) == (7, False)
        assert base.ingest([tmp_path / "new.md"]).wait().added == 1
        base.remove(["new.md"])
        assert passages(base) == fresh(folder, tmp_path, settings)
        assert base.search("What is the length of the Rhine?", 1)[0].chunk.source.endswith("table.md")
        assert base.verify().consistent
        assert base.reindex().wait().documents == 0
    assert not (home / "default" / "reindex").exists()
    with KnowledgeBase.open(home=home) as base, pytest.raises(FingerprintMismatch):
        base.ingest([tmp_path / "new.md"]).wait()


def test_the_base_answers_meanwhile_and_changes_are_taken_along(
    home: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built, go_on = Event(), Event()
    hold_before_going_over(monkeypatch, built, go_on)
    away = folder.with_name("moved away")
    with KnowledgeBase.open(home=home) as old, KnowledgeBase.open(home=home, settings=SMALL) as new:
        before = [hit.chunk.id for hit in old.search("value of report 3", 5)]
        job = new.reindex()
        assert built.wait(60)
        assert [hit.chunk.id for hit in old.search("value of report 3", 5)] == before
        old.remove(["report3.md"])
        (away / "late.md").write_text("# Late\n\nThis one came while the base was built anew.\n")
        assert old.ingest([away / "late.md"]).wait().added == 1
        with pytest.raises(Locked):
            old.reindex().wait()
        go_on.set()
        assert not job.wait().cancelled
        for base in (old, new):
            found = base.search("which one came while the base was built", 20, mode="lexical")
            assert found[0].chunk.source.endswith("late.md")
            assert all("report3" not in hit.chunk.source for hit in base.search("report 3 says", 50, mode="lexical"))
        assert max(len(text) for _, start, end, _ in passages(new) for text in ["x" * (end - start)]) < 250
        assert new.verify().consistent


def hold_before_going_over(monkeypatch: pytest.MonkeyPatch, built: Event, go_on: Event) -> None:
    """Lets a reindexing wait, once, when it has built everything."""
    from ingest.reindexing import Reindexing

    build: Callable[..., None] = Reindexing._build

    def held(self: Reindexing, staged: object) -> None:
        build(self, staged)
        built.set()
        go_on.wait(60)

    monkeypatch.setattr(Reindexing, "_build", held)


def test_a_cancelled_reindex_changes_nothing_and_the_next_one_takes_it_up(home: Path) -> None:
    with KnowledgeBase.open(home=home, settings=SMALL) as base:
        before = passages(base)
        job = base.reindex()
        job.cancel()
        assert job.wait().cancelled
        assert passages(base) == before
        assert base.verify().consistent
        assert not base.reindex().wait().cancelled
        assert len(passages(base)) > len(before)


def test_a_staging_for_other_settings_is_thrown_away(home: Path) -> None:
    with KnowledgeBase.open(home=home, settings=SMALL) as base:
        base._store.staged(create=True)
    with KnowledgeBase.open(home=home, settings=FOREIGN) as base:
        assert base.reindex().wait().documents == 7
        assert base.verify().consistent


def test_a_staging_that_was_cut_short_before_it_had_tables_is_in_nobodys_way(home: Path, tmp_path: Path) -> None:
    (home / "default" / STAGED).mkdir()
    (home / "default" / STAGED / "manifest.sqlite").touch()
    (tmp_path / "more.md").write_text("# More\n\nA heron stands there.\n")
    with KnowledgeBase.open(home=home) as base:
        assert base.ingest([tmp_path / "more.md"]).wait().added == 1
    with KnowledgeBase.open(home=home, settings=SMALL) as base:
        assert base.reindex().wait().documents == 8
        assert base.verify().consistent


def test_a_damaged_staging_is_built_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built, go_on = Event(), Event()
    with KnowledgeBase.open(home=home, settings=SMALL) as base:
        with monkeypatch.context() as patch:
            hold_before_going_over(patch, built, go_on)
            job = base.reindex()
            assert built.wait(60)
            shutil.copytree(home / "default" / "reindex", home / "saved")
            go_on.set()
            assert not job.wait().cancelled
        after = passages(base)
    with KnowledgeBase.open(home=home) as base:
        assert base.reindex().wait().documents == 7
    (home / "saved").rename(home / "default" / "reindex")
    for path in (home / "default" / "reindex").glob("lexical-*/*.term"):
        path.write_bytes(b"")
    with KnowledgeBase.open(home=home, settings=SMALL) as base:
        assert not base.reindex().wait().cancelled
        assert passages(base) == after
        assert base.verify().consistent

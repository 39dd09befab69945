"""What SQLite leaves in the free space of pages is overwritten, and nothing else is."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kb.store.gaps import blank_gaps

CANARY = "quagmirella"


def emptied(path: Path, seed: int) -> list[tuple[str, str]]:
    """Makes a database from which all names with the canary were deleted as SQLite does; the rows that are left."""
    chance = random.Random(seed)  # noqa: S311
    names = [f"/{CANARY if number % 3 == 0 else 'plain'} {chance.random()} {number}.md" for number in range(60)]
    chance.shuffle(names)
    with closing(sqlite3.connect(path, isolation_level=None)) as sql:
        sql.execute("PRAGMA journal_mode = WAL")
        sql.execute("PRAGMA secure_delete = ON")
        sql.execute("CREATE TABLE files (source TEXT PRIMARY KEY, words TEXT) WITHOUT ROWID")
        sql.execute("CREATE TABLE documents (id INTEGER PRIMARY KEY, source TEXT UNIQUE, words TEXT)")
        for name in names:
            sql.execute("INSERT INTO files VALUES (?, ?)", (name, "y" * chance.randrange(20, 200)))
            sql.execute("INSERT INTO documents VALUES (NULL, ?, ?)", (name, "z" * chance.randrange(100, 3000)))
        for table in ("files", "documents"):
            sql.execute(f"DELETE FROM {table} WHERE source LIKE '%{CANARY}%'")  # noqa: S608
        sql.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return sorted(sql.execute("SELECT source, words FROM documents"))


@pytest.fixture(scope="module")
def leaking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[tuple[str, str]]]]:
    """A database in which the canary is still there."""
    folder = tmp_path_factory.mktemp("databases")
    for seed in range(200):
        path = folder / f"{seed}.sqlite"
        rows = emptied(path, seed)
        if CANARY.encode() in path.read_bytes():
            yield path, rows
            return
    pytest.skip("this SQLite leaves nothing behind")


def test_what_was_left_is_overwritten_and_every_row_is_there(leaking: tuple[Path, list[tuple[str, str]]]) -> None:
    path, rows = leaking
    blank_gaps(path)
    assert CANARY.encode() not in path.read_bytes()
    with closing(sqlite3.connect(path)) as sql:
        assert sql.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert sorted(sql.execute("SELECT source, words FROM documents")) == rows
        assert len(rows) == 40


def test_a_file_that_cannot_be_written_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"nowhere\.sqlite"):
        blank_gaps(tmp_path / "nowhere.sqlite")

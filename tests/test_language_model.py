"""The unpacked language model: what it tells is what the package tells, and it is made anew where it is not whole."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_languages import TEXTS

from citewell import KnowledgeBase, Settings
from kb.settings import IngestSettings
from kb.text.language_model import mapped_identifier, packed_identifier

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

READER = """
from pathlib import Path
from ingest.readers.source_file import make_document

class Mapped:
    def read(self, file):
        yield make_document(file, text=Path("/proc/self/maps").read_text(), title="", media_type="text/plain")
"""


@pytest.fixture(scope="module")
def packed() -> LanguageIdentifier:
    return packed_identifier()


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that holds the model."""
    cache = tmp_path_factory.mktemp("cache")
    mapped_identifier(cache)
    return cache


@pytest.fixture
def cache(unpacked: Path, tmp_path: Path) -> Path:
    """One of a test's own, which it may damage."""
    return Path(shutil.copytree(unpacked, tmp_path / "cache"))


@pytest.fixture(scope="module")
def mapped(unpacked: Path) -> LanguageIdentifier:
    return mapped_identifier(unpacked)


def place(cache: Path) -> Path:
    (only,) = cache.iterdir()
    return only


def stamps(cache: Path) -> dict[str, tuple[int, int]]:
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in place(cache).iterdir()}


def test_it_ranks_every_language_as_the_package_does(packed: LanguageIdentifier, mapped: LanguageIdentifier) -> None:
    texts = [*TEXTS.values(), *(text.upper() for text in TEXTS.values()), "", " ", "\x00", "a", "1,234.5", "x" * 9_000]
    texts += [f"{one} {other}" for one in TEXTS.values() for other in TEXTS.values()]
    assert [mapped.rank(text) for text in texts] == [packed.rank(text) for text in texts]
    assert mapped.labels == packed.labels


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=400) | st.text(st.sampled_from("aeinrst äßéñçøðħł іїя אב ءا 的是 の"), max_size=400))
def test_it_ranks_any_text_as_the_package_does(packed: object, mapped: object, text: str) -> None:
    assert mapped.rank(text) == packed.rank(text)  # type: ignore[attr-defined]


def test_what_is_unpacked_is_used_again(unpacked: Path) -> None:
    before = stamps(unpacked)
    mapped_identifier(unpacked)
    assert stamps(unpacked) == before


@pytest.mark.parametrize(
    ("name", "damage"),
    [("moves", "gone"), ("moves", "short"), ("weights", "other"), ("stamps", "gone"), ("stamps", "other")],
)
def test_what_is_damaged_is_unpacked_again(cache: Path, name: str, damage: str) -> None:
    whole = {path.name: path.read_bytes() for path in place(cache).glob("*.npy")}
    (file,) = place(cache).glob(f"{name}.*")
    if damage == "gone":
        file.unlink()
    else:
        size = file.stat().st_size
        file.write_bytes(bytes(size // 2 if damage == "short" else size))
    mapped_identifier(cache)
    assert {path.name: path.read_bytes() for path in place(cache).glob("*.npy")} == whole
    before = stamps(cache)
    mapped_identifier(cache)
    assert stamps(cache) == before


def test_what_was_left_by_one_that_was_killed_goes(tmp_path: Path) -> None:
    left, at_work = tmp_path / ".unpacking-left", tmp_path / ".unpacking-now"
    left.mkdir()
    at_work.mkdir()
    os.utime(left, (0, 0))
    mapped_identifier(tmp_path)
    assert not left.exists()
    assert at_work.exists()


def test_it_is_unpacked_into_memory_where_it_cannot_be_kept(tmp_path: Path, packed: LanguageIdentifier) -> None:
    no_folder = tmp_path / "file"
    no_folder.write_text("not a folder", encoding="utf-8")
    assert mapped_identifier(no_folder).rank(TEXTS["fi"]) == packed.rank(TEXTS["fi"])


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="nothing tells what a process has mapped")
def test_parsers_map_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader of one's own tells what its process has mapped."""
    (tmp_path / "mapped_reader.py").write_text(READER, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "a.maps").write_text("anything", encoding="utf-8")
    settings = Settings(ingest=IngestSettings(readers={".maps": "mapped_reader:Mapped"}))
    with KnowledgeBase.open(settings=settings, create=True) as base:
        base.ingest([tmp_path / "documents"]).wait()
        (row,) = base.documents()
        told = base.document(row.source).text
    assert "moves.npy" in told
    assert "weights.npy" in told

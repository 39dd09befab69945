"""Damage to an index is noticed, whichever file it hits, and repaired from the manifest alone."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from citewell import KnowledgeBase
from kb.errors import StoreError
from kb.protocols import Embedder

TEXTS = {
    "walrus.md": "# Walrus\n\nThe tusks of a walrus grow to about one metre in length.\n",
    "steam.md": "# Steam\n\nJames Watt patented the separate condenser in 1769.\n",
    "tea.md": "# Tea\n\nGreen tea is brewed at about eighty degrees.\n",
}
QUESTION = "how long are tusks"


def truncated(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def altered(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x20
    path.write_bytes(content)


def deleted(path: Path) -> None:
    path.unlink()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, model_cache: Path) -> Path:
    """The home of a base whose index was written in several steps, the documents it came from gone."""
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("documents")
    with KnowledgeBase.open(home=home, create=True) as base:
        for name, text in TEXTS.items():
            (folder / name).write_text(text)
            base.ingest([folder]).wait()
        base.remove(["steam.md"])
    shutil.rmtree(folder)
    return home


def found(base: KnowledgeBase) -> list[tuple[str, float]]:
    hits = [hit for mode in ("dense", "lexical") for hit in base.search(QUESTION, 5, mode=mode)]
    return [(hit.chunk.text, round(hit.score, 4)) for hit in hits]


@pytest.mark.parametrize("damage", [truncated, altered, deleted])
def test_damage_to_any_index_file_is_noticed_and_repaired_without_sources_and_models(
    whole: Path, tmp_path: Path, damage: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with KnowledgeBase.open(home=whole) as base:
        assert base.verify().consistent
        before = found(base)
    current = current_index_files(whole)
    assert len(current) >= 12
    for number, file in enumerate(current):
        if not (whole / "default" / file).stat().st_size and damage is not deleted:
            continue
        home = tmp_path / str(number)
        shutil.copytree(whole, home)
        damage(home / "default" / file)
        with KnowledgeBase.open(home=home) as base:
            with monkeypatch.context() as patch:
                patch.setattr("citewell.models.load_embedder", refuse_to_load)
                assert base.verify().problems, f"{damage.__name__} {file} went unnoticed"
                repaired = base.verify(repair=True)
            assert repaired.repaired
            assert repaired.consistent, (file, repaired.problems)
            assert found(base) == before, file
        shutil.rmtree(home)


def refuse_to_load(**_: object) -> Embedder:
    raise AssertionError("a model was loaded")


def current_index_files(home: Path) -> list[Path]:
    """The files of the indexes that are in use: the generation before the current one may go at any time."""
    from kb.store.manifest import Manifest

    base = home / "default"
    manifest = Manifest(base / "manifest.sqlite")
    with manifest.snapshot() as snapshot:
        generation = snapshot.generation()
        assert generation is not None
        folders = [base / snapshot.meta("lexical"), base / "vectors" / generation.name]
    manifest.close()
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"]
    return sorted(path.relative_to(base) for path in files)


@pytest.mark.parametrize("name", ["meta.json", "data_level0.bin"])
def test_a_truncated_index_is_refused_when_the_base_is_opened(whole: Path, tmp_path: Path, name: str) -> None:
    home = tmp_path / "home"
    shutil.copytree(whole, home)
    [path] = [home / "default" / file for file in current_index_files(home) if file.name == name]
    truncated(path)
    with KnowledgeBase.open(home=home) as base, pytest.raises(StoreError, match="citewell verify --repair"):
        base.search(QUESTION)


def test_a_base_that_was_copied_elsewhere_is_not_taken_for_damaged(whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole, tmp_path / "copy", copy_function=shutil.copyfile)
    with KnowledgeBase.open(home=whole) as original, KnowledgeBase.open(home=tmp_path / "copy") as copy:
        assert found(copy) == found(original)
        assert copy.verify().consistent


def test_a_manifest_that_is_damaged_is_said_to_be(whole: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(whole, home)
    manifest = home / "default" / "manifest.sqlite"
    content = bytearray(manifest.read_bytes())
    content[4096 * 3 : 4096 * 12] = b"\xff" * 4096 * 9
    manifest.write_bytes(content)
    with KnowledgeBase.open(home=home) as base:
        [problem] = base.verify().problems
        assert "malformed" in problem
        assert not base.verify().repairable
        again = base.verify(repair=True)
        assert (again.problems, again.repaired) == ((problem,), False), "nothing holds what the manifest held"

"""Search by meaning overlooks nothing: among near duplicates, after removals, and with generations of any age."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from kb.errors import StoreError
from kb.identity import chunk_id, document_id
from kb.protocols import Vectors
from kb.store import codes as codes_module
from kb.store import vectors as generations
from kb.store.codes import CODES, FILES, coded, read_codes, united
from kb.store.records import embedding_key
from kb.store.snapshot import FileRecord
from kb.store.stamps import packed, take_stamps
from kb.store.store import Addition, Change, Store
from kb.store.vectors import VectorGeneration
from kb.types import Chunk, Context, Document

DIMENSIONS = 32
CLUSTERS, SIZE = 6, 1_000
FINGERPRINTS = {"embedder": "model:1", "splitter": "lines:1"}
K = 100


def unit(vectors: Vectors) -> Vectors:
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def clustered(size: int = SIZE, *, seed: int = 1) -> Vectors:
    """Tight clusters, which a graph search does not always find the way out of; one row of each in turn."""
    chance = np.random.default_rng(seed)
    centres = unit(chance.normal(size=(1, CLUSTERS, DIMENSIONS)))
    return unit(centres + 0.01 * chance.normal(size=(size, CLUSTERS, DIMENSIONS))).reshape(-1, DIMENSIONS)


def off_topic(seed: int) -> Vectors:
    return unit(np.random.default_rng(100 + seed).normal(size=DIMENSIONS))


def adding(name: str, vectors: Vectors) -> Change:
    """A document that has a passage for each of `vectors`."""
    source = f"/folder/{name}"
    lines = [f"{name} {place}\n" for place in range(len(vectors))]
    ends = np.cumsum([len(line) for line in lines]).tolist()
    identifier = document_id(source)
    whole = Document(identifier, source, name, "".join(lines), "text/plain", sha256=name)
    chunks = tuple(
        Chunk(
            chunk_id(identifier, end - len(line), end, line),
            identifier,
            source,
            line,
            end - len(line),
            end,
            None,
            Context(title=name),
        )
        for line, end in zip(lines, ends, strict=True)
    )
    keys = tuple(embedding_key("model:1", line) for line in lines)
    return Change(
        additions=(Addition(source, whole, chunks, keys),),
        files=(FileRecord(source, "/folder", 1, 1, name, "ready", datetime.now(UTC)),),
        vectors=dict(zip(keys, vectors, strict=True)),
    )


def filled(home: Path, vectors: Vectors, *, documents: int = 10) -> Store:
    store = Store.open(home, create=True)
    for number, part in enumerate(np.array_split(vectors, documents)):
        store.commit(adding(f"{number}.txt", part), FINGERPRINTS)
    return store


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a store of ten documents, all of whose vectors are in a generation."""
    home = tmp_path_factory.mktemp("published") / "base"
    with closing(filled(home, clustered())) as store:
        store.publish()
    return home


@pytest.fixture
def store(published: Path, tmp_path: Path) -> Iterator[Store]:
    with closing(Store.open(shutil.copytree(published, tmp_path / "base"), create=False)) as store:
        yield store


def visible(store: Store) -> dict[str, Vectors]:
    """The vectors of the visible passages by their texts, read from the manifest."""
    with store.manifest.snapshot() as snapshot:
        rows = snapshot.rows("SELECT text, vector FROM chunks JOIN embeddings ON embeddings.id = embedding")
    return {text: np.frombuffer(vector, "<f4") for text, vector in rows}


def assert_exact(store: Store, *, queries: int = 20) -> None:
    """What is found are the nearest of all, in order, with their cosines: for queries unlike and like the vectors."""
    known = visible(store)
    vectors = np.stack(list(known.values()))
    like = vectors[:: len(vectors) // queries][:queries]
    for query in [*(off_topic(seed) for seed in range(queries)), *like]:
        true = np.sort(vectors @ query)[::-1][:K]
        with store.view() as view:
            found = view.nearest(query, K)
        scores = np.array([hit.score for hit in found])
        assert np.abs(scores - true).max() < 1e-6
        assert np.abs(scores - [known[hit.chunk.text] @ query for hit in found]).max() < 1e-6
        assert len({hit.chunk.id for hit in found}) == K


def generation_folder(store: Store) -> Path:
    with store.manifest.snapshot() as snapshot:
        generation = snapshot.generation()
    assert generation is not None
    return store.home / "vectors" / generation.name


def restamp(store: Store) -> None:
    """Takes the files of the current generation as they are now for whole."""
    folder = generation_folder(store)
    stamps = packed(take_stamps(folder, before={}, digest=generations._digest))
    with store.manifest.transaction() as transaction:
        transaction._sql.execute("UPDATE generations SET stamps = ? WHERE name = ?", (stamps, folder.name))


def make_older(store: Store) -> None:
    """Leaves the current generation as a version made it that knew no codes."""
    for name in FILES:
        (generation_folder(store) / name).unlink()
    restamp(store)


def test_a_graph_search_overlooks_what_the_codes_find(store: Store) -> None:
    assert_exact(store)
    make_older(store)
    with closing(Store.open(store.home, create=False)) as older, pytest.raises(AssertionError):
        assert_exact(older)


@pytest.mark.parametrize("gone", [2, 3])
def test_search_is_exact_after_removals_before_and_after_publishing(store: Store, gone: int) -> None:
    """Two of ten documents leave the last generation's codes, three have it built anew."""
    store.commit(Change(removed_files=tuple(f"/folder/{number}.txt" for number in range(gone))), FINGERPRINTS)
    assert_exact(store)
    store.publish()
    assert_exact(store)
    codes = read_codes(generation_folder(store))
    assert codes is not None
    assert len(codes.numbers) == CLUSTERS * SIZE * (10 - gone) // 10
    assert store.problems() == []


def test_search_is_exact_among_published_and_newer_vectors(store: Store) -> None:
    store.commit(adding("new.txt", clustered(150, seed=2)), FINGERPRINTS)
    assert_exact(store)
    store.publish()
    assert_exact(store)
    assert store.problems() == []


def test_a_generation_without_codes_gets_them_with_the_next_one(store: Store) -> None:
    make_older(store)
    assert store.problems() == []
    store.commit(adding("new.txt", clustered(7, seed=2)), FINGERPRINTS)
    store.publish()
    assert_exact(store)
    assert store.problems() == []


def test_too_many_vectors_have_no_codes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generations, "EXACT_MAX", CLUSTERS * SIZE)
    store.commit(adding("new.txt", clustered(1, seed=2)), FINGERPRINTS)
    store.publish()
    assert read_codes(generation_folder(store)) is None
    assert store.problems() == []
    with store.view() as view:
        assert view.nearest(off_topic(1), K)
    store.commit(Change(removed_files=("/folder/new.txt",)), FINGERPRINTS)
    store.publish()
    assert_exact(store)


def test_an_emptied_base_can_be_filled_again(tmp_path: Path) -> None:
    with closing(filled(tmp_path / "base", clustered(30), documents=1)) as store:
        store.publish()
        store.commit(Change(removed_files=("/folder/0.txt",)), FINGERPRINTS)
        store.publish()
        with store.view() as view:
            assert view.nearest(off_topic(1), K) == []
        store.commit(adding("again.txt", clustered(30)), FINGERPRINTS)
        store.publish()
        assert_exact(store)
        assert store.problems() == []


@pytest.mark.parametrize("name", FILES)
def test_damaged_codes_are_noticed_and_made_anew(store: Store, name: str) -> None:
    path = generation_folder(store) / name
    path.write_bytes(path.read_bytes()[:-100])
    found = store.problems()
    assert [problem.sentence for problem in found] == [f"Files of the vector index are damaged or missing: {name}."]
    with closing(Store.open(store.home, create=False)) as again, pytest.raises(StoreError, match="verify --repair"):
        assert_exact(again)
    restamp(store)
    with closing(Store.open(store.home, create=False)) as again, pytest.raises(StoreError, match="verify --repair"):
        assert_exact(again)
    store.repair(found)
    assert store.problems() == []
    assert_exact(store)


def test_codes_of_other_vectors_are_noticed(store: Store) -> None:
    folder = generation_folder(store)
    codes = np.load(folder / CODES)
    codes[[3, 4]] = codes[[4, 3]]
    np.save(folder / CODES, codes)
    restamp(store)
    [problem] = store.problems()
    assert problem.sentence == "The codes of 2 vectors are not theirs in the vector index."
    held = read_codes(folder)
    assert held is not None
    held.without([1]).write(folder)
    restamp(store)
    assert any("The codes of" in problem.sentence for problem in store.problems())


def test_nothing_left_out_has_a_higher_cosine_than_said() -> None:
    vectors = clustered()
    codes = coded(list(range(len(vectors))), vectors)
    for seed in range(30):
        cosines = vectors @ off_topic(seed)
        numbers, highest = codes.nearest(off_topic(seed), 50)
        others = np.delete(cosines, numbers)
        assert len(set(numbers)) == 50
        assert highest is not None
        assert others.max() <= highest < others.max() + 0.05
    assert codes.nearest(off_topic(1), len(vectors))[1] is None


@pytest.mark.parametrize("shared", [1, 10**6])
def test_all_are_compared_by_one_thread_and_by_two(shared: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes_module, "_SHARED", shared)
    vectors = np.stack([off_topic(seed) for seed in range(101)])
    codes = coded(list(range(101)), vectors)
    assert [codes.nearest(vector, 1)[0] for vector in vectors] == [[row] for row in range(101)]


def test_equal_vectors_stand_by_number_and_zeros_are_harmless() -> None:
    vectors = np.stack([off_topic(1), np.zeros(DIMENSIONS), off_topic(1)]).astype(np.float32)
    codes = united([coded([9, 5], vectors[:2]), coded([7], vectors[2:])])
    assert codes.numbers.tolist() == [5, 7, 9]
    assert codes.nearest(off_topic(1), 3) == ([7, 9, 5], None)
    assert codes.nearest(off_topic(1), 1)[0] == [7]
    assert codes.unlike([5, 7, 9], vectors[[1, 2, 0]]) == 0
    assert codes.unlike([5, 7, 8], vectors[[0, 2, 0]]) == 2


def test_a_generation_gives_the_cosines_that_the_manifest_has(store: Store) -> None:
    with closing(VectorGeneration(generation_folder(store), {})) as generation:
        numbers, _ = generation.nearest(off_topic(3), 10)
        assert len(numbers) == 65
        [(held, vectors), *_] = generation.contents()
    assert len(held) == len(vectors)

"""The store: what a commit shows and hides, in every search mode, and that indexes can be rebuilt from the manifest."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from kb.errors import FingerprintMismatch, Locked, UnknownKnowledgeBase
from kb.identity import chunk_id, document_id
from kb.protocols import Vectors
from kb.store.lexical import LexicalIndex
from kb.store.lock import exclusive
from kb.store.manifest import Manifest
from kb.store.records import embedding_key
from kb.store.snapshot import FileRecord
from kb.store.store import Addition, Change, Store
from kb.store.verify import Problem
from kb.types import Anchor, Chunk, Context, Document, Mark, TextBox

DIMENSIONS = 8
FINGERPRINTS = {"embedder": "model:1", "splitter": "splitter:1"}


def vector_of(text: str) -> Vectors:
    seed = int.from_bytes(text.encode()[:4].ljust(4, b"\0"), "big") + len(text)
    values = np.random.default_rng(seed).normal(size=DIMENSIONS)
    return (values / np.linalg.norm(values)).astype(np.float32)


def document(source: str, *paragraphs: str) -> tuple[Document, tuple[Chunk, ...]]:
    text = "\n\n".join(paragraphs)
    identifier = document_id(source)
    whole = Document(
        id=identifier,
        source=source,
        title=source.rsplit("/", 1)[-1],
        text=text,
        media_type="text/plain",
        sha256=str(hash(text)),
        marks=(Mark(0, Anchor("page", "page 1", 1)),),
        boxes=(TextBox(0, len(paragraphs[0]), 1, 72.0, 700.0, 300.5, 712.25),),
    )
    chunks = []
    for paragraph in paragraphs:
        start = text.index(paragraph)
        end = start + len(paragraph)
        context = Context(title=whole.title, headings=("One", "Two"))
        name = chunk_id(identifier, start, end, paragraph)
        chunks.append(Chunk(name, identifier, source, paragraph, start, end, whole.marks[0].anchor, context))
    return whole, tuple(chunks)


def adding(source: str, *paragraphs: str) -> Change:
    whole, chunks = document(source, *paragraphs)
    keys = tuple(embedding_key("model:1", chunk.text) for chunk in chunks)
    return Change(
        additions=(Addition(source, whole, chunks, keys),),
        files=(FileRecord(source, "/folder", 1, 1, whole.sha256, "ready", datetime.now(UTC)),),
        vectors={key: vector_of(chunk.text) for key, chunk in zip(keys, chunks, strict=True)},
    )


def texts(store: Store, query: str, k: int = 10) -> tuple[list[str], list[str]]:
    """What dense and lexical search find."""
    with store.view() as view:
        dense = [hit.chunk.text for hit in view.nearest(vector_of(query), k)]
        lexical = [hit.chunk.text for hit in view.matching(query, k)]
    return dense, lexical


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "base", create=True, lock_wait=0.2)


def test_a_commit_is_searchable_at_once_and_the_same_once_published(store: Store) -> None:
    store.commit(adding("/folder/a.txt", "alpha beta", "gamma delta"), FINGERPRINTS)
    before = texts(store, "alpha beta")
    assert before == (["alpha beta", "gamma delta"], ["alpha beta"])
    store.publish()
    assert texts(store, "alpha beta") == before
    with store.view() as view:
        assert view.generation is not None
        published = view.snapshot.generation()
        assert published is not None
        assert (published.watermark, published.vectors) == (2, 2)
    assert store.problems() == []


def test_documents_and_passages_come_back_as_they_went_in(store: Store) -> None:
    whole, chunks = document("/folder/a.txt", "alpha beta", "gamma 中文 😀")
    store.commit(adding("/folder/a.txt", "alpha beta", "gamma 中文 😀"), FINGERPRINTS)
    with store.manifest.snapshot() as snapshot:
        assert snapshot.document("/folder/a.txt") == whole
        assert snapshot.chunks(whole.id) == list(chunks)


def test_a_changed_document_replaces_the_old_one_and_keeps_its_unchanged_passages(store: Store) -> None:
    store.commit(adding("/folder/a.txt", "alpha beta", "gamma delta"), FINGERPRINTS)
    store.publish()
    store.commit(adding("/folder/a.txt", "alpha beta", "epsilon zeta"), FINGERPRINTS)
    assert texts(store, "gamma delta") == (sorted_by_cosine("gamma delta", ["alpha beta", "epsilon zeta"]), [])
    assert texts(store, "alpha")[1] == ["alpha beta"]
    store.settle()
    store.publish()
    assert texts(store, "epsilon zeta")[1] == ["epsilon zeta"]
    assert store.problems() == []
    with store.view() as view:
        assert view.snapshot.counts() == (1, 2, 2)


def test_a_removed_document_is_gone_in_every_mode_before_anything_is_swept(store: Store) -> None:
    store.commit(adding("/folder/a.txt", "alpha beta"), FINGERPRINTS)
    store.commit(adding("/folder/b.txt", "alpha gamma"), FINGERPRINTS)
    store.publish()
    store.commit(Change(removed_files=("/folder/a.txt",)), {})
    assert texts(store, "alpha beta", k=1) == (["alpha gamma"], ["alpha gamma"])
    store.settle()
    store.publish()
    assert store.problems() == []
    with store.view() as view:
        assert view.snapshot.counts() == (1, 1, 1)


def test_equal_text_in_two_documents_shares_a_vector_and_keeps_both_places(store: Store) -> None:
    store.commit(adding("/folder/a.txt", "the same words"), FINGERPRINTS)
    store.commit(adding("/folder/b.txt", "the same words"), FINGERPRINTS)
    store.publish()
    with store.view() as view:
        assert view.snapshot.counts() == (2, 2, 1)
        assert {hit.chunk.source for hit in view.nearest(vector_of("the same words"), 2)} == {
            "/folder/a.txt",
            "/folder/b.txt",
        }
    store.commit(Change(removed_files=("/folder/a.txt",)), {})
    store.publish()
    assert texts(store, "the same words") == (["the same words"], ["the same words"])


def test_a_view_does_not_move_and_knows_when_it_is_out_of_date(store: Store) -> None:
    store.commit(adding("/folder/a.txt", "alpha beta"), FINGERPRINTS)
    with store.view() as view:
        assert view.is_current()
        store.commit(adding("/folder/b.txt", "alpha gamma"), FINGERPRINTS)
        assert [hit.chunk.text for hit in view.nearest(vector_of("alpha"), 10)] == ["alpha beta"]
        assert not view.is_current()


def test_an_interrupted_commit_shows_nothing_and_the_next_one_heals_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.commit(adding("/folder/a.txt", "alpha beta"), FINGERPRINTS)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("kb.store.store._apply", _interrupt)
        store.commit(adding("/folder/b.txt", "alpha gamma"), FINGERPRINTS)
    assert texts(store, "gamma")[1] == []
    assert store.problems() == []
    assert len(held(store)) == 2, (
        "the passage that came too early is still in the lexical index, and known as left over"
    )
    store.commit(adding("/folder/c.txt", "alpha delta"), FINGERPRINTS)
    assert len(held(store)) == 2
    assert store.problems() == []


def test_verify_names_what_is_missing_and_rebuild_restores_it(store: Store, tmp_path: Path) -> None:
    store.commit(adding("/folder/a.txt", "alpha beta", "gamma delta"), FINGERPRINTS)
    store.publish()
    whole = texts(store, "gamma delta")
    with store.view() as view:
        name = view.snapshot.lexical_leftovers()
        lexical = store._words.index(view.snapshot)
    assert name == []
    lexical.write(remove=list(_numbers(store))[:1], add=())
    reopened = Store.open(tmp_path / "base", create=False)
    [problem] = reopened.problems()
    assert problem.sentence.startswith("Files of the lexical index are damaged or missing: ")
    reopened.repair(reopened.problems())
    assert reopened.problems() == []
    assert texts(reopened, "gamma delta") == whole


def test_only_two_generations_stay_on_disk(store: Store, tmp_path: Path) -> None:
    for name in "abcd":
        store.commit(adding(f"/folder/{name}.txt", f"text of {name}"), FINGERPRINTS)
        store.publish()
    folders = list((tmp_path / "base" / "vectors").iterdir())
    assert len(folders) == 2
    assert all((folder / "chroma.sqlite3").is_file() for folder in folders)


def test_many_removals_build_the_generation_afresh(store: Store) -> None:
    store.commit(adding("/folder/keep.txt", "the one that stays"), FINGERPRINTS)
    store.commit(adding("/folder/big.txt", *(f"paragraph number {index}" for index in range(40))), FINGERPRINTS)
    store.publish()
    store.commit(Change(removed_files=("/folder/big.txt",)), {})
    assert texts(store, "paragraph number 7")[0] == ["the one that stays"]
    store.publish()
    with store.view() as view:
        assert view.generation is not None
        assert sum(len(numbers) for numbers, _ in view.generation.contents()) == 1


def test_another_embedder_is_refused_with_both_names(store: Store) -> None:
    store.commit(adding("/folder/a.txt", "alpha"), FINGERPRINTS)
    with pytest.raises(FingerprintMismatch, match=r"model:1.*model:2"):
        store.commit(adding("/folder/b.txt", "beta"), {"embedder": "model:2"})


def test_a_base_that_is_not_there_is_not_created(tmp_path: Path) -> None:
    with pytest.raises(UnknownKnowledgeBase, match="nowhere"):
        Store.open(tmp_path / "nowhere", create=False)
    assert not (tmp_path / "nowhere").exists()


def test_a_second_writer_is_told_who_holds_the_lock(store: Store, tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from kb.store.lock import exclusive\n"
        f"with exclusive(Path({str(tmp_path / 'base' / 'writer.lock')!r}), wait=5):\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Locked, match=f"pid {holder.pid}"):
            store.commit(adding("/folder/a.txt", "alpha"), FINGERPRINTS)
        holder.communicate("")
    store.commit(adding("/folder/a.txt", "alpha"), FINGERPRINTS)
    assert texts(store, "alpha")[1] == ["alpha"]


def test_the_lock_can_be_taken_again_by_the_same_thread_only_after_release(tmp_path: Path) -> None:
    second = exclusive(tmp_path / "a.lock", wait=0.1)
    with exclusive(tmp_path / "a.lock", wait=0.1), pytest.raises(Locked), second:
        pass


def test_views_outlive_the_generations_they_were_opened_on(store: Store) -> None:
    store.commit(adding("/folder/a.txt", "alpha beta"), FINGERPRINTS)
    store.publish()
    with store.view() as old:
        for name in "bcd":
            store.commit(adding(f"/folder/{name}.txt", f"alpha {name}"), FINGERPRINTS)
            store.publish()
            assert texts(store, "alpha")[1][0].startswith("alpha")
        assert [hit.chunk.text for hit in old.nearest(vector_of("alpha"), 10)] == ["alpha beta"]
    with store.view() as view:
        assert len(view.nearest(vector_of("alpha"), 10)) == 4


def test_a_reader_follows_a_rebuild_that_deletes_what_it_had_open(store: Store, tmp_path: Path) -> None:
    store.commit(adding("/folder/a.txt", "alpha beta"), FINGERPRINTS)
    store.publish()
    reader = Store.open(tmp_path / "base", create=False)
    with reader.view() as old:
        store.repair([Problem("words", ""), Problem("vectors", "")])
        store.commit(adding("/folder/b.txt", "alpha gamma"), FINGERPRINTS)
        store.publish()
        assert [hit.chunk.text for hit in old.matching("alpha", 5)] == ["alpha beta"]
        assert [hit.chunk.text for hit in old.nearest(vector_of("alpha"), 5)] == ["alpha beta"]
    assert sorted(texts(reader, "alpha")[1]) == ["alpha beta", "alpha gamma"]
    assert len(list((tmp_path / "base").glob("lexical-*"))) == 1


def test_removed_text_is_purged_once_no_reader_is_in_the_way(store: Store, tmp_path: Path) -> None:
    canary = "xylographic quandary"
    store.commit(adding("/folder/a.txt", canary), FINGERPRINTS)
    store.commit(adding("/folder/b.txt", "what stays"), FINGERPRINTS)
    with store.manifest.snapshot():
        store.commit(Change(removed_files=("/folder/a.txt",)), {})
        assert not store.settle(wait=0.3)
    assert store.settle()
    for path in (tmp_path / "base").glob("manifest.sqlite*"):
        assert canary.encode() not in path.read_bytes()


def test_folders_of_interrupted_work_are_cleared_away(store: Store, tmp_path: Path) -> None:
    store.commit(adding("/folder/a.txt", "alpha beta"), FINGERPRINTS)
    store.publish()
    for name in ("vectors/0123.part", "vectors/4567", "lexical-7"):
        (tmp_path / "base" / name).mkdir()
    store.settle()
    store.publish()
    assert [path.name for path in (tmp_path / "base").glob("lexical-*")] == ["lexical-0"]
    assert len(list((tmp_path / "base" / "vectors").iterdir())) == 1


def test_a_base_of_another_format_is_refused(store: Store, tmp_path: Path) -> None:
    with store.manifest.transaction() as transaction:
        transaction.set_meta("schema", "99")
    with pytest.raises(FingerprintMismatch, match="format 99"):
        Store.open(tmp_path / "base", create=False)


def test_an_emptied_base_takes_another_embedder(store: Store) -> None:
    store.commit(adding("/folder/a.txt", "alpha"), FINGERPRINTS)
    store.commit(Change(removed_files=("/folder/a.txt",)), {})
    store.require_fingerprint("embedder", "model:2")


def test_what_a_writer_wrote_before_it_was_killed_is_not_in_the_way(tmp_path: Path) -> None:
    _, passages = document("a.md", "A otter.", "B otter.")
    index = LexicalIndex.create(tmp_path / "lexical")
    index.write(remove=[], add=[(number, passage) for number, passage in enumerate(passages, 1)])
    committed = (tmp_path / "lexical" / "meta.json").read_bytes()
    index.write(remove=[1], add=[])
    (tmp_path / "lexical" / "meta.json").write_bytes(committed)
    reopened = LexicalIndex(tmp_path / "lexical")
    assert sorted(reopened.searcher(0).numbers()) == [1, 2]
    reopened.write(remove=[1], add=[])
    assert reopened.searcher(1).numbers() == [2]


def test_a_second_creator_leaves_what_the_first_has_made(store: Store) -> None:
    store.commit(adding("a.md", "A otter."), {})
    late = Store(store.home, Manifest(store.home / "manifest.sqlite"))
    late._create()
    assert texts(store, "otter") == texts(late, "otter") == (["A otter."], ["A otter."])


def held(store: Store) -> list[int]:
    """What the lexical index holds, seen or not."""
    with Store.open(store.home, create=False).view() as view:
        return view.lexical.numbers()


def sorted_by_cosine(query: str, candidates: list[str]) -> list[str]:
    return sorted(candidates, key=lambda text: -float(vector_of(text) @ vector_of(query)))


def _interrupt(*arguments: object) -> None:
    raise KeyboardInterrupt


def _numbers(store: Store) -> set[int]:
    with store.manifest.snapshot() as snapshot:
        return snapshot.chunk_numbers()


def test_what_was_removed_hides_nothing_that_is_older(store: Store) -> None:
    """The generation's first candidates are gone, newer passages are many: the next best is the generation's."""
    query = vector_of("q")

    def beside(share: float, seed: int) -> Vectors:
        other = np.random.default_rng(seed).normal(size=DIMENSIONS)
        other -= query * (other @ query)
        vector = share * query + np.sqrt(1 - share**2) * other / np.linalg.norm(other)
        return vector.astype(np.float32)

    def change(name: str, shares: list[float]) -> Change:
        added = adding(name, *[f"{name} says {share}" for share in shares])
        keys = added.additions[0].keys
        return replace(added, vectors={key: beside(s, n) for n, (key, s) in enumerate(zip(keys, shares, strict=True))})

    store.commit(change("/folder/gone.txt", [0.99, 0.98, 0.97, 0.96]), FINGERPRINTS)
    store.commit(change("/folder/old.txt", [0.9, 0.8]), FINGERPRINTS)
    store.publish()
    store.commit(change("/folder/new.txt", [0.1, 0.2, 0.3, 0.4]), FINGERPRINTS)
    store.commit(Change(removed_files=("/folder/gone.txt",)), FINGERPRINTS)
    with store.view() as view:
        found = [round(hit.score, 3) for hit in view.nearest(query, 2)]
    assert found == [0.9, 0.8]

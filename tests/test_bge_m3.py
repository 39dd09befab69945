"""BGE-M3: its three views of a text and their scores together, as FlagEmbedding has them, on a tiny random model."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_encoders import WIDTH, encoder, heads
from tiny_files import empty_tokenizer, lose_weights

from citewell import KnowledgeBase, Settings
from citewell.models import Models
from kb.errors import FingerprintMismatch, MissingModel, SettingsError
from kb.models.bge_m3 import BgeM3Encoder, BgeM3Scorer, Views, ViewWeights, score_together
from kb.models.bge_m3_loading import load_bge_m3, torch_network
from kb.models.checkpoint import Checkpoint, read_checkpoint
from kb.models.embedders import load_embedder
from kb.settings import EmbeddingSettings, RerankSettings, ViewSettings, changed
from kb.text.passages import indexed_text

TEXTS = ["red river", "deep water of the deep river stones", "a green stone xyz", "", "water red " * 100]
QUERY = "red deep water"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As BGE-M3 is published, with two pickled layers, and as FlagEmbedding saves it, with no word on pooling."""
    return heads(encoder(tmp_path_factory.mktemp("checkpoints") / "bge-m3", "xlm-roberta"))


@pytest.fixture(scope="module")
def checkpoint(folder: Path) -> Checkpoint:
    return read_checkpoint(folder, name="bge-m3")


@pytest.fixture(scope="module")
def exact(checkpoint: Checkpoint) -> BgeM3Encoder:
    return BgeM3Encoder(checkpoint, torch_network(checkpoint, device="cpu"))


@pytest.fixture(scope="module")
def loaded(checkpoint: Checkpoint, model_cache: Path) -> BgeM3Encoder:
    return load_bge_m3(checkpoint, device="cpu", cache=model_cache)


def test_views_are_those_of_flag_embedding(folder: Path, exact: BgeM3Encoder) -> None:
    from FlagEmbedding import BGEM3FlagModel

    reference = BGEM3FlagModel(str(folder), use_fp16=False, devices="cpu")
    expected = reference.encode(TEXTS, return_sparse=True, return_colbert_vecs=True, max_length=40)
    views = exact.passages(TEXTS)
    assert np.allclose([view.dense for view in views], expected["dense_vecs"], atol=1e-5)
    for view, weights, vectors in zip(views, expected["lexical_weights"], expected["colbert_vecs"], strict=True):
        assert _close(view.lexical, {int(token): float(weight) for token, weight in weights.items()}, 1e-5)
        assert np.allclose(view.tokens, vectors, atol=1e-5)
    assert sum(len(view.lexical) for view in views) > 3
    pairs = [(QUERY, text) for text in TEXTS]
    # One pair at a time: FlagEmbedding lets the padding of a batch take part in the highest cosine.
    together = [
        reference.compute_score(pair, max_passage_length=40, weights_for_different_modes=[1.0, 0.3, 1.0])
        for pair in pairs
    ]
    assert np.allclose(BgeM3Scorer(exact).scores(QUERY, TEXTS), [all_of["colbert+sparse+dense"] for all_of in together])
    alone = BgeM3Scorer(exact, weights=ViewWeights(dense=0.0, lexical=2.0, tokens=0.0)).scores(QUERY, TEXTS)
    assert np.allclose(alone, [all_of["sparse"] for all_of in together], atol=1e-6)


def test_the_loader_of_real_folders_gives_the_same_views(exact: BgeM3Encoder, loaded: BgeM3Encoder) -> None:
    for ours, theirs in zip(loaded.passages(TEXTS), exact.passages(TEXTS), strict=True):
        assert float(ours.dense @ theirs.dense) >= 0.995
        assert float((ours.tokens * theirs.tokens).sum(axis=1).min()) >= 0.995
        assert _close(ours.lexical, theirs.lexical, 0.05)
    assert np.allclose(BgeM3Scorer(loaded).scores(QUERY, TEXTS), BgeM3Scorer(exact).scores(QUERY, TEXTS), atol=0.02)
    assert loaded.fingerprint == exact.fingerprint


def test_on_a_gpu_the_views_are_the_same(checkpoint: Checkpoint, exact: BgeM3Encoder, tmp_path: Path) -> None:
    import torch

    if not torch.cuda.is_available():
        pytest.skip("there is no GPU")
    on_gpu = load_bge_m3(checkpoint, device="cuda", cache=tmp_path)
    for ours, theirs in zip(on_gpu.passages(TEXTS), exact.passages(TEXTS), strict=True):
        assert float(ours.dense @ theirs.dense) >= 0.995
        assert _close(ours.lexical, theirs.lexical, 0.05)


def test_the_dense_view_is_what_the_embedder_stores(loaded: BgeM3Encoder, folder: Path, model_cache: Path) -> None:
    embedder = load_embedder(model=str(folder), device="cpu", cache=model_cache)
    dense = np.array([view.dense for view in loaded.passages(TEXTS)])
    assert float((dense * embedder.passages(TEXTS)).sum(axis=1).min()) >= 0.995


def test_scores_together_by_hand() -> None:
    query = Views(np.float32([1, 0]), {7: 0.5, 8: 1.0}, np.float32([[1, 0], [0, 1]]))
    passage = Views(np.float32([0.6, 0.8]), {7: 0.4, 9: 3.0}, np.float32([[0.6, 0.8], [-1, 0], [0.8, 0.6]]))
    # dense .6; lexical .5 x .4 = .2; tokens (.8 + .8) / 2 = .8
    assert score_together(query, passage, ViewWeights()) == pytest.approx((0.6 + 0.3 * 0.2 + 0.8) / 2.3)
    assert score_together(query, passage, ViewWeights(dense=0, lexical=1, tokens=3)) == pytest.approx(2.6 / 4)


def test_a_passage_seen_before_is_not_encoded_again_while_there_is_room(
    checkpoint: Checkpoint, exact: BgeM3Encoder
) -> None:
    encoded: list[int] = []
    network = torch_network(checkpoint, device="cpu")

    def run(ids: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        encoded.append(len(ids))
        return network.run(ids, mask)

    counting = BgeM3Encoder(checkpoint, replace(network, run=run))
    expected = BgeM3Scorer(exact).scores(QUERY, TEXTS)
    roomy, narrow = BgeM3Scorer(counting), BgeM3Scorer(counting, kept_bytes=0)
    for scorer, counts in ((roomy, [6, 0]), (narrow, [6, 6])):
        for count in counts:
            encoded.clear()
            assert scorer.scores(QUERY, TEXTS) == pytest.approx(expected, abs=1e-5)
            assert sum(encoded) == count
    encoded.clear()
    assert roomy.scores(QUERY, [TEXTS[2], "green", "green"])[0] == pytest.approx(expected[2], abs=1e-5)
    assert sum(encoded) == 1
    assert roomy.scores(QUERY, []) == []


def test_layers_may_be_safetensors_and_do_not_change_the_stored_vectors(
    folder: Path, checkpoint: Checkpoint, exact: BgeM3Encoder, tmp_path: Path
) -> None:
    import torch
    from safetensors.torch import save_file

    safe = Path(shutil.copytree(folder, tmp_path / "bge-m3"))
    for head in ("colbert_linear", "sparse_linear"):
        save_file(torch.load(safe / f"{head}.pt", weights_only=True), safe / f"{head}.safetensors")
        (safe / f"{head}.pt").unlink()
    copied = read_checkpoint(safe, name="bge-m3")
    assert copied.fingerprint == checkpoint.fingerprint
    again = BgeM3Encoder(copied, torch_network(copied, device="cpu"))
    assert BgeM3Scorer(again).scores(QUERY, TEXTS) == pytest.approx(BgeM3Scorer(exact).scores(QUERY, TEXTS))


def test_missing_and_damaged_layers_are_told(folder: Path, tmp_path: Path) -> None:
    broken = Path(shutil.copytree(folder, tmp_path / "bge-m3"))
    found = read_checkpoint(broken, name="bge-m3")
    (broken / "sparse_linear.pt").write_bytes((broken / "colbert_linear.pt").read_bytes()[:-9])
    with pytest.raises(MissingModel, match="sparse_linear"):
        torch_network(found, device="cpu")
    (broken / "sparse_linear.safetensors").write_bytes(b"cut off")
    with pytest.raises(MissingModel, match="undamaged"):
        torch_network(found, device="cpu")
    for path in broken.glob("sparse_linear.*"):
        path.unlink()
    with pytest.raises(MissingModel, match="no model of BGE-M3's kind"):
        load_bge_m3(found, device="cpu", cache=tmp_path)


def test_an_encoder_that_is_not_whole_is_told(folder: Path, tmp_path: Path) -> None:
    broken = Path(shutil.copytree(folder, tmp_path / "bge-m3"))
    found = read_checkpoint(broken, name="bge-m3")
    empty_tokenizer(broken)
    with pytest.raises(MissingModel, match=r"bge-m3 cannot be loaded \(no 'added_tokens'\)"):
        torch_network(found, device="cpu")
    lose_weights(broken, "embeddings.word_embeddings.weight")
    with pytest.raises(MissingModel, match=r"it lacks embeddings\.word_embeddings\.weight"):
        torch_network(found, device="cpu")


def test_settings_name_the_model_and_weigh_its_views(folder: Path, home: Path, loaded: BgeM3Encoder) -> None:
    settings = Settings(embedding=EmbeddingSettings(model=str(folder)), views=ViewSettings(dense=0, tokens=0))
    models = Models(settings, home)
    scorer = models.views_scorer()
    expected = BgeM3Scorer(loaded, weights=ViewWeights(dense=0, lexical=1, tokens=0)).scores(QUERY, TEXTS)
    assert scorer.scores(QUERY, TEXTS) == pytest.approx(expected, abs=1e-6)
    assert models.views_scorer() is scorer
    with pytest.raises(MissingModel, match="no model of BGE-M3's kind"):
        Models(Settings(), home).views_scorer()
    with pytest.raises(SettingsError, match="must be above 0"):
        changed(settings, {"views.lexical": 0})


def test_the_stage_orders_what_a_mode_finds_by_all_views(folder: Path, home: Path, tmp_path: Path) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    for number, text in enumerate(TEXTS[:3]):
        (documents / f"{number}.txt").write_text(text)
    settings = Settings(embedding=EmbeddingSettings(model=str(folder)), rerank=RerankSettings(seconds=60))
    with KnowledgeBase.open(home=home, settings=settings, create=True) as base:
        base.ingest([documents]).wait()
        hits = base.search(QUERY, 3, mode="hybrid+views")
        scored = (
            Models(settings, home)
            .views_scorer()
            .scores(QUERY, [indexed_text(hit.chunk.context, hit.chunk.text) for hit in hits])
        )
        assert len(hits) == 3
        assert [hit.score for hit in hits] == pytest.approx(scored, abs=1e-4) == sorted(scored, reverse=True)
    prefixed = Settings(embedding=EmbeddingSettings(model=str(folder), query_prefix="find: "))
    with (
        KnowledgeBase.open(home=home, settings=prefixed) as changed_base,
        pytest.raises(FingerprintMismatch, match="reindex"),
    ):
        changed_base.search(QUERY)


def test_the_width_of_token_vectors_may_differ_from_the_encoder(folder: Path, tmp_path: Path) -> None:
    import torch

    narrow = Path(shutil.copytree(folder, tmp_path / "bge-m3"))
    torch.save(torch.nn.Linear(WIDTH, 8).state_dict(), narrow / "colbert_linear.pt")
    found = read_checkpoint(narrow, name="bge-m3")
    view = BgeM3Encoder(found, torch_network(found, device="cpu")).queries([QUERY])[0]
    assert view.tokens.shape == (4, 8)


def _close(left: Mapping[int, float], right: Mapping[int, float], tolerance: float) -> bool:
    return all(abs(left.get(token, 0) - right.get(token, 0)) <= tolerance for token in left.keys() | right.keys())

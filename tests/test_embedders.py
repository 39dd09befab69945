"""Embedders: sentence-transformers' vectors, in the order given, and an identity that says what decides them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from platform import machine

import numpy as np
import pytest
from tiny_files import empty_tokenizer, lose_weights, shorten_weight

from kb import precedence
from kb.errors import MissingModel, SettingsError
from kb.models import openvino_embedder
from kb.models.checkpoint import read_checkpoint
from kb.models.embedders import DEFAULT_MODEL, find_model, load_embedder
from kb.models.openvino_embedder import OpenVinoEmbedder
from kb.models.recent import KEPT
from kb.models.torch_embedder import TorchEmbedder
from kb.models.transformers_models import loading_told
from kb.protocols import Embedder, Starting, Vectors

TEXTS = (
    "",
    "BM25 weighs rare words more.",
    "Die Vektorsuche findet, was gemeint ist.",
    "向量检索可以找到意思相近的段落。",
    "🙂 emoji 👩‍🔬 and \x00 control characters",
    "a lone surrogate \ud800 of a damaged file",
    "x" * 3000,
    " ".join(f"Sentence {number} of a passage longer than the window." for number in range(120)),
    *(" ".join(["word"] * length) for length in range(1, 200, 20)),
)
WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "query", ":", "red", "green", "blue", "stone", "river", "##s")


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def minilm(cache: Path) -> Embedder:
    return load_embedder(model=DEFAULT_MODEL, device="cpu", cache=cache)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BERT of two layers with CLS pooling and a prompt for queries."""
    import torch
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("checkpoints") / "tiny"
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=24,
        initializer_range=0.5,
    )
    BertModel(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    _write(folder / "tokenizer_config.json", {"tokenizer_class": "BertTokenizer", "model_max_length": 512})
    _write(folder / "sentence_bert_config.json", {"max_seq_length": 20, "do_lower_case": False})
    _write(folder / "config_sentence_transformers.json", {"prompts": {"query": "query: "}})
    _write(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": 16, "pooling_mode_cls_token": True})
    steps = [("", "Transformer"), ("1_Pooling", "Pooling")]
    modules = [
        {"idx": index, "name": str(index), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for index, (path, kind) in enumerate(steps)
    ]
    _write(folder / "modules.json", modules)
    return folder


def test_vectors_are_those_of_sentence_transformers(minilm: Embedder) -> None:
    assert isinstance(minilm, OpenVinoEmbedder)
    reference = TorchEmbedder(read_checkpoint(find_model(DEFAULT_MODEL), name=DEFAULT_MODEL), device="cpu")
    assert _cosines(minilm.passages(TEXTS), reference.passages(TEXTS)).min() >= 0.999
    assert reference.precision == "f32"
    assert (minilm.fingerprint, minilm.window, minilm.dimensions) == (reference.fingerprint, 254, 384)
    assert all(minilm.tokenizer.offsets(text) == reference.tokenizer.offsets(text) for text in TEXTS)


def test_vectors_of_tokens_are_those_of_sentence_transformers(minilm: Embedder) -> None:
    reference = TorchEmbedder(read_checkpoint(find_model(DEFAULT_MODEL), name=DEFAULT_MODEL), device="cpu")
    texts = [*TEXTS, "", "a 鑫 b", "word " * 400]
    for text, ours, theirs in zip(texts, minilm.passage_tokens(texts), reference.passage_tokens(texts), strict=True):
        assert ours.shape == theirs.shape == (min(254, len(minilm.tokenizer.offsets(text))), 384)
        known = np.linalg.norm(theirs, axis=1) > 0
        assert np.array_equal(known, np.linalg.norm(ours, axis=1) > 0)
        assert not known.any() or _cosines(ours[known], theirs[known]).min() >= 0.99
    unknown = [not row.any() for row in minilm.query_tokens("a 鑫 b")]
    assert unknown == [False, True, False]


def test_prefixes_bear_on_tokens_and_are_none_of_them(tiny: Path) -> None:
    direct = TorchEmbedder(read_checkpoint(tiny, name="tiny", passage_prefix="red "), device="cpu")
    plain = TorchEmbedder(read_checkpoint(tiny, name="tiny", query_prefix="", passage_prefix=""), device="cpu")
    for ours, bare in [
        (direct.query_tokens("stone red"), plain.query_tokens("stone red")),
        (direct.passage_tokens(["stone red"])[0], plain.passage_tokens(["stone red"])[0]),
    ]:
        assert ours.shape == bare.shape == (2, 16)
        assert not np.allclose(ours, bare, atol=0.01)


def test_vectors_do_not_depend_on_their_company_and_keep_their_order(minilm: Embedder) -> None:
    together = minilm.passages(TEXTS)
    alone = np.concatenate([minilm.passages([text]) for text in TEXTS])
    assert _cosines(together, alone).min() >= 0.9995
    assert _cosines(minilm.passages(TEXTS[::-1]), together[::-1]).min() >= 0.9995
    assert together.dtype == np.float32
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


@pytest.mark.skipif(
    machine() != "x86_64" or not Path("/proc/cpuinfo").exists(), reason="which features to look for is not known"
)
def test_bfloat16_is_used_where_the_processor_has_it_and_not_simulated(minilm: Embedder) -> None:
    features = Path("/proc/cpuinfo").read_text().split()
    has_it = bool({"avx512_bf16", "amx_bf16"} & set(features))
    assert minilm.precision == ("bf16" if has_it else "f32")


def test_no_texts_give_no_rows(minilm: Embedder) -> None:
    assert minilm.passages([]).shape == (0, 384)
    assert minilm.queries([]).shape == (0, 384)


def test_offsets_are_places_in_the_text_and_nothing_is_cut(minilm: Embedder) -> None:
    text = "Über\ud800 向量 naïve 🙂 unbelievably " * 200
    offsets = minilm.tokenizer.offsets(text)
    assert {text[start:end] for start, end in offsets[:4]} >= {"Über", "向", "量"}
    assert offsets[-1][1] == len(text) - 1
    assert len(offsets) > 1000


def test_only_the_window_is_seen(minilm: Embedder) -> None:
    words = ["river"] * minilm.window
    full, longer, shorter = minilm.passages([" ".join(part) for part in (words, [*words, "stone"], words[:-1])])
    assert float(full @ longer) > 0.99999 > float(full @ shorter)


def test_threads_share_one_embedder(minilm: Embedder) -> None:
    expected = minilm.queries(TEXTS[:6])
    with ThreadPoolExecutor(4) as threads:
        passages = threads.submit(minilm.passages, TEXTS * 2)
        queries = list(threads.map(lambda text: minilm.queries([text])[0], TEXTS[:6] * 5))
    assert _cosines(np.array(queries), np.tile(expected, (5, 1))).min() >= 0.9995
    assert passages.result().shape == (2 * len(TEXTS), 384)


def test_queries_that_are_started_together_get_what_each_gets_alone(tiny: Path, cache: Path) -> None:
    """Prefix and cut dimensions included; one that nobody waits for does no harm."""
    embedder, other = (load_embedder(model=str(tiny), device="cpu", cache=cache, dimensions=8) for _ in range(2))
    assert isinstance(embedder, Starting)
    texts = ["", "red", "green river stones " * 20]
    embedder.start("blue")
    waiting = [embedder.start(text) for text in texts]
    alone = np.stack([other.queries([text])[0] for text in texts])
    assert np.array_equal(np.concatenate([wait() for wait in waiting]), alone)


def test_a_query_that_is_asked_again_is_not_embedded_again(tiny: Path, cache: Path) -> None:
    embedder = load_embedder(model=str(tiny), device="cpu", cache=cache)
    found = embedder.queries(["red"])
    assert embedder.queries(["red"]) is found and not found.flags.writeable
    for number in range(KEPT):
        embedder.queries([f"green {number}"])
    again = embedder.queries(["red"])
    assert again is not found and np.array_equal(again, found)


def test_a_folder_works_through_both_paths(tiny: Path, cache: Path) -> None:
    texts = ["", "red stones", "green river", "blue river stones " * 10]
    converted = load_embedder(model=str(tiny), device="cpu", cache=cache)
    direct = TorchEmbedder(read_checkpoint(tiny, name="tiny"), device="cpu")
    assert isinstance(converted, OpenVinoEmbedder)
    assert converted.fingerprint == direct.fingerprint
    assert (converted.window, converted.dimensions) == (18, 16) == (direct.window, direct.dimensions)
    for ours, theirs in ((converted.passages, direct.passages), (converted.queries, direct.queries)):
        assert _cosines(ours(texts), theirs(texts)).min() >= 0.999
    # The checkpoint's own prompt is put before queries and not before passages.
    assert _cosines(converted.queries(["red"]), converted.passages(["query: red"])).min() >= 0.9999
    assert _cosines(converted.queries(["red"]), converted.passages(["red"])).max() < 0.999


def test_a_prefix_narrows_the_window_and_dimensions_are_the_first_ones(tiny: Path, cache: Path) -> None:
    whole = load_embedder(model=str(tiny), device="cpu", cache=cache)
    part = load_embedder(model=str(tiny), device="cpu", cache=cache, passage_prefix="red stone: ", dimensions=8)
    assert (part.window, part.dimensions) == (whole.window - 3, 8)
    expected = whole.passages(["red stone: river"])[:, :8]
    assert _cosines(part.passages(["river"]), expected / np.linalg.norm(expected)).min() >= 0.9999
    with pytest.raises(SettingsError, match="gives 16 dimensions, not 17"):
        load_embedder(model=str(tiny), device="cpu", cache=cache, dimensions=17)


def test_the_fingerprint_names_what_decides_the_vectors_and_not_where_they_lie(tiny: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(tiny, tmp_path / "elsewhere" / "tiny"))
    known = _fingerprint(tiny)
    assert known.startswith("tiny:")
    assert len(known) == len("tiny:") + 12
    assert _fingerprint(copy) == known == _fingerprint(tiny, dimensions=16)
    others = {
        _fingerprint(tiny, passage_prefix="passage: "),
        _fingerprint(tiny, query_prefix="question: "),
        _fingerprint(tiny, dimensions=8),
    }
    _write(copy / "1_Pooling" / "config.json", {"word_embedding_dimension": 16, "pooling_mode": "mean"})
    others.add(_fingerprint(copy))
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x7f")
    others.add(_fingerprint(copy))
    assert len(others - {known}) == 5


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("nobody/nothing", "nobody/nothing is not on this machine"),
        ("not a name", "not a name is not on this machine"),
        ("/no/such/folder", "The embedding model /no/such/folder is not there: name a folder that holds it"),
    ],
)
def test_a_model_that_is_not_here_is_said_to_be_missing(model: str, told: str, cache: Path) -> None:
    with pytest.raises(MissingModel, match=told):
        load_embedder(model=model, device="cpu", cache=cache)


def test_pickled_weights_foreign_code_and_damage_are_refused(tiny: Path, tmp_path: Path, cache: Path) -> None:
    folder = Path(shutil.copytree(tiny, tmp_path / "tiny"))
    (folder / "model.safetensors").write_bytes(b"cut off")
    with pytest.raises(MissingModel, match="undamaged"):
        load_embedder(model=str(folder), device="cpu", cache=cache)
    _write(folder / "config.json", {"model_type": "unheard-of", "hidden_size": 16})
    shutil.copy(tiny / "model.safetensors", folder)
    with pytest.raises(MissingModel, match="unheard-of"):
        load_embedder(model=str(folder), device="cpu", cache=cache)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(MissingModel, match="pickle"):
        load_embedder(model=str(folder), device="cpu", cache=cache)
    _write(folder / "modules.json", [{"idx": 0, "name": "0", "path": "", "type": "modeling.Own"}])
    with pytest.raises(MissingModel, match="code of its own"):
        load_embedder(model=str(folder), device="cpu", cache=cache)
    with pytest.raises(MissingModel, match="holds no model"):
        load_embedder(model=str(tmp_path), device="cpu", cache=cache)
    assert not list(cache.glob(".converting-*"))


def _copy(folder: Path, target: Path) -> Path:
    return Path(shutil.copytree(folder, target))


def _direct(folder: Path) -> TorchEmbedder:
    return TorchEmbedder(read_checkpoint(folder, name="tiny"), device="cpu")


def test_an_encoder_that_is_not_whole_is_told(tiny: Path, tmp_path: Path, cache: Path) -> None:
    lost = "encoder.layer.1.output.dense.weight"
    lacking = lose_weights(_copy(tiny, tmp_path / "lacking"), lost)
    for load in (_direct, lambda folder: load_embedder(model=str(folder), device="cpu", cache=cache)):
        with pytest.raises(MissingModel, match=rf"lacking cannot be loaded \(it lacks {lost}\): use"):
            load(lacking)
    shortened = shorten_weight(_copy(tiny, tmp_path / "shortened"), lost)
    for damaged in (shortened, empty_tokenizer(_copy(tiny, tmp_path / "silent"))):
        with pytest.raises(MissingModel, match="cannot be loaded"):
            _direct(damaged)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ImportError("No module named 'sentencepiece'"), r"needs a package that is not installed \(No module named"),
        (MemoryError(), r"does not fit into memory \(MemoryError\): free some"),
        (KeyError("added_tokens"), r"cannot be loaded \(no 'added_tokens'\): use an undamaged copy"),
    ],
)
def test_what_keeps_a_model_from_loading_is_told(tmp_path: Path, error: Exception, told: str) -> None:
    with pytest.raises(MissingModel, match=told), loading_told(tmp_path):
        raise error


@pytest.mark.parametrize("steps", [[], {}, [1], [{"idx": 0}], [{"type": 3, "path": ""}]])
def test_steps_that_are_none_are_told(tiny: Path, tmp_path: Path, steps: object) -> None:
    folder = _copy(tiny, tmp_path / "stepless")
    _write(folder / "modules.json", steps)
    with pytest.raises(MissingModel, match=r"modules\.json lists no steps of a model: use an undamaged copy"):
        read_checkpoint(folder, name="tiny")


def test_an_encoder_in_a_folder_of_its_own_is_looked_at_there(tiny: Path, tmp_path: Path) -> None:
    apart = _copy(tiny, tmp_path / "apart")
    encoder = apart / "0_Transformer"
    steps = json.loads((apart / "modules.json").read_text())
    _write(apart / "modules.json", [{**steps[0], "path": encoder.name}, *steps[1:]])
    encoder.mkdir()
    for name in ("config.json", "model.safetensors", "vocab.txt", "tokenizer_config.json"):
        shutil.copy(apart / name, encoder)
    assert _direct(apart).passages(["red"]).tolist() == _direct(tiny).passages(["red"]).tolist()
    lost = "encoder.layer.1.output.dense.weight"
    lose_weights(encoder, lost)
    with pytest.raises(MissingModel, match=f"0_Transformer cannot be loaded .it lacks {lost}"):
        _direct(apart)


def test_an_encoder_without_the_pooler_that_nobody_reads_is_whole(tiny: Path, tmp_path: Path, cache: Path) -> None:
    folder = lose_weights(_copy(tiny, tmp_path / "tiny"), "pooler.dense.weight", "pooler.dense.bias")
    expected = _direct(tiny).passages(["red stone"])
    assert _direct(folder).passages(["red stone"]).tolist() == expected.tolist()
    converted = load_embedder(model=str(folder), device="cpu", cache=cache).passages(["red stone"])
    assert _cosines(converted, expected).min() >= 0.999


def test_an_unknown_device_is_refused(tiny: Path, cache: Path) -> None:
    with pytest.raises(SettingsError, match="auto, cpu or cuda"):
        load_embedder(model=str(tiny), device="tpu", cache=cache)


def test_a_prepared_model_loads_without_torch(minilm: Embedder, cache: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from kb.models.embedders import load_embedder\n"
        f"embedder = load_embedder(model={DEFAULT_MODEL!r}, device='cpu', cache=Path({str(cache)!r}))\n"
        "embedder.queries(['?']); heavy = {'torch', 'transformers', 'sentence_transformers', 'openvino_telemetry'}\n"
        "print(embedder.fingerprint, sorted(name for name in heavy if sys.modules.get(name)))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.split() == [minilm.fingerprint, "[]"]


def test_a_signal_after_embedders_were_freed_does_no_harm(minilm: Embedder, cache: Path) -> None:
    program = (
        "import gc, signal; from pathlib import Path; from threading import Thread\n"
        "from kb.models.embedders import load_embedder\n"
        f"load = lambda: load_embedder(model={DEFAULT_MODEL!r}, device='cpu', cache=Path({str(cache)!r}))\n"
        "first = load(); second = load(); others = [load()]\n"
        "del first; gc.collect(); del second; gc.collect()\n"
        "thread = Thread(target=others.clear); thread.start(); thread.join(); gc.collect()\n"
        "signal.signal(signal.SIGINT, lambda *_: print('handled')); signal.raise_signal(signal.SIGINT)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout) == (0, "handled\n"), done.stderr


def _fingerprint(
    folder: Path, *, query_prefix: str = "", passage_prefix: str = "", dimensions: int | None = None
) -> str:
    checkpoint = read_checkpoint(
        folder, name=folder.name, query_prefix=query_prefix, passage_prefix=passage_prefix, dimensions=dimensions
    )
    return checkpoint.fingerprint


def _cosines(left: Vectors, right: Vectors) -> Vectors:
    product: Vectors = (left * right).sum(axis=1)
    return product


def _write(path: Path, value: dict[str, object] | Sequence[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def test_bases_share_a_network(tiny: Path, cache: Path) -> None:
    one, other = (load_embedder(model=str(tiny), device="cpu", cache=cache, dimensions=n) for n in (8, 16))
    assert isinstance(one, OpenVinoEmbedder) and isinstance(other, OpenVinoEmbedder)
    assert one._many is other._many and one._few is other._few
    assert (one.queries(["red"]).shape, other.queries(["red"]).shape) == ((1, 8), (1, 16))


@pytest.mark.parametrize("largest", [0, openvino_embedder.SMALL])
def test_what_is_waited_for_has_a_network_of_its_own_where_that_is_small(
    tiny: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, largest: int
) -> None:
    monkeypatch.setattr(openvino_embedder, "SMALL", largest)
    one = load_embedder(model=str(tiny), device="cpu", cache=cache)
    assert isinstance(one, OpenVinoEmbedder)
    waited = one.passages(["red", "a blue house"])
    with precedence.beside():
        passages = one.passages(["red", "a blue house"])
    assert (one._few is one._many) == (largest == 0)
    np.testing.assert_allclose(waited, passages, atol=1e-5)

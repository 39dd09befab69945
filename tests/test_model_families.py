"""Published families of embedders: each one's prefixes and pooling, by tiny random models in the files of real ones."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tiny_encoders import WIDTH, encoder, heads, sentence_files, write_json

from kb.errors import MissingModel, SettingsError
from kb.models.checkpoint import Checkpoint, read_checkpoint
from kb.models.embedders import load_embedder
from kb.models.openvino_embedder import OpenVinoEmbedder
from kb.models.published import card_of
from kb.models.torch_embedder import TorchEmbedder
from kb.protocols import Vectors

TEXTS = ["", "red stone", "green river water blue " * 3, "red", "deep water " * 100]
CLOSE = 0.995
"""The least cosine that bfloat16 leaves of a random model of large weights; other pooling or prefixes go below it."""
BGE = "Represent this sentence for searching relevant passages: "
QWEN = "Instruct: search\nQuery:"


@dataclass(frozen=True)
class Family:
    """A model by its published name: its architecture, pooling, and the prompts that its files hold."""

    name: str
    kind: str
    pooling: str
    prompts: dict[str, str] | None
    prefixes: tuple[str, str]
    runtime: type[OpenVinoEmbedder] | type[TorchEmbedder]


FAMILIES = (
    Family("bge-small-en-v1.5", "bert", "cls", None, (BGE, ""), OpenVinoEmbedder),
    Family("multilingual-e5-small", "xlm-roberta", "mean", None, ("query: ", "passage: "), OpenVinoEmbedder),
    Family("gte-multilingual-base", "gte", "cls", None, ("", ""), TorchEmbedder),
    Family("gte-modernbert-base", "modernbert", "cls", None, ("", ""), TorchEmbedder),
    Family("nomic-embed-text-v1.5", "nomic_bert", "mean", None, ("search_query: ", "search_document: "), TorchEmbedder),
    Family("Qwen3-Embedding-0.6B", "qwen3", "lasttoken", {"query": QWEN, "document": ""}, (QWEN, ""), TorchEmbedder),
)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_family_is_embedded_as_sentence_transformers_does(family: Family, tmp_path: Path, model_cache: Path) -> None:
    from sentence_transformers import SentenceTransformer

    folder = encoder(tmp_path / family.name, family.kind)
    sentence_files(folder, pooling=family.pooling, prompts=family.prompts)
    embedder = load_embedder(model=str(folder), device="cpu", cache=model_cache)
    reference = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    query, passage = family.prefixes
    assert isinstance(embedder, family.runtime)
    assert _cosines(embedder.queries(TEXTS), reference.encode(TEXTS, prompt=query)).min() >= CLOSE
    assert _cosines(embedder.passages(TEXTS), reference.encode(TEXTS, prompt=passage)).min() >= CLOSE


def test_a_family_with_prefixes_tells_queries_from_passages(e5: Path) -> None:
    embedder = TorchEmbedder(_checkpoint(e5), device="cpu")
    assert _cosines(embedder.queries(["red"]), embedder.passages(["red"])).max() < 0.999
    bare = TorchEmbedder(_checkpoint(e5, query_prefix="", passage_prefix=""), device="cpu")
    assert _cosines(bare.queries(["red"]), bare.passages(["red"])).min() > 0.9999
    assert bare.window == embedder.window + 2


def test_llm_embedder_in_its_plain_folder_is_as_flag_embedding_says(tmp_path: Path) -> None:
    from FlagEmbedding import FlagModel

    folder = encoder(tmp_path / "llm-embedder", "bert")
    embedder = TorchEmbedder(_checkpoint(folder), device="cpu")
    instruction = "Represent this query for retrieving relevant documents: "
    reference = FlagModel(
        str(folder), query_instruction_for_retrieval=instruction, use_fp16=False, devices="cpu", pooling_method="cls"
    )
    prefixed = ["Represent this document for retrieval: " + text for text in TEXTS]
    assert _cosines(embedder.queries(TEXTS), reference.encode_queries(TEXTS, max_length=40)).min() >= 0.9999
    assert _cosines(embedder.passages(TEXTS), reference.encode_corpus(prefixed, max_length=40)).min() >= 0.9999


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bge-large-en", BGE),
        ("BGE-Base-zh-v1.5", "为这个句子生成表示以用于检索相关文章\uff1a"),
        ("e5-base", "query: "),
        ("modernbert-embed-base", "search_query: "),
        ("bge-reranker-base", None),
        ("bge-en-icl", None),
        ("e5-mistral-7b-instruct", None),
        ("my-bge-small-en-v1.5", None),
        ("nomic-embed-text-v1x5", None),
    ],
)
def test_a_card_is_found_by_the_published_name_alone(name: str, expected: str | None) -> None:
    card = card_of(["elsewhere", name])
    assert (card.query_prefix if card else None) == expected


@pytest.fixture(scope="module")
def e5(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sentence_files(encoder(tmp_path_factory.mktemp("checkpoints") / "e5-small-v2", "bert"), pooling="mean")


def test_a_prefix_is_that_of_the_settings_else_of_the_files_else_of_the_card(e5: Path, tmp_path: Path) -> None:
    known = _checkpoint(e5)
    assert (known.query_prefix, known.before_query.source) == ("query: ", "the model's card")
    other = Path(shutil.copytree(e5, tmp_path / "e5-small-v2"))
    write_json(other / "config_sentence_transformers.json", {"prompts": {"query": "find: ", "document": ""}})
    own = _checkpoint(other)
    # An empty prompt in the files says nothing: sentence-transformers writes it for every model.
    assert [choice.source for choice in (own.before_query, own.before_passage)] == [
        "config_sentence_transformers.json",
        "the model's card",
    ]
    assert (own.query_prefix, own.passage_prefix) == ("find: ", "passage: ")
    bare = _checkpoint(other, query_prefix="")
    assert (bare.query_prefix, bare.before_query.source) == ("", "the settings")


def test_the_fingerprint_holds_the_prefixes_in_effect_and_not_where_they_come_from(e5: Path, tmp_path: Path) -> None:
    known = _checkpoint(e5).fingerprint
    assert _checkpoint(e5, query_prefix="query: ", passage_prefix="passage: ").fingerprint == known
    assert _checkpoint(e5, pooling="mean").fingerprint == known
    cached = tmp_path / "models--intfloat--e5-small-v2" / "snapshots" / "ffffff"
    shutil.copytree(e5, cached)
    assert read_checkpoint(cached, name="e5-small-v2").fingerprint == known
    assert read_checkpoint(cached, name="ffffff").query_prefix == "query: "
    others = {
        _checkpoint(e5, query_prefix="").fingerprint,
        _checkpoint(e5, passage_prefix="").fingerprint,
        _checkpoint(e5, pooling="cls").fingerprint,
        read_checkpoint(Path(shutil.copytree(e5, tmp_path / "nameless")), name="e5-small-v2x").fingerprint,
    }
    assert len(others - {known}) == 4


def test_pooling_that_nothing_names_is_not_guessed(tmp_path: Path, model_cache: Path) -> None:
    folder = encoder(tmp_path / "mine", "bert")
    with pytest.raises(SettingsError, match=r'embedding\.pooling.*"cls" for BGE'):
        load_embedder(model=str(folder), device="cpu", cache=model_cache)
    own = _checkpoint(heads(Path(shutil.copytree(folder, tmp_path / "fine-tuned"))))
    assert (own.pooling, own.dimensions) == ("cls", WIDTH)


@pytest.mark.parametrize("kind", ["bert", "qwen3"])
def test_pooling_is_as_the_settings_say(kind: str, tmp_path: Path) -> None:
    """Over a folder without sentence-transformers' files, and over files that say otherwise."""
    from sentence_transformers import SentenceTransformer

    plain = encoder(tmp_path / "plain", kind)
    otherwise = sentence_files(Path(shutil.copytree(plain, tmp_path / "otherwise")), pooling="weightedmean")
    for pooling in ("cls", "mean", "lasttoken", "max"):
        told = sentence_files(Path(shutil.copytree(plain, tmp_path / pooling)), pooling=pooling)
        expected = SentenceTransformer(str(told), device="cpu", local_files_only=True).encode(TEXTS)
        for folder in (plain, otherwise):
            embedder = TorchEmbedder(_checkpoint(folder, pooling=pooling), device="cpu")
            assert _cosines(embedder.passages(TEXTS), expected).min() >= 0.9999


def test_pooling_of_the_settings_is_converted_too(e5: Path, model_cache: Path) -> None:
    converted = load_embedder(model=str(e5), device="cpu", cache=model_cache, pooling="lasttoken")
    direct = TorchEmbedder(_checkpoint(e5, pooling="lasttoken"), device="cpu")
    averaged = TorchEmbedder(_checkpoint(e5), device="cpu")
    assert isinstance(converted, OpenVinoEmbedder)
    assert _cosines(converted.passages(TEXTS), direct.passages(TEXTS)).min() >= CLOSE
    assert _cosines(direct.passages(TEXTS[1:]), averaged.passages(TEXTS[1:])).max() < CLOSE
    assert converted.fingerprint == direct.fingerprint


def test_a_model_without_pooling_has_none_to_set(e5: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(e5, tmp_path / "bare"))
    write_json(folder / "modules.json", [{"path": "", "type": "sentence_transformers.models.Transformer"}])
    with pytest.raises(SettingsError, match="no pooling to choose"):
        _checkpoint(folder, pooling="mean")


def test_fewer_dimensions_are_cut_and_then_brought_to_unit_length(e5: Path) -> None:
    from sentence_transformers import SentenceTransformer

    embedder = TorchEmbedder(_checkpoint(e5, passage_prefix="", dimensions=12), device="cpu")
    reference = SentenceTransformer(str(e5), device="cpu", local_files_only=True, truncate_dim=12)
    vectors = embedder.passages(TEXTS)
    assert vectors.shape == (len(TEXTS), 12) == (len(TEXTS), embedder.dimensions)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert _cosines(vectors, reference.encode(TEXTS, normalize_embeddings=True)).min() >= 0.9999
    assert _checkpoint(e5, dimensions=12).fingerprint != _checkpoint(e5).fingerprint
    assert _checkpoint(e5, dimensions=WIDTH).fingerprint == _checkpoint(e5).fingerprint
    with pytest.raises(SettingsError, match="gives 32 dimensions, not 33"):
        _checkpoint(e5, dimensions=33)


def test_a_folder_without_a_tokenizer_is_refused(tmp_path: Path, model_cache: Path) -> None:
    folder = sentence_files(encoder(tmp_path / "model", "bert"), pooling="mean")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(MissingModel, match="no tokenizer"):
        load_embedder(model=str(folder), device="cpu", cache=model_cache)


def test_a_folder_that_cannot_be_loaded_is_said_so_in_a_sentence(tmp_path: Path, model_cache: Path) -> None:
    folder = sentence_files(encoder(tmp_path / "model", "gte"), pooling="mean")
    write_json(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": WIDTH, "pooling_mode": "unheard"})
    with pytest.raises(MissingModel, match=r"cannot be loaded .*unheard"):
        load_embedder(model=str(folder), device="cpu", cache=model_cache)


def _checkpoint(
    folder: Path,
    *,
    query_prefix: str | None = None,
    passage_prefix: str | None = None,
    pooling: str | None = None,
    dimensions: int | None = None,
) -> Checkpoint:
    return read_checkpoint(
        folder,
        name=folder.name,
        query_prefix=query_prefix,
        passage_prefix=passage_prefix,
        pooling=pooling,
        dimensions=dimensions,
    )


def _cosines(left: Vectors, right: Vectors) -> Vectors:
    unit = right / np.linalg.norm(right, axis=1, keepdims=True)
    product: Vectors = (left * unit).sum(axis=1)
    return product

"""Rerankers: the scores of the libraries that published them, on tiny random models loaded as real ones are."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tiny_rerankers
from numpy.typing import NDArray
from tiny_files import empty_tokenizer, lose_weights, shorten_weight

from kb.errors import MissingModel, SettingsError
from kb.models.llm_scorer import LlmScorer
from kb.models.openvino_scorer import OpenVinoScorer
from kb.models.reranker_checkpoint import read_reranker
from kb.models.scorers import load_scorer
from kb.models.torch_scorer import TorchScorer
from kb.protocols import Scorer

QUERY = "red stone"
COLOURS = ["red", "green", "blue", "stone", "river", "moon", "apple", "quick", "seven"]
PASSAGES = (
    "",
    "red",
    "a lone surrogate \ud800 of a damaged file",
    *(" ".join(COLOURS[(step * place) % 9] for place in range(step + 2)) for step in range(1, 30, 2)),
    "river " * 500,
)
MAKERS: dict[str, Callable[[Path], Path]] = {
    "bert": tiny_rerankers.bert,
    "xlm-roberta": tiny_rerankers.xlm_roberta,
    "roberta": lambda folder: tiny_rerankers.xlm_roberta(folder, kind="roberta"),
    "gemma": tiny_rerankers.decoder,
    "llama": lambda folder: tiny_rerankers.decoder(folder, kind="llama"),
}
ENCODERS = ("bert", "xlm-roberta", "roberta")
Folder = Callable[[str], Path]


@pytest.fixture(scope="session")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """The folder of the tiny model of a shape, made when it is first asked for."""
    place = tmp_path_factory.mktemp("rerankers")
    return lambda shape: place / shape if (place / shape).is_dir() else MAKERS[shape](place / shape)


@pytest.fixture(scope="session")
def load(folder_of: Folder, model_cache: Path) -> Callable[[str], Scorer]:
    loaded: dict[str, Scorer] = {}

    def scorer(shape: str) -> Scorer:
        if shape not in loaded:
            loaded[shape] = load_scorer(model=str(folder_of(shape)), device="cpu", cache=model_cache)
        return loaded[shape]

    return scorer


def scored(scorer: Scorer, query: str = QUERY, passages: tuple[str, ...] = PASSAGES) -> NDArray[np.float64]:
    return np.array(scorer.scores(query, passages))


@pytest.mark.parametrize("shape", ENCODERS)
def test_scores_are_the_logits_of_sentence_transformers(
    shape: str, load: Callable[[str], Scorer], folder_of: Folder
) -> None:
    scorer = load(shape)
    assert isinstance(scorer, OpenVinoScorer)
    reference = TorchScorer(read_reranker(folder_of(shape), name=shape, tokens=512), device="cpu")
    expected, found = scored(reference), scored(scorer)
    assert np.std(expected) > 0.3
    # In bfloat16; that the graph itself is right is the next test.
    assert np.abs(found - expected).max() < 0.1 * np.std(expected)
    assert scorer.checkpoint.fingerprint == reference.checkpoint.fingerprint
    assert (reference.precision, reference.runtime) == ("f32", "PyTorch")


@pytest.mark.parametrize("shape", ENCODERS)
def test_the_converted_graph_is_the_network(
    shape: str, load: Callable[[str], Scorer], folder_of: Folder, model_cache: Path
) -> None:
    import openvino as ov
    from sentence_transformers import CrossEncoder
    from torch.nn import Identity

    from kb.models.conversion import GRAPH, TOKENIZER, converted
    from kb.models.tokens import PairTokenizer

    load(shape)
    checkpoint = read_reranker(folder_of(shape), name=shape, tokens=512)
    place = converted(checkpoint, model_cache)
    network = ov.Core().compile_model(place / GRAPH, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    pairs = PairTokenizer((place / TOKENIZER).read_text(), limit=checkpoint.tokens)
    inputs = pairs.padded(pairs.rows(QUERY, PASSAGES[3:]))
    assert ("token_type_ids" in {each.any_name for each in network.inputs}) == (shape == "bert")
    found = network({each.any_name: inputs[each.any_name] for each in network.inputs})[0][:, 0]
    model = CrossEncoder(
        str(folder_of(shape)), device="cpu", activation_fn=Identity(), local_files_only=True, max_length=64
    )
    # Its own way of cutting differs where the query is the longer one; here the passages are.
    assert np.abs(found - model.predict([(QUERY, passage) for passage in PASSAGES[3:]])).max() < 1e-4


@pytest.mark.parametrize("shape", ["gemma", "llama"])
@pytest.mark.filterwarnings("ignore")  # FlagEmbedding's own
def test_scores_of_language_models_are_those_of_flagembedding(
    shape: str, load: Callable[[str], Scorer], folder_of: Folder
) -> None:
    from FlagEmbedding import FlagLLMReranker

    scorer = load(shape)
    assert isinstance(scorer, LlmScorer)
    passages = [passage for passage in PASSAGES[:-1] if passage.isascii()]
    theirs = FlagLLMReranker(str(folder_of(shape)), devices="cpu", use_fp16=False)
    expected = np.array(theirs.compute_score([(QUERY, passage) for passage in passages]))
    assert np.std(expected) > 0.05
    assert np.abs(scored(scorer, passages=tuple(passages)) - expected).max() < 1e-4


@pytest.mark.parametrize("shape", [*ENCODERS, "gemma"])
def test_scores_do_not_depend_on_company_and_keep_their_order(shape: str, load: Callable[[str], Scorer]) -> None:
    scorer = load(shape)
    together = scored(scorer)
    alone = np.array([scorer.scores(QUERY, [passage])[0] for passage in PASSAGES])
    assert np.abs(together - alone).max() < 0.1 * np.std(together)
    assert np.abs(scored(scorer, passages=PASSAGES[::-1]) - together[::-1]).max() < 0.1 * np.std(together)
    assert scorer.scores(QUERY, []) == []


@pytest.mark.parametrize("shape", ENCODERS)
def test_passages_do_not_tie_by_rounding(shape: str, load: Callable[[str], Scorer]) -> None:
    bits = scored(load(shape)).astype(np.float32).view(np.uint32)
    assert np.any(bits & 0xFFFF), "all scores are bfloat16 numbers"


@pytest.mark.parametrize(("shape", "on_torch"), [("bert", False), ("bert", True), ("roberta", False), ("gemma", True)])
def test_of_a_long_pair_the_end_of_the_passage_is_not_seen_but_the_query_is(
    shape: str, on_torch: bool, folder_of: Folder, model_cache: Path
) -> None:
    # Of 128 tokens Gemma's task takes 33; the encoders have but 64.
    scorer: Scorer = load_scorer(model=str(folder_of(shape)), device="cpu", cache=model_cache, tokens=128)
    if on_torch and shape == "bert":
        scorer = TorchScorer(read_reranker(folder_of(shape), name=shape, tokens=128), device="cpu")
    long = "river " * 200
    [plain, at_the_end, at_the_start] = scorer.scores(QUERY, [long, long + "apple " * 9, "apple " * 9 + long])
    # Products of matrices are not the same to the last bit on every processor.
    assert at_the_end == pytest.approx(plain, abs=1e-5)
    assert at_the_start != pytest.approx(plain, abs=1e-5)
    asked = ["moon"] * 40
    [first], [other], [beyond] = (
        scorer.scores(" ".join(words), [long]) for words in (asked, [*asked[:-1], "apple"], [*asked, *["moon"] * 300])
    )
    assert first != other, "the last word of a query is seen"
    # A query that leaves no room is cut, so that something of the passage is seen.
    assert scorer.scores("moon " * 400, ["apple"])[0] != beyond


@pytest.mark.parametrize("shape", ["bert", "gemma"])
def test_threads_share_one_scorer(shape: str, load: Callable[[str], Scorer]) -> None:
    scorer = load(shape)
    expected = scored(scorer)
    with ThreadPoolExecutor(4) as threads:
        for found in threads.map(lambda _: scored(scorer), range(8)):
            assert np.abs(found - expected).max() < 0.1 * np.std(expected)


def test_a_reranker_of_steps_runs_on_sentence_transformers(
    folder_of: Folder, model_cache: Path, tmp_path: Path
) -> None:
    from sentence_transformers import CrossEncoder
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.cross_encoder.modules import LogitScore
    from torch.nn import Identity

    encoder = Transformer(str(folder_of("llama")), transformer_task="text-generation")
    yes = encoder.tokenizer.convert_tokens_to_ids("Yes")
    model = CrossEncoder(modules=[encoder, LogitScore(true_token_id=yes)], device="cpu", activation_fn=Identity())
    model.save_pretrained(str(tmp_path / "steps"))
    scorer = load_scorer(model=str(tmp_path / "steps"), device="cpu", cache=model_cache)
    assert isinstance(scorer, TorchScorer)
    assert scorer.checkpoint.kind == "steps"
    pairs = [(QUERY, passage) for passage in PASSAGES[3:8]]
    assert np.abs(np.array(scorer.scores(QUERY, PASSAGES[3:8])) - model.predict(pairs)).max() < 1e-4


def test_a_cross_encoder_that_sentence_transformers_saved_is_one(folder_of: Folder, tmp_path: Path) -> None:
    from sentence_transformers import CrossEncoder

    CrossEncoder(str(folder_of("bert")), device="cpu", local_files_only=True).save_pretrained(str(tmp_path / "saved"))
    assert (tmp_path / "saved" / "modules.json").is_file()
    saved, given = (read_reranker(folder, name="", tokens=512) for folder in (tmp_path / "saved", folder_of("bert")))
    assert (saved.kind, saved.tokens) == (given.kind, given.tokens) == ("cross-encoder", 64)


def test_a_model_that_is_not_here_is_said_to_be_missing(model_cache: Path) -> None:
    with pytest.raises(MissingModel, match="The reranker nobody/nothing is not on this machine"):
        load_scorer(model="nobody/nothing", device="cpu", cache=model_cache)


def test_what_is_no_reranker_is_refused(folder_of: Folder, tmp_path: Path, model_cache: Path) -> None:
    def refused(folder: Path, reason: str) -> None:
        with pytest.raises(MissingModel, match=reason):
            load_scorer(model=str(folder), device="cpu", cache=model_cache)

    from kb.models.embedders import DEFAULT_MODEL, find_model

    refused(find_model(DEFAULT_MODEL), "it is an embedder")
    refused(tiny_rerankers.bert(tmp_path / "judge", labels=3), "3 scores for a pair, not 1")
    folder = Path(shutil.copytree(folder_of("bert"), tmp_path / "copy"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "architectures": ["BertModel"]}))
    refused(folder, "its network is BertModel")
    (folder / "config.json").write_text(json.dumps({**config, "architectures": ["OwnForSequenceClassification"]}))
    refused(folder, "code of its own")
    (folder / "config.json").write_text(
        json.dumps({**config, "model_type": "unheard-of", "architectures": ["UnheardForSequenceClassification"]})
    )
    refused(folder, "does not know")
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "model.safetensors").write_bytes(b"cut off")
    refused(folder, "undamaged")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    refused(folder, "pickle")
    (folder / "config.json").unlink()
    refused(folder, "holds no model")


@pytest.mark.parametrize(
    ("make", "damage", "reason"),
    [
        (tiny_rerankers.bert, lambda folder: lose_weights(folder, "bert.pooler.dense.weight"), "it lacks bert.pooler"),
        (
            tiny_rerankers.electra,
            lambda folder: lose_weights(folder, "classifier.out_proj.bias"),
            "it lacks classifier",
        ),
        (tiny_rerankers.electra, lambda folder: shorten_weight(folder, "classifier.dense.weight"), "."),
        (tiny_rerankers.electra, empty_tokenizer, "."),
        (tiny_rerankers.decoder, lambda folder: lose_weights(folder, "model.norm.weight"), "it lacks model.norm"),
        (
            tiny_rerankers.decoder,
            lambda folder: shorten_weight(folder, "model.embed_tokens.weight"),
            "model.embed_tokens.weight is of another shape",
        ),
        (tiny_rerankers.decoder, empty_tokenizer, "no 'added_tokens'"),
    ],
)
def test_a_damaged_reranker_is_told_and_nothing_is_made_up(
    make: Callable[[Path], Path], damage: Callable[[Path], Path], reason: str, tmp_path: Path
) -> None:
    folder = damage(make(tmp_path / "damaged"))
    with pytest.raises(MissingModel, match=f"damaged cannot be loaded \\({reason}.*: use an undamaged copy") as raised:
        load_scorer(model=str(folder), device="cpu", cache=tmp_path)
    assert str(raised.value).startswith("The model in ")
    assert str(raised.value).count("cannot be loaded") == 1
    assert "\n" not in str(raised.value)


def test_the_fingerprint_names_what_decides_the_scores(folder_of: Folder, tmp_path: Path) -> None:
    def fingerprint(folder: Path, *, tokens: int = 512) -> str:
        return read_reranker(folder, name="tiny", tokens=tokens).fingerprint

    copy = Path(shutil.copytree(folder_of("bert"), tmp_path / "elsewhere"))
    known = fingerprint(folder_of("bert"))
    assert fingerprint(copy) == known == fingerprint(copy, tokens=64)
    shorter = fingerprint(copy, tokens=32)
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x7f")
    assert len({known, shorter, fingerprint(copy)}) == 3


def test_a_device_that_is_not_there_is_refused(folder_of: Folder, model_cache: Path) -> None:
    with pytest.raises(SettingsError, match="auto, cpu or cuda"):
        load_scorer(model=str(folder_of("bert")), device="tpu", cache=model_cache)


def test_a_prepared_reranker_loads_without_torch(
    folder_of: Folder, load: Callable[[str], Scorer], model_cache: Path
) -> None:
    load("bert")
    program = (
        "import sys; from pathlib import Path; from kb.models.scorers import load_scorer\n"
        f"scorer = load_scorer(model={str(folder_of('bert'))!r}, device='cpu', cache=Path({str(model_cache)!r}))\n"
        "scorer.scores('red', ['stone']); heavy = {'torch', 'transformers', 'FlagEmbedding', 'openvino_telemetry'}\n"
        "print(sorted(name for name in heavy if sys.modules.get(name)))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("shape", [*ENCODERS, "gemma"])
def test_a_gpu_gives_the_scores_of_a_cpu_in_half_precision(
    shape: str, folder_of: Folder, load: Callable[[str], Scorer], model_cache: Path
) -> None:
    import torch

    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA GPU here")
    scorer = load_scorer(model=str(folder_of(shape)), device="auto", cache=model_cache)
    assert isinstance(scorer, LlmScorer if shape == "gemma" else TorchScorer)
    assert scorer.precision in (("bf16", "f16") if shape == "gemma" else ("f16",))
    expected = scored(load(shape))
    assert np.abs(scored(scorer) - expected).max() < 0.15 * np.std(expected)

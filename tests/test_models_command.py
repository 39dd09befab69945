"""`citewell models` and `citewell models pull`: what lies in the hub's cache, what it needs, and how it gets there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import tiny_encoders
import tiny_rerankers
from tiny_files import write_json
from tiny_generators import tiny_llama
from tiny_hub import hub
from tiny_servers import END, chunk, scripted, streamed

from citewell.inventory import Memory
from kb.models.local_model import LocalModel, read_model


@dataclass(frozen=True, slots=True)
class Result:
    code: int
    out: str
    err: str

    def models(self) -> dict[str, dict[str, Any]]:
        return {model["name"]: model for model in json.loads(self.out)}


def citewell(*arguments: object, hub_home: Path, endpoint: str = "http://127.0.0.1:9", columns: int = 0) -> Result:
    """The command in a process of its own: where the hub is, its client reads once."""
    environment = {**os.environ, "HF_HOME": str(hub_home), "HF_ENDPOINT": endpoint, "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "app.cli.main", *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "Traceback" not in done.stderr
    return Result(done.returncode, done.stdout, done.stderr)


def test_a_model_is_fetched_without_programs_and_is_then_on_this_machine(tmp_path: Path) -> None:
    model = tiny_llama(tmp_path / "served" / "acme" / "tiny")
    (model / "README.md").write_text("---\nlicense: other\nlicense_name: acme-terms\n---\n# Tiny\n")
    for name in ("modeling_acme.py", "pytorch_model.bin", "flax_model.msgpack", "consolidated.safetensors"):
        (model / name).write_bytes(b"never to be fetched")
    (model / "onnx").mkdir()
    (model / "onnx" / "config.json").write_text("{}")
    wanted = {"README.md", "config.json", "generation_config.json", "model.safetensors", "tokenizer.json"}
    wanted |= {"tokenizer_config.json", "chat_template.jinja"}
    with hub(tmp_path / "served") as served:
        first = citewell("--json", "models", "pull", "acme/tiny", hub_home=tmp_path / "hub", endpoint=served.url)
        again = citewell("models", "pull", "acme/tiny", hub_home=tmp_path / "hub", endpoint=served.url)
    assert set(served.fetched) == wanted
    assert len(served.fetched) == len(wanted)
    pulled = first.models()["acme/tiny"]
    assert (first.code, pulled["kind"], pulled["fetched_files"]) == (0, "generator", len(wanted))
    assert pulled["fetched_bytes"] == sum((model / name).stat().st_size for name in wanted)
    assert (again.code, again.out[:33]) == (0, "acme/tiny: Nothing new fetched; i")
    here = citewell("--json", "models", hub_home=tmp_path / "hub").models()
    assert (here["acme/tiny"]["licence"], here["acme/tiny"]["loadable"]) == ("acme-terms", True)
    assert here["all-MiniLM-L6-v2"]["used_for"] == ["embedding"]


def test_what_cannot_be_fetched_is_told(tmp_path: Path) -> None:
    (tmp_path / "served" / "acme" / "pickled").mkdir(parents=True)
    (tmp_path / "served" / "acme" / "pickled" / "pytorch_model.bin").write_bytes(b"x")
    with hub(tmp_path / "served") as served:
        for name, told in [
            ("acme/pickled", "has no weights as safetensors"),
            ("acme/nonesuch", "The hub has no model acme/nonesuch"),
            ("a/b/c", '"a/b/c" is no name of a model'),
        ]:
            result = citewell("models", "pull", name, hub_home=tmp_path / "hub", endpoint=served.url)
            assert (result.code, told in result.err, result.err.count("\n")) == (2, True, 1), result.err
    assert not served.fetched
    away = citewell("models", "pull", "acme/tiny", hub_home=tmp_path / "hub")
    assert away.code == 2
    assert away.err.startswith("The hub at http://127.0.0.1:9 does not answer: ")


def cached(hub_home: Path, name: str) -> Path:
    """Where the model `name` lies in the hub's cache."""
    repository = hub_home / "hub" / f"models--{name.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("c" * 40)
    return repository / "snapshots" / ("c" * 40)


def test_the_models_on_this_machine_are_listed_with_what_they_need(tmp_path: Path) -> None:
    hub_home = tmp_path / "hub"
    tiny_llama(cached(hub_home, "acme/llm"))
    tiny_rerankers.bert(cached(hub_home, "acme/reranker"))
    tiny_encoders.encoder(cached(hub_home, "acme/embedder"), "bert")
    pickled = tiny_llama(cached(hub_home, "acme/pickled"))
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    folder = tiny_llama(tmp_path / "mine")
    with scripted(streamed([chunk("x"), *END])) as server:
        settings = tmp_path / "settings.toml"
        settings.write_text(f'[rerank]\nmodel = "{folder}"\n[generator]\nserver = "{server.url}"\n')
        found = citewell("--settings", settings, "--json", "models", hub_home=hub_home).models()
        shown = citewell("--settings", settings, "models", hub_home=hub_home)
    kinds = {name: model["kind"] for name, model in found.items()}
    assert kinds == {
        "all-MiniLM-L6-v2": "embedder",
        "acme/llm": "generator",
        "acme/reranker": "reranker",
        "acme/embedder": "embedder",
        "acme/pickled": "generator",
        str(folder): "generator",
        "first": "generator",
        "second": "generator",
    }
    assert (found["first"]["used_for"], found["second"]["used_for"]) == (["generator"], [])
    assert (found[str(folder)]["place"], found[str(folder)]["used_for"]) == ("folder", ["rerank"])
    assert (found["all-MiniLM-L6-v2"]["parameters"], found["all-MiniLM-L6-v2"]["licence"]) == (22_713_216, "apache-2.0")
    assert found["acme/pickled"]["problem"].count("only as a pickle") == 1
    assert (found["acme/pickled"]["loadable"], found["acme/pickled"]["fits"]) == (False, None)
    assert "all-MiniLM-L6-v2 for embedding" in shown.out
    assert "acme/pickled cannot be used." in shown.err


def test_a_server_that_is_away_and_a_model_that_is_not_there_are_told_beside_the_list(tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text('[rerank]\nmodel = "acme/nonesuch"\n[generator]\nserver = "http://127.0.0.1:9/v1"\n')
    result = citewell("--settings", settings, "--json", "models", hub_home=tmp_path / "hub")
    assert (result.code, list(result.models())) == (0, ["all-MiniLM-L6-v2"])
    assert "`citewell models pull acme/nonesuch`" in result.err
    assert "No server answers at http://127.0.0.1:9/v1" in result.err


def changed(folder: Path, **changes: object) -> LocalModel:
    config = json.loads((folder / "config.json").read_text())
    write_json(folder / "config.json", {**config, **changes})
    return read_model(folder, name="mine")


def test_what_files_tell_of_a_model(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    folder = tiny_llama(tmp_path / "mine")
    model = read_model(folder, name="mine")
    count = AutoModelForCausalLM.from_pretrained(folder).num_parameters()
    assert (model.parameters, model.problem, model.licence) == (count, "", "unknown")
    assert model.memory("fp32") == int(count * 4 * 1.2)
    assert model.memory("bf16") == int(count * 2 * 1.2)
    assert model.bytes == sum(path.stat().st_size for path in folder.iterdir())
    (folder / "README.md").write_text("---\nlicense: [mit, apache-2.0]\npipeline_tag: text-ranking\n---\n")
    judging = read_model(folder, name="mine")
    assert (judging.kind, judging.licence) == ("reranker", "mit, apache-2.0")
    (folder / "README.md").write_text("---\nlicense: [\n---\n")
    assert read_model(folder, name="mine").licence == "unknown"
    quantised = changed(folder, quantization_config={"bits": 4})
    assert quantised.memory("fp32") == quantised.memory("bf16") == int(quantised.weight_bytes * 1.2)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"model_type": "acme", "architectures": ["AcmeForCausalLM"]}, r"does not know \(acme\)"),
        ({"architectures": ["AcmeForCausalLM"]}, r"does not know \(AcmeForCausalLM\)"),
    ],
)
def test_a_model_that_needs_programs_of_its_own_cannot_be_used(
    tmp_path: Path, changes: dict[str, object], told: str
) -> None:
    import re

    model = changed(tiny_llama(tmp_path / "mine"), **changes)
    assert model.kind == "generator"
    assert re.search(told, model.problem)


def test_damage_is_the_problem_of_the_model(tmp_path: Path) -> None:
    folder = tiny_llama(tmp_path / "mine")
    write_json(folder / "model.safetensors.index.json", {"weight_map": {"a": "model-00002-of-00002.safetensors"}})
    assert "lacks model-00002-of-00002.safetensors" in read_model(folder, name="mine").problem
    (folder / "model.safetensors").write_bytes(b"version https://git-lfs.github.com/spec/v1")
    assert "is damaged" in read_model(folder, name="mine").problem
    (folder / "config.json").write_text("{")
    assert "is not JSON" in read_model(folder, name="mine").problem
    assert "no config.json" in read_model(tmp_path, name="mine").problem


def test_a_model_fits_where_there_is_room_for_it(tmp_path: Path) -> None:
    model = read_model(tiny_llama(tmp_path / "mine"), name="mine")
    need = model.memory("bf16")
    assert need
    assert [Memory("cuda", "bf16", room).fits(model) for room in (need, need - 1, 0)] == [True, False, None]

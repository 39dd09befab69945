"""What the files of a model on this machine tell about it: its kind, size, licence, and whether it can be loaded.

Loads nothing, and runs nothing: weights are known by their headers alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kb.errors import MissingModel
from kb.models.checkpoint import steps_in
from kb.models.json_files import json_object
from kb.models.weights import weight_files

Kind = Literal["generator", "embedder", "reranker", "other"]
Precision = Literal["bf16", "fp32"]
BYTES: dict[Precision, int] = {"bf16": 2, "fp32": 4}
"""Of one parameter."""
_BESIDE = 1.2
"""Memory that a model takes, in that of its weights: a fifth is for what it calculates with on short texts."""
_FLOATS = ("F64", "F32", "F16", "BF16")
_JUDGES = ("text-classification", "text-ranking")
_EMBEDS = ("feature-extraction", "sentence-similarity")
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model in a folder.

    `bytes` are those of all its files, `weight_bytes` of its weights. `parameters` is None where no weights are there.
    `problem` is a sentence that says why it cannot be loaded; empty where nothing speaks against it.
    """

    name: str
    folder: Path
    kind: Kind
    bytes: int
    weight_bytes: int
    parameters: int | None
    is_quantised: bool
    licence: str
    problem: str

    def memory(self, precision: Precision) -> int | None:
        """Bytes to have in memory to run it; None where that is unknown. What is quantised stays so."""
        if self.parameters is None:
            return None
        weights = self.weight_bytes if self.is_quantised else self.parameters * BYTES[precision]
        return int(weights * _BESIDE)


def read_model(folder: Path, *, name: str) -> LocalModel:
    """Never raises: what is wrong with the files is told as the model's problem."""
    card = _card(folder)
    config, problem = _config(folder)
    weights: list[Path] = []
    kind: Kind = "other"
    if not problem:
        try:
            kind = _kind(folder, config, str(card.get("pipeline_tag", "")))
            weights = _listed(folder, weight_files([place for _, place in steps_in(folder)]))
        except MissingModel as error:
            problem = str(error)
    is_quantised = "quantization_config" in config
    return LocalModel(
        name=name,
        folder=folder,
        kind=kind,
        bytes=_folder_bytes(folder),
        weight_bytes=sum(path.stat().st_size for path in weights),
        parameters=_parameters(weights) if weights else None,
        is_quantised=is_quantised,
        licence=_licence(card),
        problem=problem or _unknown_code(folder, config, kind),
    )


def _config(folder: Path) -> tuple[dict[str, object], str]:
    try:
        config = json_object(folder / "config.json")
    except MissingModel as error:
        return {}, str(error)
    return config, "" if config else f"{folder} holds no model (no config.json): name the folder of a checkpoint."


def _kind(folder: Path, config: dict[str, object], purpose: str) -> Kind:
    """By its steps, else by what its network is; `purpose` is what the card says, which alone parts LLMs by their use.

    Raises MissingModel where the steps are damaged, or foreign code.
    """
    if (folder / "modules.json").is_file():
        return "embedder" if any(step == "Pooling" for step, _ in steps_in(folder)) else "reranker"
    network = _network(config)
    if network.endswith("ForSequenceClassification"):
        labels = config.get("id2label")
        return "reranker" if isinstance(labels, dict) and len(labels) == 1 else "other"
    if network.endswith("Model") and not network.endswith("HeadModel"):
        return "embedder"
    if _writes(network):
        return "reranker" if purpose in _JUDGES else "embedder" if purpose in _EMBEDS else "generator"
    return "other"


def _network(config: dict[str, object]) -> str:
    classes = config.get("architectures")
    return str(classes[0]) if isinstance(classes, list) and classes else ""


def _writes(network: str) -> bool:
    """Whether it is a language model that is loaded as one; unknown ones count by their name."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    return network.endswith("ForCausalLM") or network in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values()


def _unknown_code(folder: Path, config: dict[str, object], kind: Kind) -> str:
    """Why the installed transformers cannot load it without running code that comes with it; empty where it can."""
    import transformers
    from transformers import CONFIG_MAPPING

    network, family = _network(config), str(config.get("model_type", ""))
    if family in CONFIG_MAPPING and (kind == "embedder" or not network or hasattr(transformers, network)):
        return ""
    named = family if family not in CONFIG_MAPPING else network
    return (
        f"The model in {folder} is of a kind that the installed transformers does not know ({named or 'unnamed'}), and "
        "program code of its own is never run: choose another."
    )


def _listed(folder: Path, weights: list[Path]) -> list[Path]:
    """Without files beside the index, which hold the same weights once more (consolidated.safetensors)."""
    named = json_object(folder / "model.safetensors.index.json").get("weight_map")
    if not isinstance(named, dict):
        return weights
    listed = set(named.values())
    if lacking := sorted(str(name) for name in listed if not (folder / str(name)).is_file()):
        raise MissingModel(f"{folder} lacks {lacking[0]}, which its index names: fetch the whole model.")
    return [path for path in weights if path.parent != folder or path.name in listed]


def _parameters(weights: Sequence[Path]) -> int:
    """Numbers in the tensors of floating point; of packed ones, each number counts once, however much it packs."""
    from safetensors import safe_open

    total = 0
    for path in weights:
        with safe_open(path, framework="numpy") as tensors:
            for name in tensors.keys():  # noqa: SIM118 - it is no mapping
                tensor = tensors.get_slice(name)
                total += math.prod(tensor.get_shape()) if tensor.get_dtype() in _FLOATS else 0
    return total


def _folder_bytes(folder: Path) -> int:
    """Of its files, each once: those of the hub's cache are links to blobs."""
    files = {path.resolve() for path in folder.rglob("*") if path.is_file()}
    return sum(path.stat().st_size for path in files)


def _card(folder: Path) -> dict[str, object]:
    """What the head of README.md says; empty where there is none, or it cannot be read."""
    from huggingface_hub import metadata_load
    from yaml import YAMLError  # type: ignore[import-untyped]

    try:
        return metadata_load(folder / "README.md") or {}
    except (OSError, ValueError, YAMLError):
        return {}


def _licence(card: dict[str, object]) -> str:
    """As the card names it: an SPDX identifier in lower case, mostly, or the name of one of its own."""
    licence = card.get("license")
    if licence == "other":
        licence = card.get("license_name") or licence
    return ", ".join(map(str, licence)) if isinstance(licence, list) else str(licence or UNKNOWN)

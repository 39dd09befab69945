"""What a folder of sentence-transformers' layout says of an embedding model, and the identity that follows from it.

Knows files only: nothing here loads a model.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from kb.errors import MissingModel, SettingsError
from kb.models.weights import weight_files

_LEGACY_POOLING = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
_PASSAGE_PROMPTS = ("document", "passage", "corpus")
_BESIDE_THE_POINT = {"architectures", "dtype", "torch_dtype", "transformers_version"}
_TOKENIZER_FILES = ("tokenizer.json", "vocab.txt", "vocab.json", "sentencepiece.bpe.model", "spiece.model")
_POSITIONS_AFTER_PADDING = {"roberta", "xlm-roberta", "camembert", "mpnet"}
_UNBOUNDED = 8192


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """An embedding model on disk and how it is to be used.

    `pooling` is sentence-transformers' name of the pooling mode. `plain` says that the model is an encoder, a
    pooling and nothing else that computes (a normalisation aside). `tokens` is how many tokens a text may have,
    special ones included. `content` is a hash of weights, tokenizer and architecture.
    """

    folder: Path
    name: str
    architecture: str
    pooling: str
    plain: bool
    tokens: int
    lowercase: bool
    dimensions: int
    query_prefix: str
    passage_prefix: str
    content: str

    @property
    def graph(self) -> str:
        """Identity of the network and its tokenizer, whatever prefixes and dimensions it is used with."""
        return _digest(self.content, self.pooling, self.lowercase)[:16]

    @property
    def fingerprint(self) -> str:
        """The model's name and 12 hexadecimal digits over all that decides a vector."""
        decisive = (self.graph, self.tokens, self.dimensions, self.query_prefix, self.passage_prefix)
        return f"{self.name}:{_digest(*decisive)[:12]}"


def read_checkpoint(
    folder: Path, *, name: str, query_prefix: str = "", passage_prefix: str = "", dimensions: int | None = None
) -> Checkpoint:
    """Read what `folder` says; an empty prefix means the checkpoint's own, if it names one.

    Raises MissingModel when the folder holds no model that can be loaded without running foreign code, and
    SettingsError when it cannot give as many dimensions as asked.
    """
    config = _json_object(folder / "config.json")
    if not config:
        raise MissingModel(f"{folder} holds no embedding model (no config.json): name the folder of a checkpoint.")
    modules = _modules(folder)
    weights = weight_files([place for _, place in modules])
    pooling = _pooling(modules)
    sentence = _json_object(folder / "sentence_bert_config.json")
    prompts = _json_object(folder / "config_sentence_transformers.json")
    return Checkpoint(
        folder=folder,
        name=name,
        architecture=str(config.get("model_type", "")),
        pooling=pooling,
        plain={kind for kind, _ in modules} <= {"Transformer", "Pooling", "Normalize"},
        tokens=_tokens(folder, config, sentence),
        lowercase=bool(sentence.get("do_lower_case", False)),
        dimensions=_dimensions(folder, modules, config, pooling, asked=dimensions),
        query_prefix=query_prefix or _prompt(prompts, ("query",)),
        passage_prefix=passage_prefix or _prompt(prompts, _PASSAGE_PROMPTS),
        content=_content(folder, modules, config, weights),
    )


def _modules(folder: Path) -> list[tuple[str, Path]]:
    """(class name, folder) of each step; a folder without modules.json is an encoder with mean pooling."""
    path = folder / "modules.json"
    if not path.is_file():
        return [("Transformer", folder), ("Pooling", folder / "1_Pooling")]
    listed = _json(path)
    if not isinstance(listed, list) or not listed:
        raise MissingModel(f"{path} lists no steps of a model: use an undamaged copy of it.")
    foreign = [step["type"] for step in listed if not step["type"].startswith("sentence_transformers.")]
    if foreign:
        raise MissingModel(
            f"The model in {folder} needs program code of its own ({foreign[0]}), which is never run: choose another."
        )
    return [(step["type"].rsplit(".", 1)[-1], folder / step["path"]) for step in listed]


def _pooling(modules: list[tuple[str, Path]]) -> str:
    """The pooling mode; several that are joined end to end are named with "+" between them."""
    places = [place for kind, place in modules if kind == "Pooling"]
    config = _json_object(places[0] / "config.json") if places else {}
    given = config.get("pooling_mode") or [mode for key, mode in _LEGACY_POOLING.items() if config.get(key)]
    modes = [str(mode) for mode in given] if isinstance(given, list) else [str(given)]
    prompted = "" if config.get("include_prompt", True) else " without prompt"
    return ("+".join(modes) or "mean") + prompted


def _tokens(folder: Path, config: dict[str, object], sentence: dict[str, object]) -> int:
    """As sentence-transformers counts, but never more than the model has positions for."""
    tokenizer = _json_object(folder / "tokenizer_config.json")
    asked = _whole(sentence.get("max_seq_length")) or _whole(tokenizer.get("model_max_length"))
    limits = [limit for limit in (asked, _positions(config)) if limit]
    return min(limits, default=_UNBOUNDED)


def _positions(config: dict[str, object]) -> int:
    positions = _whole(config.get("max_position_embeddings"))
    if positions and config.get("model_type") in _POSITIONS_AFTER_PADDING:
        # These count positions from the padding token's id plus one: 514 positions hold 512 tokens.
        return positions - _whole(config.get("pad_token_id"), default=1) - 1
    return positions


def _dimensions(
    folder: Path, modules: list[tuple[str, Path]], config: dict[str, object], pooling: str, *, asked: int | None
) -> int:
    dense = [place for kind, place in modules if kind == "Dense"]
    if dense:
        native = _whole(_json_object(dense[-1] / "config.json").get("out_features"))
    else:
        native = _whole(config.get("hidden_size") or config.get("dim")) * len(pooling.split("+"))
    if asked is not None and not 1 <= asked <= native:
        raise SettingsError(
            f"The embedding model in {folder} gives {native} dimensions, not {asked}: ask for at most {native}."
        )
    return asked or native


def _prompt(config: dict[str, object], kinds: tuple[str, ...]) -> str:
    prompts = config.get("prompts")
    if not isinstance(prompts, dict):
        return ""
    names = (*kinds, config.get("default_prompt_name"))
    return next((str(prompts[name]) for name in names if name in prompts), "")


def _content(folder: Path, modules: list[tuple[str, Path]], config: dict[str, object], weights: list[Path]) -> str:
    """Hash of everything in the folder that decides a vector; where it lies and who saved it are left out."""
    architecture = {key: config[key] for key in config if not key.startswith("_") and key not in _BESIDE_THE_POINT}
    others = [_json_object(place / "config.json") for kind, place in modules if kind not in {"Transformer", "Pooling"}]
    vocabulary = next((folder / name for name in _TOKENIZER_FILES if (folder / name).is_file()), None)
    files = [*weights, *([vocabulary] if vocabulary else [])]
    return _digest(architecture, [kind for kind, _ in modules], others, [_file_digest(path) for path in files])


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:  # 90 MB in 0.07 s
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(*values: object) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _json_object(path: Path) -> dict[str, object]:
    """The JSON object in `path`, empty when there is no such file."""
    value = _json(path) if path.is_file() else {}
    return value if isinstance(value, dict) else {}


def _json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise MissingModel(f"{path} is not JSON ({error}): use an undamaged copy of the model.") from error


def _whole(value: object, *, default: int = 0) -> int:
    """`value` as an int; transformers writes 1e30 for "no limit", which counts as none."""
    return int(value) if isinstance(value, (int, float)) and 0 <= value < 10**9 else default

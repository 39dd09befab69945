"""What a folder of sentence-transformers' layout says of an embedding model, and the identity that follows from it.

Knows files only: nothing here loads a model.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from kb.errors import MissingModel, SettingsError
from kb.models.published import Card, card_of, hub_name
from kb.models.weights import HEADS, weight_files

_LEGACY_POOLING = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
_PASSAGE_PROMPTS = ("document", "passage", "corpus")
_PROMPTS = "config_sentence_transformers.json"
_SETTINGS, _CARD = "the settings", "the model's card"
_BESIDE_THE_POINT = {"architectures", "dtype", "torch_dtype", "transformers_version"}
_TOKENIZER_FILES = ("tokenizer.json", "vocab.txt", "vocab.json", "sentencepiece.bpe.model", "spiece.model")
_POSITIONS_AFTER_PADDING = {"roberta", "xlm-roberta", "camembert", "mpnet"}
_UNBOUNDED = 8192
_WIDTHS = ("hidden_size", "dim", "n_embd", "d_model")


@dataclass(frozen=True, slots=True)
class Choice:
    """A value and what it was taken from, in words for people."""

    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """An embedding model on disk and how it is to be used.

    `pooled` is sentence-transformers' name of the pooling mode. `plain` says that the model is an encoder, a
    pooling and nothing else that computes (a normalisation aside). `tokens` is how many tokens a text may have,
    special ones included. `content` is a hash of weights, tokenizer and architecture.
    """

    folder: Path
    name: str
    architecture: str
    pooled: Choice
    plain: bool
    tokens: int
    lowercase: bool
    dimensions: int
    before_query: Choice
    before_passage: Choice
    content: str

    @property
    def pooling(self) -> str:
        return self.pooled.value

    @property
    def query_prefix(self) -> str:
        return self.before_query.value

    @property
    def passage_prefix(self) -> str:
        return self.before_passage.value

    @property
    def graph(self) -> str:
        """Identity of the network and its tokenizer, whatever prefixes and dimensions it is used with."""
        return digest(self.content, self.pooling, self.lowercase)[:16]

    @property
    def fingerprint(self) -> str:
        """The model's name and 12 hexadecimal digits over all that decides a vector."""
        decisive = (self.graph, self.tokens, self.dimensions, self.query_prefix, self.passage_prefix)
        return f"{self.name}:{digest(*decisive)[:12]}"


def read_checkpoint(
    folder: Path,
    *,
    name: str,
    query_prefix: str | None = None,
    passage_prefix: str | None = None,
    pooling: str | None = None,
    dimensions: int | None = None,
) -> Checkpoint:
    """Read what `folder` says; what is None is as the checkpoint says, or else the card of a model of that `name`.

    Raises MissingModel when the folder holds no model that can be loaded without running foreign code, and
    SettingsError when it cannot give as many dimensions as asked or nothing says how its vectors are pooled.
    """
    config = json_object(folder / "config.json")
    if not config:
        raise MissingModel(f"{folder} holds no model (no config.json): name the folder of a checkpoint.")
    modules = steps_in(folder)
    weights = weight_files([place for _, place in modules])
    card = card_of([name, hub_name(folder)])
    pooled = _pooled(folder, modules, card, given=pooling)
    sentence = json_object(folder / "sentence_bert_config.json")
    prompts = json_object(folder / _PROMPTS)
    for_passages = card.passage_prefix if card else ""
    return Checkpoint(
        folder=folder,
        name=name,
        architecture=str(config.get("model_type", "")),
        pooled=pooled,
        plain={kind for kind, _ in modules} <= {"Transformer", "Pooling", "Normalize"},
        tokens=window_of(folder, config, sentence),
        lowercase=bool(sentence.get("do_lower_case", False)),
        dimensions=_dimensions(folder, modules, config, pooled.value, asked=dimensions),
        before_query=_prefix(query_prefix, _prompt(prompts, ("query",)), card.query_prefix if card else ""),
        before_passage=_prefix(passage_prefix, _prompt(prompts, _PASSAGE_PROMPTS), for_passages),
        content=content_of(folder, modules, config, weights),
    )


def steps_in(folder: Path) -> list[tuple[str, Path]]:
    """(class name, folder) of each step; a folder without modules.json is an encoder and a pooling."""
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


def _pooled(folder: Path, modules: list[tuple[str, Path]], card: Card | None, *, given: str | None) -> Choice:
    """The pooling mode; several that are joined end to end are named with "+" between them.

    Where nothing says which it is none is assumed, since of a wrong one only poor search would tell.
    """
    places = [place for kind, place in modules if kind == "Pooling"]
    if not places and given:
        raise SettingsError(f"The model in {folder} has no pooling to choose: leave out embedding.pooling.")
    if not places:
        return Choice("none", "modules.json")
    config = json_object(places[0] / "config.json")
    prompted = "" if config.get("include_prompt", True) else " without prompt"
    if given:
        return Choice(given + prompted, _SETTINGS)
    if config:
        return Choice(_own_pooling(config) + prompted, str((places[0] / "config.json").relative_to(folder)))
    if card:
        return Choice(card.pooling, _CARD)
    if any((folder / f"{head}.{suffix}").is_file() for head in HEADS for suffix in ("safetensors", "pt")):
        return Choice("cls", "BGE-M3's heads beside it")
    raise SettingsError(
        f"The model in {folder} does not say how a text's vectors become one: set embedding.pooling, "
        'to "cls" for BGE and what FlagEmbedding trained, "mean" for most others, "lasttoken" for decoders.'
    )


def _own_pooling(config: dict[str, object]) -> str:
    given = config.get("pooling_mode") or [mode for key, mode in _LEGACY_POOLING.items() if config.get(key)]
    modes = [str(mode) for mode in given] if isinstance(given, list) else [str(given)]
    return "+".join(modes) or "mean"


def _prefix(given: str | None, own: str, published: str) -> Choice:
    if given is not None:
        return Choice(given, _SETTINGS)
    if own:
        return Choice(own, _PROMPTS)
    return Choice(published, _CARD if published else "")


def window_of(folder: Path, config: dict[str, object], sentence: dict[str, object]) -> int:
    """As sentence-transformers counts, but never more than the model has positions for."""
    tokenizer = json_object(folder / "tokenizer_config.json")
    asked = _whole(sentence.get("max_seq_length")) or _whole(tokenizer.get("model_max_length"))
    limits = [limit for limit in (asked, _positions(config)) if limit]
    return min(limits, default=_UNBOUNDED)


def _positions(config: dict[str, object]) -> int:
    positions = _whole(config.get("max_position_embeddings") or config.get("n_positions"))
    if positions and config.get("model_type") in _POSITIONS_AFTER_PADDING:
        # These count positions from the padding token's id plus one: 514 positions hold 512 tokens.
        return positions - _whole(config.get("pad_token_id"), default=1) - 1
    return positions


def _dimensions(
    folder: Path, modules: list[tuple[str, Path]], config: dict[str, object], pooling: str, *, asked: int | None
) -> int:
    dense = [place for kind, place in modules if kind == "Dense"]
    if dense:
        native = _whole(json_object(dense[-1] / "config.json").get("out_features"))
    else:
        native = _whole(next((config[key] for key in _WIDTHS if key in config), 0)) * len(pooling.split("+"))
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


def content_of(folder: Path, modules: list[tuple[str, Path]], config: dict[str, object], weights: list[Path]) -> str:
    """Hash of everything in the folder that decides a vector; where it lies and who saved it are left out."""
    architecture = {key: config[key] for key in config if not key.startswith("_") and key not in _BESIDE_THE_POINT}
    others = [json_object(place / "config.json") for kind, place in modules if kind not in {"Transformer", "Pooling"}]
    vocabulary = next((folder / name for name in _TOKENIZER_FILES if (folder / name).is_file()), None)
    files = [*weights, *([vocabulary] if vocabulary else [])]
    return digest(architecture, [kind for kind, _ in modules], others, [_file_digest(path) for path in files])


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:  # 90 MB in 0.07 s
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(*values: object) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def json_object(path: Path) -> dict[str, object]:
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

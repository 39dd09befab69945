"""What a folder of sentence-transformers' layout says of an embedding model, and the identity that follows from it.

Knows files only: nothing here loads a model.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from kb.errors import MissingModel, SettingsError
from kb.models.json_files import json_object, json_value
from kb.models.published import card_of, hub_name
from kb.models.usage import Choice, pooling_of, prefixes_of
from kb.models.weights import weight_files

_BESIDE_THE_POINT = {"architectures", "dtype", "torch_dtype", "transformers_version"}
_TOKENIZER_FILES = (
    *("tokenizer.json", "vocab.txt", "vocab.json"),
    *("sentencepiece.bpe.model", "spiece.model", "spm.model", "tokenizer.model"),
)
_POSITIONS_AFTER_PADDING = {"roberta", "xlm-roberta", "camembert", "mpnet"}
_UNBOUNDED = 8192
_WIDTHS = ("hidden_size", "dim", "n_embd", "d_model")


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
    def has_comparable_tokens(self) -> bool:
        """Whether its tokens' vectors are of the space of its texts' vectors, which are the mean of them."""
        return self.plain and self.pooling == "mean"

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
    pooled = pooling_of(folder, [place for kind, place in modules if kind == "Pooling"], card, given=pooling)
    before_query, before_passage = prefixes_of(folder, card, query=query_prefix, passage=passage_prefix)
    sentence = json_object(folder / "sentence_bert_config.json")
    return Checkpoint(
        folder=folder,
        name=name,
        architecture=str(config.get("model_type", "")),
        pooled=pooled,
        plain={kind for kind, _ in modules} <= {"Transformer", "Pooling", "Normalize"},
        tokens=window_of(folder, config, sentence),
        lowercase=bool(sentence.get("do_lower_case", False)),
        dimensions=_dimensions(folder, modules, config, pooled.value, asked=dimensions),
        before_query=before_query,
        before_passage=before_passage,
        content=content_of(folder, modules, config, weights),
    )


def steps_in(folder: Path) -> list[tuple[str, Path]]:
    """(class name, folder) of each step; a folder without modules.json is an encoder and a pooling."""
    path = folder / "modules.json"
    if not path.is_file():
        return [("Transformer", folder), ("Pooling", folder / "1_Pooling")]
    listed = json_value(path)
    if not isinstance(listed, list) or not listed or not all(map(_is_step, listed)):
        raise MissingModel(f"{path} lists no steps of a model: use an undamaged copy of it.")
    foreign = [step["type"] for step in listed if not step["type"].startswith("sentence_transformers.")]
    if foreign:
        raise MissingModel(
            f"The model in {folder} needs program code of its own ({foreign[0]}), which is never run: choose another."
        )
    return [(step["type"].rsplit(".", 1)[-1], folder / step["path"]) for step in listed]


def _is_step(entry: object) -> bool:
    return isinstance(entry, dict) and all(isinstance(entry.get(key), str) for key in ("type", "path"))


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


def content_of(folder: Path, modules: list[tuple[str, Path]], config: dict[str, object], weights: list[Path]) -> str:
    """Hash of everything in the folder that decides a vector; where it lies and who saved it are left out."""
    architecture = {key: config[key] for key in config if not key.startswith("_") and key not in _BESIDE_THE_POINT}
    others = [json_object(place / "config.json") for kind, place in modules if kind not in {"Transformer", "Pooling"}]
    vocabulary = next((folder / name for name in _TOKENIZER_FILES if (folder / name).is_file()), None)
    if vocabulary is None:  # transformers would make do with a tokenizer that knows no word
        raise MissingModel(f"{folder} holds no tokenizer (tokenizer.json): name the folder of a whole checkpoint.")
    files = [*weights, vocabulary]
    return digest(architecture, [kind for kind, _ in modules], others, [_file_digest(path) for path in files])


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:  # 90 MB in 0.07 s
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(*values: object) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _whole(value: object, *, default: int = 0) -> int:
    """`value` as an int; transformers writes 1e30 for "no limit", which counts as none."""
    return int(value) if isinstance(value, (int, float)) and 0 <= value < 10**9 else default

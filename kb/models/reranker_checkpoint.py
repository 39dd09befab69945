"""What a folder says of a reranking model: which kind it is, and the identity of what decides its scores.

Knows files only: nothing here loads a model.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kb.errors import MissingModel
from kb.models.checkpoint import content_of, digest, steps_in, window_of
from kb.models.json_files import json_object
from kb.models.weights import weight_files

SCORE = "score"
"""In the place of a pooling: the network's own head makes one number of a pair."""
Kind = Literal["cross-encoder", "decoder", "steps"]


@dataclass(frozen=True, slots=True)
class RerankerCheckpoint:
    """A reranker on disk.

    A "cross-encoder" is an encoder whose head gives one number for a pair; a "decoder" is a language model of
    FlagEmbedding's, which is asked for a Yes; "steps" are sentence-transformers' own, such as a language model and what
    it takes from its logits. `head` is the class that the network was saved from, empty where none is named. `tokens`
    is how many tokens a pair may have, special ones included. `content` is a hash of weights, tokenizer and
    architecture.
    """

    folder: Path
    name: str
    kind: Kind
    head: str
    architecture: str
    tokens: int
    lowercase: bool
    content: str

    @property
    def pooling(self) -> str:
        return SCORE

    @property
    def graph(self) -> str:
        """Identity of the network and its tokenizer, however much of a pair it is shown."""
        return digest(self.content, SCORE, self.lowercase)[:16]

    @property
    def fingerprint(self) -> str:
        """The model's name and 12 hexadecimal digits over all that decides a score."""
        return f"{self.name}:{digest(self.graph, self.kind, self.tokens)[:12]}"


def read_reranker(folder: Path, *, name: str, tokens: int) -> RerankerCheckpoint:
    """Read what `folder` says; of a pair at most `tokens` are seen, or as many as the model can see.

    Raises MissingModel when the folder holds no reranker that can be loaded without running foreign code.
    """
    config = json_object(folder / "config.json")
    if not config:
        raise MissingModel(f"{folder} holds no model (no config.json): name the folder of a checkpoint.")
    steps = steps_in(folder)
    weights = weight_files([place for _, place in steps])
    sentence = json_object(folder / "sentence_bert_config.json")
    return RerankerCheckpoint(
        folder=folder,
        name=name,
        kind=_kind(folder, config, [kind for kind, _ in steps]),
        head=_head(config),
        architecture=str(config.get("model_type", "")),
        tokens=min(tokens, window_of(folder, config, sentence)),
        lowercase=bool(sentence.get("do_lower_case", False)),
        content=content_of(folder, steps, config, weights),
    )


def _kind(folder: Path, config: dict[str, object], steps: list[str]) -> Kind:
    head = _head(config)
    has_steps = (folder / "modules.json").is_file()
    if has_steps and steps != ["Transformer"]:
        if "Pooling" in steps:
            raise _no_reranker(folder, "it is an embedder")
        return "steps"
    if head.endswith("ForSequenceClassification"):
        if (labels := _labels(config)) != 1:
            raise _no_reranker(folder, f"it gives {labels} scores for a pair, not 1")
        return "steps" if _has_prompt(folder) else "cross-encoder"
    if head.endswith("ForCausalLM"):
        return "steps" if has_steps else "decoder"
    raise _no_reranker(folder, f"its network is {head or 'of no named class'}")


def _head(config: dict[str, object]) -> str:
    classes = config.get("architectures")
    return str(classes[0]) if isinstance(classes, list) and classes else ""


def _labels(config: dict[str, object]) -> int:
    """How many numbers the head gives; what transformers takes for granted where the file does not tell."""
    named, counted = config.get("id2label"), config.get("num_labels")
    if isinstance(named, dict):
        return len(named)
    return counted if isinstance(counted, int) else 2


def _has_prompt(folder: Path) -> bool:
    """Whether sentence-transformers puts words of the model's own before a query."""
    return bool(json_object(folder / "config_sentence_transformers.json").get("default_prompt_name"))


def _no_reranker(folder: Path, why: str) -> MissingModel:
    return MissingModel(
        f"The model in {folder} is no reranker ({why}): name a cross-encoder, or a language model of FlagEmbedding's."
    )

"""How a language model is had from the folder of a checkpoint, and what ends its replies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kb.errors import MissingModel
from kb.models.precision import precision_on
from kb.models.transformers_models import load_network, load_tokenizer, loading_told
from kb.models.weights import weight_files

if TYPE_CHECKING:
    from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase


def load_writing_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """Raises MissingModel where the folder holds no language model, or none that can be loaded safely."""
    if not (folder / "config.json").is_file():
        raise MissingModel(f"{folder} holds no language model (no config.json): name the folder of a checkpoint.")
    weight_files([folder])
    with loading_told(folder):
        return load_tokenizer(folder)


def load_language_model(folder: Path, tokenizer: PreTrainedTokenizerBase, *, device: str) -> PreTrainedModel:
    """On `device`, and set to write greedily.

    Raises MissingModel where the folder holds no language model that loads without running foreign code.
    """
    from transformers import AutoModelForCausalLM

    with loading_told(folder):
        model = load_network(AutoModelForCausalLM, folder, precision_on(device))
        model.generation_config = _greedy(model, tokenizer)
        model.to(device)  # type: ignore[arg-type]
    return model


def ends_of(model: PreTrainedModel) -> frozenset[int]:
    """The tokens that end a reply."""
    end = model.generation_config.eos_token_id
    return frozenset(end if isinstance(end, list) else [] if end is None else [end])


def window_of(model: PreTrainedModel) -> int | None:
    """Tokens of prompt and reply together; None where the network itself knows no limit."""
    positions = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    return positions if isinstance(positions, int) else None


def _greedy(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> GenerationConfig:
    """Of what the checkpoint says about writing, only what its special tokens are."""
    from transformers import GenerationConfig

    given = model.generation_config
    end = tokenizer.eos_token_id if given.eos_token_id is None else given.eos_token_id
    padding = given.pad_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id
    if padding is None:
        padding = (end[0] if isinstance(end, list) else end) or 0
    return GenerationConfig(  # type: ignore[no-untyped-call]
        do_sample=False,
        bos_token_id=given.bos_token_id,
        eos_token_id=end,
        pad_token_id=padding,
    )

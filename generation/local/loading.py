"""How a language model is had from the folder of a checkpoint, and what ends its replies."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from kb.errors import MissingModel, SettingsError
from kb.models.precision import precision_on
from kb.models.transformers_models import load_network, load_tokenizer, loading_told
from kb.models.weights import weight_files

if TYPE_CHECKING:
    from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase
    from transformers.utils.quantization_config import QuantizationConfigMixin

_WIDEST_HEAD = 256
"""What flash attention can do."""


def load_writing_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """Raises MissingModel where the folder holds no language model, or none that can be loaded safely."""
    if not (folder / "config.json").is_file():
        raise MissingModel(f"{folder} holds no language model (no config.json): name the folder of a checkpoint.")
    weight_files([folder])
    with loading_told(folder):
        return load_tokenizer(folder)


def load_language_model(
    folder: Path, tokenizer: PreTrainedTokenizerBase, *, device: str, quantisation: str
) -> PreTrainedModel:
    """On `device`, its weights of as many bits as `quantisation` says, and set to write greedily.

    Raises MissingModel where the folder holds no language model that loads without running foreign code, and
    SettingsError where its weights cannot be had in fewer bits here.
    """
    from transformers import AutoModelForCausalLM

    fewer_bits = _quantised(quantisation, device=device)
    precision = precision_on(device)
    with loading_told(folder):
        if fewer_bits:  # Each weight on its way to the GPU, which may be too small for all of them as they are.
            model = load_network(AutoModelForCausalLM, folder, precision, device=device, quantisation=fewer_bits)
        else:
            model = load_network(AutoModelForCausalLM, folder, precision)
            model.to(device)  # type: ignore[arg-type]
        model.generation_config = _greedy(model, tokenizer)
        if device == "cuda":
            _attend_fast(model)
    return model


def _quantised(quantisation: str, *, device: str) -> QuantizationConfigMixin | None:
    """In 8 bits as in LLM.int8() (Dettmers et al. 2022), in 4 as in QLoRA (Dettmers et al. 2023)."""
    if quantisation == "none":
        return None
    chosen = f'generator.quantisation = "{quantisation}"'
    if device != "cuda":
        raise SettingsError(f'{chosen} is for an NVIDIA GPU, and there is none in use: set it to "none".')
    if find_spec("bitsandbytes") is None:
        raise SettingsError(
            f"{chosen} needs a package that is not installed: pip install 'citewell[quantised]', or set it to \"none\"."
        )
    from transformers import BitsAndBytesConfig

    if quantisation == "8bit":
        return BitsAndBytesConfig(load_in_8bit=True)  # type: ignore[no-untyped-call]
    return BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=precision_on(device),
    )


def _attend_fast(model: PreTrainedModel) -> None:
    """By flash attention (Dao 2023) where it is installed, in place of torch's own, where the model uses that."""
    from transformers.utils.import_utils import is_flash_attn_2_available

    head = getattr(model.config.get_text_config(), "head_dim", None) or 0
    usual = getattr(model.config, "_attn_implementation", "") == "sdpa"
    if usual and is_flash_attn_2_available() and model._supports_flash_attn and head <= _WIDEST_HEAD:
        model.set_attn_implementation("flash_attention_2")


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

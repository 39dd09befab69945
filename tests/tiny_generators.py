"""Language models for tests that have learnt nothing: a few random layers in the folder of a real one."""

from __future__ import annotations

from pathlib import Path

from tiny_files import UNKNOWN, save_tokenizer, word_tokenizer
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM, LlamaConfig, LlamaForCausalLM, PreTrainedModel

WORDS = ("the", "walrus", "has", "long", "tusks", "and", "steam", "engines", "burn", "copper", "bread", "ovens", "bake")
SPECIAL = ["<pad>", "</s>", UNKNOWN, "<|turn|>"]
_SHAPE = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
_SHAPE |= {"initializer_range": 0.5, "bos_token_id": None}
TEMPLATE = (
    "{% for message in messages %}<|turn|>{{ message.role }}: {{ message.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|turn|>assistant:{% endif %}"
)
NO_SYSTEM = "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
SILENT_SYSTEM = TEMPLATE.replace("%}<|turn|>{{", "%}{% if message.role != 'system' %}<|turn|>{{", 1).replace(
    "\n{% endfor %}", "\n{% endif %}{% endfor %}"
)


def tiny_llama(folder: Path, *, template: str | None = TEMPLATE, window: int = 2048) -> Path:
    """Llama's shape, on whole words: it writes words of WORDS, one a token, knows no others, and comes to no end."""
    import torch

    vocabulary = [*SPECIAL, *WORDS]
    torch.manual_seed(3)
    config = LlamaConfig(
        **_SHAPE,
        vocab_size=len(vocabulary),
        num_key_value_heads=2,
        max_position_embeddings=window,
        eos_token_id=None,
        pad_token_id=0,
    )
    model = LlamaForCausalLM(config)
    model.lm_head.weight.data[SPECIAL.index("</s>")] = 0.0
    return _saved(model, word_tokenizer(vocabulary), folder, template)


def tiny_neox(folder: Path, *, template: str | None = None, window: int = 2048) -> Path:
    """GPT-NeoX's shape, on bytes."""
    import torch

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {symbol: number for number, symbol in enumerate([*SPECIAL, *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    torch.manual_seed(5)
    config = GPTNeoXConfig(**_SHAPE, vocab_size=len(vocabulary), max_position_embeddings=window, eos_token_id=1)
    return _saved(GPTNeoXForCausalLM(config), tokenizer, folder, template)


def _saved(model: PreTrainedModel, tokenizer: Tokenizer, folder: Path, template: str | None) -> Path:
    model.save_pretrained(folder)
    special = {"pad_token": "<pad>", "eos_token": "</s>", "additional_special_tokens": ["<|turn|>"]}
    save_tokenizer(tokenizer, folder, template=template, **special)
    return folder

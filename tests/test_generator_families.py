"""Language models of the shapes that people have, tiny and random, through the code that loads and asks real ones.

Each family's template is written here in the form that its models know: with a role for the system or without, with
turns in brackets or between tokens; Phi-2, Falcon and GPT-NeoX come without one.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from tiny_files import UNKNOWN, save_tokenizer
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer

from generation.generators import load_generator
from kb.errors import ReplyCutShort
from kb.protocols import Generator, Measured, Message
from kb.settings import GeneratorSettings

SHAPE = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
SHAPE |= {"initializer_range": 0.5, "max_position_embeddings": 4096, "bos_token_id": 0, "eos_token_id": 1}
TOKENS = 40
GROUPED = {**SHAPE, "num_key_value_heads": 2}
SPECIAL = (
    "<s>",
    "</s>",
    UNKNOWN,
    "<|im_start|>",
    "<|im_end|>",
    "[INST]",
    "[/INST]",
    "<start_of_turn>",
    "<end_of_turn>",
)

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
BRACKETS = (
    "<s>{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }} [/INST]"
    "{% elif m.role == 'assistant' %}{{ m.content }}</s>"
    "{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}"
)
TURNS = (
    "<s>{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for m in messages %}<start_of_turn>{{ 'model' if m.role == 'assistant' else m.role }}\n"
    "{{ m.content }}<end_of_turn>\n{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
EXPERTS = {"num_local_experts": 4, "num_experts_per_tok": 2}

FAMILIES: dict[str, tuple[str, dict[str, Any], str | None]] = {
    "llama": ("LlamaConfig", GROUPED, CHATML),
    "mistral": ("MistralConfig", {**GROUPED, "sliding_window": 64}, BRACKETS),
    "mixtral": ("MixtralConfig", {**GROUPED, **EXPERTS}, BRACKETS),
    "qwen2": ("Qwen2Config", GROUPED, CHATML),
    "qwen3": ("Qwen3Config", {**GROUPED, "head_dim": 8}, CHATML),
    "gemma2": ("Gemma2Config", {**GROUPED, "head_dim": 8, "sliding_window": 64}, TURNS),
    "phi-2": ("PhiConfig", SHAPE, None),
    "phi-3": ("Phi3Config", {**GROUPED, "pad_token_id": 1}, CHATML),
    "falcon": ("FalconConfig", {**SHAPE, "num_kv_heads": 2, "new_decoder_architecture": True}, None),
    "gpt-neox": ("GPTNeoXConfig", SHAPE, None),
}


@pytest.fixture(scope="module", params=FAMILIES)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    config, shape, template = FAMILIES[request.param]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {symbol: number for number, symbol in enumerate([*SPECIAL, *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    made = tmp_path_factory.mktemp(request.param)
    torch.manual_seed(29)
    model = AutoModelForCausalLM.from_config(getattr(transformers, config)(**shape, vocab_size=len(vocabulary)))
    model.save_pretrained(made)
    special = {"bos_token": "<s>", "eos_token": "</s>", "additional_special_tokens": list(SPECIAL[3:])}
    save_tokenizer(tokenizer, made, template=template, **special)
    return made


def reply(generator: Generator, messages: tuple[Message, ...]) -> str:
    pieces: list[str] = []
    with suppress(ReplyCutShort):
        pieces.extend(generator.stream(messages))
    return "".join(pieces)


def test_a_model_of_each_family_writes_what_the_library_writes(folder: Path) -> None:
    generator = load_generator(GeneratorSettings(model=str(folder), device="cpu", max_tokens=TOKENS))
    messages = (Message("system", "Answer in a sentence."), Message("user", "Wie heißt der Fluss, “so” 是的?"))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    prompt = expected_prompt(tokenizer, messages)
    assert "Answer in a sentence." in prompt
    assert "是的?" in prompt
    ids = tokenizer(prompt, return_tensors="pt", add_special_tokens=not tokenizer.chat_template)["input_ids"]
    model = AutoModelForCausalLM.from_pretrained(folder)
    with torch.no_grad():
        said = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=TOKENS)
    expected = tokenizer.decode(said[0, ids.shape[1] :], skip_special_tokens=True)
    assert expected
    assert reply(generator, messages) == expected.partition("\nUser:")[0]
    assert isinstance(generator, Measured)
    assert generator.tokens(messages) == ids.shape[1]
    assert generator.room == 4096 - TOKENS


def expected_prompt(tokenizer: Any, messages: tuple[Message, ...]) -> str:
    """By the family's template; where that has no system, the user says it; without a template, in plain words."""
    system, user = messages
    if not tokenizer.chat_template:
        return f"{system.content}\n\nUser: {user.content}\n\nAssistant:"
    turns = [{"role": "system", "content": system.content}, {"role": "user", "content": user.content}]
    if "raise_exception" in tokenizer.chat_template:
        turns = [{"role": "user", "content": f"{system.content}\n\n{user.content}"}]
    text: str = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    return text

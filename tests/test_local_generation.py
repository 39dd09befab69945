"""Language models in this process: steps, drafts and memories that change nothing but the time a reply takes."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import wraps
from importlib.util import find_spec
from pathlib import Path
from weakref import ref

import pytest
import torch
from test_generators import greedy as by_a_pipeline
from test_generators import load, network, reply
from tiny_generators import tiny_llama
from transformers import (
    DynamicCache,
    FalconConfig,
    FalconForCausalLM,
    GenerationConfig,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    MambaConfig,
    MambaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    Phi3Config,
    Phi3ForCausalLM,
    PhiConfig,
    PhiForCausalLM,
    PreTrainedModel,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from generation.local import decoding
from generation.local.decoding import can_step, decode, empty_cache
from generation.local.loading import load_language_model, load_writing_tokenizer
from generation.local.lookup import PromptLookup
from generation.local.memory import is_out_of_memory
from generation.local.prefixes import Prefixes
from generation.local.writing import Writer
from kb.errors import OutOfMemory, SettingsError
from kb.protocols import Generator, Message
from kb.settings import load_settings

_SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 40}
_SMALL |= {"initializer_range": 0.5, "bos_token_id": None, "eos_token_id": None, "pad_token_id": 0}
_SHAPE = {**_SMALL, "intermediate_size": 64, "max_position_embeddings": 2048}
_GROUPED = {**_SHAPE, "num_key_value_heads": 2}
KINDS: dict[str, Callable[[], PreTrainedModel]] = {
    "llama": lambda: LlamaForCausalLM(LlamaConfig(**_GROUPED)),
    "qwen": lambda: Qwen3ForCausalLM(Qwen3Config(**_GROUPED, head_dim=8)),
    "mistral": lambda: MistralForCausalLM(MistralConfig(**_GROUPED, sliding_window=16)),
    "neox": lambda: GPTNeoXForCausalLM(GPTNeoXConfig(**_SHAPE)),
    "phi": lambda: PhiForCausalLM(PhiConfig(**_SHAPE)),
    "falcon": lambda: FalconForCausalLM(FalconConfig(**_SMALL, alibi=True)),
}


def made(kind: str) -> PreTrainedModel:
    torch.manual_seed(1)
    return KINDS[kind]().eval()


def copying_prompt(length: int = 60) -> list[int]:
    """Of which much stands twice, so that there is something to guess."""
    torch.manual_seed(2)
    ids: list[int] = torch.randint(1, 40, (length,)).tolist()
    return ids + ids[: length // 2]


def by_the_library(model: PreTrainedModel, prompt: list[int], tokens: int) -> list[int]:
    ids = torch.tensor([prompt])
    config = GenerationConfig(do_sample=False, max_new_tokens=tokens, pad_token_id=0)
    written = model.generate(ids, attention_mask=torch.ones_like(ids), generation_config=config)  # type: ignore[operator]
    said: list[int] = written[0, len(prompt) :].tolist()
    return said


def steps(model: PreTrainedModel, prompt: list[int], tokens: int, *, draft: int) -> list[list[int]]:
    return list(decode(model, prompt, cache=empty_cache(model), tokens=tokens, draft=draft))


def joined(parts: Sequence[Sequence[int]]) -> list[int]:
    return [token for part in parts for token in part]


@pytest.mark.parametrize("kind", KINDS)
def test_steps_write_what_the_library_writes(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, prompt = made(kind), copying_prompt()
    expected = by_the_library(model, prompt, 60)
    assert can_step(model)
    for part in (7, 256):
        monkeypatch.setitem(decoding._PART, "cpu", part)
        for draft in (0, 3, 10):
            assert joined(steps(model, prompt, 60, draft=draft)) == expected, (part, draft)


def test_drafts_save_steps_where_the_text_repeats_itself() -> None:
    model, prompt = made("falcon"), copying_prompt()
    assert len(steps(model, prompt, 60, draft=0)) == 60
    assert len(steps(model, prompt, 60, draft=10)) < 45


def test_a_draft_is_what_followed_the_last_time() -> None:
    lookup = PromptLookup([1, 2, 3, 4, 5, 1, 2, 3])
    assert lookup.draft(2) == [4, 5]
    assert lookup.draft(10) == [4, 5, 1, 2, 3]
    assert lookup.draft(0) == []
    lookup.extend([9, 1, 2, 3])
    assert lookup.draft(1) == [9]
    assert PromptLookup([1, 2, 1, 2]).draft(5) == []


@pytest.mark.parametrize("kind", ["mamba", "phi3"])
def test_models_that_cannot_step_write_the_librarys_way(kind: str, tmp_path: Path) -> None:
    folder = without_steps(tmp_path, kind)
    walrus = [Message("user", "the walrus has long tusks and the walrus has")]
    prompt = "<|turn|>user: the walrus has long tusks and the walrus has\n<|turn|>assistant:"
    assert reply(load(folder), walrus) == by_a_pipeline(folder, prompt, 24) != ""
    begun = time.monotonic()
    with closing(load(folder, max_tokens=15_000, seconds=60).stream(walrus)) as pieces:
        assert next(pieces)
    assert time.monotonic() - begun < 10


def without_steps(folder: Path, kind: str) -> Path:
    """A model that cannot step, "mamba" or "phi3"."""
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "vocab_size": 17, "initializer_range": 0.5, "eos_token_id": 1}
    tiny_llama(folder, window=20_000)
    torch.manual_seed(7)
    model: PreTrainedModel = MambaForCausalLM(MambaConfig(**shape)) if kind == "mamba" else tiny_phi3(shape)
    model.save_pretrained(folder)
    assert not can_step(model)
    return folder


def tiny_phi3(shape: dict[str, object]) -> PreTrainedModel:
    config = Phi3Config(
        **shape, intermediate_size=64, num_attention_heads=4, pad_token_id=0, max_position_embeddings=20_000
    )
    model = Phi3ForCausalLM(config)
    model.lm_head.weight.data[1] = 0.0
    return model


TOLD = Message("system", "the walrus has long tusks " * 20)
QUESTIONS = [[TOLD, Message("user", word)] for word in ("bread", "steam")]


def tokens_read(generator: Generator, messages: Sequence[Message]) -> int:
    """How many tokens of the prompt the model reads before it writes."""
    read: list[int] = []
    hook = (
        network(generator).get_input_embeddings().register_forward_hook(lambda _, ids, __: read.append(ids[0].numel()))
    )
    with closing(generator.stream(messages)) as pieces:
        next(pieces)
    hook.remove()
    return read[0]


def test_what_prompts_have_in_common_is_read_once(tmp_path: Path) -> None:
    folder = tiny_llama(tmp_path)
    alone = [reply(load(folder, cache_megabytes=0), question) for question in QUESTIONS]
    generator = load(folder)
    whole = generator.tokens(QUESTIONS[0])  # type: ignore[attr-defined]
    assert tokens_read(generator, QUESTIONS[0]) == whole
    assert tokens_read(generator, QUESTIONS[1]) < 10
    assert tokens_read(generator, QUESTIONS[0]) == 1
    assert [reply(generator, question) for question in QUESTIONS * 2] == alone * 2
    forgetful = load(folder, cache_megabytes=0)
    assert [tokens_read(forgetful, QUESTIONS[0]) for _ in range(2)] == [whole, whole]


@pytest.mark.parametrize("kind", ["llama", "neox", "falcon"])
def test_a_reply_from_memory_is_the_same(kind: str) -> None:
    model, prompt = made(kind), copying_prompt()
    prefixes = Prefixes(limit=10**8)
    other = [*prompt[:50], 7, 8, 9]
    for asked in (prompt, other, prompt[:50], prompt):
        cache = empty_cache(model)
        prefixes.fill(cache, asked)
        known = cache.get_seq_length()
        said = joined(list(decode(model, asked, cache=cache, tokens=20)))
        assert said == by_the_library(model, asked, 20)
        prefixes.keep([*asked, *said][: cache.get_seq_length()], cache, empty_cache(model))
    assert known == len(prompt) - 1


def test_memory_is_bounded_and_the_last_used_stays() -> None:
    model = made("llama")

    def read(prefixes: Prefixes, prompt: list[int]) -> int:
        cache = empty_cache(model)
        prefixes.fill(cache, prompt)
        known = cache.get_seq_length()
        next(decode(model, prompt, cache=cache, tokens=1))
        prefixes.keep(prompt, cache, empty_cache(model))
        return known

    one = Prefixes(limit=10**8)
    read(one, [1] * 100)
    room_for_two = Prefixes(limit=one.size * 5 // 2)
    assert [read(room_for_two, [number] * 100) for number in (1, 2, 1, 3, 1, 2)] == [0, 0, 99, 0, 99, 0]
    assert len(room_for_two) == 2
    assert room_for_two.size <= one.size * 5 // 2
    small = Prefixes(limit=one.size // 2)
    assert [read(small, [1] * 100) for _ in range(2)] == [0, 50]
    grown = Prefixes(limit=10**8)
    assert [read(grown, [1] * length) for length in (50, 100, 50)] == [0, 50, 49]
    assert len(grown) == 1
    assert [read(Prefixes(limit=0), [1] * 100) for _ in range(2)] == [0, 0]


def test_a_sliding_window_is_not_remembered() -> None:
    model, prompt = made("mistral"), copying_prompt()
    prefixes = Prefixes(limit=10**8)
    for _ in range(2):
        cache = empty_cache(model)
        prefixes.fill(cache, prompt)
        assert joined(list(decode(model, prompt, cache=cache, tokens=20))) == by_the_library(model, prompt, 20)
        prefixes.keep(prompt, cache, empty_cache(model))
    assert len(prefixes) == 0


def test_a_long_prompt_can_be_stopped_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(decoding._PART, "cpu", 16)
    generator = load(tiny_llama(tmp_path, window=40_000), seconds=0.2)
    begun = time.monotonic()
    with pytest.raises(Exception, match=r"wrote nothing in 0\.2 seconds: raise generator\.seconds, ask with less"):
        reply(generator, [Message("user", "walrus " * 30_000)])
    assert time.monotonic() - begun < 5


def test_weights_are_given_back_when_idle_and_loaded_again(tmp_path: Path) -> None:
    generator = load(tiny_llama(tmp_path, window=20_000), idle_seconds=0.2)
    loaded = generator._loaded  # type: ignore[attr-defined]
    first = reply(generator, QUESTIONS[0])
    with closing(load(tmp_path, max_tokens=15_000, idle_seconds=0.1).stream(QUESTIONS[0])) as busy:
        for _ in range(3):
            assert next(busy)
            time.sleep(0.15)
    deadline = time.monotonic() + 10
    while loaded.is_kept and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not loaded.is_kept
    assert generator.tokens(QUESTIONS[0]) > 100  # type: ignore[attr-defined]
    assert not loaded.is_kept
    assert reply(generator, QUESTIONS[0]) == first
    assert loaded.is_kept


def test_a_generator_that_is_dropped_keeps_no_weights(tmp_path: Path) -> None:
    generator = load(tiny_llama(tmp_path), idle_seconds=600)
    assert reply(generator, QUESTIONS[0])
    weights = ref(network(generator))
    del generator
    gc.collect()
    assert weights() is None


def short_of_memory(generator: Generator, *, tokens: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory for so many tokens, those remembered included: beyond, torch fails as it does where there is no more."""
    model, prefixes = network(generator), writer(generator)._prefixes
    forward = model.forward

    @wraps(forward)
    def bounded(*, input_ids: torch.Tensor, past_key_values: DynamicCache, **given: object) -> object:
        remembered = sum(len(known) for known in prefixes._kept)
        if remembered + past_key_values.get_seq_length() + input_ids.numel() > tokens:
            torch.empty(2**60)
        return forward(input_ids=input_ids, past_key_values=past_key_values, **given)

    monkeypatch.setattr(model, "forward", bounded)


def writer(generator: Generator) -> Writer:
    with generator._loaded.use() as loaded:  # type: ignore[attr-defined]
        kept: Writer = loaded
    return kept


def test_short_of_memory_it_first_forgets_and_then_says_what_to_lower(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = load(tiny_llama(tmp_path))
    whole = generator.tokens(QUESTIONS[1])  # type: ignore[attr-defined]
    expected = reply(load(tmp_path), QUESTIONS[1])
    reply(generator, [Message("user", "copper " * 90)])
    short_of_memory(generator, tokens=whole + 30, monkeypatch=monkeypatch)
    assert reply(generator, QUESTIONS[1]) == expected
    told = r"The memory of this machine does not do for .* a prompt of \d+ tokens: lower context\.tokens"
    with pytest.raises(OutOfMemory, match=told):
        reply(generator, [TOLD, Message("user", "copper " * 40)])
    assert reply(generator, QUESTIONS[1]) == expected
    amid = generator.stream([TOLD, Message("user", "copper " * 14)])
    assert next(amid)
    with pytest.raises(OutOfMemory):
        list(amid)


def test_the_ways_in_which_torch_says_that_memory_is_full() -> None:
    with pytest.raises(RuntimeError) as raised:
        torch.empty(2**60)
    assert is_out_of_memory(raised.value)
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate"))
    assert is_out_of_memory(RuntimeError("CUDA error: out of memory"))
    assert is_out_of_memory(MemoryError())
    assert not is_out_of_memory(RuntimeError("CUDA error: device-side assert triggered"))
    assert not is_out_of_memory(ValueError("out of memory"))


def test_fewer_bits_are_refused_where_they_cannot_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tiny_llama(tmp_path)
    with pytest.raises(
        SettingsError, match=r'generator\.quantisation = "4bit" is for an NVIDIA GPU, and there is none'
    ):
        load(folder, quantisation="4bit")
    if find_spec("bitsandbytes") is None:
        with pytest.raises(SettingsError, match=r"needs a package that is not installed: pip install 'citewell\[quant"):
            load_language_model(folder, load_writing_tokenizer(folder), device="cuda", quantisation="8bit")
    monkeypatch.setenv("CITEWELL_GENERATOR__QUANTISATION", "3bit")
    with pytest.raises(SettingsError, match=r"generator\.quantisation"):
        load_settings()

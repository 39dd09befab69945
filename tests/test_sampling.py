"""Samples of a language model in this process: drawn as it gives them, and the same whichever way they are written."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from test_batching import QUESTIONS
from test_generators import MESSAGES, load, network
from test_local_generation import copying_prompt, joined, made, tokens_read, without_steps, writer
from tiny_generators import tiny_llama
from transformers import PreTrainedModel

from generation.local.decoding import decode, empty_cache
from generation.sampling import TEMPERATURE, stirred
from kb.errors import ReplyCutShort
from kb.protocols import Generator, Message


def reply(generator: Generator, sample: int, messages: Sequence[Message] = MESSAGES) -> str:
    pieces: list[str] = []
    with suppress(ReplyCutShort):
        pieces.extend(generator.stream(messages, sample=sample))
    return "".join(pieces)


def sampled(model: PreTrainedModel, sample: int, *, guesses: int) -> list[list[int]]:
    return list(decode(model, copying_prompt(), cache=empty_cache(model), tokens=40, draft=guesses, sample=sample))


@pytest.mark.parametrize("sample", [1, 2])
def test_tokens_come_as_often_as_the_model_gives_them(sample: int) -> None:
    logits = torch.tensor([2.0, 1.0, 0.0, -1.0, -torch.inf])
    rows = stirred(logits.repeat(20_000, 1), sample=sample, place=5)
    shares = torch.bincount(rows.argmax(-1), minlength=5) / 20_000
    assert torch.allclose(shares, (logits / TEMPERATURE).softmax(-1), atol=0.01)
    assert shares[-1] == 0


def test_a_place_has_its_own_noise_wherever_the_rows_begin() -> None:
    logits = torch.zeros(8, 1_000)
    rows = stirred(logits, sample=3, place=100)
    assert torch.equal(rows[5:], stirred(logits[5:], sample=3, place=105))
    assert len(set(rows.argmax(-1).tolist())) == 8
    assert not torch.equal(rows, stirred(logits, sample=4, place=100))
    assert stirred(logits, sample=0, place=100) is logits


@pytest.mark.parametrize("kind", ["llama", "mistral", "falcon"])
def test_guesses_change_the_speed_of_a_sample_alone(kind: str) -> None:
    model = made(kind)
    texts = [joined(sampled(model, sample, guesses=0)) for sample in range(3)]
    assert [joined(sampled(model, sample, guesses=10)) for sample in range(1, 3)] == texts[1:]
    assert len({tuple(text) for text in texts}) == 3


def test_the_library_writes_the_same_samples(tmp_path: Path) -> None:
    """As it does for models that prepare their steps themselves."""
    stepping, other = load(tiny_llama(tmp_path)), load(tmp_path)
    writer(other)._can_step = False
    texts = [reply(stepping, sample) for sample in range(3)]
    assert [reply(other, sample) for sample in range(3)] == texts
    assert len(set(texts)) == 3


@pytest.mark.parametrize("kind", ["mamba", "phi3"])
def test_models_that_cannot_step_write_samples_too(kind: str, tmp_path: Path) -> None:
    folder = without_steps(tmp_path, kind)
    texts = [reply(load(folder), sample) for sample in range(3)]
    generator = load(folder)
    assert [reply(generator, sample) for sample in (2, 1, 0)] == texts[::-1]
    assert len(set(texts)) > 1


def test_a_sample_of_a_prompt_that_was_read_reads_none_of_it(tmp_path: Path) -> None:
    generator = load(tiny_llama(tmp_path))
    assert tokens_read(generator, QUESTIONS[0]) > 50
    read: list[int] = []
    network(generator).get_input_embeddings().register_forward_hook(lambda _, ids, __: read.append(ids[0].numel()))
    first = reply(generator, 1, QUESTIONS[0])
    assert read[0] == 1
    assert first == reply(load(tmp_path, cache_megabytes=0), 1, QUESTIONS[0])


def test_samples_and_likeliest_replies_that_are_written_at_once_are_those_written_alone(tmp_path: Path) -> None:
    folder = tiny_llama(tmp_path, window=20_000)
    asked = [(number % 3, question) for number, question in enumerate(QUESTIONS)]
    alone = [reply(load(folder, max_tokens=80), *one) for one in asked]
    generator = load(folder, max_tokens=80)
    with ThreadPoolExecutor(len(asked)) as pool:
        assert list(pool.map(lambda one: reply(generator, *one), asked)) == alone


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU")
def test_on_a_gpu_a_sample_is_the_same_each_time(tmp_path: Path) -> None:
    texts = [reply(load(tiny_llama(tmp_path), device="cuda"), sample) for sample in (1, 2, 1)]
    assert texts[0] == texts[2] != texts[1]

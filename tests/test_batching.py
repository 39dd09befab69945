"""Several who ask a language model at once: right answers for each, in turn, whatever becomes of the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from test_generators import load, network, reply
from tiny_generators import WORDS, tiny_llama, tiny_neox
from transformers import AutoTokenizer, BloomConfig, BloomForCausalLM, PreTrainedModel

from generation.local.batching import can_batch
from generation.local.turns import Turns
from generation.local.work import Work
from generation.local.writing import Writer
from kb.protocols import Generator, Message

SYSTEM = Message("system", "the walrus has long tusks and copper ovens bake bread " * 5)
QUESTIONS = [[SYSTEM, Message("user", f"{word} " * (place + 1))] for place, word in enumerate(WORDS[:8])]


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_llama(tmp_path_factory.mktemp("models"), window=20_000)


def at_once(generator: Generator, questions: Sequence[Sequence[Message]]) -> list[str]:
    with ThreadPoolExecutor(len(questions)) as pool:
        return list(pool.map(lambda question: reply(generator, question), questions))


def writer(generator: Generator) -> Writer:
    with generator._loaded.use() as loaded:  # type: ignore[attr-defined]
        kept: Writer = loaded
    return kept


def counted(model: PreTrainedModel) -> list[int]:
    """Grows by an item with every step of `model`."""
    steps: list[int] = []
    model.get_input_embeddings().register_forward_hook(lambda _, ids, __: steps.append(ids[0].numel()))
    return steps


@pytest.mark.parametrize("make", [tiny_llama, tiny_neox])
def test_eight_who_ask_at_once_get_what_each_would_get_alone(make: object, tmp_path: Path) -> None:
    folder = make(tmp_path)  # type: ignore[operator]
    alone = [reply(load(folder, max_tokens=150), question) for question in QUESTIONS]
    generator = load(folder, max_tokens=150)
    steps = counted(network(generator))
    assert at_once(generator, QUESTIONS) == alone
    assert len(steps) < 150 * 8 * 0.7
    assert at_once(generator, QUESTIONS) == alone


def test_the_first_joins_the_others_where_prompts_are_read_fast(llama: Path) -> None:
    alone = [reply(load(llama, max_tokens=200), question) for question in QUESTIONS[:3]]
    generator = load(llama, max_tokens=200)
    writer(generator)._joins = True
    steps = counted(network(generator))
    assert at_once(generator, QUESTIONS[:3]) == alone
    assert len(steps) < 200 * 2


def test_one_who_leaves_does_not_disturb_the_others(llama: Path) -> None:
    alone = [reply(load(llama, max_tokens=200), question) for question in QUESTIONS[:3]]
    generator = load(llama, max_tokens=200)
    with ExitStack() as leaving, ThreadPoolExecutor(3) as pool:
        streams = [leaving.enter_context(closing(generator.stream(question))) for question in QUESTIONS[3:]]
        assert all(pool.map(next, streams[:3]))
        staying = [pool.submit(reply, generator, question) for question in QUESTIONS[:3]]
        for stream in streams:
            stream.close()
        assert [future.result(60) for future in staying] == alone
    assert not writer(generator)._is_batch_busy


def test_one_who_fails_does_not_hurt_the_others(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tiny_llama(tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(["narwhal"])  # A token that the network has no embedding for.
    tokenizer.save_pretrained(folder)
    alone = [reply(load(folder, max_tokens=300), question) for question in QUESTIONS[:4]]
    generator = load(folder, max_tokens=300)

    def ask(question: Sequence[Message]) -> str:
        try:
            return reply(generator, question)
        except IndexError:
            return "failed"

    with ThreadPoolExecutor(5) as pool:
        first = [pool.submit(ask, question) for question in QUESTIONS[:4]]
        while not writer(generator)._is_batch_busy and not all(future.done() for future in first):
            time.sleep(0.001)
        assert pool.submit(ask, [Message("user", "the narwhal")]).result(60) == "failed"
        assert [future.result(60) for future in first] == alone
    assert "Replies are written one after the other, as several at once failed: index out of range" in caplog.text
    assert at_once(generator, QUESTIONS[:4]) == alone


def test_what_has_no_room_in_the_batch_waits_for_its_turn(llama: Path) -> None:
    generator = load(llama, max_tokens=60, cache_megabytes=1)
    long = [[Message("user", f"{word} " * 3_000)] for word in WORDS[:2]]
    alone = [reply(load(llama, max_tokens=60), question) for question in long + QUESTIONS[:2]]
    assert at_once(generator, long + QUESTIONS[:2]) == alone


def test_time_is_counted_for_each(llama: Path) -> None:
    generator = load(llama, max_tokens=15_000, seconds=2)
    begun = time.monotonic()
    assert all(at_once(generator, QUESTIONS[:3]))
    assert time.monotonic() - begun < 20


def test_waiting_for_a_turn_outside_the_batch_is_not_counted(llama: Path) -> None:
    generator = load(llama, max_tokens=15_000, seconds=2, cache_megabytes=0)
    assert all(at_once(generator, QUESTIONS[:4]))


def test_nothing_runs_on_when_all_are_served(llama: Path) -> None:
    generator = load(llama)
    assert all(at_once(generator, QUESTIONS))
    deadline = time.monotonic() + 20
    while any(thread.name == "citewell-batch" for thread in threading.enumerate()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert time.monotonic() < deadline
    assert all(at_once(generator, QUESTIONS))


def test_who_no_longer_waits_is_gone_at_once(llama: Path) -> None:
    generator = load(llama, max_tokens=15_000, askers=1)
    with closing(generator.stream(QUESTIONS[0])) as busy, ThreadPoolExecutor(1) as pool:
        assert next(busy)
        waiting = generator.stream(QUESTIONS[1])
        pool.submit(next, waiting, "")
        busy_until = time.monotonic()
        while sum(thread.name == "citewell-generator" for thread in threading.enumerate()) < 2:
            time.sleep(0.01)
        assert next(busy)
        assert time.monotonic() - busy_until < 5
        busy.close()


def test_turns_come_in_order() -> None:
    turns, came = Turns(1), list[int]()
    assert turns.enter_at_once()
    works = [a_work() for _ in range(5)]

    def take(place: int) -> None:
        if turns.enter(works[place]):
            came.append(place)
            turns.leave()

    threads = []
    for place in range(5):
        threads.append(threading.Thread(target=take, args=(place,)))
        threads[-1].start()
        while len(turns._waiting) <= place:
            time.sleep(0.001)
    works[2].stopped.set()
    threads[2].join(5)
    assert not turns.enter_at_once()
    turns.leave()
    for thread in threads:
        thread.join(5)
    assert came == [0, 1, 3, 4]
    assert turns.enter_at_once()


def a_work() -> Work:
    return Work([1], tokens=1, seconds=1, ends=frozenset(), text=SimpleNamespace())  # type: ignore[arg-type]


def test_models_that_see_to_attention_themselves_serve_one_after_the_other(tmp_path: Path) -> None:
    folder = tiny_llama(tmp_path)
    torch.manual_seed(1)
    bloom = BloomForCausalLM(BloomConfig(hidden_size=32, n_layer=2, n_head=4, vocab_size=17, initializer_range=0.5))
    bloom.lm_head.weight.data[1:3] = 0.0
    bloom.save_pretrained(folder)
    assert not can_batch(bloom)
    alone = [reply(load(folder), question) for question in QUESTIONS]
    assert at_once(load(folder), QUESTIONS) == alone
    assert len(set(alone)) > 1

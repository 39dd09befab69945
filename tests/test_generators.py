"""Generators: tiny models through the code that loads real ones, their prompts, their end, and their failures."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from llama_index.core.llms import (
    ChatMessage,
    CompletionResponse,
    CompletionResponseGen,
    CustomLLM,
    LLMMetadata,
    MockLLM,
)
from scripted_llm import logged
from tiny_files import empty_tokenizer, lose_weights, shorten_weight
from tiny_generators import NO_SYSTEM, SILENT_SYSTEM, TEMPLATE, tiny_llama, tiny_neox
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from generation.chat_prompt import before, chat_prompt
from generation.generators import load_generator
from generation.llama_index_generator import LlamaIndexGenerator
from kb.errors import GeneratorError, MissingModel, ReplyCutShort, SettingsError
from kb.protocols import Generator, Measured, Message
from kb.settings import GeneratorSettings, Settings, changed

MESSAGES = (Message("system", "the walrus"), Message("user", "has long tusks"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def llama(folder: Path) -> Path:
    return tiny_llama(folder / "llama")


def load(folder: Path, *, device: str = "cpu", max_tokens: int = 24, **options: Any) -> Generator:
    return load_generator(GeneratorSettings(model=str(folder), device=device, max_tokens=max_tokens, **options))


def written(generator: Generator, messages: Sequence[Message] = MESSAGES) -> list[str]:
    """The pieces of a reply, cut short or not: tiny models come to no end."""
    pieces: list[str] = []
    with suppress(ReplyCutShort):
        pieces.extend(generator.stream(messages))
    return pieces


def reply(generator: Generator, messages: Sequence[Message] = MESSAGES) -> str:
    return "".join(written(generator, messages))


def greedy(folder: Path, prompt: str, tokens: int, *, add_special_tokens: bool = False) -> str:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder)
    ids = tokenizer(prompt, return_tensors="pt", add_special_tokens=add_special_tokens)["input_ids"]
    said = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=tokens)
    return str(tokenizer.decode(said[0, ids.shape[1] :], skip_special_tokens=True))


def test_a_model_with_a_chat_template_writes_what_the_library_writes(llama: Path) -> None:
    prompt = "<|turn|>system: the walrus\n<|turn|>user: has long tusks\n<|turn|>assistant:"
    pieces = written(load(llama))
    assert "".join(pieces) == greedy(llama, prompt, 24)
    assert len(pieces) > 10
    assert load(llama).name == "llama"


def test_a_model_without_a_template_goes_on_with_a_dialogue(folder: Path) -> None:
    neox = tiny_neox(folder / "neox")
    prompt = "the walrus\n\nUser: has long tusks\n\nAssistant:"
    assert reply(load(neox)) == greedy(neox, prompt, 24, add_special_tokens=True) != ""


def test_a_checkpoint_that_would_sample_still_replies_alike(folder: Path) -> None:
    hot = tiny_llama(folder / "hot")
    (hot / "generation_config.json").write_text(json.dumps({"do_sample": True, "temperature": 5.0, "eos_token_id": 1}))
    assert len({reply(load(hot)) for _ in range(3)}) == 1


@pytest.mark.parametrize("template", [NO_SYSTEM + TEMPLATE, SILENT_SYSTEM])
def test_a_template_without_a_system_has_the_user_say_it(folder: Path, template: str) -> None:
    model = tiny_llama(folder / f"no-system-{len(template)}", template=template)
    merged = Message("user", "the walrus\n\nhas long tusks")
    assert chat_prompt(tokenizer(model), MESSAGES) == chat_prompt(tokenizer(model), [merged])
    assert reply(load(model)) == reply(load(model), [merged]) != ""


def test_a_template_that_refuses_everything_is_told(folder: Path) -> None:
    model = tiny_llama(folder / "refusing", template="{{ raise_exception('Not today') }}")
    with pytest.raises(GeneratorError, match=r"refuses the messages \(Not today"):
        reply(load(model))


def test_a_thought_that_the_template_opens_is_open_in_the_reply(folder: Path) -> None:
    thinking = tiny_llama(folder / "thinking", template=TEMPLATE + "<think>\n")
    assert next(load(thinking).stream(MESSAGES)) == "<think>"


def test_what_a_message_quotes_does_not_end_its_turn(llama: Path) -> None:
    quoting = [Message("user", "has <|turn|>system: the </s> walrus \ud800")]
    text = chat_prompt(tokenizer(llama), quoting).text
    assert text == "<|turn|>user: has  system: the   walrus \ufffd\n<|turn|>assistant:"


def tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    loaded: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder)
    return loaded


def test_a_dialogue_ends_where_the_next_question_would_begin() -> None:
    def said(*pieces: str) -> list[str]:
        return list(before("\nUser:", (piece for piece in pieces)))

    assert said("Yes.\n", "User", ": And") == ["Yes."]
    assert said("Yes.\nUs", "e it.\n") == ["Yes.", "\nUse it.", "\n"]
    assert said("Yes.\n\n", "User: x", " never asked for") == ["Yes.\n"]


def writing() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "citewell-generator"]


def test_closing_the_reply_stops_the_model(folder: Path) -> None:
    generator = load(tiny_llama(folder / "endless", window=20_000), max_tokens=15_000)
    with closing(generator.stream(MESSAGES)) as pieces:
        assert next(pieces)
        assert writing()
    assert not writing()
    # And the next in turn is not kept waiting.
    with closing(generator.stream(MESSAGES)) as pieces:
        assert next(pieces)


def test_a_reply_that_is_closed_gives_its_turn_to_the_next(folder: Path) -> None:
    generator = load(tiny_llama(folder / "busy", window=20_000), max_tokens=15_000, askers=1)
    with closing(generator.stream(MESSAGES)) as busy:
        assert next(busy)
        waiting = generator.stream(MESSAGES)
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(next, waiting, "nothing")
            while len(writing()) < 2:
                time.sleep(0.01)
            assert next(busy)
            assert not first.done()
            busy.close()
            assert first.result(timeout=30) != "nothing"
        waiting.close()
    assert not writing()


@pytest.mark.parametrize("askers", [1, 3])
def test_threads_take_turns(llama: Path, askers: int) -> None:
    generator = load(llama, askers=askers)
    conversations = [[Message("user", word)] for word in ("walrus", "copper", "bread", "ovens")] * 3
    alone = [reply(generator, conversation) for conversation in conversations]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(lambda conversation: reply(generator, conversation), conversations)) == alone
    assert len(set(alone)) > 1


def test_a_reply_that_nobody_reads_to_its_end_keeps_nobody_waiting(llama: Path) -> None:
    generator = load(llama)
    unread = generator.stream(MESSAGES)
    assert next(unread)
    assert reply(generator)
    unread.close()


def test_a_prompt_is_never_cut(folder: Path) -> None:
    small = tiny_llama(folder / "small", window=40)
    fitting = [Message("user", "walrus " * 10)]
    assert reply(load(small), fitting)
    with pytest.raises(GeneratorError, match=r"A prompt of 17 tokens .* takes in 40, 24 of them for the reply"):
        reply(load(small), [Message("user", "walrus " * 11)])


def test_a_prompt_is_measured_by_the_models_own_tokens(folder: Path) -> None:
    generator = load(tiny_llama(folder / "measured", window=40))
    assert isinstance(generator, Measured)
    assert generator.room == 16
    assert generator.tokens([Message("user", "walrus " * 10)]) == 16
    assert generator.tokens([Message("user", "walrus " * 11)]) == 17
    assert reply(generator, [Message("user", "walrus " * 10)])
    assert not isinstance(LlamaIndexGenerator(MockLLM()), Measured)


def test_what_torch_raises_is_told_and_a_bug_rises(llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = load(llama)
    monkeypatch.setattr(network(generator), "forward", failing(RuntimeError("CUDA error: launch failure.\nTried")))
    with pytest.raises(GeneratorError, match="llama fails: CUDA error: launch failure; use"):
        reply(generator)
    monkeypatch.setattr(network(generator), "forward", failing(KeyError("a bug")))
    with pytest.raises(KeyError, match="a bug"):
        reply(generator)


def test_a_model_that_is_stuck_is_told(llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = load(llama, seconds=0.1)
    monkeypatch.setattr("generation.transformers_generator._PATIENCE", 0.1)
    monkeypatch.setattr(network(generator), "forward", lambda **_: time.sleep(3))
    with pytest.raises(GeneratorError, match="llama is stuck: it has written nothing for"):
        reply(generator)


def network(generator: Generator) -> PreTrainedModel:
    """That of a generator which runs here."""
    with generator._loaded.use() as writer:  # type: ignore[attr-defined]
        model: PreTrainedModel = writer._model
    return model


def test_a_reply_that_takes_too_long_is_cut_and_says_so(folder: Path) -> None:
    generator = load(tiny_llama(folder / "slow", window=20_000), max_tokens=15_000, seconds=0.5)
    pieces = generator.stream(MESSAGES)
    assert next(pieces)
    begun = time.monotonic()
    with pytest.raises(
        ReplyCutShort, match=r"is not whole: it took longer than 0\.5 seconds; raise generator\.seconds"
    ):
        list(pieces)
    assert time.monotonic() - begun < 20
    assert not writing()


def test_waiting_for_ones_turn_does_not_count(folder: Path) -> None:
    generator = load(tiny_llama(folder / "queue", window=20_000), max_tokens=15_000, seconds=0.5, askers=1)
    with ThreadPoolExecutor(3) as pool:
        assert all(pool.map(lambda _: reply(generator), range(3)))


def test_a_model_that_begins_too_late_is_told(llama: Path) -> None:
    with pytest.raises(GeneratorError, match="llama wrote nothing in 1e-09 seconds: raise") as raised:
        reply(load(llama, seconds=1e-9))
    assert not isinstance(raised.value, ReplyCutShort)


def test_a_reply_that_is_longer_than_it_may_be_says_so(llama: Path) -> None:
    pieces = load(llama, max_tokens=3).stream(MESSAGES)
    assert next(pieces)
    with pytest.raises(ReplyCutShort, match=r"is not whole: it is longer than 3 tokens; raise generator\.max_tokens"):
        list(pieces)


def test_a_reply_that_ends_by_itself_is_whole(folder: Path) -> None:
    ending = tiny_llama(folder / "ending")
    said = reply(load(ending)).split()
    last = next(place for place, word in enumerate(said) if word not in said[:place] and place > 3)
    (ending / "generation_config.json").write_text(
        json.dumps({"eos_token_id": [1, tokenizer(ending).convert_tokens_to_ids(said[last])]})
    )
    assert "".join(load(ending).stream(MESSAGES)).split() == said[:last]


def failing(error: Exception) -> Any:
    def generate(*_: object, **__: object) -> None:
        raise error

    return generate


def test_folders_that_hold_no_language_model_are_told(folder: Path, tmp_path: Path, llama: Path) -> None:
    def changed(name: str, **changes: object) -> Path:
        copy = tiny_llama(tmp_path / name)
        config = json.loads((copy / "config.json").read_text())
        (copy / "config.json").write_text(json.dumps({**config, **changes}))
        return copy

    headless = lose_weights(changed("headless"), "lm_head.weight")
    shortened = shorten_weight(changed("shortened"), "model.embed_tokens.weight")
    wordless = empty_tokenizer(changed("wordless"))
    pickled = changed("pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    foreign = changed("foreign", model_type="foreign", auto_map={"AutoModelForCausalLM": "code.Model"})
    (foreign / "code.py").write_text("raise SystemExit('this was run')")
    for model, told in [
        (tmp_path, "no config.json"),
        (headless, "it lacks lm_head.weight"),
        (shortened, "model.embed_tokens.weight is of another shape"),
        (wordless, r"cannot be loaded \(no 'added_tokens'\)"),
        (pickled, "only as a pickle"),
        (foreign, "cannot be loaded .*`foreign`"),
        (tmp_path / "nowhere", r"The language model .*nowhere is not there: name a folder"),
    ]:
        with pytest.raises(MissingModel, match=told) as raised:
            load(model)
        assert "\n" not in str(raised.value)


def test_one_language_model_is_to_be_named() -> None:
    with pytest.raises(SettingsError, match=r"under \[generator\]"):
        load_generator(GeneratorSettings(model="", device="cpu", max_tokens=8))
    with pytest.raises(SettingsError, match="two language models"):
        load_generator(GeneratorSettings(model="a", llm="b:C", device="cpu", max_tokens=8))


def test_the_arguments_of_a_model_are_written_nowhere_and_outlast_a_change() -> None:
    chosen = {"llm": "a:B", "llm_options": {"api_key": "a secret"}}
    settings = Settings(generator=chosen)  # type: ignore[arg-type]
    assert "a secret" not in settings.model_dump_json() + repr(settings)
    assert changed(settings, {"answer.quotes": 5}).generator == settings.generator


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU")
@pytest.mark.parametrize("make", [tiny_llama, tiny_neox])
def test_on_a_gpu_it_writes_in_half_precision(make: Any, tmp_path: Path) -> None:
    generator = load(make(tmp_path), device="cuda")
    assert network(generator).dtype in (torch.bfloat16, torch.float16)
    assert network(generator).device.type == "cuda"
    assert reply(generator) == reply(generator) != ""


class Spoken(CustomLLM):
    """Streams the words of `words`, noting each in the file `log` as it is sent, then fails if it is told to."""

    words: tuple[str, ...]
    log: str
    fails: bool = False
    deltas: bool = True

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="spoken")

    def complete(self, *_: Any, **__: Any) -> CompletionResponse:
        raise NotImplementedError

    def stream_complete(self, *_: Any, **__: Any) -> CompletionResponseGen:
        def sent() -> Iterator[CompletionResponse]:
            said = ""
            for word in self.words:
                with Path(self.log).open("a", encoding="utf-8") as file:
                    file.write(word + "\n")
                said += word
                yield CompletionResponse(text=said, delta=word if self.deltas else None)
            if self.fails:
                raise ConnectionError("Connection\nreset.")

        return sent()  # type: ignore[return-value]


@pytest.mark.parametrize("deltas", [True, False])
def test_a_llama_index_model_streams(tmp_path: Path, deltas: bool) -> None:
    spoken = Spoken(words=("one ", "", "two ", "three"), log=str(tmp_path / "log"), deltas=deltas)
    generator = LlamaIndexGenerator(spoken)
    assert list(generator.stream(MESSAGES)) == ["one ", "two ", "three"]
    assert generator.name == "spoken"


def test_closing_stops_a_llama_index_model(tmp_path: Path) -> None:
    spoken = Spoken(words=("one ", "two ", "three"), log=str(tmp_path / "log"))
    with closing(LlamaIndexGenerator(spoken).stream(MESSAGES)) as pieces:
        assert next(pieces) == "one "
    assert logged(tmp_path / "log") == ["one "]


def test_the_failure_of_a_llama_index_model_is_told_after_what_it_said(tmp_path: Path) -> None:
    pieces = LlamaIndexGenerator(Spoken(words=("one ",), log=str(tmp_path / "log"), fails=True)).stream(MESSAGES)
    assert next(pieces) == "one "
    with pytest.raises(GeneratorError, match='"spoken" does not answer: Connection reset; see'):
        next(pieces)


def test_a_llama_index_model_that_cannot_stream_replies_at_once(tmp_path: Path) -> None:
    options = {"rules": [["system: the walrus.*user: has long tusks", "Yes, it has."]], "log": str(tmp_path / "log")}
    generator = load_generator(
        GeneratorSettings(model="", device="cpu", max_tokens=8, llm="scripted_llm:ScriptedLLM", llm_options=options)
    )
    assert list(generator.stream(MESSAGES)) == ["Yes, it has."]
    assert generator.name == "scripted"


def test_messages_reach_a_llama_index_model_in_their_roles() -> None:
    class Listening(MockLLM):
        def stream_chat(self, messages: Sequence[ChatMessage], **_: Any) -> Any:
            assert [(message.role.value, message.content) for message in messages] == [
                ("system", "the walrus"),
                ("user", "has long tusks"),
            ]
            return super().stream_chat(messages)

    assert "has long tusks" in reply(LlamaIndexGenerator(Listening()))

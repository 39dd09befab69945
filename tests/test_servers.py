"""Language models on servers: `transformers serve` as it is, and all that servers of this protocol do wrong."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import pytest
from tiny_generators import NO_SYSTEM, TEMPLATE, tiny_llama
from tiny_servers import END, Answer, chunk, said, scripted, streamed, transformers_serve

from generation.control_tokens import without_control_tokens
from generation.generators import load_generator
from generation.sampling import TEMPERATURE
from generation.server import Server
from kb.errors import GeneratorError, ReplyCutShort, SettingsError
from kb.protocols import Generator, Message
from kb.settings import GeneratorSettings, Settings, changed

MESSAGES = (Message("system", "the walrus"), Message("user", "has long tusks"))
HELLO = streamed([chunk("Hel"), chunk("lo."), *END])


def on(server: str, *, model: str = "first", seconds: float = 20.0, key: str = "", tokens: int = 24) -> Generator:
    return load_generator(
        GeneratorSettings(model=model, device="cpu", max_tokens=tokens, server=server, seconds=seconds, key=key)
    )


def pieces_of(generator: Generator, messages: Sequence[Message] = MESSAGES, sample: int = 0) -> Iterator[str]:
    """A reply that may have met the limit of its tokens: the tiny model comes to no end."""
    with suppress(ReplyCutShort):
        yield from generator.stream(messages, sample=sample)


def reply(generator: Generator) -> str:
    return "".join(pieces_of(generator))


def failure(*answers: Answer, models: Answer | None = None, key: str = "", seconds: float = 20.0) -> str:
    """What is told of a server that answers so."""
    with scripted(*answers, models=models) as server, pytest.raises(GeneratorError) as raised:
        list(on(server.url, key=key, seconds=seconds).stream(MESSAGES))
    told = str(raised.value)
    assert "\n" not in told
    return told


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its chat template refuses the role of the system, and it would sample, as chat models mostly would."""
    folder = tiny_llama(tmp_path_factory.mktemp("served") / "llama", template=NO_SYSTEM + TEMPLATE, window=200_000)
    config = folder / "generation_config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "do_sample": True}))
    return folder


@pytest.fixture(scope="module")
def real(llama: Path) -> Iterator[str]:
    with transformers_serve(llama, log=llama.with_name("log")) as url:
        yield url


def test_a_served_model_writes_what_it_writes_in_this_process(real: str, llama: Path) -> None:
    here = load_generator(GeneratorSettings(model=str(llama), device="cpu", max_tokens=24))
    served = on(real, model=str(llama))
    assert len(pieces := list(pieces_of(served))) > 10
    assert "".join(pieces) == reply(here)
    assert served.name == str(llama)
    with pytest.raises(ReplyCutShort, match=r"is not whole: it is longer than generator\.max_tokens"):
        list(served.stream(MESSAGES))
    # What the server was given without a name, it writes with the one model that it has.
    assert reply(on(real, model="")) == reply(here)


def test_several_threads_ask_a_server_at_once(real: str, llama: Path) -> None:
    generator = on(real, model=str(llama))
    conversations = [[Message("user", word)] for word in ("walrus", "copper", "bread", "ovens")] * 2

    def asked(conversation: list[Message]) -> str:
        return "".join(pieces_of(generator, conversation))

    alone = [asked(conversation) for conversation in conversations]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(asked, conversations)) == alone
    assert len(set(alone)) > 1


def test_a_server_is_told_to_stop_by_closing_the_reply(real: str, llama: Path) -> None:
    generator = on(real, model=str(llama), tokens=100_000, seconds=300)
    with closing(generator.stream(MESSAGES)) as pieces:
        assert next(pieces)
    # It works at one reply after the other: this one would not come before the other's end.
    began = time.monotonic()
    assert reply(on(real, model=str(llama)))
    assert time.monotonic() - began < 15


def test_llama_index_asks_the_same_server(real: str, llama: Path) -> None:
    options = {"model": str(llama), "api_base": real, "api_key": "none", "is_chat_model": True, "max_tokens": 24}
    generator = load_generator(
        GeneratorSettings(
            model="",
            device="cpu",
            max_tokens=24,
            llm="llama_index.llms.openai_like:OpenAILike",
            llm_options={**options, "temperature": 0},
        )
    )
    asked = [Message("user", "the walrus\n\nhas long tusks")]
    assert len(pieces := list(generator.stream(asked))) > 10
    assert "".join(pieces) == reply(on(real, model=str(llama)))


def test_a_server_that_is_pinned_to_another_model_says_so(real: str) -> None:
    with pytest.raises(GeneratorError, match=r"refuses \(400: Server is pinned to '.*llama'; requested 'other'"):
        reply(on(real, model="other"))


def test_what_is_asked_of_a_server() -> None:
    with scripted(HELLO) as server:
        generator = on(server.url, model="", key="sk-1")
        assert (generator.name, reply(generator), generator.name) == (server.url, "Hello.", "first")
    conversation = [{"role": "system", "content": "the walrus"}, {"role": "user", "content": "has long tusks"}]
    (asked,) = server.asked
    assert asked.pop("chat_template_kwargs") == {"enable_thinking": False}
    expected = {"model": "first", "messages": conversation, "max_tokens": 24, "temperature": 0, "stream": True}
    assert asked == expected
    assert {headers["Authorization"] for headers in server.headers} == {"Bearer sk-1"}


def test_a_server_that_has_another_model_by_now_is_asked_for_that() -> None:
    with scripted(HELLO) as server:
        generator = on(server.url, model="")
        assert (reply(generator), generator.name) == ("Hello.", "first")
        server.models = said(200, {"data": [{"id": "another"}]})
        assert (reply(generator), generator.name) == ("Hello.", "another")
    assert [asked["model"] for asked in server.asked] == ["first", "another"]


def test_a_sample_is_asked_for_with_its_number_as_the_seed() -> None:
    with scripted(HELLO) as server:
        assert "".join(on(server.url).stream(MESSAGES, sample=2)) == "Hello."
    (asked,) = server.asked
    assert (asked["temperature"], asked["seed"]) == (TEMPERATURE, 2)


def test_a_served_model_gives_the_same_sample_again(real: str, llama: Path) -> None:
    generator = on(real, model=str(llama))
    first, again = (["".join(pieces_of(generator, sample=sample)) for sample in range(3)] for _ in range(2))
    assert first == again
    assert len(set(first)) == 3


def test_llama_index_asks_a_server_for_warmer_samples() -> None:
    asked = []
    for temperature in (0.0, 0.1, 0.9):
        with scripted(HELLO) as server:
            options = {"model": "first", "api_base": server.url, "api_key": "none", "is_chat_model": True}
            generator = load_generator(
                GeneratorSettings(
                    llm="llama_index.llms.openai_like:OpenAILike", llm_options={**options, "temperature": temperature}
                )
            )
            for sample in (0, 1):
                assert "".join(generator.stream(MESSAGES, sample=sample)) == "Hello."
        asked.append([told["temperature"] for told in server.asked])
    assert asked == [[0.0, TEMPERATURE], [0.1, TEMPERATURE], [0.9, 0.9]]


def test_what_a_server_does_not_take_is_left_out_from_then_on() -> None:
    with scripted(said(400, {"error": "extra fields"}), said(500, "Internal Server Error"), HELLO) as server:
        generator = on(server.url)
        assert reply(generator) == reply(generator) == "Hello."
    merged = [{"role": "user", "content": "the walrus\n\nhas long tusks"}]
    assert [len(asked["messages"]) for asked in server.asked] == [2, 2, 1, 1]
    assert [asked["messages"] for asked in server.asked[2:]] == [merged, merged]
    assert ["chat_template_kwargs" in asked for asked in server.asked] == [True, False, False, False]


@pytest.mark.parametrize(
    ("events", "text"),
    [
        ([chunk("Yes."), chunk(finish="stop")], "Yes."),
        ([chunk("Yes."), "[DONE]"], "Yes."),
        (
            [chunk(role="assistant"), b": waiting\n\n", '{"choices": []}', chunk("A\u2028B\u0085C"), *END],
            "A\u2028B\u0085C",
        ),
        ([chunk("x\ud83d"), chunk("\ude00y"), chunk("\ud83d"), *END], "x😀y\ufffd"),
        ([b'data: {"choices": [{"delta": {"content": "\xff\xc3"}}]}\n\n', *END], "\ufffd\ufffd"),
        ([chunk(reasoning_content="Hm"), chunk(reasoning="m."), chunk("Yes."), *END], "<think>Hmm.</think>Yes."),
        ([chunk("Yes."), chunk(reasoning_content="Was it?"), chunk(" It is."), *END], "Yes. It is."),
        ([chunk(reasoning_content="Hmm."), *END], "<think>Hmm.</think>"),
    ],
)
def test_what_is_streamed_becomes_text(events: list[str | bytes | float], text: str) -> None:
    with scripted(streamed(events)) as server:
        assert reply(on(server.url)) == text


def test_a_server_that_does_not_stream_replies_at_once() -> None:
    whole = {"choices": [{"message": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"}]}
    with scripted(said(200, whole)) as server:
        assert list(on(server.url).stream(MESSAGES)) == ["Yes."]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (streamed([chunk("Yes")]), "first broke off before the end of its reply"),
        (streamed([chunk("Yes")], promised=10_000), r"server at http\S+ broke off .*: see whether it still runs"),
        (streamed([chunk("Yes"), '{"choices": [{"del']), "sends what is no part of a reply"),
        (streamed([chunk("Yes"), '{"choices": 7}']), "sends what is no part of a reply"),
        (streamed([chunk("Yes"), '{"error": {"message": "CUDA\\nerror"}}']), r"first fails \(CUDA error\)"),
        (streamed([chunk("Yes"), '{"error": "a "quoted" word"}']), 'a "quoted" word'),
    ],
)
def test_a_server_that_fails_in_mid_answer_is_told_after_what_it_said(answer: Answer, told: str) -> None:
    with scripted(answer) as server:
        pieces = on(server.url).stream(MESSAGES)
        assert next(pieces) == "Yes"
        with pytest.raises(GeneratorError, match=told):
            next(pieces)


@pytest.mark.parametrize(
    "silence",
    [
        [chunk("Yes"), 30.0],
        [chunk("Yes"), *([b": alive\n\n", 0.1] * 300)],
        [chunk("Yes"), *([chunk("more"), 0.1] * 300)],
    ],
)
def test_a_server_that_does_not_come_to_an_end_is_left_in_time(silence: list[str | bytes | float]) -> None:
    began = time.monotonic()
    with scripted(streamed(silence)) as server:
        pieces = on(server.url, seconds=0.5).stream(MESSAGES)
        assert next(pieces) == "Yes"
        with pytest.raises(ReplyCutShort, match=r"first is not whole: it took longer than 0.5 seconds"):
            list(pieces)
    assert time.monotonic() - began < 5


def test_a_server_that_says_nothing_is_left_in_time() -> None:
    began = time.monotonic()
    for silence in ([30.0], [b": alive\n\n", 0.1] * 300):
        assert "first wrote nothing in 0.5 seconds" in failure(streamed(silence), seconds=0.5)
    assert "first wrote nothing in 0.5 seconds" in failure(lambda _: time.sleep(2), seconds=0.5)
    assert time.monotonic() - began < 10


def test_a_server_sees_that_the_reply_is_closed() -> None:
    with scripted(streamed([chunk("more"), 0.01] * 1_000)) as server:
        with closing(on(server.url).stream(MESSAGES)) as pieces:
            assert next(pieces) == "more"
        assert server.left.wait(timeout=5)


def test_refusals_say_what_to_do() -> None:
    missing = said(404, {"error": {"message": "model not found"}})
    assert "has no model first; name one that it has in generator.model: llama, qwen." in failure(
        missing, models=said(200, {"data": [{"id": "llama"}, {"id": "qwen"}]})
    )
    assert "generator.server, which for most servers ends in /v1" in failure(missing, models=missing)
    assert "asks for a key (401): set generator.key" in failure(said(401, {"error": "no sk-1"}))
    refused = failure(said(403, "sk-1 is wrong"), key="sk-1")
    assert "does not accept the key" in refused
    assert "sk-1" not in refused
    assert "sends on to http://example.org/, which is not followed" in failure(
        said(307, "", Location="http://example.org/")
    )
    assert "refuses (400: the prompt is too long)" in failure(
        said(400, {"error": {"message": "the prompt\nis too long"}})
    )
    assert "refuses (503: busy)" in failure(said(503, "busy"))
    assert "broke off (Expected response header Content-Type" in failure(said(200, "<html>"))


def test_a_server_that_is_not_there_is_told() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
        generator = on(url, model="")
        with pytest.raises(GeneratorError, match=r"No server answers at http://127\S+ \(.*refused\): start it \(with"):
            reply(generator)
    assert generator.name == url


def test_no_proxy_stands_before_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with scripted(HELLO) as server:
        assert reply(on(server.url)) == "Hello."
        assert reply(on(server.url.replace("127.0.0.1", "localhost"))) == "Hello."


def test_what_stays_on_this_machine() -> None:
    here = ("http://localhost:1/v1", "http://127.8.0.1/v1", "http://[::1]:8000/v1")
    there = ("http://localhost.example.org/v1", "https://192.168.0.7/v1", "http://127.0.0.1.example.org")
    assert [Server(url).is_here for url in (*here, *there)] == [True] * 3 + [False] * 3


def test_what_a_passage_quotes_ends_no_turn_on_a_server() -> None:
    quoted = "a<|im_end|>b</s>c[/INST]d<start_of_turn>e<|<|x|>im_end|>f"
    assert without_control_tokens(quoted) == "a b c d e<| im_end|>f"
    assert without_control_tokens("x <| y |> z </b> [1] <s1>") == "x <| y |> z </b> [1] <s1>"
    with scripted(HELLO) as server:
        list(on(server.url).stream([Message("user", "the <|im_end|> \ud800")]))
    assert server.asked[0]["messages"] == [{"role": "user", "content": "the   \ufffd"}]


def test_the_address_of_a_server_is_a_plain_one_and_its_key_is_written_nowhere() -> None:
    for wrong in (
        "127.0.0.1:8000",
        "ftp://a/v1",
        "http://user:pw@a/v1",
        "http://a/v1?key=x",
        "http://a:99999/",
        "http://",
    ):
        with pytest.raises(SettingsError, match=r'"generator.server" is wrong: write it as http://HOST:PORT/v1'):
            changed(Settings(), {"generator.server": wrong})
    settings = changed(Settings(), {"generator.server": "http://a:1/v1", "generator.key": "a-secret"})
    assert "a-secret" not in settings.model_dump_json() + repr(settings) + repr(Server("http://a", "a-secret"))
    assert changed(settings, {"answer.quotes": 5}).generator.key == "a-secret"
    with pytest.raises(SettingsError, match=r"two language models, http://a:1/v1 \(generator.server\) and b:C"):
        load_generator(GeneratorSettings(model="", device="cpu", max_tokens=8, server="http://a:1/v1", llm="b:C"))

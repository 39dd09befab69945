"""A language model on a server of OpenAI's protocol, on this machine or another."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from threading import Event, Timer
from time import monotonic

import httpx

from generation.chat_prompt import without_system
from generation.control_tokens import without_control_tokens
from generation.sampling import TEMPERATURE
from generation.server import CONNECTING, Server, failures_of
from generation.server_replies import reply_in
from kb.errors import GeneratorError, ReplyCutShort
from kb.models.tokens import encodable
from kb.protocols import Message, TextStream

_UNWILLING = (400, 422, 500)
"""How servers answer what they, or the chat template of the model, do not take; some of them as a failure of theirs."""
_NO_THOUGHT: dict[str, object] = {"chat_template_kwargs": {"enable_thinking": False}}
"""Models that think aloud before they reply are told not to, as in this process: it takes too long."""


class ServerGenerator:
    """Asks `server` for replies of at most `max_tokens`, which have `seconds` to their end.

    Without a `model` it is the first that the server lists, which is asked for each reply as another may be served by
    then, or whichever it has where it lists none. Safe to share between threads, whose requests the server may work at
    together.
    """

    def __init__(self, server: Server, *, model: str, max_tokens: int, seconds: float) -> None:
        self._server = server
        self._model = self._last = model
        self._max_tokens = max_tokens
        self._seconds = seconds
        self._plainness = 0

    @property
    def name(self) -> str:
        """The model's; where the settings do not say, the server's address until it was asked for its models."""
        return self._last or self._server.url

    def stream(self, messages: Sequence[Message], *, sample: int = 0) -> TextStream:
        """The reply as it is sent; closing it closes the connection, at which servers stop.

        Raises GeneratorError, and behind a reply that met a limit ReplyCutShort.
        """
        deadline = monotonic() + self._seconds
        model = self._chosen()
        with failures_of(self._server), self._server.client(seconds=self._seconds) as client:
            is_late, has_begun = Event(), False
            try:
                with (
                    self._answered(client, model, messages, sample, deadline) as response,
                    _ended_at(deadline, response, is_late),
                ):
                    for piece in reply_in(response, name=self.name):
                        has_begun = True
                        yield piece
            except (GeneratorError, httpx.HTTPError) as error:
                if is_late.is_set() or isinstance(error, httpx.ReadTimeout):
                    raise self._late(has_begun=has_begun) from error
                raise

    def _chosen(self) -> str:
        if self._model:
            return self._model
        self._last = next(iter(self._server.models()), "")
        return self._last

    @contextmanager
    def _answered(
        self, client: httpx.Client, model: str, messages: Sequence[Message], sample: int, deadline: float
    ) -> Iterator[httpx.Response]:
        """The answer to the fullest form of the request that the server takes, which is then remembered."""
        refusal: GeneratorError | None = None
        forms = [{**form, **_way(sample)} for form in _forms(messages)]
        for plainness in range(min(self._plainness, len(forms) - 1), len(forms)):
            with self._asked(client, model, forms[plainness], deadline) as response:
                if response.is_success:
                    self._plainness = plainness
                    yield response
                    return
                refusal = refusal or self._server.refusal(response, model=model)
                if response.status_code not in _UNWILLING:
                    break
        if refusal:
            raise refusal

    def _asked(
        self, client: httpx.Client, model: str, form: Mapping[str, object], deadline: float
    ) -> AbstractContextManager[httpx.Response]:
        limits = {"max_tokens": self._max_tokens, "stream": True}
        left = max(deadline - monotonic(), 0.001)
        return client.stream(
            "POST",
            self._server.at("chat/completions"),
            json={**({"model": model} if model else {}), **form, **limits},
            headers={"Accept": "text/event-stream"},
            timeout=httpx.Timeout(left, connect=min(left, CONNECTING)),
        )

    def _late(self, *, has_begun: bool) -> GeneratorError:
        name, time = self.name, f"{self._seconds:g} seconds"
        if has_begun:
            return ReplyCutShort(
                f"The reply of the language model {name} is not whole: it took longer than {time}; raise "
                "generator.seconds, or use a smaller model."
            )
        return GeneratorError(
            f"The language model {name} wrote nothing in {time}: raise generator.seconds, ask with less, or use a "
            "smaller model."
        )


def _forms(messages: Sequence[Message]) -> list[dict[str, object]]:
    """A conversation in forms that ever more servers and chat templates take."""
    told: dict[str, object] = {"messages": _told(messages)}
    forms: list[dict[str, object]] = [{**told, **_NO_THOUGHT}, told]
    if any(message.role == "system" for message in messages):
        forms.append({"messages": _told(without_system(messages))})
    return forms


def _way(sample: int) -> dict[str, object]:
    """To the likeliest reply, or to a sample: a server that takes no notice of the seed gives another each time."""
    return {"temperature": TEMPERATURE, "seed": sample} if sample else {"temperature": 0}


def _told(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [
        {"role": message.role, "content": without_control_tokens(encodable(message.content))} for message in messages
    ]


@contextmanager
def _ended_at(deadline: float, response: httpx.Response, is_late: Event) -> Iterator[None]:
    """Ends the connection at `deadline`, even of a server that sends nothing, or never what would be text."""

    def end() -> None:
        is_late.set()
        if connection := response.extensions["network_stream"].get_extra_info("socket"):
            with suppress(OSError):  # It has ended by itself meanwhile.
                connection.shutdown(socket.SHUT_RDWR)

    timer = Timer(max(deadline - monotonic(), 0.0), end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()

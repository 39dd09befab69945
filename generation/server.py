"""A server that speaks OpenAI's protocol: how it is reached, which models it has, and what it means when it refuses.

vLLM, Ollama, llama.cpp's server and `transformers serve` are such. It is talked to at the address that the settings
name and nowhere else: no redirect is followed, and no proxy stands before this machine itself.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address

import httpx
from pydantic import BaseModel, ValidationError

from kb.errors import GeneratorError
from kb.foreign import reason

CONNECTING = 5.0
"""Seconds for a connection: a server that runs takes it at once, however busy it is."""
_ASKED = 10.0
"""Seconds for the list of models."""
_NAMED = 8
"""Models of a server that an error names."""
_READ = 64_000
"""Bytes of what is not a reply; more says nothing more."""
_NO_LIST = (404, 405, 500, 501)
"""How servers answer that list no models; with 500 `transformers serve` does, where the hub has no cache."""


@dataclass(frozen=True, slots=True)
class Server:
    """`url` is what stands before /models and /chat/completions, http://127.0.0.1:11434/v1 for one."""

    url: str
    key: str = field(default="", repr=False)

    @property
    def host(self) -> str:
        """Its name or address, without the port."""
        return httpx.URL(self.url).host

    @property
    def is_here(self) -> bool:
        """Whether what is sent to it stays on this machine."""
        try:
            return self.host == "localhost" or ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def is_encrypted(self) -> bool:
        return httpx.URL(self.url).scheme == "https"

    def at(self, path: str) -> str:
        return f"{self.url.rstrip('/')}/{path}"

    def client(self, *, seconds: float) -> httpx.Client:
        """A client whose requests wait at most `seconds` for a word; it is to be closed."""
        return httpx.Client(
            headers={"Authorization": f"Bearer {self.key}"} if self.key else {},
            timeout=httpx.Timeout(seconds, connect=min(seconds, CONNECTING)),
            # Certificates take 30 ms to read, which nothing needs that is not encrypted.
            verify=ssl.create_default_context() if self.is_encrypted else False,
            trust_env=not self.is_here,
            follow_redirects=False,
            # One that has failed may close a connection just when the next request is sent on it.
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def models(self) -> list[str]:
        """The names of its models in its own order, none of a server that does not list them.

        Raises GeneratorError where it is not reached, says nothing for some seconds, or refuses.
        """
        with (
            failures_of(self),
            self.client(seconds=_ASKED) as client,
            client.stream("GET", self.at("models")) as response,
        ):
            if response.status_code in _NO_LIST:
                return []
            if not response.is_success:
                raise self.refusal(response)
            return _names(self, beginning(response))

    def refusal(self, response: httpx.Response, *, model: str = "") -> GeneratorError:
        """What to do where `response` is not what was asked for; `model` is the one that was asked."""
        status = response.status_code
        if status in (401, 403):
            what = "does not accept the key that generator.key gives" if self.key else "asks for a key"
            return GeneratorError(
                f"The server at {self.url} {what} ({status}): set generator.key to one that it knows."
            )
        if response.is_redirect:
            place = response.headers["location"]
            return GeneratorError(
                f"The server at {self.url} sends on to {place}, which is not followed: set generator.server to the "
                "address that is meant."
            )
        if status == httpx.codes.NOT_FOUND and model:
            return self._unknown(model)
        told = _complaint(beginning(response))
        return GeneratorError(
            f"The server at {self.url} refuses ({status}{': ' + told if told else ''}): see to it, or ask with less."
        )

    def _unknown(self, model: str) -> GeneratorError:
        try:
            names = self.models()
        except GeneratorError:
            names = []
        if not names:
            return GeneratorError(
                f"The server at {self.url} knows nothing of chat, or of the model {model} (404): see to "
                "generator.server, which for most servers ends in /v1, and to generator.model."
            )
        rest = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        return GeneratorError(
            f"The server at {self.url} has no model {model}; name one that it has in generator.model: "
            f"{', '.join(names[:_NAMED])}{rest}."
        )


@contextmanager
def failures_of(server: Server) -> Iterator[None]:
    """Raises GeneratorError, with what to do, for whatever keeps `server` from being reached or heard to the end."""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise GeneratorError(
            f"No server answers at {server.url} ({reason(error)}): start it (with `ollama serve`, `llama-server`, "
            "`vllm serve` or `transformers serve`, say), or see to generator.server."
        ) from error
    except httpx.TimeoutException as error:
        raise GeneratorError(
            f"The server at {server.url} takes too long ({reason(error)}): see whether it is busy, and ask again."
        ) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise GeneratorError(
            f"The server at {server.url} broke off ({reason(error)}): see whether it still runs, and ask again."
        ) from error


def beginning(response: httpx.Response) -> bytes:
    """The first bytes of a response that is no reply."""
    read = b""
    for piece in response.iter_bytes():
        read += piece
        if len(read) >= _READ:
            break
    return read[:_READ]


class _Model(BaseModel):
    id: str


class _Models(BaseModel):
    data: list[_Model] | None = None


class _Complaint(BaseModel):
    """The forms in which servers say what is wrong."""

    error: dict[str, object] | str | None = None
    detail: object = None
    message: str | None = None


def _names(server: Server, answer: bytes) -> list[str]:
    try:
        return [model.id for model in _Models.model_validate_json(answer).data or []]
    except ValidationError as error:
        raise GeneratorError(
            f"What answers at {server.url} speaks another protocol than OpenAI's: see to generator.server, which for "
            "most servers ends in /v1."
        ) from error


def _complaint(answer: bytes) -> str:
    """What a server says of its refusal, in a line; empty where it says nothing."""
    words = answer.decode(errors="replace")
    try:
        found = _Complaint.model_validate_json(answer)
    except ValidationError:
        return reason(ValueError(words)) if words.strip() else ""
    said = found.error.get("message") if isinstance(found.error, dict) else found.error
    return reason(ValueError(said or found.message or found.detail or words))

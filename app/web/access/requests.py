"""What the middleware reads from a request and writes into it, as ASGI has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http.cookies import SimpleCookie
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import Message, Scope, Send

VISITOR, NAME = "X-Citewell-Visitor", "X-Citewell-Name"
"""The headers in which the middleware tells the page who looks at it; what a browser sends by them is dropped."""


def with_visitor(scope: Scope, visitor: str, name: str = "") -> Scope:
    """`scope` with `visitor` as the one who asks, signed in as `name`, whatever the request itself says."""
    told = {
        key.lower().encode("ascii"): quote(value, safe=":").encode("ascii")
        for key, value in ((VISITOR, visitor), (NAME, name))
    }
    headers = [(key, value) for key, value in scope["headers"] if key.lower() not in told]
    return {**scope, "headers": [*headers, *told.items()]}


def cookies(scope: Scope) -> Mapping[str, str]:
    return HTTPConnection(scope).cookies


def cookie(name: str, value: str, *, seconds: float, scope: Scope) -> bytes:
    """The header that sets a cookie no script can read; over TLS it is sent over TLS only.

    Lax, since a link from elsewhere must find its reader again; what changes something is a POST, and comes without it.
    """
    made: SimpleCookie = SimpleCookie()
    made[name] = value
    made[name]["path"] = "/"
    made[name]["max-age"] = str(int(seconds))
    made[name]["samesite"] = "Lax"
    made[name]["httponly"] = True
    if is_encrypted(scope):
        made[name]["secure"] = True
    return made[name].OutputString().encode("latin-1")


def is_encrypted(scope: Scope) -> bool:
    return scope["scheme"] in ("https", "wss")


def is_foreign(scope: Scope) -> bool:
    """Whether another web site made the browser send this."""
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    # Our own forms say "null", since they tell nobody where they stand; of a websocket only other sites' pages do.
    is_told = origin is not None and not (origin == "null" and scope["type"] == "http")
    # Behind a proxy that ends the encryption, only the browser knows the scheme.
    if is_told and urlsplit(origin).netloc != headers.get("host"):
        return True
    return headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")


def sending_headers(send: Send, headers: Sequence[tuple[bytes, bytes]], *, only_html: bool = False) -> Send:
    """`send` that adds `headers` to the response, with `only_html` to a page alone; what the response has stays."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = list(message.get("headers", []))
            has = {name.lower() for name, _ in own} - {b"set-cookie"}
            is_page = any(name.lower() == b"content-type" and value.startswith(b"text/html") for name, value in own)
            if is_page or not only_html:
                message = {**message, "headers": [*own, *(header for header in headers if header[0] not in has)]}
        await send(message)

    return sending

"""Which names of this machine a browser may use, and that no other web site speaks through it."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from app.web.access.requests import is_foreign

STRANGE_NAME = "Citewell is not known by this name; add it to web.hosts in the settings, then start it again."
OTHER_SITE = "Another web site sent this; open Citewell itself and try again."
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Hosts:
    """Refuses what names another host: a web site that lets its own name point at this machine reaches nothing.

    Streamlit compares the names for its websocket alone, and looks up this machine's address on the Internet to judge
    an origin that it does not know; it never sees one here.
    """

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self.app = app
        self.hosts = {host.lower() for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
        elif _host(Headers(scope=scope).get("host", "")) not in self.hosts:
            await _refuse(STRANGE_NAME, 400, scope, receive, send)
        elif (scope["type"] == "websocket" or scope["method"] in _WRITES) and is_foreign(scope):
            await _refuse(OTHER_SITE, 403, scope, receive, send)
        else:
            await self.app(scope, receive, send)


async def _refuse(sentence: str, status: int, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        await PlainTextResponse(sentence, status)(scope, receive, send)


def _host(header: str) -> str:
    """The name in a Host header, without the port."""
    try:
        return (urlsplit(f"//{header}").hostname or "").rstrip(".")
    except ValueError:
        return ""

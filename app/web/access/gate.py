"""The gate: who has not signed in gets the page on which to do so, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Protocol
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.web.access.addresses import SIGN_IN, SIGN_OUT, local
from app.web.access.requests import cookie, cookies, with_visitor
from app.web.access.sessions import Sessions
from app.web.access.sockets import until_ended

COOKIE = "citewell_session"

Begin = Callable[[str, str, str], Response]
"""(visitor, name, to): the response that signs a person in, and leads to a page of this server."""


class SignIn(Protocol):
    """A way to sign in: what it answers at `paths`, where there need be no session."""

    @property
    def paths(self) -> Collection[str]: ...

    async def answer(self, request: Request, begin: Begin) -> Response: ...


class Gate:
    """Lets those through whose cookie holds a session that has not ended; `sign_in` begins them."""

    def __init__(self, app: ASGIApp, *, sign_in: SignIn, hours: float) -> None:
        self.app = app
        self.sign_in = sign_in
        self.sessions = Sessions(hours)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        session = self.sessions.of(cookies(scope).get(COOKIE, ""))
        if scope["type"] == "websocket":
            if session is None:
                await send({"type": "websocket.close", "code": 1008})
                return
            known, left = with_visitor(scope, session.visitor, session.name), self.sessions.left(session)
            await until_ended(self.app, known, receive, send, session.ended, left)
            return
        request = Request(scope, receive)
        if request.url.path in self.sign_in.paths:
            response = await self.sign_in.answer(request, partial(self._begin, request))
        elif request.url.path == SIGN_OUT and request.method == "POST":
            response = self._sign_out(request)
        elif session is None:
            response = _turned_away(request)
        else:
            await self.app(with_visitor(scope, session.visitor, session.name), receive, send)
            return
        await response(scope, receive, send)

    def _begin(self, request: Request, visitor: str, name: str, to: str) -> Response:
        # What the browser brought along ends: a session that somebody else put there would be known to them.
        self.sessions.end(request.cookies.get(COOKIE, ""))
        response = RedirectResponse(local(to), 303)
        set_cookie(response, COOKIE, self.sessions.begin(visitor, name), self.sessions.seconds, request)
        return response

    def _sign_out(self, request: Request) -> Response:
        response = RedirectResponse(f"{SIGN_IN}?out=1", 303, {"Clear-Site-Data": '"cache"'})
        # From a form of another site's the cookie does not come, and stays.
        if token := request.cookies.get(COOKIE, ""):
            self.sessions.end(token)
            set_cookie(response, COOKIE, "", 0, request)
        return response


def set_cookie(response: Response, name: str, value: str, seconds: float, request: Request) -> None:
    response.raw_headers.append((b"set-cookie", cookie(name, value, seconds=seconds, scope=request.scope)))


def _turned_away(request: Request) -> Response:
    """To the page for signing in, where a person looks; a refusal for what is fetched by a page."""
    if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
        to = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"{SIGN_IN}?to={quote(to)}", 303, {"Cache-Control": "no-store"})
    return PlainTextResponse("Sign in first.", 401, {"Cache-Control": "no-store"})

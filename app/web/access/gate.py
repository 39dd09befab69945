"""The gate: who has not signed in with a password gets the page on which to do so, and nothing else."""

from __future__ import annotations

import hmac
import math
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qs, quote

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.web.access.attempts import Attempts
from app.web.access.passwords import LONGEST, matches
from app.web.access.requests import cookie, cookies, with_visitor
from app.web.access.sessions import Sessions
from app.web.access.sign_in_page import sign_in_page
from app.web.access.sockets import until_ended

COOKIE = "citewell_session"
FORM_COOKIE = "citewell_form"
SIGN_IN, SIGN_OUT = "/sign-in", "/sign-out"
WRONG = "This name and this password do not belong together; try again."
STALE = "This page was open for too long, or the browser keeps no cookies; try again."
AT_ONCE = 2
"""Passwords looked at together: each takes 32 MB and a core."""
_LONGEST_FORM = 8_000
_LONGEST_NAME = 200
_LONGEST_ADDRESS = 45
"""Characters of an address in its longest form; a proxy may pass on anything."""
_FORM_SECONDS = 3600


class Gate:
    """Lets those through whose cookie holds a session that has not ended; `users` are hashes of passwords by name."""

    def __init__(self, app: ASGIApp, *, users: Mapping[str, str], hours: float) -> None:
        self.app = app
        self.users = dict(users)
        self.sessions = Sessions(hours)
        self.attempts = Attempts()
        self._looking = CapacityLimiter(AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        session = self.sessions.of(cookies(scope).get(COOKIE, ""))
        if scope["type"] == "websocket":
            if session is None:
                await send({"type": "websocket.close", "code": 1008})
                return
            left = self.sessions.left(session)
            await until_ended(self.app, with_visitor(scope, f"user:{session.name}"), receive, send, session.ended, left)
            return
        request = Request(scope, receive)
        if request.url.path == SIGN_IN:
            response = await (self._sign_in(request) if request.method == "POST" else self._ask(request))
        elif request.url.path == SIGN_OUT and request.method == "POST":
            response = self._sign_out(request)
        elif session is None:
            response = _turned_away(request)
        else:
            await self.app(with_visitor(scope, f"user:{session.name}"), receive, send)
            return
        await response(scope, receive, send)

    async def _ask(self, request: Request, *, name: str = "", wrong: str = "", status: int = 200) -> Response:
        """The page; what comes back from it must hold what its cookie holds, which no other site can read or set."""
        form = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(24)
        to = _local(request.query_params.get("to", "/"))
        response = sign_in_page(form=form, to=to, name=name, wrong=wrong, status=status)
        kept = cookie(FORM_COOKIE, form, seconds=_FORM_SECONDS, scope=request.scope)
        response.raw_headers.append((b"set-cookie", kept))
        return response

    async def _sign_in(self, request: Request) -> Response:
        fields = await _fields(request)
        if fields is None:
            return PlainTextResponse("This is too long; sign in with a name and a password.", 413)
        name, password = fields.get("name", ""), fields.get("password", "")
        request.scope["query_string"] = f"to={quote(_local(fields.get('to', '/')))}".encode("ascii")
        if not _is_same(fields.get("form", ""), request.cookies.get(FORM_COOKIE, "")):
            return await self._ask(request, name=name, wrong=STALE, status=403)
        address = request.client.host[:_LONGEST_ADDRESS] if request.client else ""
        wait = self.attempts.admit(name[:_LONGEST_NAME], address)
        if wait > 0:
            minutes = math.ceil(wait / 60)
            wrong = f"Too many tries; wait {minutes} minute{'s' * (minutes > 1)}, then try again."
            response = await self._ask(request, name=name, wrong=wrong, status=429)
            response.headers["Retry-After"] = str(math.ceil(wait))
            return response
        kept = self.users.get(name)
        is_right = await to_thread.run_sync(matches, password[:LONGEST], kept, limiter=self._looking)
        if not is_right:
            return await self._ask(request, name=name, wrong=WRONG, status=401)
        self.attempts.succeeded(name[:_LONGEST_NAME], address)
        # What the browser brought along ends: a session that somebody else put there would be known to them.
        self.sessions.end(request.cookies.get(COOKIE, ""))
        response = RedirectResponse(_local(fields.get("to", "/")), 303)
        token = self.sessions.begin(name)
        self._set(response, COOKIE, token, self.sessions.seconds, request)
        self._set(response, FORM_COOKIE, "", 0, request)
        return response

    def _sign_out(self, request: Request) -> Response:
        response = RedirectResponse(SIGN_IN, 303, {"Clear-Site-Data": '"cache"'})
        # From a form of another site's the cookie does not come, and stays.
        if token := request.cookies.get(COOKIE, ""):
            self.sessions.end(token)
            self._set(response, COOKIE, "", 0, request)
        return response

    @staticmethod
    def _set(response: Response, name: str, value: str, seconds: float, request: Request) -> None:
        response.raw_headers.append((b"set-cookie", cookie(name, value, seconds=seconds, scope=request.scope)))


def _turned_away(request: Request) -> Response:
    """To the page for signing in, where a person looks; a refusal for what is fetched by a page."""
    if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
        to = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"{SIGN_IN}?to={quote(to)}", 303, {"Cache-Control": "no-store"})
    return PlainTextResponse("Sign in first.", 401, {"Cache-Control": "no-store"})


async def _fields(request: Request) -> dict[str, str] | None:
    """What a form says; None where it says too much."""
    content = b""
    async for piece in request.stream():
        content += piece
        if len(content) > _LONGEST_FORM:
            return None
    return {key: values[0] for key, values in parse_qs(content.decode("utf-8", "replace")).items()}


def _is_same(one: str, other: str) -> bool:
    return bool(one) and hmac.compare_digest(one.encode(), other.encode())


def _local(to: str) -> str:
    """`to` if it is a place of this server, else its first page."""
    is_path = to.startswith("/") and not to.startswith("//") and to.isprintable() and "\\" not in to
    return to if is_path and not to.startswith((SIGN_IN, SIGN_OUT)) else "/"

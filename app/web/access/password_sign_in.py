"""Signing in by a name and a password, each try of which is counted."""

from __future__ import annotations

import hmac
import math
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qs, quote

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from app.web.access.addresses import SIGN_IN, local
from app.web.access.attempts import Attempts
from app.web.access.gate import Begin, set_cookie
from app.web.access.passwords import LONGEST, matches
from app.web.access.sign_in_page import password_page

FORM_COOKIE = "citewell_form"
WRONG = "This name and this password do not belong together; try again."
STALE = "This page was open for too long, or the browser keeps no cookies; try again."
AT_ONCE = 2
"""Passwords looked at together: each takes 32 MB and a core."""
_LONGEST_FORM = 8_000
_LONGEST_NAME = 200
_LONGEST_ADDRESS = 45
"""Characters of an address in its longest form; a proxy may pass on anything."""
_FORM_SECONDS = 3600


class PasswordSignIn:
    """`users` are hashes of passwords by name."""

    paths = frozenset({SIGN_IN})

    def __init__(self, users: Mapping[str, str]) -> None:
        self.users = dict(users)
        self.attempts = Attempts()
        self._looking = CapacityLimiter(AT_ONCE)

    async def answer(self, request: Request, begin: Begin) -> Response:
        return await self._sign_in(request, begin) if request.method == "POST" else self._ask(request)

    def _ask(self, request: Request, *, name: str = "", wrong: str = "", status: int = 200) -> Response:
        """The page; what comes back from it must hold what its cookie holds, which no other site can read or set."""
        form = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(24)
        to = local(request.query_params.get("to", "/"))
        response = password_page(form=form, to=to, name=name, wrong=wrong, status=status)
        set_cookie(response, FORM_COOKIE, form, _FORM_SECONDS, request)
        return response

    async def _sign_in(self, request: Request, begin: Begin) -> Response:
        fields = await _fields(request)
        if fields is None:
            return PlainTextResponse("This is too long; sign in with a name and a password.", 413)
        name, password = fields.get("name", ""), fields.get("password", "")
        request.scope["query_string"] = f"to={quote(local(fields.get('to', '/')))}".encode("ascii")
        if not _is_same(fields.get("form", ""), request.cookies.get(FORM_COOKIE, "")):
            return self._ask(request, name=name, wrong=STALE, status=403)
        address = request.client.host[:_LONGEST_ADDRESS] if request.client else ""
        wait = self.attempts.admit(name[:_LONGEST_NAME], address)
        if wait > 0:
            minutes = math.ceil(wait / 60)
            wrong = f"Too many tries; wait {minutes} minute{'s' * (minutes > 1)}, then try again."
            response = self._ask(request, name=name, wrong=wrong, status=429)
            response.headers["Retry-After"] = str(math.ceil(wait))
            return response
        kept = self.users.get(name)
        is_right = await to_thread.run_sync(matches, password[:LONGEST], kept, limiter=self._looking)
        if not is_right:
            return self._ask(request, name=name, wrong=WRONG, status=401)
        self.attempts.succeeded(name[:_LONGEST_NAME], address)
        response = begin(f"user:{name}", name, fields.get("to", "/"))
        set_cookie(response, FORM_COOKIE, "", 0, request)
        return response


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

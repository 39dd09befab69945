"""Without sign-in each browser is somebody: a random name in a cookie that it keeps."""

from __future__ import annotations

import re
import secrets

from starlette.types import ASGIApp, Receive, Scope, Send

from app.web.access.requests import cookie, cookies, sending_headers, with_visitor

COOKIE = "citewell_browser"
KEPT = 400 * 24 * 3600
"""Seconds from the last visit; browsers keep no cookie for longer."""
_NAME = re.compile(r"[A-Za-z0-9_-]{32}")


class Browsers:
    """Tells the page which browser asks. One that keeps no cookies is a new one with each connection."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        name = cookies(scope).get(COOKIE, "")
        if not _NAME.fullmatch(name):
            name = secrets.token_urlsafe(24)
        if scope["type"] == "http":
            kept = (b"set-cookie", cookie(COOKIE, name, seconds=KEPT, scope=scope))
            send = sending_headers(send, [kept], only_html=True)
        await self.app(with_visitor(scope, f"browser:{name}"), receive, send)

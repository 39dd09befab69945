"""What each response tells the browser to refuse: other origins above all, which no page of ours needs."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import streamlit
from starlette.types import ASGIApp, Receive, Scope, Send

from app.web.access.requests import sending_headers

PAGE = Path(streamlit.__file__).with_name("static") / "index.html"
"""What Streamlit sends to every browser; the scripts that stand in it are allowed, no other inline ones."""
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def policy() -> str:
    """What a page of ours may load. blob: is how Streamlit starts the scripts of components; charts need no eval."""
    scripts = [b64encode(sha256(text.encode()).digest()).decode() for text in _INLINE.findall(PAGE.read_text("utf-8"))]
    return "; ".join(
        (
            "default-src 'self'",
            " ".join(["script-src 'self' blob:", *(f"'sha256-{digest}'" for digest in scripts)]),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "frame-src 'none'",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


class SecurityHeaders:
    """Sets HEADERS and the policy on every response, but for those that it sets itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        named = {**HEADERS, "Content-Security-Policy": policy()}
        self._headers = [(name.lower().encode("ascii"), value.encode("ascii")) for name, value in named.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, sending_headers(send, self._headers))

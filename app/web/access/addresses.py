"""The addresses of signing in and out, and which ones it may lead to."""

from __future__ import annotations

SIGN_IN, SIGN_OUT = "/sign-in", "/sign-out"
START = "/sign-in/start"
"""Leads to the service that knows people, which sends them back to CALLBACK."""
CALLBACK = "/oauth2callback"


def local(to: str) -> str:
    """`to` if it is a place of this server, else its first page."""
    is_path = to.startswith("/") and not to.startswith("//") and to.isprintable() and "\\" not in to
    return to if is_path and not to.startswith((SIGN_IN, SIGN_OUT, CALLBACK)) else "/"

"""Who looks at the page: the owner of the conversations that it shows."""

from __future__ import annotations

from urllib.parse import unquote

import streamlit as st

from app.web.access.requests import NAME, VISITOR


def visitor() -> str:
    """Whose conversations are shown: "user:NAME" signed in here, "oidc:ISSUER SUBJECT" elsewhere, or "browser:ID".

    The server says so with each connection (app/web/access), and a browser without a cookie gets an ID for that
    connection alone. "" is the one person who uses this machine, in a terminal or without the server; no browser is it.
    """
    return unquote(st.context.headers.get(VISITOR, ""))


def signed_in() -> str:
    """The name of who has signed in, as people know it; empty where nobody has."""
    return unquote(st.context.headers.get(NAME, ""))

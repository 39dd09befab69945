"""Who looks at the page: the owner of the conversations that it shows."""

from __future__ import annotations

from urllib.parse import unquote

import streamlit as st

from app.web.access.requests import VISITOR


def visitor() -> str:
    """Whose conversations are shown: "user:NAME" signed in here, "oidc:ISSUER SUBJECT" elsewhere, or "browser:ID".

    The server says so with each connection (app/web/access), and a browser without a cookie gets an ID for that
    connection alone. "" is the one person who uses this machine, in a terminal or without the server; no browser is it.
    """
    known = st.user.to_dict()
    if known.get("is_logged_in"):
        return f"oidc:{known.get('iss', '')} {known.get('sub', '')}"
    return unquote(st.context.headers.get(VISITOR, ""))


def signed_in() -> str:
    """The name of who has signed in, as people know it; empty where nobody has."""
    known = st.user.to_dict()
    if known.get("is_logged_in"):
        return str(known.get("name") or known.get("email") or known.get("sub") or "")
    kind, _, name = visitor().partition(":")
    return name if kind == "user" else ""

"""Signing in through a service that knows people, by OpenID Connect: Streamlit does it, the page asks for it."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from importlib.util import find_spec

import streamlit as st
from streamlit.runtime.secrets import SecretsValue

from app.web.access.let_in import note_let_in
from kb.errors import SettingsError
from kb.settings import WebSettings

BEGUN = "citewell_oidc"
"""Among the secrets that the server began with, where people sign in so: settings that change later do not open it."""
NOT_ALLOWED = "This account may not come in; ask who runs this Citewell to add it to web.oidc.allowed."
INSTALL = "To sign in through web.oidc, install what it needs with `pip install 'citewell[oidc]'`, then start again."


def secrets_for(web: WebSettings) -> Mapping[str, SecretsValue] | None:
    """What Streamlit wants to know of the service; None without one. Its cookies hold until the server stops.

    Raises SettingsError where the library for it is missing.
    """
    if web.oidc is None:
        return None
    if find_spec("authlib") is None:
        raise SettingsError(INSTALL)
    service = web.oidc
    return {
        BEGUN: True,
        "auth": {
            "client_id": service.client_id,
            "client_secret": service.client_secret,
            "server_metadata_url": service.server_metadata_url,
            "redirect_uri": service.redirect_uri,
            "cookie_secret": secrets.token_urlsafe(32),
        },
    }


def require_identity(web: WebSettings) -> None:
    """Shows nothing of the page but a way to sign in, unless the service has said who looks at it."""
    if web.oidc is None and not _asked_from_the_start():
        return
    person = st.user.to_dict()
    is_let_in = bool(web.oidc and person.get("is_logged_in") and is_allowed(person, web.oidc.allowed))
    note_let_in(is_let_in)
    if is_let_in:
        return
    st.title("Sign in to Citewell")
    if person.get("is_logged_in"):
        st.warning(NOT_ALLOWED)
        st.button("Sign out", on_click=st.logout)
    elif st.button("Sign in", type="primary"):
        st.login()
    st.stop()


def is_allowed(person: Mapping[str, object], allowed: Collection[str]) -> bool:
    """Whether what the service says of a person names one of `allowed`: its own name of them, or a checked address."""
    email = person.get("email") if person.get("email_verified") is True else None
    return bool({person.get("sub"), email} & set(allowed))


def _asked_from_the_start() -> bool:
    try:
        return BEGUN in st.secrets
    except FileNotFoundError:
        return False  # There are no secrets at all.

"""Signing in through a service that knows people, by OpenID Connect: Streamlit does it, the page asks for it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from importlib.util import find_spec

import streamlit as st
from streamlit.runtime.secrets import SecretsValue

from kb.errors import SettingsError
from kb.settings import WebSettings

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
        "auth": {
            "client_id": service.client_id,
            "client_secret": service.client_secret,
            "server_metadata_url": service.server_metadata_url,
            "redirect_uri": service.redirect_uri,
            "cookie_secret": secrets.token_urlsafe(32),
        }
    }


def require_identity(web: WebSettings) -> None:
    """Shows nothing of the page but a way to sign in, unless the service has said who looks at it."""
    if web.oidc is None or st.user.to_dict().get("is_logged_in"):
        return
    st.title("Sign in to Citewell")
    if st.button("Sign in", type="primary"):
        st.login()
    st.stop()

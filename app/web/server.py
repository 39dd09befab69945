"""The web page as one ASGI application: Streamlit's, with what stands before it. `streamlit run` finds `app` here."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Route

from app.web.access.browsers import Browsers
from app.web.access.gate import Gate
from app.web.access.headers import SecurityHeaders
from app.web.access.hosts import Hosts
from app.web.access.password_sign_in import PasswordSignIn
from app.web.originals import ROUTE, serving_originals
from app.web.serving import ENTRY
from app.web.unforeseen import calmly
from app.web.workspace import home, original, settings_file
from citewell.kept_settings import settings_of
from kb.errors import SettingsError
from kb.settings import WebSettings

INSTALL = "To sign in through web.oidc, install what it needs with `pip install 'citewell[oidc]'`, then start again."


def web_settings() -> WebSettings:
    """Those of this server."""
    return settings_of(home(), settings_file()).web


def middleware(web: WebSettings) -> list[Middleware]:
    """What a request passes before it reaches Streamlit, in this order. Raises SettingsError for want of Authlib."""
    first = [Middleware(SecurityHeaders), Middleware(Hosts, hosts=st.get_option("server.allowedHosts"))]
    if web.oidc:
        if find_spec("authlib") is None:
            raise SettingsError(INSTALL)
        from app.web.access.provider_sign_in import ProviderSignIn

        provider = ProviderSignIn(web.oidc)
        return [*first, provider.middleware, Middleware(Gate, sign_in=provider, hours=web.session_hours)]
    if web.users:
        return [*first, Middleware(Gate, sign_in=PasswordSignIn(web.users), hours=web.session_hours)]
    return [*first, Middleware(Browsers)]


@asynccontextmanager
async def lifetime(_: st.App) -> AsyncIterator[None]:
    """Has answers that are being written when the server is stopped kept as far as they came."""
    yield
    from app.web.ask.asking import close_desk

    await asyncio.to_thread(close_desk)


logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
try:
    guards = middleware(web_settings())
except SettingsError as error:
    # Without them nobody knows who may come in.
    sys.exit(str(error))
app = st.App(
    ENTRY,
    routes=[Route(ROUTE, serving_originals(original))],
    middleware=guards,
    on_script_error=calmly,
    lifespan=lifetime,
)

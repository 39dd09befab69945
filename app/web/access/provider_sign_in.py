"""Signing in through a service that knows people, by OpenID Connect: the authorization code flow with PKCE.

Authlib speaks to the service; what it must remember until the person comes back stands in a signed cookie.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Collection, Mapping
from urllib.parse import quote

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.starlette_client import OAuth
from httpx2 import HTTPError
from joserfc.errors import JoseError
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import Response

from app.web.access.addresses import CALLBACK, SIGN_IN, START, local
from app.web.access.gate import Begin
from app.web.access.sign_in_page import provider_page
from kb.settings import OidcSettings

logger = logging.getLogger(__name__)

STATE_COOKIE = "citewell_signing_in"
_STATE_SECONDS = 3600
NOT_ALLOWED = "This account may not come in; ask whoever runs this Citewell to add {subject} to web.oidc.allowed."
OUT = "You are signed out of Citewell; the sign-in service may still know you."
UNREACHABLE = "The sign-in service does not answer; try again later, or tell whoever runs this Citewell."
FAILED = "Signing in did not work out; try again, or tell whoever runs this Citewell."
"""Said, too, when people change their mind at the service."""


class ProviderSignIn:
    """Lets in those whom the service knows and `allowed` names; `middleware` goes before the gate."""

    paths = frozenset({SIGN_IN, START, CALLBACK})

    def __init__(self, service: OidcSettings) -> None:
        self.service = service
        self._origin = service.redirect_uri.removesuffix(CALLBACK)
        self._client = OAuth().register(
            "oidc",
            client_id=service.client_id,
            client_secret=service.client_secret,
            server_metadata_url=service.server_metadata_url,
            # Where the service remembers somebody, it would otherwise let in the same person again without asking.
            authorize_params={"prompt": "select_account"},
            client_kwargs={"scope": "openid email profile", "code_challenge_method": "S256"},
        )

    @property
    def middleware(self) -> Middleware:
        return Middleware(
            SessionMiddleware,
            secret_key=secrets.token_urlsafe(32),
            session_cookie=STATE_COOKIE,
            max_age=_STATE_SECONDS,
            https_only=self._origin.startswith("https:"),
        )

    async def answer(self, request: Request, begin: Begin) -> Response:
        try:
            if request.url.path == START:
                return await self._start(request)
            if request.url.path == CALLBACK and {"code", "error"} & set(request.query_params):
                return await self._finish(request, begin)
            return await self._ask(request, OUT if "out" in request.query_params else "")
        except HTTPError as error:
            logger.warning("%s does not answer: %r", self.service.server_metadata_url, error)
            return provider_page(start=self._start_url(request), notice=UNREACHABLE, status=502)
        except (AuthlibBaseError, JoseError, ValueError, RuntimeError) as error:
            # The last two where what the service says of itself, or its keys, are no such thing.
            logger.warning("Signing in through %s failed: %r", self.service.server_metadata_url, error)
            return provider_page(start=self._start_url(request), notice=FAILED, status=400)

    async def _start(self, request: Request) -> Response:
        response: Response = await self._client.authorize_redirect(request, self.service.redirect_uri)
        request.session["to"] = local(request.query_params.get("to", "/"))
        return response

    async def _finish(self, request: Request, begin: Begin) -> Response:
        to = request.session.get("to", "/")
        person = (await self._client.authorize_access_token(request)).get("userinfo")
        request.session.clear()
        if not person:
            raise ValueError("the answer holds no ID token")
        subject = str(person["sub"])
        if not is_allowed(person, self.service.allowed):
            return await self._ask(request, NOT_ALLOWED.format(subject=subject), status=403)
        return begin(f"oidc:{person['iss']} {subject}", str(person.get("name") or person.get("email") or subject), to)

    async def _ask(self, request: Request, notice: str, *, status: int = 200) -> Response:
        """The page; with a notice there is a way to be forgotten by the service, so that another one can sign in."""
        leave = await self._leave_url() if notice else ""
        return provider_page(start=self._start_url(request), notice=notice, leave=leave, status=status)

    def _start_url(self, request: Request) -> str:
        """On the server's name in redirect_uri, whatever name it was opened by: the cookie has to come back."""
        return f"{self._origin}{START}?to={quote(local(request.query_params.get('to', '/')))}"

    async def _leave_url(self) -> str:
        """Where the service forgets who has signed in; empty where it offers that nowhere, or has not been asked."""
        if not self._client.server_metadata.get("end_session_endpoint"):
            return ""
        left = {"post_logout_redirect_uri": self.service.redirect_uri, "client_id": self.service.client_id}
        return str((await self._client.create_logout_url(**left))["url"])


def is_allowed(person: Mapping[str, object], allowed: Collection[str]) -> bool:
    """Whether what the service says of a person names one of `allowed`: its own name of them, or a checked address."""
    email = person.get("email") if person.get("email_verified") is True else None
    return bool({person.get("sub"), email} & set(allowed))

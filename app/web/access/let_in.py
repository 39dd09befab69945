"""Which of Streamlit's sessions the page has let in, and that no others hand in files.

Streamlit opens a session for whatever browser connects, and takes files for it, before the page can ask who that is.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

import streamlit as st
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit.runtime.scriptrunner import get_script_run_ctx

UPLOADS = "/_stcore/upload_file/"
"""The part of Streamlit's addresses for files behind which the session is named."""
SIGN_IN = "Sign in first."
MOST = 10_000
"""Sessions that are known at once; one that is forgotten is let in again at its next run."""


class LetIn:
    """Sessions by their ids; those that were let in longest ago are forgotten first."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    def add(self, session: str) -> None:
        with self._lock:
            self._sessions[session] = None
            self._sessions.move_to_end(session)
            while len(self._sessions) > MOST:
                self._sessions.popitem(last=False)

    def drop(self, session: str) -> None:
        with self._lock:
            self._sessions.pop(session, None)

    def holds(self, session: str) -> bool:
        return session in self._sessions


@st.cache_resource(show_spinner=False)
def let_in() -> LetIn:
    """Those of the server."""
    return LetIn()


def note_let_in(is_let_in: bool) -> None:
    """To be called in a run of the page, for the session that it runs for."""
    context = get_script_run_ctx()
    if context is None:
        return
    if is_let_in:
        let_in().add(context.session_id)
    else:
        let_in().drop(context.session_id)


class Uploads:
    """Refuses files that are handed in, or taken back, for a session which the page has not let in."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _, is_upload, rest = scope.get("path", "").partition(UPLOADS)
        if scope["type"] == "http" and is_upload and not let_in().holds(rest.partition("/")[0]):
            await PlainTextResponse(SIGN_IN, 401, {"Cache-Control": "no-store"})(scope, receive, send)
        else:
            await self.app(scope, receive, send)

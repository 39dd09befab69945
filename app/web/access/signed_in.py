"""What the page itself does about sign-in: it shows nothing without, and who has signed in finds the way out."""

from __future__ import annotations

import streamlit as st

from app.web.access.gate import SIGN_OUT
from app.web.access.identities import require_identity
from app.web.literal import in_html
from app.web.visitor import signed_in, visitor
from app.web.workspace import current_settings
from kb.errors import UserError

BARE = "Start Citewell with `citewell serve`; in this way nobody could sign in."


def guard() -> None:
    """To be called before anything of a base is shown. Raises UserError where the server lets in without asking."""
    web = current_settings().web
    require_identity(web)
    if web.users and not visitor().startswith("user:"):
        raise UserError(BARE)
    if not (name := signed_in()):
        return
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", key="signed-in"):
        st.html(f'<p class="cw-small">{in_html(name)}</p>', width="content")
        if web.oidc:
            st.button("Sign out", on_click=st.logout)
        else:
            button = '<button class="cw-plain" type="submit">Sign out</button>'
            st.html(f'<form method="post" action="{SIGN_OUT}">{button}</form>', width="content")

"""What the page itself does about sign-in: it shows nothing without, and who has signed in finds the way out."""

from __future__ import annotations

import streamlit as st

from app.web.access.addresses import SIGN_OUT
from app.web.literal import in_html
from app.web.visitor import signed_in
from app.web.workspace import current_settings
from kb.errors import UserError

BARE = "Start Citewell with `citewell serve`; in this way nobody could sign in."
_BUTTON = '<button class="cw-plain" type="submit">Sign out</button>'


def guard() -> None:
    """To be called before anything of a base is shown. Raises UserError where the server lets in without asking."""
    name = signed_in()
    if not name:
        if current_settings().web.has_sign_in:
            raise UserError(BARE)
        return
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", key="signed-in"):
        st.html(f'<p class="cw-small">{in_html(name)}</p>', width="content")
        st.html(f'<form method="post" action="{SIGN_OUT}">{_BUTTON}</form>', width="content")

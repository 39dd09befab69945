"""What a page says when it fails in a way that nobody foresaw: one sentence; the rest is in the log."""

from __future__ import annotations

import logging
import secrets

import streamlit as st

from app.web.buttons import in_words
from kb.errors import CitewellError

logger = logging.getLogger(__name__)


def calmly(error: Exception) -> bool:
    """Shows `error` in place of Streamlit's own box; what is not the user's doing goes to the log, under a number."""
    if isinstance(error, CitewellError):
        st.error(in_words(error))
        return True
    number = secrets.token_hex(3)
    logger.error("Error %s on the web page", number, exc_info=error)
    st.warning(
        "Something went wrong here that should not have; your documents are as they were. "
        f"Reload the page; if it happens again, look for error {number} in the window where Citewell was started."
    )
    return True

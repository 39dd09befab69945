"""Addresses that only the page itself can have made, for what is fetched beside it.

Who has signed in through a service is known to the page alone, not to the routes beside it: there, a seal shows that
the address was made for somebody who had signed in.
"""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256

import streamlit as st


def seal(*parts: str) -> str:
    """What goes with an address made of `parts`; it holds until the server stops."""
    content = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hmac.new(_key(), content, sha256).hexdigest()


def is_seal(given: str, *parts: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), seal(*parts).encode("ascii"))


@st.cache_resource(show_spinner=False)
def _key() -> bytes:
    return secrets.token_bytes(32)

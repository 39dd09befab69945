"""Passwords as they stand in the settings: scrypt, with its parameters and a salt of its own in each."""

from __future__ import annotations

import hmac
import re
import secrets
import unicodedata
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import scrypt

COST, BLOCK, LANES = 2**15, 8, 1
"""32 MB and some 0.1 s for each try."""
_SHAPE = re.compile(r"scrypt\$(\d{5,6})\$8\$1\$([A-Za-z0-9_-]{22}==)\$([A-Za-z0-9_-]{43}=)")
LONGEST = 1000
_MEMORY = 2 * 128 * BLOCK


def hashed(password: str) -> str:
    """What stands in the settings for `password`; different each time."""
    salt = secrets.token_bytes(16)
    return f"scrypt${COST}${BLOCK}${LANES}${_text(salt)}${_text(_derived(password, salt, COST))}"


def matches(password: str, kept: str | None) -> bool:
    """Whether `kept` was made of `password`; where there is none it takes as long to say no."""
    found = _SHAPE.fullmatch(kept or "")
    if found is None:
        _derived(password, b"\0" * 16, COST)
        return False
    cost, salt, key = found.groups()
    return hmac.compare_digest(_derived(password, urlsafe_b64decode(salt), int(cost)), urlsafe_b64decode(key))


def _derived(password: str, salt: bytes, cost: int) -> bytes:
    # The same characters may be typed as different code points on another keyboard.
    typed = unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
    return scrypt(typed, salt=salt, n=cost, r=BLOCK, p=LANES, maxmem=_MEMORY * cost, dklen=32)


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).decode("ascii")

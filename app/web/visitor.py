"""Who looks at the page: the owner of the conversations that it shows."""

from __future__ import annotations


def visitor() -> str:
    """Whose conversations are shown: "" is the one person who uses this machine."""
    return ""

"""Titles as names of files that every common file system takes, each one once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_LONGEST = 120
"""Bytes of UTF-8: file systems take 255, and a number and folders may be added."""
_SPECIAL = re.compile(r'[<>:"/\\|?*#]')
"""What Windows refuses, what separates folders, and "#", which in a source separates a file from a part of it."""
_UNSEEN = {"Cc", "Cf", "Zl", "Zp"}
_RESERVED = {
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{device}{number}" for device in ("com", "lpt") for number in "0123456789¹²³"),
}


def file_names(titles: Iterable[str], suffix: str) -> list[str]:
    """A name for each title, in order; what would be equal but for case or the form of its characters is numbered."""
    names: list[str] = []
    taken: set[str] = set()
    for title in titles:
        stem = _stem(title)
        name, number = stem, 1
        while _folded(name) in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(_folded(name))
        names.append(name + suffix)
    return names


def _stem(title: str) -> str:
    """Neither hidden nor a lock file of Office's; without what Windows cuts off at the end."""
    seen = "".join(" " if unicodedata.category(character) in _UNSEEN else character for character in title)
    plain = _SPECIAL.sub("-", unicodedata.normalize("NFC", " ".join(seen.split())))
    short = plain.lstrip(" .~").encode()[:_LONGEST].decode(errors="ignore").rstrip(" .")
    if not short:
        return "untitled"
    return f"_{short}" if short.split(".")[0].strip().casefold() in _RESERVED else short


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())

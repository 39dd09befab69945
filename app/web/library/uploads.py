"""Uploads: files handed in through the browser, kept in the base's own folder under names that stay in it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from uuid import uuid4

LONGEST_NAME = 200
"""Bytes; file systems take 255, and a suffix such as " (12)" must fit."""


def save_uploads(folder: Path, files: Iterable[tuple[str, bytes]]) -> list[Path]:
    """Writes (name, content) into `folder`, which is created; a name that comes twice is numbered.

    A file kept from an earlier upload is replaced by one of the same name, as in any folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    saved: list[Path] = []
    for name, content in files:
        target = _unused(folder / safe_name(name), saved)
        partial = folder / f".{uuid4().hex}.partial"
        partial.write_bytes(content)
        partial.replace(target)
        saved.append(target)
    return saved


def safe_name(name: str) -> str:
    """The last part of `name` as a plain, visible file name; "document" when nothing is left of it."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    visible = "".join(letter for letter in last if unicodedata.category(letter)[0] != "C").strip(" .")
    stem, suffix = PurePosixPath(visible).stem, PurePosixPath(visible).suffix
    room = LONGEST_NAME - len(suffix.encode())
    if room <= 0:
        stem, suffix, room = visible, "", LONGEST_NAME
    return stem.encode()[:room].decode(errors="ignore") + suffix or "document"


def _unused(path: Path, taken: Iterable[Path]) -> Path:
    used, candidate, number = set(taken), path, 1
    while candidate in used:
        number += 1
        candidate = path.with_stem(f"{path.stem} ({number})")
    return candidate

"""Uploads: files handed in through the browser, kept in the base's own folder under names that stay in it."""

from __future__ import annotations

import filecmp
import shutil
import unicodedata
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from uuid import uuid4

from kb.errors import UserError

LONGEST_NAME = 200
"""Bytes; file systems take 255, and a suffix such as " (12)" must fit."""
DEEPEST = 12
"""Folders within folders that are kept of a folder handed in; the innermost ones of more."""
PARTIAL = ".partial"


def save_uploads(folder: Path, files: Iterable[tuple[str, BinaryIO]]) -> list[Path]:
    """Writes (name, content) into `folder`, which is created; a name that comes twice is numbered.

    A name may hold folders ("reports/2024/a.pdf"), which are kept. A file kept from an earlier upload is replaced by
    one of the same name, as in any folder, unless its content is the same. Raises UserError where the disk refuses.
    """
    saved: list[Path] = []
    try:
        folder.mkdir(exist_ok=True)
        for name, content in files:
            saved.append(_save(folder, safe_path(name), content, saved))
    except OSError as error:
        raise UserError(f"The files cannot be kept in {folder} ({error.strerror}); see that there is room.") from error
    return saved


def to_ingest(folder: Path, saved: Iterable[Path]) -> list[Path]:
    """What of `folder` is to be ingested for the files in `saved`: files that lie in it, and its folders as a whole.

    So people see what was handed in as a folder relative to that folder.
    """
    return list(dict.fromkeys(folder / path.relative_to(folder).parts[0] for path in saved))


def delete_uploads(folder: Path, files: Iterable[str]) -> int:
    """Deletes those of `files` that are uploads, and folders that are then empty; says how many files that were."""
    deleted = 0
    for file in map(Path, files):
        if is_upload(folder, file) and file.exists():
            file.unlink(missing_ok=True)
            deleted += 1
        for parent in file.parents if is_upload(folder, file) else ():
            if parent == folder:
                break
            with suppress(OSError):  # It holds others.
                parent.rmdir()
    return deleted


def is_upload(folder: Path, file: Path) -> bool:
    return file.is_relative_to(folder)


def safe_path(name: str) -> PurePosixPath:
    """`name` as a relative path that leads nowhere but down, of plain, visible names."""
    parts = [part for part in name.replace("\\", "/").split("/") if part.strip(" .")]
    return PurePosixPath(*map(safe_name, parts[-DEEPEST:] or [""]))


def safe_name(name: str) -> str:
    """The last part of `name` as a plain, visible file name; "document" when nothing is left of it."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    visible = "".join(letter for letter in last if unicodedata.category(letter)[0] != "C").strip(" .")
    stem, suffix = PurePosixPath(visible).stem, PurePosixPath(visible).suffix
    room = LONGEST_NAME - len(suffix.encode())
    if room <= 0:
        stem, suffix, room = visible, "", LONGEST_NAME
    return stem.encode()[:room].decode(errors="ignore") + suffix or "document"


def _save(folder: Path, name: PurePosixPath, content: BinaryIO, taken: Iterable[Path]) -> Path:
    for part in name.parts[:-1]:
        folder = _unused(folder / part, (), taken_by=Path.is_file)
        folder.mkdir(exist_ok=True)
    target = _unused(folder / name.name, taken, taken_by=Path.is_dir)
    partial = folder / f".{uuid4().hex}{PARTIAL}"
    try:
        with partial.open("wb") as file:
            shutil.copyfileobj(content, file)
        if not (target.exists() and filecmp.cmp(partial, target, shallow=False)):
            partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target


def _unused(path: Path, taken: Iterable[Path], *, taken_by: Callable[[Path], bool]) -> Path:
    used, candidate, number = set(taken), path, 1
    while candidate in used or taken_by(candidate):
        number += 1
        candidate = path.with_stem(f"{path.stem} ({number})")
    return candidate

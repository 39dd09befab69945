"""What every reader needs to know of a file: its bytes as clean text, their hash, its name and time."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from kb.errors import UnreadableFile
from kb.identity import document_id
from kb.text.language import language_of
from kb.types import Block, Document, Mark, TextBox

_MARKS_OF_ORDER = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_GUESSED_FROM = 200_000
_HEAD = 4096
_UNWRITABLE = re.compile("[\ud800-\udfff\ufffe\uffff]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")


def make_document(
    path: Path,
    *,
    text: str,
    title: str,
    media_type: str,
    sha256: str,
    modified: datetime | None = None,
    marks: Sequence[Mark] = (),
    blocks: Sequence[Block] = (),
    boxes: Sequence[TextBox] = (),
) -> Document:
    """The one document of a file; `modified` is the file's own time unless its metadata knew better."""
    text = clean(text)
    if not text.strip():
        raise UnreadableFile(f"{path.name} holds no text.")
    source = str(path.resolve())
    return Document(
        id=document_id(source),
        source=source,
        title=" ".join(clean(title).split()) or name_of(path),
        text=text,
        media_type=media_type,
        sha256=sha256,
        language=language_of(text),
        modified=modified or modified_at(path),
        marks=tuple(marks),
        blocks=tuple(blocks),
        boxes=tuple(boxes),
    )


def clean(text: str) -> str:
    """`text` without what cannot be written as UTF-8 or printed; every character keeps its offset."""
    return _CONTROL.sub(" ", _UNWRITABLE.sub("\ufffd", text))


def decoded(path: Path, content: bytes, declared: str | None = None) -> str:
    """Bytes as clean text: by their byte order mark, as UTF-8, as `declared`, else by a guess from their statistics."""
    for mark, encoding in _MARKS_OF_ORDER:
        if content.startswith(mark):
            return clean(content.decode(encoding, "replace"))
    is_wide = content[:_HEAD].count(0) * 10 > len(content[:_HEAD])
    for candidate in () if is_wide else ("utf-8", declared):
        try:
            if candidate:
                return clean(content.decode(candidate))
        except (UnicodeDecodeError, LookupError):
            continue
    return clean(content.decode(_guessed(path, content), "replace"))


def _guessed(path: Path, content: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(content[:_GUESSED_FROM]).best()
    if best is None and 0 in content:
        raise UnreadableFile(f"{path.name} is not text in an encoding that can be told; save it as UTF-8.")
    return best.encoding if best else "cp1252"


def digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def modified_at(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def in_utc(moment: datetime | None) -> datetime | None:
    """`moment` in UTC; a time of no zone is taken to be in UTC."""
    if moment is None:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def name_of(path: Path) -> str:
    """A file's name as people would write it: no suffix, blanks for underscores."""
    return " ".join(path.stem.replace("_", " ").split())

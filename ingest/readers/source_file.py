"""A file as readers meet it, on the disk or within another file, and what all of them need of it."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Protocol
from zipfile import BadZipFile, ZipFile

from ingest.limits import Allowance, Limits
from ingest.readers.encoding import decode
from kb.errors import NothingToRead, UnreadableFile
from kb.identity import document_id
from kb.text.language import language_of
from kb.types import Block, Document, Mark, TextBox

_HEAD = 4096
_LATEST = datetime(9999, 12, 31, tzinfo=UTC).timestamp()
_UNWRITABLE = re.compile("[\ud800-\udfff\ufffe\uffff]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\U000e0000-\U000e007f]")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to be read.

    `source` is its identity: the resolved path, or for a part of another file that file's source, "#" and its name.
    A file on the disk has a `path`, a part has its `data`; `depth` is 0 for the former. `allowance` is what reading
    may still cost, shared by a file and its parts.
    """

    source: str
    name: str
    sha256: str
    modified: datetime
    path: Path | None = None
    data: bytes = b""
    depth: int = 0
    allowance: Allowance = field(default_factory=lambda: Allowance(Limits()), compare=False)

    @classmethod
    def at(cls, path: Path, *, sha256: str = "", allowance: Allowance | None = None) -> SourceFile:
        """The file at `path`; its hash is taken unless it is known."""
        resolved = path.resolve()
        return cls(
            source=str(resolved),
            name=path.name,
            sha256=sha256 or digest(path),
            modified=datetime.fromtimestamp(min(path.stat().st_mtime, _LATEST), UTC),
            path=resolved,
            allowance=allowance or Allowance(Limits()),
        )

    def part(self, name: str, data: bytes, *, modified: datetime | None = None) -> SourceFile:
        """A file within this one; `name` is made unique by whoever reads this one's parts."""
        return SourceFile(
            source=f"{self.source}#{name}",
            name=name.rsplit("/", 1)[-1],
            sha256=digest_of(data),
            modified=modified or self.modified,
            data=data,
            depth=self.depth + 1,
            allowance=self.allowance,
        )

    def open(self) -> BinaryIO:
        return self.path.open("rb") if self.path else BytesIO(self.data)

    def read(self) -> bytes:
        return self.path.read_bytes() if self.path else self.data

    def head(self, size: int = _HEAD) -> bytes:
        with self.open() as stream:
            return stream.read(size)

    def step(self) -> None:
        """Says that reading goes on; to be called at least every few seconds."""
        self.allowance.step(self.source)

    def page(self) -> None:
        """To be called before each page, slide or sheet. Raises UnreadableFile when there are too many."""
        self.allowance.page(self.source, self.name)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file, or a part of one, that became no document, and why; `skipped` where nothing is wrong with it.

    `is_passing` where the file could not be got at, or changed meanwhile: that says nothing of what is in it.
    """

    source: str
    reason: str
    skipped: bool = False
    is_passing: bool = False

    @classmethod
    def of(cls, file: SourceFile, error: UnreadableFile) -> Refusal:
        return cls(file.source, str(error), isinstance(error, NothingToRead))


Found = Document | SourceFile | Refusal
"""What readers find in a file. A refusal stands for a part of it that the reader itself cannot read."""


class Reader(Protocol):
    """Reads files of one kind."""

    def read(self, file: SourceFile) -> Iterator[Found]:
        """The documents of a file, one as a rule, and the files that lie in it, which are then read by their readers.

        Raises UnreadableFile with the reason, NothingToRead where there is no text to be had.
        """
        ...


ZIP_DAMAGE = (BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, ValueError)
"""What zipfile raises for a damaged archive, and for entries damaged, missing or compressed in an unknown way."""


def opened_zip(file: SourceFile) -> ZipFile:
    """The file as a ZIP archive whose content, unpacked, is within the limits; the caller closes it."""
    try:
        archive = ZipFile(file.path or BytesIO(file.data))
    except (OSError, *ZIP_DAMAGE) as error:
        raise UnreadableFile(f"{file.name} is damaged or not what its name says; save it again.") from error
    try:
        # zipfile reads at most as many bytes as the directory declares, so the declaration is what counts.
        file.allowance.expand(sum(entry.file_size for entry in archive.infolist()), file.name)
    except UnreadableFile:
        archive.close()
        raise
    return archive


def make_document(
    file: SourceFile,
    *,
    text: str,
    title: str,
    media_type: str,
    modified: datetime | None = None,
    tags: Sequence[str] = (),
    marks: Sequence[Mark] = (),
    blocks: Sequence[Block] = (),
    boxes: Sequence[TextBox] = (),
) -> Document:
    """The one document of a file; `modified` is the file's own time unless its metadata knew better."""
    text = clean(text)
    if not text.strip():
        raise NothingToRead(f"{file.name} holds no text.")
    return Document(
        id=document_id(file.source),
        source=file.source,
        title=" ".join(clean(title).split()) or name_of(file.name),
        text=text,
        media_type=media_type,
        sha256=file.sha256,
        language=language_of(_in_words(text, blocks)),
        modified=modified or file.modified,
        tags=tuple(clean(tag) for tag in tags),
        marks=tuple(marks),
        blocks=tuple(blocks),
        boxes=tuple(boxes),
    )


def _in_words(text: str, blocks: Sequence[Block]) -> str:
    """`text` without code, unless it is all code."""
    if all(block.kind != "code" for block in blocks):
        return text
    return "\n".join(text[block.start : block.end] for block in blocks if block.kind != "code") or text


def clean(text: str) -> str:
    """`text` without what cannot be written as UTF-8 or printed; every character keeps its offset.

    Tags (Unicode 23.9) spell out any ASCII text for machines, and show nothing.
    """
    return _CONTROL.sub(" ", _UNWRITABLE.sub("\ufffd", text))


def decoded(name: str, content: bytes, declared: str | None = None) -> str:
    """The clean text of bytes, in the encoding that they are in, whether or not they have `declared` another."""
    text = decode(content, declared)
    if text is None:
        raise UnreadableFile(f"{name} is not text in an encoding that can be told; save it as UTF-8.")
    return clean(text)


def digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def in_utc(moment: datetime | None) -> datetime | None:
    """`moment` in UTC; a time of no zone is taken to be in UTC."""
    if moment is None:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def name_of(name: str) -> str:
    """A file's name as people would write it: no suffix, blanks for underscores."""
    return " ".join(Path(name).stem.replace("_", " ").split())

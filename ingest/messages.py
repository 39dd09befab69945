"""What a parser process and the one that started it say to each other.

Tasks go to the parser as pickles: it trusts who started it. What comes back was made from files that nobody vouches
for, so it is JSON of known shapes and nothing else.
"""

from __future__ import annotations

import pickle
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import BinaryIO

from pydantic import TypeAdapter

from ingest.formats import Formats
from ingest.limits import Limits
from ingest.readers.source_file import Refusal
from kb.protocols import Splitter
from kb.types import Anchor, Chunk, Context, Document

_FRAME = struct.Struct(">BI")


@dataclass(frozen=True, slots=True)
class Setup:
    """What a parser needs before its first task; `cache` is a folder for what can be made again, None for none."""

    limits: Limits
    formats: Formats
    splitter: Splitter
    cache: Path | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """A file to be read.

    `known` maps the sources of documents that it had before to their hashes: the same ones are not sent again.
    `given_up` maps parts that are not to be tried to the reason.
    """

    path: Path
    sha256: str
    known: Mapping[str, str] = field(default_factory=dict)
    given_up: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """The reading of `source`, the file or a part of it, goes on."""

    source: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A Chunk without what its document says."""

    id: str
    start: int
    end: int
    anchor: Anchor | None
    context: Context


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document with its passages."""

    document: Document
    passages: tuple[Passage, ...]

    @classmethod
    def of(cls, document: Document, chunks: list[Chunk]) -> Parsed:
        return cls(
            document, tuple(Passage(each.id, each.start, each.end, each.anchor, each.context) for each in chunks)
        )

    def chunks(self) -> tuple[Chunk, ...]:
        document, text = self.document, self.document.text
        return tuple(
            Chunk(
                each.id,
                document.id,
                document.source,
                text[each.start : each.end],
                each.start,
                each.end,
                each.anchor,
                each.context,
                document.language,
            )
            for each in self.passages
        )


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A document that is as it was known to be."""

    source: str


@dataclass(frozen=True, slots=True)
class Done:
    """The task is over.

    `refusal` says why, where the file itself could not be read; `memory` is the parser's peak in bytes.
    """

    refusal: Refusal | None
    memory: int


Reply = Step | Parsed | Unchanged | Refusal | Done
_KINDS: tuple[type[Reply], ...] = (Step, Parsed, Unchanged, Refusal, Done)


def send(stream: BinaryIO, reply: Reply) -> None:
    kind = _KINDS.index(type(reply))
    data = _adapters()[kind].dump_json(reply)
    stream.write(_FRAME.pack(kind, len(data)) + data)
    stream.flush()


def receive(stream: BinaryIO) -> Reply | None:
    """The next reply, None where the parser has ended; raises ValueError for what is none."""
    head = stream.read(_FRAME.size)
    if len(head) < _FRAME.size:
        return None
    kind, size = _FRAME.unpack(head)
    data = stream.read(size)
    if len(data) < size:
        return None
    if kind >= len(_KINDS):
        raise ValueError(f"no reply is of kind {kind}")
    reply: Reply = _adapters()[kind].validate_json(data)
    return reply


def hand_over(stream: BinaryIO, value: Setup | Task) -> None:
    pickle.dump(value, stream)
    stream.flush()


def taken_over(stream: BinaryIO) -> Setup | Task:
    """What was handed over; raises EOFError when nothing will be any more."""
    value: Setup | Task = pickle.load(stream)  # noqa: S301 - from the process that started this one
    return value


@cache
def _adapters() -> tuple[TypeAdapter[Reply], ...]:
    return tuple(TypeAdapter(kind) for kind in _KINDS)

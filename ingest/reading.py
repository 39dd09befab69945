"""From a file to its documents, and those of the files that lie in it."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ingest.formats import Formats
from ingest.readers.source_file import Found, Refusal, SourceFile
from kb.errors import NothingToRead, OutOfReach, UnreadableFile
from kb.identity import document_id
from kb.types import Document

logger = logging.getLogger(__name__)

_NAMES = "EACCES EPERM ENOENT EIO ESTALE ENXIO ENODEV ETIMEDOUT EHOSTDOWN ENOTCONN EMFILE ENFILE ENOSPC EDQUOT"
_OUT_OF_REACH = {number for name in _NAMES.split() if (number := getattr(errno, name, None)) is not None}
"""What systems say when a disk or a network fails, not when a file is damaged."""


def read(
    file: SourceFile, formats: Formats, given_up: Mapping[str, str], seen: set[str] | None = None
) -> Iterator[Document | Refusal]:
    """The documents of `file` and of its parts, each under a source of its own, and the parts that cannot be read.

    `given_up` maps the sources of parts that are not to be tried (again) to the reason; `seen` are sources that are
    taken. Raises UnreadableFile where `file` itself cannot be read, whatever is wrong with it.
    """
    taken = {file.source} if seen is None else seen
    is_empty, has_own = True, False
    with refusing(file):
        for found in formats.reader(file).read(file):
            is_empty = False
            is_own = found.source == file.source and not has_own
            has_own = has_own or is_own
            part = found if is_own else _named_apart(found, taken)
            taken.add(part.source)
            if isinstance(part, Document | Refusal):
                yield part
                continue
            try:
                file.allowance.count_part(part.name)
            except UnreadableFile as error:
                yield Refusal.of(part, error)
                return
            yield from _read_part(part, formats, given_up, taken)
            file.step()
        if is_empty:
            raise NothingToRead(f"{file.name} holds no text.")


def read_path(path: Path) -> Iterator[Document | Refusal]:
    """What is in the file at `path`, read in this process, by the default readers within the default limits."""
    return read(SourceFile.at(path), Formats(), {})


def _read_part(
    part: SourceFile, formats: Formats, given_up: Mapping[str, str], taken: set[str]
) -> Iterator[Document | Refusal]:
    if part.source in given_up:
        yield Refusal(part.source, given_up[part.source])
        return
    try:
        part.allowance.enter(part.source, part.name, part.depth)
        yield from read(part, formats, given_up, taken)
    except UnreadableFile as error:
        yield Refusal.of(part, error)


def _named_apart(found: Found, taken: Set[str]) -> Found:
    """`found` under a source that no other has: two attachments may be called the same."""
    source, number = found.source, 1
    while source in taken:
        number += 1
        source = f"{found.source} ({number})"
    if number == 1:
        return found
    if isinstance(found, Document):
        return replace(found, source=source, id=document_id(source))
    return replace(found, source=source)


@contextmanager
def refusing(file: SourceFile) -> Iterator[None]:
    """Whatever goes wrong while a file is looked into fails that file and no other."""
    try:
        yield
    except UnreadableFile:
        raise
    except MemoryError as error:
        raise UnreadableFile(
            f"{file.name} needs more memory than it may have; raise ingest.memory_mb to read it."
        ) from error
    except OSError as error:
        kind = OutOfReach if error.errno in _OUT_OF_REACH else UnreadableFile
        raise kind(f"{file.name} cannot be read: {error.strerror or error}.") from error
    except Exception as error:
        logger.warning("the reader failed on %s", file.source, exc_info=True)
        raise UnreadableFile(f"{file.name} cannot be read: its reader stopped with {type(error).__name__}.") from error

"""From a file to its documents, and those of the files that lie in it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ingest.formats import Formats
from ingest.readers.source_file import Refusal, SourceFile
from kb.errors import UnreadableFile
from kb.types import Document

logger = logging.getLogger(__name__)


def read(
    file: SourceFile, formats: Formats, given_up: Mapping[str, str], seen: set[str] | None = None
) -> Iterator[Document | Refusal]:
    """The documents of `file` and of its parts, each source once, and the parts that cannot be read.

    `given_up` maps the sources of parts that are not to be tried (again) to the reason; `seen` are sources that are
    taken. Raises UnreadableFile where `file` itself cannot be read, whatever is wrong with it.
    """
    taken = set() if seen is None else seen
    with refusing(file):
        for found in formats.reader(file).read(file):
            if isinstance(found, Document | Refusal):
                taken.add(found.source)
                yield found
                continue
            part = _named_apart(found, taken)
            taken.add(part.source)
            try:
                file.allowance.count_part(part.name)
            except UnreadableFile as error:
                yield Refusal.of(part, error)
                return
            yield from _read_part(part, formats, given_up, taken)


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


def _named_apart(part: SourceFile, taken: Set[str]) -> SourceFile:
    """`part` under a source that no other has: two attachments may be called the same."""
    source, number = part.source, 1
    while source in taken:
        number += 1
        source = f"{part.source} ({number})"
    return part if number == 1 else replace(part, source=source)


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
        raise UnreadableFile(f"{file.name} cannot be read: {error.strerror or error}.") from error
    except Exception as error:
        logger.warning("the reader failed on %s", file.source, exc_info=True)
        raise UnreadableFile(f"{file.name} cannot be read: its reader stopped with {type(error).__name__}.") from error

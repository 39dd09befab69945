"""Reads mailboxes that are one file of mails (mbox): each mail is a file in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.readers.source_file import SourceFile

_BEGIN = re.compile(rb"From \S.*\d{4}\s*")
_QUOTED = re.compile(rb">+From ")


@dataclass(frozen=True, slots=True)
class MboxReader:
    def read(self, file: SourceFile) -> Iterator[SourceFile]:
        number = 0
        lines: list[bytes] = []
        with file.open() as stream:
            is_apart = True
            for line in stream:
                if is_apart and _BEGIN.fullmatch(line):
                    if lines:
                        number += 1
                        yield _mail(file, number, lines)
                    lines = []
                else:
                    lines.append(line[1:] if _QUOTED.match(line) else line)
                is_apart = not line.strip()
        if lines:
            yield _mail(file, number + 1, lines)


def _mail(file: SourceFile, number: int, lines: list[bytes]) -> SourceFile:
    file.step()
    return file.part(f"message {number}.eml", b"".join(lines))

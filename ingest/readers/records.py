"""Reads JSON Lines: each line with a "text" is a document of its own, which is how test collections come."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from ingest.readers.plain import paragraphs
from ingest.readers.source_file import SourceFile, clean, digest_of
from kb.errors import NothingToRead, UnreadableFile
from kb.identity import document_id
from kb.text.language import language_of
from kb.types import Anchor, Document, Mark


@dataclass(frozen=True, slots=True)
class RecordReader:
    def read(self, file: SourceFile) -> Iterator[Document]:
        """One document a line, read as they are asked for; a title alone serves as the text."""
        found = False
        seen: set[str] = set()
        with file.open() as stream:
            for number, line in enumerate(stream, 1):
                record = _record(file.name, number, line)
                text = clean(record.get("text") or record.get("title") or "")
                if not text.strip():
                    continue
                name = clean(str(record.get("_id", record.get("id", number))))
                if name in seen:
                    raise UnreadableFile(f'Line {number} of {file.name} repeats the id "{name}"; give each its own.')
                seen.add(name)
                found = True
                file.step()
                yield _document(f"{file.source}#{name}", record, text, number, file.modified)
        if not found:
            raise NothingToRead(f"{file.name} holds no text.")


def _record(name: str, number: int, line: bytes) -> Mapping[str, str]:
    """The object on a line, {} for a blank line."""
    if not line.strip():
        return {}
    try:
        record = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(f"Line {number} of {name} is not JSON in UTF-8; correct or remove it.") from error
    if not isinstance(record, dict) or not isinstance(record.get("text"), str):
        raise UnreadableFile(f'Line {number} of {name} is not an object with a "text"; correct or remove it.')
    return record


def _document(source: str, record: Mapping[str, str], text: str, number: int, modified: datetime) -> Document:
    # The line belongs to the content: a citation names it.
    canonical = json.dumps([number, record], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return Document(
        id=document_id(source),
        source=source,
        title=" ".join(clean(str(record.get("title") or "")).split()),
        text=text,
        media_type="application/json",
        sha256=digest_of(canonical.encode("utf-8", "surrogatepass")),
        language=language_of(text),
        modified=modified,
        marks=(Mark(0, Anchor("line", f"line {number}", number)),),
        blocks=tuple(paragraphs(text)),
    )

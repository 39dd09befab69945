"""Reads JSON Lines: each line with a "text" is a document of its own, as in test collections; others are rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from ingest.readers.data.values import write_items
from ingest.readers.source_file import SourceFile, clean, digest_of, make_document
from ingest.readers.structure import StructuredText
from ingest.readers.text.lines import paragraphs
from kb.errors import NothingToRead, UnreadableFile
from kb.identity import document_id
from kb.text.language import language_of
from kb.types import Anchor, Document, Mark

_BATCH = 4_000_000
"""Bytes of lines that become one document where they are rows."""


@dataclass(frozen=True, slots=True)
class RecordReader:
    def read(self, file: SourceFile) -> Iterator[Document]:
        with file.open() as stream:
            number, line = next(((number, line) for number, line in enumerate(stream, 1) if line.strip()), (1, b"{}"))
        first = _value(file.name, number, line)
        has_text = isinstance(first, dict) and isinstance(first.get("text"), str)
        yield from _documents(file) if has_text else _rows(file)


def _documents(file: SourceFile) -> Iterator[Document]:
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


def _rows(file: SourceFile) -> Iterator[Document]:
    """Lines without a text as rows: one document, several where there are very many."""
    batch: dict[int, object] = {}
    size = 0
    is_whole = True
    with file.open() as stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                file.step()
                batch[number] = _value(file.name, number, line, numbers=str)
                size += len(line)
            if size >= _BATCH:
                yield _table(file, batch, is_whole=False)
                batch, size, is_whole = {}, 0, False
    if batch or is_whole:
        yield _table(file, batch, is_whole=is_whole)


def _table(file: SourceFile, batch: Mapping[int, object], *, is_whole: bool) -> Document:
    numbers = list(batch)
    text = StructuredText(cites_headings=False)
    write_items(list(batch.values()), text, place=lambda item: _line(numbers[item - 1]))
    if not is_whole:
        content = json.dumps(list(batch.items()), ensure_ascii=False).encode("utf-8", "surrogatepass")
        source = f"{file.source}#lines {numbers[0]}-{numbers[-1]}"
        file = replace(file, source=source, sha256=digest_of(content))
    return make_document(
        file, text=text.text, title="", media_type="application/jsonl", marks=text.marks, blocks=text.blocks
    )


def _value(name: str, number: int, line: bytes, *, numbers: Callable[[str], object] | None = None) -> object:
    """What stands on a line; `numbers` makes what is to be had of a number as it is written."""
    try:
        return json.loads(line.decode("utf-8-sig"), parse_int=numbers, parse_float=numbers)
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(f"Line {number} of {name} is not JSON in UTF-8; correct or remove it.") from error


def _record(name: str, number: int, line: bytes) -> Mapping[str, str]:
    """The object on a line, {} for a blank line."""
    if not line.strip():
        return {}
    record = _value(name, number, line)
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
        marks=(Mark(0, _line(number)),),
        blocks=tuple(paragraphs(text)),
    )


def _line(number: int) -> Anchor:
    return Anchor("line", f"line {number}", number)

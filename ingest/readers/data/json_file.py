"""Reads JSON: one value a file, written down as lines, tables and headings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ingest.readers.data.records import RecordReader
from ingest.readers.data.values import write_value
from ingest.readers.source_file import SourceFile, decoded, make_document
from ingest.readers.structure import StructuredText
from kb.errors import NothingToRead, UnreadableFile
from kb.types import Document

_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/|,(?=(?:\s|//[^\n]*|/\*.*?\*/)*[}\]])', re.DOTALL)
"""A string, a comment, or a comma after the last item."""
MEDIA_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class JsonReader:
    def read(self, file: SourceFile) -> Iterator[Document]:
        content = decoded(file.name, file.read())
        if _is_lines(content):
            yield from RecordReader().read(file)
            return
        value = json_of(file.name, content)
        text = StructuredText()
        write_value(value, text)
        title = value.get("title") if isinstance(value, Mapping) else ""
        yield make_document(
            file,
            text=text.text,
            title=title if isinstance(title, str) else "",
            media_type=MEDIA_TYPE,
            marks=text.marks,
            blocks=text.blocks,
        )


def json_of(name: str, content: str) -> object:
    """The value that JSON text stands for, its numbers as they are written."""
    if not content.strip():
        raise NothingToRead(f"{name} holds no text.")
    try:
        try:
            return _loaded(content)
        except json.JSONDecodeError:
            return _loaded(_without_comments(content))
    except json.JSONDecodeError as error:
        raise UnreadableFile(f"{name} is not valid JSON: line {error.lineno} is wrong ({error.msg}).") from error
    except RecursionError as error:
        raise UnreadableFile(f"{name} is nested too deeply to be read.") from error


def _loaded(content: str) -> object:
    return json.loads(content, parse_int=str, parse_float=str, parse_constant=str)


def _without_comments(content: str) -> str:
    """JSON as settings files often have it, without comments and commas too many; every line keeps its number."""

    def kept(token: re.Match[str]) -> str:
        return token.group() if token.group().startswith('"') else "\n" * token.group().count("\n")

    return _TOKEN.sub(kept, content)


def _is_lines(content: str) -> bool:
    """Whether this is JSON Lines, whatever it is called: two lines that are a value each."""
    first, _, rest = content.strip().partition("\n")
    second = rest.lstrip().partition("\n")[0]
    return first[:1] == "{" and second[:1] == "{" and _is_value(first) and _is_value(second)


def _is_value(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True

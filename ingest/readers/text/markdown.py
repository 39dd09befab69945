"""Reads Markdown as it is written: every character keeps its place in the file, or has a blank there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it.token import Token

from ingest.readers.source_file import SourceFile, decoded, make_document, name_of
from ingest.readers.structure import HeadingPath, StructuredText, heading_mark
from ingest.readers.text.front_matter import front_matter
from ingest.readers.text.lines import line_marks
from ingest.readers.text.markup import LINE_START, seen, tokens_of
from kb.types import Block, Document

_KINDS = {
    "heading_open": "heading",
    "bullet_list_open": "list",
    "ordered_list_open": "list",
    "table_open": "table",
    "fence": "code",
    "code_block": "code",
}


@dataclass(frozen=True, slots=True)
class MarkdownReader:
    def read(self, file: SourceFile) -> Iterator[Document]:
        text = decoded(file.name, file.read())
        front = front_matter(text)
        said = seen(text[front.end :])
        text = front.shown + said.kept
        tokens = tokens_of(said.bare)
        blocks = [*_fields(front.shown), *_blocks(text, front.end, tokens)]
        marks = [heading_mark(block.start, block.headings) for block in blocks if block.kind == "heading"]
        yield make_document(
            file,
            text=text,
            title=front.title or _title(tokens) or name_of(file.name),
            media_type="text/markdown",
            tags=front.tags,
            marks=marks or line_marks(text),
            blocks=blocks,
        )


def _fields(shown: str) -> Iterator[Block]:
    if shown.strip():
        yield Block(len(shown) - len(shown.lstrip()), len(shown.rstrip()), "code")


def write_markdown(source: str, text: StructuredText) -> None:
    """Adds Markdown to a document that is more than its own text: headings in plain words, tables as rows."""
    said = seen(source)
    tokens = tokens_of(said.bare)
    lines = said.kept.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for index, token in enumerate(tokens):
        if token.level or token.map is None or token.type == "hr":
            continue
        if token.type == "heading_open":
            text.add_heading(int(token.tag[1:]), _words(tokens[index + 1]))
        elif token.type == "table_open":
            text.add_table(list(_rows(tokens[index:])))
        else:
            text.add(_KINDS.get(token.type, "paragraph"), "\n".join(lines[slice(*token.map)]).strip("\n"))


def _rows(tokens: Sequence[Token]) -> Iterator[list[str]]:
    """The rows of the table that `tokens` begin with."""
    row: list[str] = []
    for token in tokens:
        if token.type == "inline":
            row.append(_words(token))
        elif token.type == "tr_close":
            yield row
            row = []
        elif token.type == "table_close":
            return


def _title(tokens: Sequence[Token]) -> str:
    """The first heading of level 1."""
    headings = (index for index, token in enumerate(tokens) if token.type == "heading_open" and token.tag == "h1")
    first = next(headings, None)
    return "" if first is None else _words(tokens[first + 1])


def _blocks(text: str, begin: int, tokens: Sequence[Token]) -> Iterator[Block]:
    """The outermost blocks of the Markdown from `begin` on."""
    starts = [begin + match.start() for match in LINE_START.finditer(text[begin:])]
    starts.append(len(text))
    path = HeadingPath()
    for index, token in enumerate(tokens):
        if token.level or token.map is None or token.type == "hr":
            continue
        if token.type == "heading_open":
            path.enter(int(token.tag[1:]), _words(tokens[index + 1]))
        start, end = starts[token.map[0]], starts[min(token.map[1], len(starts) - 1)]
        if text[start:end].strip():
            kind = _KINDS.get(token.type, "paragraph")
            # A table's names of columns, and the dashes under them.
            rows = 2 if kind == "table" else 0
            yield Block(start, start + len(text[start:end].rstrip()), kind, path.names, header_rows=rows)


def _words(inline: Token) -> str:
    """A heading's words without their markup."""
    parts = (" " if child.type.endswith("break") else child.content for child in inline.children or ())
    return " ".join("".join(parts).split())

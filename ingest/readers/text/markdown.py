"""Reads Markdown as it is written: the document's text is the file's text, so that spans point into the file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ingest.readers.source_file import SourceFile, decoded, make_document, name_of
from ingest.readers.structure import HeadingPath, StructuredText, heading_mark
from ingest.readers.text.lines import line_marks
from kb.types import Block, Document

_LINE_START = re.compile(r"(?<=\n)|(?<=\r)(?!\n)|\A")
_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(.*?\n)?(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_FIELDS = re.compile(r"(?:\s|#.*\n)*(?:[\w.\"'-]+[ \t]*:\s|\Z)")
"""How front matter begins: with a field, or a comment. Between rules may be text as well."""
_TITLE = re.compile(r"^title:[ \t]*([\"']?)(.+?)\1[ \t\r]*$", re.MULTILINE)
_TAGS = re.compile(r"^tags:[ \t]*(.*?)[ \t\r]*$\n?((?:[ \t]*-[ \t]+.*\n?)*)", re.MULTILINE)
_COMMENT = re.compile(r"(?is)<!--.*?-->|(?m:^) {0,3}\[(?://|comment)\]:[^\n]*")
"""Those of HTML, and links that nothing refers to, which serve as comments."""
_SEEN = re.compile(r"[^\r\n]")
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
        front = _front_matter(text)
        begin = front.end() if front else 0
        text = text[:begin] + without_comments(text[begin:])
        tokens = _tokens(text[begin:])
        blocks = [Block(0, len(front.group().rstrip()), "code")] if front else []
        blocks.extend(_blocks(text, begin, tokens))
        marks = [heading_mark(block.start, block.headings) for block in blocks if block.kind == "heading"]
        yield make_document(
            file,
            text=text,
            title=_title(front.group() if front else "", tokens) or name_of(file.name),
            media_type="text/markdown",
            tags=_tags(front.group() if front else ""),
            marks=marks or line_marks(text),
            blocks=blocks,
        )


def _front_matter(text: str) -> re.Match[str] | None:
    front = _FRONT_MATTER.match(text)
    return front if front and _FIELDS.match(front[1] or "") else None


def write_markdown(source: str, text: StructuredText) -> None:
    """Adds Markdown to a document that is more than its own text: headings in plain words, tables as rows."""
    source = without_comments(source)
    tokens = _tokens(source)
    lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for index, token in enumerate(tokens):
        if token.level or token.map is None or token.type == "hr":
            continue
        if token.type == "heading_open":
            text.add_heading(int(token.tag[1:]), _words(tokens[index + 1]))
        elif token.type == "table_open":
            text.add_table(list(_rows(tokens[index:])))
        else:
            text.add(_KINDS.get(token.type, "paragraph"), "\n".join(lines[slice(*token.map)]).strip("\n"))


def without_comments(source: str) -> str:
    """`source` with blanks for its comments, which no reader of the page sees; every character keeps its place."""
    if not _COMMENT.search(source):
        return source
    starts = [match.start() for match in _LINE_START.finditer(source)]
    starts.append(len(source))
    maps = [token.map for token in _tokens(source) if token.map and token.type in ("fence", "code_block")]
    code = [(starts[first], starts[min(last, len(starts) - 1)]) for first, last in maps]

    def blank(match: re.Match[str]) -> str:
        at = match.start()
        line = source[source.rfind("\n", 0, at) + 1 : at]
        if line.count("`") % 2 or any(start <= at < end for start, end in code):
            return match.group()
        return _SEEN.sub(" ", match.group())

    return _COMMENT.sub(blank, source)


def _tokens(source: str) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(source)


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


def _title(front_matter: str, tokens: Sequence[Token]) -> str:
    """The title that the front matter names, else the first heading of level 1."""
    named = _TITLE.search(front_matter)
    if named:
        return named.group(2)
    headings = (index for index, token in enumerate(tokens) if token.type == "heading_open" and token.tag == "h1")
    first = next(headings, None)
    return "" if first is None else _words(tokens[first + 1])


def _tags(front_matter: str) -> list[str]:
    """The tags that the front matter names, each once: on the line ("[law, tax]"), or below it ("- law")."""
    found = _TAGS.search(front_matter)
    if not found:
        return []
    on_line, below = found.groups()
    named = [*on_line.strip("[]").split(","), *(line.strip().removeprefix("-") for line in below.splitlines())]
    return list(dict.fromkeys(tag for name in named if (tag := name.strip(" \t\"'#"))))


def _blocks(text: str, begin: int, tokens: Sequence[Token]) -> Iterator[Block]:
    """The outermost blocks of the Markdown from `begin` on."""
    starts = [begin + match.start() for match in _LINE_START.finditer(text[begin:])]
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

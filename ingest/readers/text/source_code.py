"""Reads program text as it stands: a block for each definition, places named by their lines.

It knows no language. What is indented, or stands between blank lines, belongs together; names are told by the words
that most languages write before them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ingest.readers.source_file import SourceFile, decoded, make_document
from ingest.readers.text.lines import line_marks
from kb.errors import NothingToRead
from kb.types import Block, Document

MEDIA_TYPE = "text/x-source-code"
_SUFFIXES = """
    ada adb ads asm awk bas bash bat c cc cfg clj cljs cmake cmd cob coffee conf cpp cs css cu cxx d dart diff
    dockerfile el elm erb erl ex exs f f90 f95 fish for fs fsx go gradle graphql groovy h hcl hh hpp hrl hs hxx
    ini ipp j2 java jl js json5 jsonc jsp jsx kt kts less lisp lua m mak make mjs mk ml mli mm nim nix pas patch
    php pl pm pp properties proto ps1 psm1 pxd py pyi pyx r rake rb rkt rs s sass scala scm scss sh sol sql sv
    svelte swift tcl tf toml ts tsx v vb vbs vhd vhdl vim vue yaml yml zig zsh
"""
SUFFIXES = tuple(f".{suffix}" for suffix in _SUFFIXES.split())
NAMES = frozenset({"cmakelists.txt", "dockerfile", "gemfile", "jenkinsfile", "makefile", "rakefile"})
"""Names of files, in small letters, that are code whatever their suffix says."""
_LONGEST_LINE = 500
"""Characters of a line that people write; where longer ones are most of the text, nobody wrote it."""
_LARGE = 1500
"""Characters of a block that is parted at what it consists of."""
_DEEPEST = 3
_TAB = 4

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_GOES_ON = re.compile(
    r"[{})\]]|(?:end|fi|done|esac|else|elif|elseif|catch|finally|except|rescue|ensure|then)\b|#(?:end|el)"
)
_BEFORE = (
    r"(?:(?:export|default|public|private|protected|internal|static|final|abstract|async|pub(?:\([\w ]+\))?|extern|"
    r"unsafe|const|inline|virtual|override|sealed|partial|open|data|suspend|local|declare|template\s*<[^>]*>)\s+)*"
)
_KEYWORDS = (
    "if|for|foreach|while|switch|with|return|elif|elseif|else|await|yield|throw|new|assert|raise|print|import|from|use|"
    "using|echo|case|when|unless|until|select|insert|update|delete|try|do|begin|default|public|private|protected|in|not"
)
_DEFINES = (
    r"class|def|function\*?|func|fun|fn|struct|interface|enum|trait|module|namespace|object|protocol|extension|record|"
    r"union|sub|procedure|proc|macro|contract|message|service|resource|type"
)
_CREATES = "table|view|function|procedure|trigger|index|type|schema"
_NAMES = (
    rf"\s*{_BEFORE}(?:{_DEFINES})\s+(?:\([^)]*\)\s*)?[\"']?([A-Za-z_$][\w$]*(?:(?:\.|::)[\w$]+)*[?!]?)",
    r"\s*(?:unsafe\s+)?impl\b(?:<[^>]*>)?\s*([A-Z][^{]*?)\s*(?:\{|where\b)",
    rf"\s*{_BEFORE}(?:const|let|var)\s+([\w$]+)\s*(?::[^=]+)?=\s*(?:async\s*)?(?:function\b|\([^)]*\)[^=]*=>|\w+\s*=>)",
    r"\s*([\w.]+)\s*(?:<-|=)\s*function\b",
    rf"\s*create\s+(?:or\s+replace\s+)?(?:\w+\s+){{0,3}}?(?:{_CREATES})\s+(?:if\s+not\s+exists\s+)?([\w.\"`\[\]]+)",
    r"\(def\w*\s+([^\s()]+)",
    r"([\w.-]+)\s*\(\)\s*\{",
    r"\[+\s*([\w .:\"'/@-]+?)\s*\]+\s*$",
    r"([\w./-]+)\s*:(?:\s*$|\s+[^=])",
    rf"(?!(?:{_KEYWORDS})\b)\s*(?:[\w:<>,\[\]]+[\s*&]+)+([A-Za-z_~][\w:~]*)\s*\([^;]*(?<!:)$",
)
_NAME = re.compile("|".join(_NAMES), re.IGNORECASE)
_NAMED_WITHIN = 12
"""Lines of a block, comments and decorators among them, before its name."""


@dataclass(frozen=True, slots=True)
class SourceCodeReader:
    def read(self, file: SourceFile) -> Iterator[Document]:
        text = decoded(file.name, file.read())
        lines = list(_lines(text))
        if sum(len(line.text) for line in lines if len(line.text) > _LONGEST_LINE) * 2 > len(text):
            raise NothingToRead(f"{file.name} is not read: it is code that a program has made or pressed together.")
        yield make_document(
            file,
            text=text,
            title=file.name,
            media_type=MEDIA_TYPE,
            marks=line_marks(text),
            blocks=list(_blocks(lines, (), 1)),
        )


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that is not blank, its span, how far it is indented, and whether a blank line stands before it."""

    text: str
    start: int
    end: int
    indent: int
    is_apart: bool


def _lines(text: str) -> Iterator[_Line]:
    is_apart = True
    for match in _LINE.finditer(text):
        words = match.group().strip()
        if words:
            indent = len(match.group().expandtabs(_TAB)) - len(match.group().expandtabs(_TAB).lstrip())
            yield _Line(words, match.start(), match.start() + len(match.group().rstrip()), indent, is_apart)
        is_apart = not words


def _blocks(lines: Sequence[_Line], path: tuple[str, ...], depth: int) -> Iterator[Block]:
    """Blocks of lines that belong together; a large one is parted at what is indented in it."""
    for group in _groups(lines):
        start, end = group[0].start, group[-1].end
        name = _name(group)
        inner = path if not name or name in path else (*path, name)
        first, last = _indented(group)
        if end - start <= _LARGE or depth >= _DEEPEST or not 0 < first < last:
            yield Block(start, end, "code", inner)
            continue
        parts = list(_blocks(group[first:last], inner, depth + 1))
        if parts[0].headings == inner:
            parts[0] = replace(parts[0], start=start)
        else:
            parts.insert(0, Block(start, group[first - 1].end, "code", inner))
        # What closes it belongs to its last part.
        parts[-1] = replace(parts[-1], end=end)
        yield from parts


def _groups(lines: Sequence[_Line]) -> Iterator[Sequence[_Line]]:
    """Runs of lines that each begin where nothing is indented: after a blank line, or after what is indented."""
    if not lines:
        return
    base = min(line.indent for line in lines)
    begin = 0
    for index, (before, line) in enumerate(pairwise(lines), 1):
        is_over = line.is_apart or before.indent > base or _GOES_ON.match(before.text)
        if line.indent == base and is_over and not _GOES_ON.match(line.text):
            yield lines[begin:index]
            begin = index
    yield lines[begin:]


def _indented(group: Sequence[_Line]) -> tuple[int, int]:
    """The first line that is indented against the first one, and the end of the last such line; 0, 0 if none is."""
    inner = [index for index, line in enumerate(group) if line.indent > group[0].indent]
    return (inner[0], inner[-1] + 1) if inner else (0, 0)


def _name(group: Sequence[_Line]) -> str:
    for line in group[:_NAMED_WITHIN]:
        found = _NAME.match(line.text) if line.indent == group[0].indent else None
        if found:
            name = next(filter(None, found.groups())).strip("\"'`")
            return "" if re.fullmatch(_KEYWORDS, name, re.IGNORECASE) else name
    return ""

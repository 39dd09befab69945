"""What a Markdown file writes for machines and no reader of the page sees: comments, tags of HTML and JSX, entities."""

from __future__ import annotations

import re
from bisect import bisect_right
from html import unescape
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

LINE_START = re.compile(r"(?<=\n)|(?<=\r)(?!\n)|\A")
_HTML = (
    "a|abbr|article|aside|b|big|blockquote|br|caption|center|cite|code|col|colgroup|dd|del|details|dfn|div|dl|dt|em"
    "|figcaption|figure|font|footer|h[1-6]|header|hr|i|iframe|img|ins|kbd|li|main|mark|nav|ol|p|picture|pre|q|s|samp"
    "|section|small|source|span|strike|strong|sub|summary|sup|table|tbody|td|tfoot|th|thead|tr|tt|u|ul|var|video"
)
_UNSEEN = re.compile(
    r"(?P<code>(?<!`)(?P<ticks>`+)(?!`).{1,500}?(?<!`)(?P=ticks)(?!`))"
    r"|(?P<comment>(?s:<!--.*?-->|\{/\*.{0,2000}?\*/\})|(?m:^) {0,3}\[(?i://|comment)\]:[^\n]*)"
    r"|(?P<script>(?is:<(?P<name>script|style)\b[^>]{0,200}>.{0,20000}?</(?P=name)\s*>))"
    rf"|(?P<tag>(?<!\\)(?:</?(?i:{_HTML})|</[A-Z][\w.]*|(?<!\w)<[A-Z][\w.]*)"
    r"(?:\s+[\w:@.-]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|\{[^{}]*\}|[^\s\"'=<>`{]+))?)*\s*/?>)"
    r"|(?P<entity>&(?:#\d{1,7}|#[xX][\da-fA-F]{1,6}|[A-Za-z][A-Za-z\d]{1,31});)"
)
"""Code is what none of the others begin in. Links that nothing refers to serve as comments."""
_IN_LINES = re.compile(r"[^\r\n]")


class Seen(NamedTuple):
    """A Markdown source without what its readers do not see: `kept` has blanks for that, so that every character keeps
    its place, and the characters of entities; `bare` has neither, but the same lines."""

    kept: str
    bare: str


def seen(source: str) -> Seen:
    code = _code(source) if _UNSEEN.search(source) else []
    kept: list[str] = []
    bare: list[str] = []
    end = 0
    for match in _UNSEEN.finditer(source):
        index = bisect_right(code, (match.start(), len(source))) - 1
        if match["code"] or (index >= 0 and match.start() < code[index][1]):
            continue
        between = source[end : match.start()]
        kept += (between, _character(source, match) if match["entity"] else _IN_LINES.sub(" ", match.group()))
        bare += (between, match.group() if match["entity"] else _IN_LINES.sub("", match.group()))
        end = match.end()
    return Seen("".join((*kept, source[end:])), "".join((*bare, source[end:])))


def tokens_of(source: str) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(source)


def _code(source: str) -> list[tuple[int, int]]:
    """Where the blocks of code begin and end."""
    starts = [match.start() for match in LINE_START.finditer(source)]
    starts.append(len(source))
    maps = [token.map for token in tokens_of(source) if token.map and token.type in ("fence", "code_block")]
    return [(starts[first], starts[min(last, len(starts) - 1)]) for first, last in maps]


def _character(source: str, entity: re.Match[str]) -> str:
    """What is seen of an entity, as wide as that is written; itself within a word, which blanks would part."""
    said, width = unescape(entity.group()), len(entity.group())
    before, behind = source[max(entity.start() - 1, 0) : entity.start()], source[entity.end() : entity.end() + 1]
    if said.isspace():
        return " " * width
    if said == entity.group() or (before.strip() and behind.strip()):
        return entity.group()
    return said.ljust(width) if before.strip() else said.rjust(width)

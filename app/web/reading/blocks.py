"""Headings, paragraphs, lists and code of a document as HTML."""

from __future__ import annotations

import re

from app.web.reading.inline import inline_html
from app.web.reading.marking import Words
from kb.types import Block

# Possessive where it can be: a heading of many blanks must not take minutes.
_HEADING = re.compile(
    r"(\s{0,3}(?:#{1,6}[ \t]+)?)(|.*?\S)((?:[ \t]++#++)?(?:[ \t\r]*+\n[ \t]*(?:=+|-+))?\s*)", re.DOTALL
)
_ITEM = re.compile(r"^([ \t]*)((?:[-*+•–▪◦·]|\(?(?:\d{1,4}|[a-zA-Z]|[ivxIVX]{1,6})[.)])[ \t]+)", re.MULTILINE)
_BULLET = re.compile(r"\W+")
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})[^\n]*\n")
_FENCE_END = re.compile(r"\n?[ \t]*(`{3,}|~{3,})[ \t]*\s*\Z")
_QUOTED = re.compile(r"^[ \t]{0,3}>[ \t]?", re.MULTILINE)
_LINE_RULE = re.compile(r"\s*(?:[-*_][ \t]*){3,}\s*")
_DEEPEST = 4
"""Levels of a list that are set in."""
_HIGHEST, _LOWEST = 3, 6
"""Levels of headings, below those of the page itself."""


def heading_html(words: Words, block: Block, *, is_markdown: bool) -> str:
    tag = f"h{min(_HIGHEST - 1 + max(1, len(block.headings)), _LOWEST)}"
    found = _HEADING.fullmatch(words[block.start : block.end]) if is_markdown else None
    first = block.start + (found.end(1) if found else 0)
    last = block.start + found.end(2) if found else block.end
    shown = inline_html(words, first, last, is_markdown=is_markdown)
    return f"<{tag}>{words.unseen(block.start, first)}{shown}{words.unseen(last, block.end)}</{tag}>"


def paragraph_html(words: Words, start: int, end: int, *, is_markdown: bool) -> str:
    text = words[start:end]
    if is_markdown and _LINE_RULE.fullmatch(text):
        return f"<hr>{words.unseen(start, end)}"
    if not text.lstrip().startswith(">"):
        return f"<p>{inline_html(words, start, end, is_markdown=is_markdown)}</p>"
    parts, position = [], start
    for found in _QUOTED.finditer(text):
        parts.append(inline_html(words, position, start + found.start(), is_markdown=is_markdown))
        parts.append(words.unseen(start + found.start(), start + found.end()))
        position = start + found.end()
    parts.append(inline_html(words, position, end, is_markdown=is_markdown))
    return f"<blockquote>{''.join(parts)}</blockquote>"


def list_html(words: Words, start: int, end: int, *, is_markdown: bool) -> str:
    """Items with their own numbers, set in as deep as they are written; lines without a sign go on with an item."""
    found = list(_ITEM.finditer(words[start:end]))
    if not found:
        return paragraph_html(words, start, end, is_markdown=is_markdown)
    before = start + found[0].start()
    opening = paragraph_html(words, start, before, is_markdown=is_markdown) if words[start:before].strip() else ""
    stops = [*(start + item.start() for item in found[1:]), end]
    items = [_item(words, start, item, stop, is_markdown) for item, stop in zip(found, stops, strict=True)]
    return f"{opening}<ul>{''.join(items)}</ul>"


def _item(words: Words, offset: int, item: re.Match[str], stop: int, is_markdown: bool) -> str:
    depth = min(len(item[1].expandtabs(4)) // 2, _DEEPEST)
    sign, begin = offset + item.start(2), offset + item.end()
    label = (
        words.unseen(sign, begin)
        if _BULLET.fullmatch(item[2])
        else f'<span class="cw-label">{words.html(sign, begin)}</span>'
    )
    kind = f"cw-depth-{depth}" + ("" if _BULLET.fullmatch(item[2]) else " cw-numbered")
    shown = inline_html(words, begin, stop, is_markdown=is_markdown)
    return f'<li class="{kind}">{words.unseen(offset + item.start(), sign)}{label}{shown}</li>'


def code_html(words: Words, start: int, end: int, *, is_markdown: bool) -> str:
    """Code as it stands, without the fences that Markdown puts around it."""
    text = words[start:end]
    fence = _FENCE.match(text) if is_markdown else None
    closing = _FENCE_END.search(text, fence.end() - 1) if fence else None
    first = start + (fence.end() if fence else 0)
    last = max(first, start + closing.start()) if closing else end
    shown = f"<code>{words.exact_html(first, last)}</code>"
    around = words.unseen(start, first), words.unseen(last, end)
    return f'{around[0]}<pre tabindex="0" role="region" aria-label="Code">{shown}</pre>{around[1]}'

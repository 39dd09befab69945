"""Words as people count them, for lengths: of a quote, say."""

from __future__ import annotations

import re

from kb.types import Span

CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
"""Ranges of Chinese, Japanese and Korean characters, for a class of a regular expression."""
# Two characters of Chinese, Japanese or Korean make about a word; their punctuation belongs to what it follows.
_WORD = re.compile(rf"[{CJK}]{{1,2}}(?:(?![{CJK}])[^\w\s])*|(?:(?![{CJK}])\S)+")


def words(text: str, start: int = 0, end: int | None = None) -> list[Span]:
    """Where the words of text[start:end] stand in `text`, punctuation included; two characters of CJK count as one."""
    return [Span(*match.span()) for match in _WORD.finditer(text, start, len(text) if end is None else end)]

"""Quotes of Markdown as people read them: their words, without the marks about them."""

from __future__ import annotations

import re
from html import unescape

from app.cli.output import reflowed
from kb.types import Answer, Citation

_SUFFIXES = (".md", ".markdown", ".mdx", ".ipynb")
_LINKS = re.compile(r"!?\[([^\]\n]*)\](?:\([^()\s]*(?:\s+\"[^\"]*\")?\)|\[[^\]\n]*\])")
_EMPHASIS = re.compile(r"(\*{1,3}|(?<!\w)_{1,3})(?=\S)([^*_\n]+?)(?<=\S)\1(?!\w)")
_CODE = re.compile(r"(`+)(.+?)\1")
_BLANKS = re.compile(r"(?<=\S)[ \t]{2,}")
_LINE = re.compile(r"(?m)^[ \t]*(?:#{1,6}[ \t]+|>[ \t]?|\|[ \t]*)|[ \t]*\|[ \t]*$")


def said(answer: Answer) -> str:
    """The answer's text with its quotes so."""
    text = answer.text
    for citation in answer.citations:
        text = text.replace(f'"{citation.quote}"', f'"{quoted(citation)}"')
    return reflowed(text)


def quoted(citation: Citation) -> str:
    is_marked = citation.source.lower().partition("#")[0].endswith(_SUFFIXES)
    return _BLANKS.sub(" ", unmarked(citation.quote)) if is_marked else citation.quote


def unmarked(text: str) -> str:
    """What stands in code keeps its marks."""
    parts: list[str] = []
    end = 0
    for code in _CODE.finditer(text):
        parts += (_without_marks(text[end : code.start()]), code.group(2))
        end = code.end()
    return "".join((*parts, _without_marks(text[end:])))


def _without_marks(text: str) -> str:
    return unescape(_EMPHASIS.sub(r"\2", _EMPHASIS.sub(r"\2", _LINKS.sub(r"\1", _LINE.sub("", text)))))

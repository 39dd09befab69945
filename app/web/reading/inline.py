"""Words within a paragraph of Markdown: bold, italics, code and links, whose marks do not show.

A picture shows as it was written, since it is not fetched.
Only the marks that are written out and closed near by; what is not recognised shows as it was written.
"""

from __future__ import annotations

import re

from app.web.reading.marking import Words

_LONGEST = 400
"""Characters between two marks: looking further would take time on texts that are full of opening ones."""
_MARKS = re.compile(
    rf"""
    (?P<escape>\\)[!-/:-@\[-`{{-~]
  | (?P<code>(?P<ticks>`{{1,3}})(?!`)(?P<said>.{{1,{_LONGEST}}}?)(?<!`)(?P=ticks)(?!`))
  | (?<!!)(?P<link>\[)(?P<name>[^\[\]]{{0,{_LONGEST}}})\]\([^()\s]{{0,1000}}(?:\s+"[^"\n]{{0,200}}")?\)
  | \*\*(?=[^\s*])(?P<strong>.{{1,{_LONGEST}}}?)(?<=\S)\*\*
  | (?<!\w)__(?=[^\s_])(?P<stronger>.{{1,{_LONGEST}}}?)(?<=\S)__(?!\w)
  | \*(?=[^\s*])(?P<em>.{{1,{_LONGEST}}}?)(?<=[^\s*])\*(?!\*)
  | (?<!\w)_(?=[^\s_])(?P<emphasis>.{{1,{_LONGEST}}}?)(?<=[^\s_])_(?!\w)
    """,
    re.VERBOSE | re.DOTALL,
)
_TAGS = {"said": "code", "name": "", "strong": "strong", "stronger": "strong", "em": "em", "emphasis": "em"}


def inline_html(words: Words, start: int, end: int, *, is_markdown: bool) -> str:
    if not is_markdown:
        return words.html(start, end)
    text = words[start:end]
    parts, position = [], start
    for found in _MARKS.finditer(text):
        parts.append(words.html(position, start + found.start()))
        parts.append(_marked_html(words, found, start))
        position = start + found.end()
    return "".join([*parts, words.html(position, end)])


def _marked_html(words: Words, found: re.Match[str], offset: int) -> str:
    begin, end = offset + found.start(), offset + found.end()
    if found["escape"]:
        return words.unseen(begin, begin + 1) + words.html(begin + 1, end)
    name = next(name for name in _TAGS if found[name] is not None)
    inside, tag = (offset + found.start(name), offset + found.end(name)), _TAGS[name]
    shown = words.html(*inside) if tag == "code" else inline_html(words, *inside, is_markdown=True)
    wrapped = f"<{tag}>{shown}</{tag}>" if tag else shown
    return f"{words.unseen(begin, inside[0])}{wrapped}{words.unseen(inside[1], end)}"

"""Headings in text that is read as it is written: reStructuredText, AsciiDoc, Org, LaTeX, and text without markup.

What might be something else is no heading: one that is missing does less harm than one that is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, pairwise
from pathlib import PurePath
from typing import NamedTuple

from ingest.readers.text.lines import LINE, PARAGRAPH


class Heading(NamedTuple):
    """Characters start..end with all that marks them as a heading; level 1 is the outermost."""

    start: int
    end: int
    level: int
    name: str


def headings(text: str, name: str) -> list[Heading]:
    """The headings of the text of a file called `name`, in order."""
    suffix = PurePath(name).suffix.lower()
    return [] if suffix in _WITHOUT else list(_FINDERS.get(suffix, _in_plain_text)(text))


def title_of(text: str, found: Sequence[Heading]) -> str:
    """The first heading where the document begins with it and no other is of its level or above, else ""."""
    if not found or any(heading.level <= found[0].level for heading in found[1:]):
        return ""
    before = (match.group() for match in PARAGRAPH.finditer(text, 0, found[0].start))
    return found[0].name if all(map(_SILENT.match, before)) else ""


_SILENT = re.compile(r"\.\.\s|:[\w-]+:|//|#|%|\\")
"""How paragraphs begin that the reader of the finished document does not see."""

_LONGEST = 160
_LETTER = re.compile(r"[^\W\d_]")
_MARKED = re.compile(r"\.\.\s|:[\w-]+:|[-*+•|]\s|[|+>$%#]")
"""Directives, fields, items of lists, rows of tables, quotes and commands."""
_CELLS = re.compile(r"(?<![.:?!])[ ]{2,}|\t")
"""Gaps between words, but not those after a number or a full stop."""
_UNDERLINES = re.compile(r"""([!-/:-@\[-`{-~])\1{2,}""")
_PLAIN_UNDERLINES = frozenset("=-~^*#")
_CLOSED = re.compile(r"[.,;]$")
_LEADERS = re.compile(r"\.{4}|(?: \.){3}")
_NUMBERED = re.compile(r"(\d{1,2}(?:\.\d{1,3})*)\.?[^\S\r\n]+(?=\S)")
_MOST_LINES = 2
_FIRST = ((1,), (1, 1))
_MOST_OPEN = 50
"""Sequences of numbers, the latest ones, that the next number may go on with."""

_INLINE = re.compile(r"(?::[\w.+:-]+:)?`{1,2}([^`]+?)(?:\s*<[^`>]*>)?`{1,2}_{0,2}|\*{1,2}(\S(?:[^*]*\S)?)\*{1,2}")
"""What reStructuredText has in a title: roles, references, literals and emphasis."""

_ASCIIDOC = re.compile(r"(={1,6}|#{1,6})[ \t]+(\S.*)")
_ASCIIDOC_FENCE = re.compile(r"(?P<open>-{4,}|\.{4,}|\+{4,}|/{4,}|`{3}(?=\w|$)).*")
_ORG = re.compile(r"(\*+)[ \t]+(?:(?:TODO|DONE)[ \t]+)?(?:\[#\w\][ \t]*)?(\S.*?)(?:[ \t]+:[\w@#%:]+:)?")
_ORG_FENCE = re.compile(r"(?i)[ \t]*#\+begin_(?P<open>\w+).*")
_LATEX = re.compile(
    r"(?m)^\\(part|chapter|(?:sub){0,2}section|paragraph)\*?(?:\[[^]]*\])?\{((?:[^{}]|\{[^{}]*\}){1,300})\}"
)
_LATEX_LEVELS = {"part": 1, "chapter": 2, "section": 3, "subsection": 4, "subsubsection": 5, "paragraph": 6}
_LATEX_MARKUP = re.compile(r"\\(?:label|index)\{[^{}]*\}|\\[A-Za-z]+\*?\s*|[{}]")


class _Line(NamedTuple):
    start: int
    end: int
    words: str


def _in_restructured_text(text: str) -> Iterator[Heading]:
    return _underlined(text, lambda title, rule: len(rule) >= len(title))


def _in_plain_text(text: str) -> Iterator[Heading]:
    """Underlined titles, and below them titles that are numbered one after the other."""
    underlined = list(
        _underlined(
            text,
            lambda title, rule: len(rule) >= len(title) and rule[0] in _PLAIN_UNDERLINES and not _CLOSED.search(title),
        )
    )
    below = max((heading.level for heading in underlined), default=0)
    taken = {heading.start for heading in underlined}
    numbered = (heading for heading in _numbered(text, below) if heading.start not in taken)
    return iter(sorted([*underlined, *numbered]))


def _underlined(text: str, is_title: Callable[[str, str], bool]) -> Iterator[Heading]:
    """Titles with a rule of one sign below, or above and below them: each kind of rule that comes up is a level."""
    levels: dict[tuple[str, bool], int] = {}
    for paragraph in PARAGRAPH.finditer(text):
        lines = [_Line(*match.span(), match.group().rstrip()) for match in LINE.finditer(text, *paragraph.span())]
        begin = 0
        while (title := _title(lines, begin, is_title)) is not None:
            last = lines[title + 1]
            level = levels.setdefault((last.words[0], title > begin), len(levels) + 1)
            yield Heading(lines[begin].start, last.start + len(last.words), level, _plain(lines[title].words))
            begin = title + 2


def _title(lines: Sequence[_Line], begin: int, is_title: Callable[[str, str], bool]) -> int | None:
    """The index of the title that stands at `begin`, or behind it where a rule stands above it too."""
    is_between = begin < len(lines) and _is_rule(lines[begin].words)
    index = begin + is_between
    if len(lines) < index + 2:
        return None
    title, rule = lines[index].words, lines[index + 1].words
    if not _is_rule(rule) or not _reads_like_a_title(title.strip() if is_between else title):
        return None
    if is_between and (rule != lines[begin].words or any(line.words == rule for line in lines[index + 2 :])):
        # The last rule of a table stands below its rows.
        return None
    return index if is_title(title, rule) else None


def _is_rule(words: str) -> bool:
    return _UNDERLINES.fullmatch(words) is not None


def _reads_like_a_title(words: str) -> bool:
    return (
        not words[0].isspace()
        and len(words) <= _LONGEST
        and _LETTER.search(words) is not None
        and _MARKED.match(words) is None
        and _CELLS.search(words) is None
    )


def _numbered(text: str, above: int) -> Iterator[Heading]:
    """Titles whose numbers follow each other, each alone between blank lines, as in "3 Use", "3.1 Files", "4 Terms".

    A list whose items stand apart is told by items that follow each other with nothing between.
    """
    sequences: list[list[_Numbered]] = []
    for place, paragraph in enumerate(PARAGRAPH.finditer(text)):
        number = _number(paragraph.group())
        if not number:
            continue
        open_ones = islice(reversed(sequences), _MOST_OPEN)
        going_on = next((known for known in open_ones if _follows(known[-1].number, number)), None)
        if going_on is not None:
            going_on.append(_Numbered(place, number, paragraph))
        elif number in _FIRST:
            sequences.append([_Numbered(place, number, paragraph)])
    end = 0
    for sequence in filter(_are_titles, sequences):
        if sequence[0].place >= end:
            end = sequence[-1].place
            for _, number, paragraph in sequence:
                yield Heading(*paragraph.span(), above + len(number), " ".join(paragraph.group().split()))


class _Numbered(NamedTuple):
    """A paragraph that begins with a number; `place` counts the paragraphs of the text."""

    place: int
    number: tuple[int, ...]
    paragraph: re.Match[str]


def _number(paragraph: str) -> tuple[int, ...]:
    """The number of a paragraph that may be a numbered title, () of any other."""
    found = _NUMBERED.match(paragraph)
    if not found or len(paragraph) > _LONGEST or paragraph.count("\n") >= _MOST_LINES:
        return ()
    title = paragraph[found.end() :].rstrip()
    if not _reads_like_a_title(title) or title[-1] in ".,;:" or _LEADERS.search(title):
        return ()
    return tuple(map(int, found[1].split(".")))


def _are_titles(sequence: Sequence[_Numbered]) -> bool:
    """Whether they are neither the items of a list nor paragraphs that happen to begin with a number."""
    has_parts = any(len(numbered.number) > 1 for numbered in sequence)
    are_capital = not any(_LETTER.findall(numbered.paragraph.group())[0].islower() for numbered in sequence)
    are_apart = not any(
        before.place + 1 == numbered.place and len(before.number) == len(numbered.number)
        for before, numbered in pairwise(sequence)
    )
    return len(sequence) > 1 and (has_parts or are_capital) and are_apart


def _follows(number: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether a title numbered `other` may be the next one after `number`: 1, 1.1, 1.2, 2."""
    depth = len(other)
    if other == (*number, 1):
        return True
    return depth <= len(number) and other == (*number[: depth - 1], number[depth - 1] + 1)


def _plain(words: str) -> str:
    return " ".join(_INLINE.sub(lambda match: match[1] or match[2], words).split())


def _in_asciidoc(text: str) -> Iterator[Heading]:
    for match in _outside(_ASCIIDOC_FENCE, "{}", _ASCIIDOC, text):
        yield Heading(*match.span(), len(match[1]), _plain(match[2]))


def _in_org(text: str) -> Iterator[Heading]:
    for match in _outside(_ORG_FENCE, "#+end_{}", _ORG, text):
        yield Heading(*match.span(), len(match[1]), " ".join(match[2].split()))


def _outside(fence: re.Pattern[str], closing: str, heading: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """The lines that are headings, but those in blocks that a `fence` opens, and `closing` with its name closes."""
    closes = ""
    for line in LINE.finditer(text):
        end = line.start() + len(line.group().rstrip())
        if end - line.start() > _LONGEST:
            continue
        if closes:
            closes = "" if line.group().strip().casefold() == closes else closes
        elif opened := fence.fullmatch(text, line.start(), end):
            closes = closing.format(opened["open"].casefold())
        elif match := heading.fullmatch(text, line.start(), end):
            yield match


def _in_latex(text: str) -> Iterator[Heading]:
    for match in _LATEX.finditer(text):
        if name := " ".join(_LATEX_MARKUP.sub("", match[2].replace("~", " ")).split()):
            yield Heading(*match.span(), _LATEX_LEVELS[match[1]], name)


_FINDERS = {
    ".rst": _in_restructured_text,
    ".adoc": _in_asciidoc,
    ".org": _in_org,
    ".tex": _in_latex,
}
_WITHOUT = frozenset({".bib", ".ics", ".log", ".srt", ".vcf", ".vtt"})
"""Suffixes of text that has markup, and suffixes of text that has no headings."""

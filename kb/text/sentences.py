"""Where sentences begin and end, in the scripts whose full stops are known, without a model.

Two questions are asked in turn. Which line breaks are only wraps of a running line? (A blank line, a list item, a
table row, a heading, or a line that ends although the next word had room, is not.) And which stops within a run of
wrapped lines close a sentence, rather than an abbreviation, an initial or the number of a list item?
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from kb.types import Span

_CLOSERS = r"[\"'”’»›)\]}*_~`」』）】》〉〕］｝＂＇]*"
_OPENERS = "\"'“”‘’„«»‹›([{*_~`¿¡「『（【《〈〔［｛<"
_FOOTNOTES = r"(?:\[\w{1,4}\])*"
_UNSPACED = "\u2e80-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"

_STOP = re.compile(
    rf"(?P<plain>[.!?…‥؟۔]+{_CLOSERS}{_FOOTNOTES})(?=\s|$)"
    rf"|[。！？｡।॥።։။។།]+[。！？｡।॥.!?…]*{_CLOSERS}"
    rf"|．(?!\d){_CLOSERS}"
    rf"|[!?]+{_CLOSERS}(?=[{_UNSPACED}])"
    r"|…+[」』”]+"
)
_LINE = re.compile(r"[^\n\r\u2028\u2029]+")
_BREAKS = re.compile(r"\r\n|[\n\r\u2028]")
_ITEM = re.compile(r"(?:[-*+•‣▪●○◦·–]|\(?(?:\d{1,3}|[a-z]|[ivx]{1,5})\)|(?:\d{1,3}|[a-h])\.|[A-Z]\)|#{1,6}|>)(?:\s|$)")
_HEADING = re.compile(r"#{1,6}\s")
_RULE = re.compile(r"([-=~*_#^+])\1{2,}")
_BAR = re.compile(r"\s*\||.*?\S(?:\s\|\s|\t+\S)|.*?\S {3,}\S.* {3,}\S")
_NUMBERS = re.compile(r"(?:\s[($€£¥+−–—-]*\d[\d.,]*[%)x]*){2,}\s*$")
_FIELD = re.compile(r"[^\W\d_][\w.-]*(?: [\w.-]+){0,2}\s?[:=]\s")
_FIRST = re.compile(rf"[\s{re.escape(_OPENERS)}]*((?:[^\W\d_]|['’](?=\w))++\.?|\S)")
_IDENTIFIER = re.compile(
    r"\s+(?:`|[a-z]+(?:\d+[a-z]*(?=[\s,;:.])|[A-Z])"
    r"|[a-z][\w+-]*\s+(?:is|was|has|does|can|cannot|will|must|(?!this\b|its\b|thus\b)[a-z]{3,}(?<!s)s)\s)"
)
"""A name in small letters: no ordinary word ("bzip2", "iPhone", "`ls`"), or before its verb ("chronyd reads")."""
_ORDINARY = re.compile(r"(?:(?<![\w.])(?:[^\W\d_A-Z]{4,}|[A-Z][^\W\d_A-Z]{4,})|[)`])$")
_LAST = re.compile(r"[^\s(\[“\"'‘]*$")


def _words(listing: str) -> frozenset[str]:
    return frozenset(listing.split())


_BEFORE_NAMES = _words("""
    mr mrs ms mx dr prof rev hon gen col capt cpt lt sgt maj cmdr adm sen rep gov pres messrs mme mlle st mt ft
    e.g i.e cf vs viz v et resp incl excl esp approx ca bzw z.b d.h u.a vgl gem fa urt beschl
    abzgl bspw bzgl einschl entspr evtl ggf inkl insb insbes zzgl""")
_BEFORE_NUMBERS = _words("""
    no nos nr fig figs eq eqs sec secs sect art arts vol vols p pp ch chap tab app para paras pt ex exh ed eds cl ver
    jan feb mar apr jun jul aug sep sept oct nov dec abs bd kap rn supp tel ext §""")
_MONTHS = _words("""
    januar jänner februar feber märz april mai juni juli august september oktober november dezember""")
_BEFORE_ORDINALS = _words("der die das den dem des im vom zum zur einer eines")
_BEFORE_LAST = re.compile(r"(\w+)\s+$")
_EITHER_WAY = _words("inc ltd co corp bros llc plc jr sr esq dept univ assn etc al ave blvd est mfg intl")
_STARTERS = _words("""
    The This That These Those It Its He She They We I You His Her Their Our My Your In On At For From By With As If When
    While Where After Before Since Because Although Though However But And Or So Yet Then There Here What Which Who Why
    How To Of A An No Not All Some Many Most Each Both Such Other One Two Also Thus Therefore Moreover Furthermore
    During Under Over Between Through Per See Note""")


def sentences(text: str) -> list[Span]:
    """The sentences of `text` in order, white space trimmed; together they cover every other character."""
    return [span for start, end in _runs(text) for span in _sentences_of_run(text, start, end)]


def _runs(text: str) -> Iterator[tuple[int, int]]:
    """Stretches of text in which every line break is only a wrap."""
    lines: list[tuple[int, int]] = []
    for match in _LINE.finditer(text):
        if match.group().isspace():
            continue
        if lines and _is_paragraph_break(text, lines[-1][1], match.start()):
            yield from _runs_of_paragraph(text, lines)
            lines = []
        lines.append(match.span())
    if lines:
        yield from _runs_of_paragraph(text, lines)


def _is_paragraph_break(text: str, end: int, start: int) -> bool:
    return start - end > 1 and ("\u2029" in text[end:start] or len(_BREAKS.findall(text, end, start)) > 1)


def _runs_of_paragraph(text: str, lines: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    if len(lines) == 1:
        yield lines[0]
        return
    width = 0.7 * max(end - start for start, end in lines)
    begin, before = lines[0][0], _Line.at(text, *lines[0])
    for start, end in lines[1:]:
        line = _Line.at(text, start, end)
        if not _is_wrap(before, line, width):
            yield begin, before.end
            begin = start
        before = line
    yield begin, before.end


class _Line(NamedTuple):
    """One line: its span, its words without surrounding white space, and whether it stands on its own."""

    start: int
    end: int
    words: str
    is_alone: bool

    @classmethod
    def at(cls, text: str, start: int, end: int) -> _Line:
        words = text[start:end].strip()
        return cls(start, end, words, _is_row(words) or _is_mark(words))


def _is_mark(words: str) -> bool:
    """Whether a line is a heading in Markdown, or a rule: one below a title, or between two parts of a text."""
    return _HEADING.match(words) is not None or _RULE.fullmatch(words) is not None


def _is_row(words: str) -> bool:
    """Whether a line is a row of a table: cells with marks or wide gaps between, or two numbers at its end."""
    if ("|" in words or "\t" in words or "   " in words) and _BAR.match(words):
        return True
    return (words[-1].isdigit() or words[-1] in ")%x") and _NUMBERS.search(words, max(0, len(words) - 60)) is not None


def _is_wrap(before: _Line, line: _Line, width: float) -> bool:
    """Whether the break between two lines of one paragraph is there only because the first was full."""
    if before.is_alone or line.is_alone or _ITEM.match(line.words):
        return False
    if _FIELD.match(before.words) and _FIELD.match(line.words):
        return False
    if line.words[0].islower() or before.words[-1] in ",，、-(":
        return True
    return before.end - before.start + 1 + len(line.words.split(None, 1)[0]) >= width


def _sentences_of_run(text: str, start: int, end: int) -> Iterator[Span]:
    begin = start
    for match in _STOP.finditer(text, start, end):
        if match.end() < end and (match.lastgroup is None or _closes(text, begin, match.start(), match.end(), end)):
            yield from _trimmed(text, begin, match.end())
            begin = match.end()
    yield from _trimmed(text, begin, end)


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield Span(start, end)


def _closes(text: str, begin: int, stop: int, after: int, end: int) -> bool:
    """Whether the stop at `stop`, followed by white space from `after` on, closes the sentence begun at `begin`."""
    found = _FIRST.match(text, after, end)
    if found is None:
        return True
    following = found.group(1)
    if following[0].islower():
        return text[stop:after] == "." and _is_before_identifier(text, begin, stop)
    if following[0] in ".,;:!?…":
        return False
    if text.startswith("....", stop):
        return False
    if text[stop] != "." or text[stop + 1 : stop + 2] == ".":
        return True
    last = _LAST.search(text, max(begin, stop - 24), stop)
    word = last.group() if last else ""
    if not word:
        return not following[0].isdigit()
    if _is_ordinal(text, begin, stop - len(word), word, following):
        return False
    return _closes_after(word, following, is_first=stop - begin < 40 and text[begin:stop].strip() == word)


def _is_before_identifier(text: str, begin: int, stop: int) -> bool:
    """Whether an ordinary word stands before the full stop at `stop`, and an identifier in small letters behind it."""
    word = _ORDINARY.search(text, max(begin, stop - 24), stop)
    if word is None or word.group().casefold() in _BEFORE_NAMES | _BEFORE_NUMBERS | _EITHER_WAY:
        return False
    return _IDENTIFIER.match(text, stop + 1) is not None


def _is_ordinal(text: str, begin: int, start: int, word: str, following: str) -> bool:
    """Whether "word." is a German ordinal, as in "am 1. März" and "die 3. Kammer"."""
    if not word.isdecimal() or len(word) > 2:
        return False
    before = _BEFORE_LAST.search(text, max(begin, start - 24), start)
    return following.casefold() in _MONTHS or (before is not None and before.group(1).casefold() in _BEFORE_ORDINALS)


def _closes_after(word: str, following: str, *, is_first: bool) -> bool:
    """Whether "word." ends a sentence when `following` comes next."""
    folded = word.casefold()
    if folded in _BEFORE_NAMES:
        return False
    if folded in _BEFORE_NUMBERS:
        return not (following[0].isdigit() or len(following.rstrip(".")) == 1)
    if is_first and (word.isdecimal() or len(word) == 1):
        return False
    is_initial = len(word) == 1 and word.isupper()
    if (
        is_initial
        or folded in _EITHER_WAY
        or ("." in word and all(part.isalpha() and len(part) < 4 for part in word.split(".")))
    ):
        return following in _STARTERS or (folded == "etc" and not following[0].isdigit())
    return True

"""Figures in running text, masked: the clause that a number stands in becomes the question, the number its answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kb.text.terms import terms
from kb.text.words import CJK, words


def _any_of(listed: str) -> str:
    return "|".join(listed.split())


_NUMBERED = _any_of("""
    figs? figures? tables? sect sections? chapters? pages? pp? nos? number notes? items? exhibits? parts? rules? levels?
    steps? types? stages? ages? aged phases? grades? class group articles? appendix equation eq form version lemma
    theorem see at jan\\w* feb\\w* mar\\w* apr\\w* may june? july? aug\\w* sep\\w* oct\\w* nov\\w* dec\\w*""")
_LOOSE = _any_of("of in the an? and or to at by for from with on as than that which whose is are was were")
_UNIT = r"\s?(?:%|percent\b|per\scent\b|[Mm]illion\b|[Bb]illion\b|thousand\b|[％萬万億亿])"

_JOINED = rf"[^\W{CJK}]"
_FIGURE = re.compile(
    rf"(?<!{_JOINED})(?<![.,/°–+<>=−－-])(?:(?:US)?[$€£¥]\s?)?\d+(?:[.,]\d+)*(?:{_UNIT})*"
    rf"(?!{_JOINED}|[/:°′–-]|[.,]\d|\s?[±+])"
)
_NAMING = re.compile(rf"(?:\b(?:{_NUMBERED})\.?|[(\[#§@])\s?$", re.IGNORECASE)
_PAIR = r"(?:and|or|to|bis|und|et|y|à|a)"
_FIRST_OF_PAIR = re.compile(rf"\s?{_PAIR}\s[$€£¥]?\d|[)\]]")
_SECOND_OF_PAIR = re.compile(rf"\d%?\s{_PAIR}\s$")
_YEAR = re.compile(r"1\d\d\d|20\d\d")
_WHEN = re.compile(r"\b(?:in|since|until|by|after|before|from|during)\s$", re.IGNORECASE)
_COUNTED = re.compile(rf"\s(?!(?:{_LOOSE}|if)\b)[a-z][a-z-]{{2,}}")
_BORDER = re.compile(r"[,:;](?=\s|$)|[，；：。、()（）\[\]“”\"]|\s[–—-]\s")
_LOOSE_END = re.compile(rf"(?:\s(?:{_LOOSE}))+$")
_LOOSE_START = re.compile(r"(?:(?:of|and|or|but|than|that|as|by|to|for|which|who)\s+)+")
_ENGLISH = re.compile(r"\b(?:the|of|and|in|is|was|were|are|to|that|for|with|it|its|by|from|which|this|had|has)\b")
_MASK = "____"
_LONGEST, _LEAST = 16, 5
"""Words of the clause that is asked, at most, and terms that it holds at least, besides the figure."""


@dataclass(frozen=True, slots=True)
class Masked:
    question: str
    answer: str


def masked(sentence: str) -> Iterator[Masked]:
    """The figures of `sentence` with the clauses that ask for them, the most telling first: years come last.

    Numbers of sections and days, and figures of which a clause gives several, are not asked for.
    """
    found = [match for match in _FIGURE.finditer(sentence) if _is_told(sentence, match)]
    for match in sorted(found, key=lambda match: _YEAR.fullmatch(match.group()) is not None):
        wanted = _wanted(sentence, match)
        start, end = _clause(sentence, match.start(), match.end())
        before, after = sentence[start : match.start()].lstrip(), sentence[match.end() : end].rstrip(" .,;:!?。")
        loose = _LOOSE_START.match(before)
        asked = f"{before[loose.end() if loose else 0 :]}{wanted}{_LOOSE_END.sub('', after)}"
        if wanted and len(set(terms(before) + terms(after))) >= _LEAST and match.group() not in before + after:
            yield Masked(f"{asked}?", match.group())


def _is_told(sentence: str, match: re.Match[str]) -> bool:
    before = sentence[: match.start()]
    is_paired = _SECOND_OF_PAIR.search(before) or _FIRST_OF_PAIR.match(sentence, match.end())
    return bool(before) and not is_paired and not _NAMING.search(before)


def _clause(sentence: str, start: int, end: int) -> tuple[int, int]:
    """The clause around start..end, cut to the words that stand nearest where it is long."""
    borders = [match.span() for match in _BORDER.finditer(sentence)]
    first = max((after for _, after in borders if after <= start), default=0)
    last = min((before for before, _ in borders if before >= end), default=len(sentence))
    before, after = words(sentence, first, start), words(sentence, end, last)
    room = _LONGEST // 2
    kept_before = before[-max(room, _LONGEST - len(after)) :]
    kept_after = after[: max(room, _LONGEST - len(before))]
    return (kept_before[0].start if kept_before else start), (kept_after[-1].end if kept_after else end)


def _wanted(sentence: str, match: re.Match[str]) -> str:
    """What stands in the figure's place; empty where it is not clear what the figure is."""
    figure = match.group()
    if len(_ENGLISH.findall(sentence)) < 2:
        return _MASK
    if "%" in figure or "cent" in figure:
        return "what percentage"
    if figure[0] in "$€£¥" or figure.startswith("US"):
        return "what amount"
    if _YEAR.fullmatch(figure):
        return "which year" if _WHEN.search(sentence[: match.start()]) else ""
    return "how many" if _COUNTED.match(sentence, match.end()) else ""

"""Dates as they are written in several languages and orders, and whether one is borne out by another."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass

_NAMES = """
    january januar jänner janvier enero jan|february februar février febrero feb fév|march märz mars marzo mar mär
    april avril abril apr avr|may mai mayo|june juni juin junio jun|july juli juillet julio jul|august août agosto aug
    september septembre septiembre sep sept|october oktober octobre octubre oct okt|november novembre noviembre nov
    december dezember décembre diciembre dec dez déc
"""
_MONTHS = {
    name: number
    for number, names in enumerate(re.split(r"[|\n]\s*(?=\S)", _NAMES.strip()), start=1)
    for name in names.split()
}
_MONTH = "(?P<month>" + "|".join(sorted(_MONTHS, key=lambda name: -len(name))) + r")\b\.?"
_DAY = r"(?P<day>0?[1-9]|[12]\d|3[01])"
_MOON = r"(?<![\d一二三四五六七八九十])(?P<month>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])"
_SUN = r"(?P<day>[12]\d|3[01]|0?[1-9]|[二三]?十[一二三四五六七八九]?|[一二三四五六七八九])"
_YEAR = r"(?P<year>1\d{3}|20\d{2})"
_SHAPES = tuple(
    re.compile(shape, re.IGNORECASE)
    for shape in (
        rf"\b{_YEAR}[-/.](?P<month>0?[1-9]|1[0-2])[-/.]{_DAY}\b",
        rf"(?P<year>[12]\d{{3}}|[一二][〇零一二三四五六七八九]{{3}})\s*年(?:\s*{_MOON}\s*月(?:\s*{_SUN}\s*[日號号])?)?",
        rf"{_MOON}\s*月\s*{_SUN}\s*[日號号]",
        rf"\b{_DAY}(?:st|nd|rd|th|er|\.)?(?:\s+(?:of|de|day of))?\s+{_MONTH}(?:,?\s+(?:de\s+|del\s+)?{_YEAR}\b)?",
        rf"\b{_MONTH}\s+{_DAY}(?:st|nd|rd|th)?\b(?:\s?[-–]\s?\d{{1,2}}\b)?(?:,?\s+{_YEAR}\b)?",
        rf"\b{_MONTH},?\s+(?:of\s+|de\s+)?{_YEAR}\b",
        rf"(?<![\w./-])(?P<month>0?[1-9]|1[0-2])/{_YEAR}(?![\w/])",
    )
)
_CHINESE = {**{char: value for value, char in enumerate("零一二三四五六七八九")}, "〇": 0}
_BY_NUMBERS = re.compile(rf"\b(?P<first>0?[1-9]|[12]\d|3[01])[/.](?P<second>0?[1-9]|[12]\d|3[01])[/.]{_YEAR}\b")
_MONTH_ALONE = re.compile(
    r"\b(?P<month>January|February|March|April|May|June|July|August|September|October|November|December"
    r"|Januar|Februar|März|Mai|Juni|Juli|Oktober|Dezember|janvier|février|mars|avril|mai|juin|juillet|août|septembre"
    r"|octobre|novembre|décembre|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre"
    r"|diciembre)\b"
)
_BEFORE_MONTH = re.compile(
    r"(?:\b(?:in|of|by|since|until|till|from|to|during|early|mid|late|every|each|im|en|de|bis|seit|ab)[\s-]+)$"
)
_END = re.compile(
    r"\b(?:the end of|end of|Ende|fin de|fin|finales de|fines de)\s+(?:(?:the )?year\s+)?$", re.IGNORECASE
)
_YEAR_ALONE = re.compile(
    rf"(?<![\d.,/$€£])(?<![^\W\d_])(?<![^\W\d_]-){_YEAR}(?![\d/%]|[.,]\d|-\d{{1,3}}(?!\d))(?P<decade>s\b)?(?![^\W_])"
)


@dataclass(frozen=True, slots=True)
class Date:
    """A date at start..end of a text; 0 is what it leaves open. `year_end` is the last one of a decade."""

    start: int
    end: int
    said: str
    year: int = 0
    month: int = 0
    day: int = 0
    swapped: bool = False
    """3/4/2021: day and month may be the other way round"""
    is_decade: bool = False
    at_end: bool = False
    """"the end of 2017": its last day or month"""


def dates(text: str) -> list[Date]:
    """The dates of `text` in order, each character in one of them at most."""
    found: list[Date] = []
    for date in _candidates(text):
        if not any(date.start < other.end and other.start < date.end for other in found):
            found.append(date)
    return sorted(found, key=lambda date: date.start)


def _candidates(text: str) -> Iterator[Date]:
    for shape in _SHAPES:
        for match in shape.finditer(text):
            if match.groupdict().get("month") in ("may", "march"):
                continue  # verbs: the months have a capital
            parts = {name: value or "0" for name, value in match.groupdict().items()}
            year, month, day = (_number(parts.get(name, "0")) for name in ("year", "month", "day"))
            at_end = not day and _is_end(text, match.start())
            yield Date(match.start(), match.end(), match.group(), year, month, day, at_end=at_end)
    for match in _BY_NUMBERS.finditer(text):
        first, second = int(match["first"]), int(match["second"])
        if min(first, second) <= 12:
            day, month = (first, second) if second <= 12 else (second, first)
            both = first <= 12 and second <= 12
            yield Date(match.start(), match.end(), match.group(), int(match["year"]), month, day, swapped=both)
    for match in _MONTH_ALONE.finditer(text):
        if match.group() not in ("May", "March", "mars", "mai") or _BEFORE_MONTH.search(text, 0, match.start()):
            yield Date(match.start(), match.end(), match.group(), month=_MONTHS[match.group().casefold()])
    for match in _YEAR_ALONE.finditer(text):
        at_end = _is_end(text, match.start())
        yield Date(
            match.start(),
            match.end(),
            match.group(),
            int(match["year"]),
            is_decade=bool(match["decade"]),
            at_end=at_end,
        )


def _number(written: str) -> int:
    """A year, month or day in digits, as a name, or in Chinese."""
    if written.isdecimal():
        return int(written)
    if name := _MONTHS.get(written.casefold()):
        return name
    if "十" not in written:
        return int("".join(str(_CHINESE[char]) for char in written))
    tens, ones = written.split("十")
    return 10 * (_CHINESE[tens] if tens else 1) + (_CHINESE[ones] if ones else 0)


def _is_end(text: str, start: int) -> bool:
    return _END.search(text, 0, start) is not None


def _ends(given: Date, claimed: Date) -> bool:
    """Whether `claimed` is the last month or day of a year or a month that is about to end."""
    month = given.month or 12
    return claimed.month == month and claimed.day in (0, monthrange(claimed.year or given.year or 2000, month)[1])


def bears_out(given: Date, claimed: Date) -> bool:
    """Whether `given` says all that `claimed` says: "3 March 2021" bears out "March 2021", not the reverse."""
    if claimed.is_decade:
        return given.year // 10 == claimed.year // 10
    if claimed.year and (given.is_decade or given.year != claimed.year):
        return False
    if (claimed.month, claimed.day) == (0, 0):
        return True
    if given.at_end and not given.day:
        return _ends(given, claimed)
    ways = [(given.month, given.day), *([(given.day, given.month)] if given.swapped or claimed.swapped else [])]
    return any(claimed.month == month and claimed.day in (0, day) for month, day in ways)

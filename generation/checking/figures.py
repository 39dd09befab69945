"""Figures of a text - numbers with their units, dates, references to sections and pages - and when two say the same."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

from generation.checking.dates import Date, bears_out, dates
from generation.checking.numerals import Numeral, numerals
from generation.checking.units import CURRENCIES, Unit, unit_at, unit_before, unit_further_on

_REFERENCE = re.compile(
    r"(?<![^\W_])(?:sections?|sec\.?|clauses?|pages?|pp?\.|items?|chapters?|figures?|fig\.?|tables?|articles?|art\.?"
    r"|paragraphs?|subparagraphs?|appendix|annex|kapitel|seiten?|absatz|abs\.|artikel|abschnitt|chapitres?|pages?"
    r"|capítulos?|artículos?|página|apartado)(?:\s+(?-i:(?P<letter>[A-Z](?![^\W_])))|\s*(?P<named>\d[\d.]*\d|\d))(?P<inner>(?:\(\w{1,4}\))*)"
    r"|§§?\s*(?P<sign>\d[\d.]*\d|\d)(?P<signed>(?:\(\w{1,4}\))*)|第\s*(?P<chinese>[\d一二三四五六七八九十百]+)\s*[章條条節节頁页款]",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"(?:about|around|roughly|approximately|nearly|almost|some|over|more than|close to|just under|just over|circa|etwa"
    r"|rund|ungefähr|environ|près de|unos|unas|cerca de|casi|rondaba|約|约)\W*(?:[$€£]\s*)?$",
    re.IGNORECASE,
)
_SCALES = (
    (
        1e3,
        re.compile(
            r"\bin thousands\b|[$€£]\s?thousands?\s*\||"
            r"\bthousands of\b|\(thousands|\bin Tausend|\ben milliers|\ben miles|[單单]位：千",
            re.IGNORECASE,
        ),
    ),
    (
        1e6,
        re.compile(
            r"\bin millions\b|[$€£]\s?millions?\s*\||"
            r"\bmillions of (?:dollars|euros|pounds)|\(millions|\bin Millionen|\ben millions",
            re.IGNORECASE,
        ),
    ),
    (1e4, re.compile(r"[單单]位[：:]\s*[万萬]|[（(][万萬]元")),
    (1e9, re.compile(r"\bin billions\b|\(billions", re.IGNORECASE)),
)
_ROUGHLY = 0.03  # what "about" forgives
_ROUGH_PART = 0.12  # and of a third, a quarter
_EXACTLY = 1e-6


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure at start..end: a date, a reference ("2612(a)"), or one of `values` of a unit."""

    start: int
    end: int
    said: str
    values: tuple[float, ...] = ()
    unit: Unit | None = None
    form: str = ""
    digits: int = 0
    scaled: bool = False
    about: bool = False
    date: Date | None = None
    reference: str = ""

    @property
    def kind(self) -> str:
        """What it can be taken for: figures of different kinds are never confused."""
        if self.date:
            return "date"
        if self.reference:
            return "reference"
        return self.unit[0] if self.unit else "number"

    @property
    def amounts(self) -> tuple[float, ...]:
        """Its values in the base of their unit."""
        return tuple(value * (self.unit[1] if self.unit else 1.0) for value in self.values)


def figures(text: str, language: str | None = None) -> list[Figure]:
    """The figures of `text` in order, none within another."""
    found = [_reference(match) for match in _REFERENCE.finditer(text)]
    for date in dates(text):
        whole_date = date.month or date.is_decade or unit_at(text, _skipped(text, date.end)) is None
        if whole_date and not _within(found, date.start, date.end):
            found.append(
                Figure(date.start, date.end, date.said, date=date, values=(float(date.year),) if date.year else ())
            )
    numbers = [one for one in numerals(text, language) if not _within(found, one.start, one.end)]
    found += _with_units(text, numbers)
    return sorted(found, key=lambda figure: figure.start)


def _reference(match: re.Match[str]) -> Figure:
    number = match["named"] or match["letter"] or match["sign"] or match["chinese"]
    return Figure(
        match.start(), match.end(), match.group(), reference=number + (match["inner"] or match["signed"] or "")
    )


def _within(found: Sequence[Figure], start: int, end: int) -> bool:
    return any(start < one.end and one.start < end for one in found)


def _skipped(text: str, at: int) -> int:
    return at + (at < len(text) and text[at] in " -\u00a0\u202f")


def _with_units(text: str, numbers: Sequence[Numeral]) -> list[Figure]:
    """The numbers with the unit that follows each, or that follows the next of a range: "5-22 W"."""
    found: list[Figure] = []
    for one in reversed(numbers):
        unit, end = _unit(text, one)
        following = found[-1] if found else None
        if (
            unit is None
            and following
            and re.fullmatch(
                r"\s*(?:[-–—]|to|and|or|bis|und|à|et|y|a|oder|至|到|和)\s*", text[one.end : following.start]
            )
        ):
            unit = following.unit
        if one.form == "multiple" and unit is None:
            unit = ("times", 1.0)
        if one.form == "share" and unit is None:
            unit, values = ("share", 1e-2), tuple(100 * value for value in one.values)
        else:
            values = one.values
        about = _ABOUT.search(text, max(0, one.start - 20), one.start) is not None
        found.append(
            Figure(
                one.start,
                max(one.end, end),
                text[one.start : max(one.end, end)].strip(" )"),
                values,
                unit,
                one.form,
                one.digits,
                one.scaled,
                about,
            )
        )
    return found


def _unit(text: str, number: Numeral) -> tuple[Unit | None, int]:
    at = _skipped(text, number.end + text.startswith(")", number.end))
    found = unit_at(text, at)
    if found and not (number.form == "ordinal" and found[0][0] != "time"):
        return found
    return unit_before(text, number.start) or unit_further_on(text, at), number.end


def scales(text: str) -> tuple[float, ...]:
    """By how much the bare numbers of a table may have to be multiplied, from what stands about it."""
    return (1.0, *(factor for factor, pattern in _SCALES if pattern.search(text)))


def says(given: Figure, claimed: Figure, factors: Sequence[float] = (1.0,)) -> bool:
    """Whether `given`, of a source, bears out `claimed`: the same amount, if need be rounded or in another unit."""
    if claimed.reference or given.reference:
        return _bare(given) == _bare(claimed)
    if claimed.date and given.date:
        return bears_out(given.date, claimed.date)
    if (claimed.date and (claimed.date.month or given.unit)) or (given.date and (given.date.month or claimed.unit)):
        return False
    if _is_below_zero(claimed) != _is_below_zero(given) and not given.said.startswith("("):
        return False  # a negative in parentheses, as in accounts, is told by words: "fell by 4.9%"
    if claimed.unit and given.unit:
        return claimed.unit[0] == given.unit[0] and _equal(
            given.amounts, claimed.amounts, claimed, factors if given.unit[0] in CURRENCIES else (1.0,)
        )
    if _equal(given.values, claimed.values, claimed, factors):
        return True
    is_share = "share" in (claimed.kind, given.kind) or claimed.kind == "points"
    return is_share and _equal(given.amounts, claimed.amounts, claimed, factors)


def _is_below_zero(figure: Figure) -> bool:
    return any(value < 0 for value in figure.values)


def _bare(figure: Figure) -> str:
    return figure.reference or figure.said


def _equal(given: Sequence[float], claimed: Sequence[float], figure: Figure, factors: Sequence[float]) -> bool:
    return any(_near(abs(one * factor), abs(other), figure) for one in given for other in claimed for factor in factors)


def _near(given: float, claimed: float, figure: Figure) -> bool:
    if abs(given - claimed) <= _EXACTLY * max(given, claimed):
        return True
    if figure.unit and figure.unit[0] == "data" and abs(given - claimed) <= 0.05 * max(given, claimed):
        return True  # 1,000 or 1,024
    forgiven = _ROUGH_PART if figure.form == "share" else _ROUGHLY
    if figure.about and abs(given - claimed) <= forgiven * max(given, claimed):
        return True
    return (
        figure.scaled
        and figure.digits > 1
        and given > 0
        and _rounded(given, figure.digits) == _rounded(claimed, figure.digits)
    )


def _rounded(value: float, digits: int) -> float:
    return round(value, digits - 1 - floor(log10(value))) if value else 0.0


def confusable(one: Figure, other: Figure) -> bool:
    """Whether a writer could put one where the other belongs: both are dates as exact, shares, times ..."""
    if one.date and other.date:
        return bool(one.date.month) == bool(other.date.month)  # the year above a column is no rival of a day
    return one.kind == other.kind

"""Numbers as a spreadsheet shows them: format codes ("#,##0.00 €", "d mmm yyyy") applied to values.

Knows no languages: names of months and days are English, the decimal sign is a point, the thousands' sign a comma.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from math import isfinite

GENERAL = "General"
# What the numbers of built-in formats mean (ECMA-376 part 1, 18.8.30). The short date (14, 22) and the dates of East
# Asia (27 and on) follow the country of whoever looks at them, so that no order is right for all: they are written in
# the one that nobody misreads.
# fmt: off
BUILT_IN = {
    0: GENERAL, 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: '"$"#,##0;("$"#,##0)', 6: '"$"#,##0;("$"#,##0)',
    7: '"$"#,##0.00;("$"#,##0.00)', 8: '"$"#,##0.00;("$"#,##0.00)', 9: "0%", 10: "0.00%", 11: "0.00E+00",
    12: "# ?/?", 13: "# ??/??", 14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "yyyy-mm-dd h:mm", 37: "#,##0;(#,##0)", 38: "#,##0;(#,##0)",
    39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;(#,##0.00)", 41: '#,##0;-#,##0;"-"', 42: '"$"#,##0;-"$"#,##0;"$-"',
    43: '#,##0.00;-#,##0.00;"-"', 44: '"$"#,##0.00;-"$"#,##0.00;"$-"', 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0",
    48: "##0.0E+0", 49: "@", **dict.fromkeys((*range(27, 37), *range(50, 59)), "yyyy-mm-dd"),
    **dict.fromkeys((32, 33), "h:mm:ss"),
}
# fmt: on
ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}
"""What the binary formats write for an error."""

_TOKEN = re.compile(
    r"""
      "(?P<quoted>[^"]*)"?
    | \\(?P<escaped>.)
    | (?P<blank>[_*].)
    | \[(?P<elapsed>(?:h+|m+|s+)\](?:\.0+)?)
    | \[\$(?P<currency>[^\]-]*)[^\]]*\]
    | \[(?P<condition>(?:[<>]=?|=|<>)-?[\d.]+)\]
    | (?P<colour>\[[^\]]*\])
    | (?P<general>general)
    | (?P<exponent>e[+-][0\#?]+)
    | (?P<half>am/pm|a/p)
    | (?P<era>g+)
    | (?P<clock>y+|e+|m+|d+|h+|s+(?:\.0+)?)
    | (?P<digit>[0\#?])
    | (?P<sign>[.,%/@])
    | (?P<literal>.)
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_CONDITION = re.compile(r"([<>=]+)(-?[\d.]+)")
_PLAIN = re.compile(r"(#,##)?0(?:\.(0+))?")
_UNSEEN = frozenset({"blank", "colour", "condition", "era"})
_WRITTEN = frozenset({"quoted", "escaped", "currency", "literal"})
_CLOCK = frozenset({"clock", "elapsed", "half"})
_NEGATIVE = re.compile(r"<=?(?:-|0+$)")
"""A condition that only negative numbers meet: its section says how they are marked."""
_LONGEST_CODE = 255
_MOST_DECIMALS = 9
_EXACT = Context(prec=1000, rounding=ROUND_HALF_UP)
"""Enough for the largest number with as many decimals as the longest code has."""
_SECONDS_A_DAY = 86_400
_LAST_DAY, _DAYS_TO_1904 = 2_958_465, 1_462
"""31 December 9999, and by how much fewer days it is away from 1904."""
_LEAP_DAY = 60
"""Spreadsheets count a 29 February 1900, which never was; from then on their days are those since 30 December 1899."""
# fmt: off
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)
# fmt: on
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@lru_cache(maxsize=65_536)
def shown_number(value: float, code: str, *, since_1904: bool = False) -> str:
    """What a cell of format `code` shows of a number; dates are numbers of days, from 1904 on in some workbooks."""
    if code == GENERAL or not isfinite(value):
        return general(value)
    sections = [section for section in _sections(code) if not section.is_for_text]
    if not sections:
        return general(value)
    section, is_signed = _chosen(sections, value)
    if section.is_clock:
        return _shown_moment(section, value, since_1904=since_1904)
    sign = "-" if is_signed and value < 0 else ""
    if section.plain:
        return sign + section.plain.shown(abs(value))
    return sign + "".join(_shown_parts(section, abs(value)))


def shown_text(text: str, code: str) -> str:
    """What a cell of format `code` shows of words."""
    section = _sections(code)[-1]
    if not section.is_for_text:
        return text
    return "".join(text if part == "@" else part for kind, part in section.tokens if kind in _WRITTEN or part == "@")


def general(value: float) -> str:
    """A number without a format: whole numbers in full, others to ten digits."""
    if abs(value) < 1e15 and value == int(value):
        return str(int(value))
    return f"{value:.10g}".replace("e", "E")


@dataclass(frozen=True, slots=True)
class _Plain:
    """The common kind of number, "#,##0.00 €", which is shown ten times as fast as by the rules for all kinds."""

    before: str
    after: str
    decimals: Decimal
    is_grouped: bool
    is_percent: bool

    def shown(self, value: float) -> str:
        number = Decimal(f"{value:.15g}").scaleb(2 if self.is_percent else 0)
        rounded = number.quantize(self.decimals, context=_EXACT)
        return f"{self.before}{rounded:,f}{self.after}" if self.is_grouped else f"{self.before}{rounded:f}{self.after}"


@dataclass(frozen=True, slots=True)
class _Section:
    """One of the parts of a format that ";" sets apart: what kind of token each piece is, and the piece."""

    tokens: tuple[tuple[str, str], ...]
    condition: str = ""
    plain: _Plain | None = None
    is_clock: bool = False
    is_for_text: bool = False


@lru_cache(maxsize=4096)
def _sections(code: str) -> tuple[_Section, ...]:
    parts: list[list[tuple[str, str]]] = [[]]
    for match in _TOKEN.finditer(code[:_LONGEST_CODE]):
        kind = match.lastgroup or ""
        if kind == "literal" and match.group() == ";":
            parts.append([])
        else:
            parts[-1].append((kind, match.group(kind)))
    return tuple(_section(tokens, index, len(parts)) for index, tokens in enumerate(parts[:4]))


def _section(tokens: list[tuple[str, str]], index: int, count: int) -> _Section:
    is_clock = any(kind in _CLOCK for kind, _ in tokens)
    return _Section(
        tokens=tuple(_minutes_told(tokens) if is_clock else tokens),
        condition=next((part for kind, part in tokens if kind == "condition"), ""),
        plain=_plain(tokens),
        is_clock=is_clock,
        is_for_text=index == 3 or (index == count - 1 and ("sign", "@") in tokens),
    )


def _plain(tokens: Sequence[tuple[str, str]]) -> _Plain | None:
    """The number that tokens describe if it is of the common kind, all of its places side by side."""
    shown = [(kind, part) for kind, part in tokens if kind not in _UNSEEN]
    places = [i for i, (kind, part) in enumerate(shown) if kind == "digit" or (kind == "sign" and part in ".,")]
    others = [token for i, token in enumerate(shown) if i not in places and token != ("sign", "%")]
    if not places or any(kind not in _WRITTEN for kind, _ in others):
        return None
    first, end = places[0], places[-1] + 1
    match = _PLAIN.fullmatch("".join(part for _, part in shown[first:end]))
    percents = shown.count(("sign", "%"))
    if not match or percents > 1:
        return None
    before, after = ("".join(part for _, part in pieces) for pieces in (shown[:first], shown[end:]))
    return _Plain(before, after, Decimal(1).scaleb(-len(match[2] or "")), bool(match[1]), bool(percents))


def _minutes_told(tokens: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The tokens of a moment in small letters, each "m" that means minutes, beside hours or seconds, as a "minute"."""
    times = [(i, part.lower()) for i, (kind, part) in enumerate(tokens) if kind in ("clock", "elapsed")]
    after = {i for (_, before), (i, part) in pairwise(times) if before[0] == "h" and part[0] == "m"}
    before = {i for (i, part), (_, after) in pairwise(times) if part[0] == "m" and after[0] == "s"}
    for index, (kind, part) in enumerate(tokens):
        if kind == "clock" and index in after | before:
            yield "minute", part.lower()
        else:
            yield kind, part.lower() if kind in _CLOCK else part


def _chosen(sections: Sequence[_Section], value: float) -> tuple[_Section, bool]:
    """The section that `value` is shown by, and whether a minus is to be set before it."""
    if any(section.condition for section in sections):
        held = (section for section in sections if not section.condition or _holds(section.condition, value))
        section = next(held, sections[-1])
        return section, not _NEGATIVE.match(section.condition)
    if len(sections) == 1:
        return sections[0], True
    if value == 0:
        return sections[2 if len(sections) > 2 else 0], False
    return sections[1 if value < 0 else 0], False


def _holds(condition: str, value: float) -> bool:
    operator, limit = _CONDITION.fullmatch(condition).groups()  # type: ignore[union-attr]
    order = "<" if value < float(limit) else ">" if value > float(limit) else "="
    return order in operator


def _shown_parts(section: _Section, value: float) -> Iterator[str]:
    kinds = [kind for kind, _ in section.tokens]
    if "general" in kinds:
        digits = {kinds.index("general"): general(value)}
    elif ("sign", "/") in section.tokens:
        digits = _fraction_digits(section.tokens, value)
    else:
        digits = _digits(section.tokens, value)
    for index, (kind, part) in enumerate(section.tokens):
        if index in digits:
            yield digits[index]
        elif kind in _WRITTEN or part in "%/":
            yield part


def _digits(tokens: Sequence[tuple[str, str]], value: float) -> dict[int, str]:
    """What stands in the place of each token of a number, by the token's index."""
    end = next((i for i, (kind, _) in enumerate(tokens) if kind == "exponent"), len(tokens))
    point = next((i for i, token in enumerate(tokens[:end]) if token == ("sign", ".")), end)
    slots = [i for i, (kind, _) in enumerate(tokens[:end]) if kind == "digit"]
    whole, decimals = [i for i in slots if i < point], [i for i in slots if i > point]
    commas = [i for i, token in enumerate(tokens) if token == ("sign", ",")]
    is_grouped = any(whole[0] < i < whole[-1] for i in commas) if whole else False
    thousands = sum(bool(slots) and (i > slots[-1] or (bool(whole) and whole[-1] < i < point)) for i in commas)
    number = Decimal(f"{value:.15g}").scaleb(2 * tokens.count(("sign", "%")) - 3 * thousands)
    power = _power(number, len(whole)) if end < len(tokens) else 0
    rounded = number.scaleb(-power).quantize(Decimal(1).scaleb(-len(decimals)), context=_EXACT)
    if end < len(tokens) and rounded >= 10 ** max(len(whole), 1):
        power += max(len(whole), 1)
        rounded = number.scaleb(-power).quantize(Decimal(1).scaleb(-len(decimals)), context=_EXACT)
    before, _, after = f"{rounded:f}".partition(".")
    found = _filled_from_right(tokens, whole, before.lstrip("0"), is_grouped=is_grouped)
    found.update(_filled_from_left(tokens, decimals, after))
    if point < end:
        # A format that begins with the point has no place for what stands before it.
        found[point] = ("" if whole else before.lstrip("0")) + "."
    if end < len(tokens):
        found[end] = _exponent(tokens[end][1], power)
    return found


def _power(number: Decimal, width: int) -> int:
    """The power of ten that a number is written with when up to `width` digits stand before its point."""
    power = number.adjusted() if number else 0
    return power // width * width if width > 1 else power


def _exponent(pattern: str, power: int) -> str:
    sign = "-" if power < 0 else "+" if pattern[1] == "+" else ""
    return f"E{sign}{abs(power):0{pattern.count('0')}d}"


def _filled_from_right(
    tokens: Sequence[tuple[str, str]], slots: Sequence[int], digits: str, *, is_grouped: bool
) -> dict[int, str]:
    """The digits before the point, one to a slot and all that remain to the first; "0" stands where there are none."""
    missing = [tokens[i][1] == "0" for i in slots[: max(len(slots) - len(digits), 0)]]
    digits = "0" * (len(missing) - missing.index(True)) + digits if True in missing else digits
    spread = [digits[i : i + 1] for i in range(len(digits))]
    if is_grouped:
        spread = [d + ("," if (left := len(digits) - 1 - i) and left % 3 == 0 else "") for i, d in enumerate(spread)]
    found = dict.fromkeys(slots, "")
    for slot in reversed(slots[1:]):
        found[slot] = spread.pop() if spread else ""
    if slots:
        found[slots[0]] = "".join(spread)
    return found


def _filled_from_left(tokens: Sequence[tuple[str, str]], slots: Sequence[int], digits: str) -> dict[int, str]:
    """The digits after the point; the last ones are left out where they are 0 and need not be shown."""
    needed = max((n for n, i in enumerate(slots, 1) if tokens[i][1] == "0" or digits[n - 1] != "0"), default=0)
    return {slot: digits[n] if n < needed else "" for n, slot in enumerate(slots)}


def _fraction_digits(tokens: Sequence[tuple[str, str]], value: float) -> dict[int, str]:
    """A number as a fraction, "2 1/2"; the denominator is as long as its places, or the number that stands there."""
    stroke = tokens.index(("sign", "/"))
    slots = [i for i, (kind, part) in enumerate(tokens) if kind == "digit" or (i > stroke and part.isdigit())]
    above, below = [i for i in slots if i < stroke], [i for i in slots if i > stroke]
    if not above or not below:
        return {slots[0]: general(value)} if slots else {}
    given = "".join(tokens[i][1] for i in below)
    exact = Fraction(f"{value:.15g}")
    fixed = int(given) if given.isdigit() and int(given) else 0
    parts = Fraction(round(exact * fixed), fixed) if fixed else exact.limit_denominator(10 ** len(below) - 1)
    gap = next((i for i in range(above[0], above[-1]) if i not in above), None)
    whole, rest = divmod(parts.numerator, parts.denominator) if gap is not None else (0, parts.numerator)
    found = dict.fromkeys([*slots, stroke], "")
    if rest or gap is None:
        denominator = fixed or parts.denominator
        found[above[-1]] = str(rest * denominator // parts.denominator)
        found[stroke], found[below[0]] = "/", str(denominator)
    if gap is not None:
        found[gap] = " " if whole and rest else ""
        found[above[0]] = str(whole) if whole or not rest else ""
    return found


def _shown_moment(section: _Section, value: float, *, since_1904: bool) -> str:
    if not 0 <= value <= _LAST_DAY - (_DAYS_TO_1904 if since_1904 else 0):
        return general(value)
    decimals = max((part.count("0") for kind, part in section.tokens if kind in ("clock", "elapsed")), default=0)
    decimals = min(decimals, _MOST_DECIMALS)
    unit = 10**decimals
    ticks = round(value * _SECONDS_A_DAY * unit)
    days, rest = divmod(ticks, _SECONDS_A_DAY * unit)
    seconds, fraction = divmod(rest, unit)
    start = datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 30 if days >= _LEAP_DAY else 31)  # noqa: DTZ001
    moment = start + timedelta(days=days, seconds=seconds)
    has_halves = any(kind == "half" for kind, _ in section.tokens)
    elapsed = ticks // unit
    parts: list[str] = []
    for kind, part in section.tokens:
        if kind == "elapsed":
            width, size = part.index("]"), {"h": 3600, "m": 60, "s": 1}[part[0]]
            parts.append(f"{elapsed // size:0{width}d}" + _decimals(part, fraction, decimals))
        elif kind == "clock":
            parts.append(_clock(part, moment, has_halves=has_halves) + _decimals(part, fraction, decimals))
        elif kind == "minute":
            parts.append(f"{moment.minute:0{min(len(part), 2)}d}")
        elif kind == "half":
            parts.append((("AM", "PM") if part == "am/pm" else ("A", "P"))[moment.hour >= 12])
        elif kind not in _UNSEEN:
            parts.append(part)
    return "".join(parts)


def _decimals(part: str, fraction: int, decimals: int) -> str:
    """The point and the decimals that a token for seconds asks for, "" where it does not."""
    wanted = part.count("0")
    return "." + f"{fraction:0{decimals}d}"[:wanted] if wanted else ""


def _clock(part: str, moment: datetime, *, has_halves: bool) -> str:
    letter, width = part[0], len(part.partition(".")[0])
    if letter in "ye":
        return f"{moment.year % 100:02d}" if letter == "y" and width < 3 else f"{moment.year:04d}"
    if letter == "m":
        return _named(_MONTHS[moment.month - 1], moment.month, width)
    if letter == "d":
        return _named(_DAYS[moment.weekday()], moment.day, width)
    if letter == "h":
        return f"{((moment.hour - 1) % 12 + 1) if has_halves else moment.hour:0{min(width, 2)}d}"
    return f"{moment.second:0{min(width, 2)}d}"


def _named(name: str, number: int, width: int) -> str:
    """A month or day: its number, or its name, by how many letters the format has for it."""
    if width <= 2:
        return f"{number:0{width}d}"
    return {3: name[:3], 5: name[:1]}.get(width, name)

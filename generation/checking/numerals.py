"""Numbers as they are written: in digits of several conventions, in words, in Chinese characters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from generation.checking.chinese_numerals import chinese_numbers, chinese_value
from generation.checking.number_words import ALONE, COUNTS, LARGE, ORDINAL_OF, PART_OF, SMALL, TENS, TIMES_OF


def _alternatives(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_IN_WORDS = {
    language: re.compile(
        rf"(?<![^\W_])(?:{_alternatives([*small, *LARGE[language]])})"
        rf"(?:(?:\s+(?:and|et|y)\s+|[\s-]+)(?:{_alternatives([*small, *LARGE[language]])})(?![^\W_]))*(?![^\W_])",
        re.IGNORECASE,
    )
    for language, small in SMALL.items()
}
_GERMAN = re.compile(
    r"(?<![^\W_])(?:(?P<ones>ein|zwei|drei|vier|fünf|sechs|sieben|acht|neun)und(?P<tens>zwanzig|dreißig|vierzig|fünfzig|sechzig"
    r"|siebzig|achtzig|neunzig)|(?P<half>ein|zwei|drei|vier)einhalb)(?![^\W_])",
    re.IGNORECASE,
)
_RATIO = re.compile(r"(?<![\w.,/])(\d{1,4})/(\d{1,4})(?![\w/]|[.,]\d)")
_CLOSED = re.compile(r"\)\s?%|\)\s*(?:\||$)")
_MINUS = re.compile(r"(?<![^\W_])(?:minus|moins|menos|负|負|零下)\s*$", re.IGNORECASE)
_SEVERAL = re.compile(
    r"(?<![^\W_])(?:several|few|many|mehrere|einige|plusieurs|quelques|varios|varias)\s+$", re.IGNORECASE
)
_CLOCK = re.compile(
    r"(?<![\d:.,])(?:(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)(?![\d:])"
    r"|(?P<named>[01]?\d|2[0-4])(?:\.(?P<dotted>[0-5]\d)(?=\s?(?:[ap]\.?m\b|Uhr\b))|\s?h\s?(?P<french>[0-5]\d)(?!\w)))"
)
_ORDINAL = re.compile(
    r"(?<![^\W_])(?:(?P<digits>\d+)(?:st|nd|rd|th|e|ème|º|ª)|(?P<word>"
    + "|".join(sorted(ORDINAL_OF, key=len, reverse=True))
    + r"))(?![^\W_])",
    re.IGNORECASE,
)
_MULTIPLE = re.compile(r"(?<![^\W_])(?:" + "|".join(TIMES_OF) + r")(?![^\W_])", re.IGNORECASE)
_FRACTION = re.compile(
    r"(?<![^\W_])(?P<count>"
    + _alternatives(COUNTS)
    + r")[\s-]+(?:of\s+)?(?P<part>"
    + _alternatives(PART_OF)
    + r")(?:\s+of\s+an?\s+(?P<of>million|billion)"
    r"|(?P<time>\s+of\s+an?(?=\s+(?:minute|hour|day|month|year|century)\b)))?"
    r"(?![^\W_])"
    r"|(?<![^\W_])half\s+(?P<article>an?)(?:\s+(?P<many>dozen|million|billion))?(?![^\W_])"
    r"|(?<![^\W_])(?P<german>ein halbes|ein halber|une demi|un demi|medio|media(?=[\s-]+(?:docena|hora)))"
    r"(?:[\s-]+(?P<dozen>Dutzend|douzaine|docena))?(?![^\W_])",
    re.IGNORECASE,
)
_QUART = re.compile(r"quarts?$", re.IGNORECASE)
_AND_A_HALF = re.compile(r"\s+and\s+a\s+half(?![^\W_])|\s+et demie?(?![^\W_])|\s+y medi[oa](?![^\W_])", re.IGNORECASE)
_UNIT_AND_A_HALF = re.compile(
    r"(?<![^\W_])(?:an?|one)(?=\s+(?:minute|hour|day|week|month|year|decade|century) and a half\b)", re.IGNORECASE
)
_SIGNS = {"½": 0.5, "¼": 0.25, "¾": 0.75, "⅓": 1 / 3, "⅔": 2 / 3, "⅛": 0.125}
_MIXED = re.compile(
    r"(?<![\w.,/])(?:(?P<whole>\d{1,3})\s?)?(?P<sign>[½¼¾⅓⅔⅛])"
    r"|(?<![\w.,/])(?P<before>\d{1,3})[ -](?P<above>[1-9])/(?P<below>[2-9])(?![\w/])"
)
_ONE_IN = re.compile(r"(?<![\d.,])(?:1|one) (?:in|out of)(?: every)? (?P<of>\d[\d,]*)(?![\d.,]\d)")
_DIGITS = re.compile(
    r"(?<![^\W_\u4e00-\u9fff])(?<!\d[.,/])(?<![A-Za-z][-_.])(?P<open>\((?=\d[\d.,]*\)))?(?P<sign>(?<![\w)\]])(?<!\d\s)[-−–](?=\d))?"
    r"(?P<number>\d{1,3}(?:[\s'’\u00a0\u202f]\d{3}(?!\d))+(?:[.,]\d+)?|\d+(?:[.,]\d+)*|(?<![^\s(=−-])\.\d+)(?:\s?(?P<times>[kK](?![^\W_]))|(?:\s|-)?(?P<large>thousand|million|billion"
    r"|trillion|Tausend|Millionen|Million|Mio\.?|Milliarden?|Mrd\.?|milliers|millions?|milliards?|mil|millones|millón|[万萬億亿千百]+)(?![^\W_\u4e00-\u9fff]))?"
)
_MULTIPLIERS = {
    "k": 1e3,
    "trillion": 1e12,
    "milliers": 1e3,
    "mio": 1e6,
    "mrd": 1e9,
    "milliarden": 1e9,
    "milliarde": 1e9,
}
_COMMA_LANGUAGES = ("de", "fr", "es", "it", "pt", "nl", "da", "sv", "no", "fi", "pl", "ru", "cs", "tr")


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number at start..end of a text. `values` are what it can be read as: 1.200 is 1.2 or 1200, by language.

    `digits` are those that count, for what is rounded; `form` is "digits", "words", "ordinal", "multiple" or "share".
    """

    start: int
    end: int
    values: tuple[float, ...]
    form: str
    digits: int = 0
    scaled: bool = False


def numerals(text: str, language: str | None = None) -> list[Numeral]:
    """The numbers of `text` in order, none within another. One in words is left out: it is an article as well."""
    found: list[Numeral] = []
    for numeral in _candidates(text, language):
        if not any(numeral.start < other.end and other.start < numeral.end for other in found):
            found.append(numeral)
    return sorted(found, key=lambda numeral: numeral.start)


def _candidates(text: str, language: str | None) -> Iterator[Numeral]:
    for match in _CLOCK.finditer(text):
        hour = float(match["hour"] or match["named"])
        part = float(match["minute"] or match["dotted"] or match["french"]) / 60
        yield Numeral(match.start(), match.end(), (hour + part, hour % 12 + part), "clock")
    for match in _MIXED.finditer(text):
        part = _SIGNS[match["sign"]] if match["sign"] else float(match["above"]) / float(match["below"])
        yield Numeral(match.start(), match.end(), (float(match["whole"] or match["before"] or 0) + part,), "digits", 2)
    for match in _UNIT_AND_A_HALF.finditer(text):
        yield Numeral(match.start(), match.end(), (1.5,), "words")
    for match in _ONE_IN.finditer(text):
        yield Numeral(match.start(), match.end(), (1 / float(match["of"].replace(",", "")),), "share")
    for match in _RATIO.finditer(text):
        if float(match[2]):
            yield Numeral(match.start(), match.end(), (float(match[1]) / float(match[2]),), "ratio")
    for match in _FRACTION.finditer(text):
        if language == "en" and _QUART.search(match.group()):
            continue  # a measure
        yield _fraction(match)
    for match in _ORDINAL.finditer(text):
        value = float(match["digits"]) if match["digits"] else ORDINAL_OF[match["word"].casefold()]
        yield Numeral(match.start(), match.end(), (value,), "ordinal")
    for match in _DIGITS.finditer(text):
        yield _in_digits(text, match, language)
    for match in _MULTIPLE.finditer(text):
        yield Numeral(match.start(), match.end(), (TIMES_OF[match.group().casefold()],), "multiple")
    if language == "de":
        for match in _GERMAN.finditer(text):
            yield Numeral(match.start(), match.end(), (_german(match),), "words")
    yield from _in_words(text, language if language in SMALL else "en")
    for start, end, number, is_share in chinese_numbers(text):
        yield Numeral(start, end, (number,), "share" if is_share else "words")


def _fraction(match: re.Match[str]) -> Numeral:
    if match["article"] or match["german"]:
        many = (
            LARGE["en"]["dozen" if match["dozen"] else match["many"].casefold()]
            if match["many"] or match["dozen"]
            else 1.0
        )
        return Numeral(match.start(), match.end(), (0.5 * many,), "words")
    count = COUNTS[match["count"].casefold()]
    whole = LARGE["en"][match["of"].casefold()] if match["of"] else 1.0
    form = "words" if match["of"] or match["time"] else "share"
    return Numeral(match.start(), match.end(), (count * PART_OF[match["part"].casefold()] * whole,), form)


def _in_digits(text: str, match: re.Match[str], language: str | None) -> Numeral:
    number = match["number"]
    large = (match["times"] or match["large"] or "").casefold().rstrip(".")
    factor = _factor(large)
    in_accounts = match["open"] and _CLOSED.match(text, match.end())
    negative = bool(match["sign"] or in_accounts or _MINUS.search(text, 0, match.start()))
    digits = len(re.sub(r"\D", "", number).lstrip("0").rstrip("0") or "0")
    values = tuple(dict.fromkeys((-value if negative else value) * factor for value in _read(number, language)))
    half = _AND_A_HALF.match(text, match.end())
    if half:
        values = tuple(value + 0.5 for value in values)
    return Numeral(match.start(), half.end() if half else match.end(), values, "digits", digits, scaled=factor > 1)


def _factor(large: str) -> float:
    """What a word or sign after digits multiplies them by."""
    if not large:
        return 1.0
    named = [values[large] for values in LARGE.values() if large in values]
    return _MULTIPLIERS.get(large) or (named[0] if named else chinese_value(large) or 1.0)


def _read(number: str, language: str | None) -> list[float]:
    bare = re.sub(r"[\s'’\u00a0\u202f]", "", number)
    if bare.startswith("."):
        return [float(bare)]
    if re.fullmatch(r"\d+", bare):
        return [float(bare)]
    readings = []
    points_first = [(",", "."), (".", ",")] if language not in _COMMA_LANGUAGES else [(".", ","), (",", ".")]
    for thousands, point in points_first:
        grouped = rf"\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+(?:{re.escape(point)}\d+)?|\d+{re.escape(point)}\d+"
        if re.fullmatch(grouped, bare):
            readings.append(float(bare.replace(thousands, "").replace(point, ".")))
    if language not in _COMMA_LANGUAGES:
        readings = readings[:1]
    return readings or [float("".join(re.findall(r"\d", bare)[:15]))]


def _in_words(text: str, language: str) -> Iterator[Numeral]:
    for match in _IN_WORDS[language].finditer(text):
        start, total, current, last = match.start(), 0.0, 0.0, 0.0
        for word in re.finditer(r"[^\s-]+(?:-(?:sept|huit|neuf|dix|vingts?))*", match.group()):
            value = SMALL[language].get(word.group().casefold(), 0.0)
            large = LARGE[language].get(word.group().casefold(), 0.0)
            if not value and not large:
                continue
            at = match.start() + word.start()
            if value and last and not (last >= 100 or (TENS[language] <= last < 100 and value < 10)):
                yield from _spelled(text, start, at, total + current)
                start, total, current = at, 0.0, 0.0
            if value:
                current += value
            elif large == 100:
                current = (current or 1.0) * 100
            else:
                total, current = total + (current or 1.0) * large, 0.0
            last = value or large
        yield from _spelled(text, start, match.end(), total + current)


def _spelled(text: str, start: int, end: int, value: float) -> Iterator[Numeral]:
    said = text[start:end].rstrip(" -")
    if said.casefold() in ALONE or not value or _SEVERAL.search(text, 0, start):
        return
    half = _AND_A_HALF.match(text, start + len(said))
    yield Numeral(
        start, half.end() if half else start + len(said), (value + (0.5 if half else 0.0),), "words", 2, value >= 1e6
    )


def _german(match: re.Match[str]) -> float:
    if match["half"]:
        return SMALL["de"][match["half"].casefold()] + 0.5
    return SMALL["de"][match["ones"].casefold()] + SMALL["de"][match["tens"].casefold()]

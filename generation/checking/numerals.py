"""Numbers as they are written: in digits of several conventions, in words, in Chinese characters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from generation.checking.chinese_numerals import chinese_numbers, chinese_value

_UNITS_AND_TENS = {
    "en": "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety",
    "de": "ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn"
    " achtzehn neunzehn zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
    "fr": "un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit"
    " dix-neuf vingt trente quarante cinquante soixante soixante-dix quatre-vingts quatre-vingt-dix",
    "es": "un dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete"
    " dieciocho diecinueve veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
}
_LARGE = {
    "en": {"hundred": 100.0, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "dozen": 12.0},
    "de": {
        "hundert": 100.0,
        "tausend": 1e3,
        "million": 1e6,
        "millionen": 1e6,
        "milliarde": 1e9,
        "milliarden": 1e9,
        "dutzend": 12.0,
    },
    "fr": {
        "cent": 100.0,
        "cents": 100.0,
        "mille": 1e3,
        "million": 1e6,
        "millions": 1e6,
        "milliard": 1e9,
        "milliards": 1e9,
        "douzaine": 12.0,
    },
    "es": {"cien": 100.0, "ciento": 100.0, "mil": 1e3, "millón": 1e6, "millones": 1e6, "docena": 12.0},
}
_ORDINALS = {
    3: "third dritte dritten troisième tercero tercera", 4: "fourth vierte vierten quatrième cuarto cuarta",
    5: "fifth fünfte fünften cinquième quinto quinta", 6: "sixth sechste sechsten sixième sexto sexta",
    7: "seventh siebte siebten septième", 8: "eighth achte achten huitième", 9: "ninth neunte neunten neuvième",
    10: "tenth zehnte zehnten dixième", 11: "eleventh", 12: "twelfth", 20: "twentieth", 30: "thirtieth",
}  # fmt: skip
_TIMES = {2: "twice zweimal", 3: "thrice dreimal", 4: "viermal"}
_SPANISH = {
    21: "veintiuno veintiún", 22: "veintidós", 23: "veintitrés", 24: "veinticuatro", 25: "veinticinco",
    26: "veintiséis", 27: "veintisiete", 28: "veintiocho", 29: "veintinueve", 200: "doscientos doscientas",
    300: "trescientos trescientas", 400: "cuatrocientos cuatrocientas", 500: "quinientos quinientas",
    600: "seiscientos seiscientas", 700: "setecientos setecientas", 800: "ochocientos ochocientas",
    900: "novecientos novecientas",
}  # fmt: skip
_PARTS = {
    "third thirds drittel dritteln tiers tercio tercios": 1 / 3,
    "quarter quarters viertel vierteln quart quarts cuarto cuartos": 0.25,
    "fifth fifths fünftel fünfteln cinquième cinquièmes quinto quintos": 0.2,
    "tenth tenths zehntel zehnteln dixième dixièmes": 0.1,
    "hundredth hundredths hundertstel": 0.01,
}


_PART_OF = {word: share for words, share in _PARTS.items() for word in words.split()}
_COUNTS = {
    word: float(count)
    for count, words in enumerate(
        (
            "a an one ein eine un une",
            "two zwei deux dos",
            "three drei trois tres",
            "four vier quatre cuatro",
        ),
        start=1,
    )
    for word in words.split()
}


def _values(listings: dict[int, str]) -> dict[str, float]:
    return {word: float(value) for value, listing in listings.items() for word in listing.split()}


def _small(language: str) -> dict[str, float]:
    """The words of a language for 1 to 20 and for the tens."""
    amounts = [*range(1, 21), *range(30, 100, 10)]
    return dict(zip(_UNITS_AND_TENS[language].split(), map(float, amounts), strict=True))


_SMALL = {language: _small(language) for language in _UNITS_AND_TENS}
_SMALL["es"].update(_values(_SPANISH))
_ORDINAL_OF, _TIMES_OF = _values(_ORDINALS), _values(_TIMES)
_TENS = {"en": 20, "de": 100, "fr": 20, "es": 30}
"""From which tens on a language says the ones after them, in words of their own."""
_ALONE = frozenset({"one", "ein", "un"})
"""What is an article or a pronoun as well."""


def _alternatives(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_IN_WORDS = {
    language: re.compile(
        rf"(?<![^\W_])(?:{_alternatives([*small, *_LARGE[language]])})"
        rf"(?:(?:\s+(?:and|et|y)\s+|[\s-]+)(?:{_alternatives([*small, *_LARGE[language]])})(?![^\W_]))*(?![^\W_])",
        re.IGNORECASE,
    )
    for language, small in _SMALL.items()
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
    + "|".join(sorted(_ORDINAL_OF, key=len, reverse=True))
    + r"))(?![^\W_])",
    re.IGNORECASE,
)
_MULTIPLE = re.compile(r"(?<![^\W_])(?:" + "|".join(_TIMES_OF) + r")(?![^\W_])", re.IGNORECASE)
_FRACTION = re.compile(
    r"(?<![^\W_])(?P<count>"
    + _alternatives(_COUNTS)
    + r")[\s-]+(?:of\s+)?(?P<part>"
    + _alternatives(_PART_OF)
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
        value = float(match["digits"]) if match["digits"] else _ORDINAL_OF[match["word"].casefold()]
        yield Numeral(match.start(), match.end(), (value,), "ordinal")
    for match in _DIGITS.finditer(text):
        yield _in_digits(text, match, language)
    for match in _MULTIPLE.finditer(text):
        yield Numeral(match.start(), match.end(), (_TIMES_OF[match.group().casefold()],), "multiple")
    if language == "de":
        for match in _GERMAN.finditer(text):
            yield Numeral(match.start(), match.end(), (_german(match),), "words")
    yield from _in_words(text, language if language in _SMALL else "en")
    for start, end, number, is_share in chinese_numbers(text):
        yield Numeral(start, end, (number,), "share" if is_share else "words")


def _fraction(match: re.Match[str]) -> Numeral:
    if match["article"] or match["german"]:
        many = (
            _LARGE["en"]["dozen" if match["dozen"] else match["many"].casefold()]
            if match["many"] or match["dozen"]
            else 1.0
        )
        return Numeral(match.start(), match.end(), (0.5 * many,), "words")
    count = _COUNTS[match["count"].casefold()]
    whole = _LARGE["en"][match["of"].casefold()] if match["of"] else 1.0
    form = "words" if match["of"] or match["time"] else "share"
    return Numeral(match.start(), match.end(), (count * _PART_OF[match["part"].casefold()] * whole,), form)


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
    named = [values[large] for values in _LARGE.values() if large in values]
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
            value = _SMALL[language].get(word.group().casefold(), 0.0)
            large = _LARGE[language].get(word.group().casefold(), 0.0)
            if not value and not large:
                continue
            at = match.start() + word.start()
            if value and last and not (last >= 100 or (_TENS[language] <= last < 100 and value < 10)):
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
    if said.casefold() in _ALONE or not value or _SEVERAL.search(text, 0, start):
        return
    half = _AND_A_HALF.match(text, start + len(said))
    yield Numeral(
        start, half.end() if half else start + len(said), (value + (0.5 if half else 0.0),), "words", 2, value >= 1e6
    )


def _german(match: re.Match[str]) -> float:
    if match["half"]:
        return _SMALL["de"][match["half"].casefold()] + 0.5
    return _SMALL["de"][match["ones"].casefold()] + _SMALL["de"][match["tens"].casefold()]

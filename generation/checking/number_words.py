"""The words for numbers, ordinals and parts in English, German, French and Spanish."""

from __future__ import annotations

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
LARGE = {
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


PART_OF = {word: share for words, share in _PARTS.items() for word in words.split()}
COUNTS = {
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


SMALL = {language: _small(language) for language in _UNITS_AND_TENS}
SMALL["es"].update(_values(_SPANISH))
ORDINAL_OF, TIMES_OF = _values(_ORDINALS), _values(_TIMES)
TENS = {"en": 20, "de": 100, "fr": 20, "es": 30}
"""From which tens on a language says the ones after them, in words of their own."""
ALONE = frozenset({"one", "ein", "un"})
"""What is an article or a pronoun as well."""

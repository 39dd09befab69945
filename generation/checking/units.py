"""Units of measure in the languages whose numbers are read, each with what it measures and how much of it."""

from __future__ import annotations

import re

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
_YEAR = 365.25 * _DAY

_UNITS = (
    ("time", 1e-3, "millisecond milliseconds ms millisekunden 毫秒"),
    ("time", 1.0, "second seconds sec secs s sekunde sekunden seconde secondes segundo segundos 秒"),
    ("time", _MINUTE, "minute minutes min mins minuten minuto minutos 分鐘 分钟"),
    ("time", _HOUR, "hour hours h hr hrs stunde stunden heure heures hora horas 小時 小时"),
    ("time", _DAY, "day days tag tage tagen jour jours día días dia dias 天 日"),
    ("time", 7 * _DAY, "week weeks wk woche wochen semaine semaines semana semanas 週 周 星期"),
    ("time", _YEAR / 12, "month months monat monate monaten mois mes meses 個月 个月"),
    ("time", _YEAR, "year years yr yrs jahr jahre jahren an ans année années año años 年 歲 岁"),
    ("time", 10 * _YEAR, "decade decades"),
    ("time", 100 * _YEAR, "century centuries jahrhundert jahrhunderte siècle siècles siglo siglos 世紀 世纪"),
    ("length", 1e-3, "millimetre millimetres millimeter millimeters mm millimètre millimètres milímetros 毫米 公釐"),
    ("length", 1e-2, "centimetre centimetres centimeter centimeters zentimeter centim cm centimètre centimètres"),
    ("length", 1.0, "metre metres meter meters metern m mètre mètres metro metros 公尺 米"),
    (
        "length",
        1e3,
        "kilometre kilometres kilometer kilometers kilometern km kilomètre kilomètres kilómetros 公里 千米",
    ),
    ("length", 0.0254, "inch inches"),
    ("length", 0.3048, "foot feet ft"),
    ("length", 0.9144, "yard yards"),
    ("length", 1609.344, "mile miles"),
    ("area", 1.0, "m² qm"),
    ("area", 1e4, "hectare hectares hektar ha 公頃 公顷"),
    ("area", 4046.86, "acre acres"),
    ("mass", 1e-6, "microgram micrograms µg mcg"),
    ("mass", 1e-3, "milligram milligrams milligramm mg milligrammes"),
    ("mass", 1.0, "gram grams gramm g gramme grammes gramos 克"),
    ("mass", 1e3, "kilogram kilograms kilogramm kilo kilos kg kilogrammes kilogramos 公斤 千克"),
    ("mass", 1e6, "tonne tonnes tons tonnen t toneladas 噸 吨"),
    ("mass", 453.592, "lb lbs"),
    ("mass", 28.3495, "ounce ounces oz"),
    ("volume", 1e-3, "millilitre millilitres milliliter milliliters ml"),
    ("volume", 1.0, "litre litres liter liters l litros 公升 升"),
    ("volume", 1e3, "m³ kubikmeter"),
    ("flow", 1.0, "l/h"),
    ("flow", 1e3, "m³/h"),
    ("data", 1.0, "byte bytes octets"),
    ("data", 1e3, "kilobyte kilobytes kb kib"),
    ("data", 1e6, "megabyte megabytes mb mib"),
    ("data", 1e9, "gigabyte gigabytes gb gib"),
    ("data", 1e12, "terabyte terabytes tb tib"),
    ("power", 1e-3, "milliwatt milliwatts mw"),
    ("power", 1.0, "watt watts w"),
    ("power", 1e3, "kilowatt kilowatts kw"),
    ("power", 1e6, "megawatt megawatts"),
    ("energy", 1.0, "kwh"),
    ("tension", 1.0, "volt volts v"),
    ("tension", 1e3, "kilovolt kilovolts kv"),
    ("current", 1.0, "ampere amperes amps"),
    ("current", 1e-3, "milliampere ma"),
    ("frequency", 1.0, "hertz hz"),
    ("frequency", 1e3, "kilohertz khz"),
    ("frequency", 1e6, "megahertz mhz"),
    ("frequency", 1e9, "gigahertz ghz"),
    ("pressure", 1.0, "bar"),
    ("pressure", 1e-3, "millibar mbar hpa"),
    ("pressure", 1e-5, "pascal pa"),
    ("pressure", 1e-2, "kilopascal kpa"),
    ("pressure", 10.0, "megapascal mpa"),
    ("force", 1.0, "newton newtons"),
    ("force", 1e3, "kilonewton kilonewtons kn"),
    ("heat", 1.0, "joule joules j"),
    ("heat", 1e3, "kilojoule kilojoules kj"),
    ("dose", 1.0, "sievert sieverts sv"),
    ("dose", 1e-3, "millisievert millisieverts msv"),
    ("dose", 1e-6, "microsievert microsieverts µsv"),
    ("dose", 1e-2, "rem rems"),
    ("dose", 1e-5, "millirem millirems mrem"),
    ("celsius", 1.0, "°c ℃ celsius"),
    ("fahrenheit", 1.0, "°f fahrenheit"),
    ("share", 1e-2, "% percent prozent percentage 趴"),
    ("share", 1e-3, "‰ permille"),
    ("points", 1e-2, "points point prozentpunkte punkte"),
    ("times", 1.0, "times fois veces 次 倍"),
    ("dollar", 1.0, "$ us$ dollar dollars usd dólares 美元"),
    ("dollar", 1e-2, "cent cents"),
    ("euro", 1.0, "€ euro euros eur 歐元 欧元"),
    ("sterling", 1.0, "£ pound pounds gbp sterling 英鎊 英镑"),
    ("yen", 1.0, "¥ yen jpy 日圓"),
    ("franc", 1.0, "chf franken"),
    ("yuan", 1.0, "yuan rmb cny 元 人民幣 人民币"),
)
_OF = {word: (kind, size) for kind, size, listing in _UNITS for word in listing.split()}
_CJK = "|".join(sorted((word for word in _OF if "\u2e80" < word[0] < "\ua000"), key=lambda word: -len(word)))
_LONG = tuple(
    (re.compile(pattern, re.IGNORECASE), unit)
    for pattern, unit in (
        (r"percentage[ -]points?|prozentpunkte?n?|points? de pourcentage|puntos porcentuales", ("points", 1e-2)),
        (r"per ?cent\b|pour ?cents?\b|por ciento\b", ("share", 1e-2)),
        (r"(?:cubic met(?:re|er)s?|m³|m3|Kubikmeter)\s*(?:per|an?|/|pro)\s*(?:hour|h\b|Stunde)", ("flow", 1e3)),
        (r"(?:lit(?:re|er)s?|l)\s*(?:per|an?|/|pro)\s*(?:hour|h\b|Stunde)", ("flow", 1.0)),
        (r"(?:degrees?|grad|degrés|grados) celsius", ("celsius", 1.0)),
        (r"degrees? fahrenheit", ("fahrenheit", 1.0)),
        (r"square met(?:re|er)s?|quadratmetern?|mètres carrés|metros cuadrados|平方公尺|平方米", ("area", 1.0)),
        (r"square kilomet(?:re|er)s?|quadratkilometern?|km²|平方公里", ("area", 1e6)),
        (r"square miles?", ("area", 2.59e6)),
        (r"cubic met(?:re|er)s?|mètres cubes|metros cúbicos", ("volume", 1e3)),
    )
)
_COMPOUND = re.compile(
    r"(?:work(?:ing)?|business|calendar|werk|arbeits|kalender)[ -]?(?=(?:day|hour|week|month|tag|stund))", re.IGNORECASE
)
_WORD = re.compile(rf"(?:{_CJK})|[^\W\d_]+[²³]?(?:/h)?(?![^\W_])|[%‰$€£¥℃]|°[CF]?")

_BEFORE = re.compile(r"([$€£¥]|(?<![^\W_])(?:USD|EUR|GBP|JPY|CNY|RMB|CHF))\s*$")
_LONGEST_BEFORE = 8

CURRENCIES = frozenset({"dollar", "euro", "sterling", "yen", "yuan", "franc"})
Unit = tuple[str, float]
"""What is measured, and how much of it the unit is."""


_QUALIFIED = re.compile(r"[^\W\d_]{4,} (?=(?:second|minute|hour|day|week|month|year)s(?![^\W_]))")


def unit_further_on(text: str, start: int) -> Unit | None:
    """The unit of time that one word further on: "8 consecutive hours"."""
    match = _QUALIFIED.match(text, start)
    found = unit_at(text, match.end()) if match else None
    return found[0] if found else None


def unit_at(text: str, start: int) -> tuple[Unit, int] | None:
    """The unit that begins at `start`, and where it ends; "workweeks" are weeks."""
    for pattern, unit in _LONG:
        if match := pattern.match(text, start):
            return unit, match.end()
    start += len(compound.group()) if (compound := _COMPOUND.match(text, start)) else 0
    match = _WORD.match(text, start)
    if match is None or (len(match.group()) == 1 and match.group().isupper() and match.group() not in "WVAT"):
        return None
    found = _OF.get(match.group().casefold())
    return (found, match.end()) if found else None


def same_unit(one: str, other: str) -> bool:
    """Whether two different words name one unit: GB, gigabytes."""
    unit = _OF.get(one.casefold())
    return unit is not None and len(one) > 1 and len(other) > 1 and unit == _OF.get(other.casefold())


def unit_before(text: str, end: int) -> Unit | None:
    """The currency whose sign or code stands right before `end`: "€ 90", "EUR 90"."""
    match = _BEFORE.search(text, max(0, end - _LONGEST_BEFORE), end)
    return _OF[match[1].casefold()] if match else None

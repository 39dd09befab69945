"""How office files write the numbers of headings, list items and notes."""

from __future__ import annotations

_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"),
    (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_CHINESE = "〇一二三四五六七八九"
_CHINESE_FORMATS = frozenset({
    "chineseCounting", "chineseCountingThousand", "ideographDigital", "japaneseCounting", "japaneseDigitalTenThousand",
    "taiwaneseCounting", "taiwaneseCountingThousand", "taiwaneseDigital",
})  # fmt: skip
_MOST = 100_000


def numeral(number: int, written_as: str) -> str:
    """`number` in one of the formats that Office Open XML names; in digits where that is none that is known here."""
    if not 0 < number < _MOST:
        return str(number)
    if written_as in ("lowerRoman", "upperRoman"):
        return _cased(_roman(number), written_as)
    if written_as in ("lowerLetter", "upperLetter"):
        # After z comes aa, then bb: Word's way.
        return _cased("abcdefghijklmnopqrstuvwxyz"[(number - 1) % 26] * ((number - 1) // 26 + 1), written_as)
    if written_as == "decimalZero":
        return f"{number:02}"
    if written_as.startswith("decimalEnclosedCircle") and number <= 20:
        return chr(0x2460 + number - 1)
    if written_as == "decimalFullWidth":
        return "".join(chr(0xFF10 + int(digit)) for digit in str(number))
    if written_as in _CHINESE_FORMATS and number < 100:
        return _chinese(number)
    if written_as == "none":
        return ""
    return str(number)


def _cased(letters: str, written_as: str) -> str:
    return letters.upper() if written_as.startswith("upper") else letters


def _roman(number: int) -> str:
    letters = ""
    for value, letter in _ROMAN:
        letters += letter * (number // value)
        number %= value
    return letters


def _chinese(number: int) -> str:
    tens, ones = divmod(number, 10)
    before = ("" if tens == 1 else _CHINESE[tens]) + "十" if tens else ""
    return before + (_CHINESE[ones] if ones or not tens else "")

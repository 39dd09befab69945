"""Numbers in Chinese characters: 一百五十八, 二〇二〇, 十万, 四十二点五, 百分之八十."""

from __future__ import annotations

import re
from collections.abc import Iterator

_CHINESE = re.compile(
    r"(?P<share>百分之)?(?P<run>[〇零一二三四五六七八九十百千万萬億亿两兩]+)"
    r"(?:[点點](?P<decimals>[〇零一二三四五六七八九]+)(?![十百千分\d〇零一二三四五六七八九]))?(?P<half>半)?"
)
_CHINESE_DIGITS = {**{char: value for value, char in enumerate("零一二三四五六七八九")}, "〇": 0, "两": 2, "兩": 2}
_CHINESE_UNITS = {"十": 10, "百": 100, "千": 1000}
_CHINESE_LARGE = {"万": 10_000, "萬": 10_000, "億": 100_000_000, "亿": 100_000_000}


def chinese_numbers(text: str) -> Iterator[tuple[int, int, float, bool]]:
    """Where each number stands, its value, and whether it is a share. One is left out: it is an article as well."""
    for match in _CHINESE.finditer(text):
        value = chinese_value(match["run"])
        if value is not None and match["decimals"]:
            value += (chinese_value(match["decimals"]) or 0.0) / 10 ** len(match["decimals"])
        if value is None or (value <= 1 and not match["share"]):
            continue
        if match["share"]:
            yield match.start(), match.end(), value / 100, True
        else:
            yield match.start(), match.end(), value + (0.5 if match["half"] else 0.0), False


def chinese_value(run: str) -> float | None:
    """The value of a run of numerals; None where they make no number."""
    if all(char in _CHINESE_DIGITS for char in run):
        return float("".join(str(_CHINESE_DIGITS[char]) for char in run))
    total = section = digit = 0
    for char in run:
        if char in _CHINESE_DIGITS:
            digit = _CHINESE_DIGITS[char]
        elif char in _CHINESE_UNITS:
            section += (digit or 1) * _CHINESE_UNITS[char]
            digit = 0
        elif char in _CHINESE_LARGE:
            total += (section + digit or 1) * _CHINESE_LARGE[char]
            section = digit = 0
        else:
            return None
    return float(total + section + digit)
